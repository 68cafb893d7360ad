// Package training turns labelled examples into a model that has earned its place: it fits each candidate, chooses
// one on the validation part, fits that again on training and validation together, and judges all of them and
// simple rules on the test part.
//
//	examples ── Check ── Run: fit … fit ── choose ── refit ── judge ──► Result
package training
