// Package gbdt has boosted trees, grown leaf by leaf on histograms (Friedman, Greedy Function Approximation, 2001; Ke et
// al., LightGBM, NIPS 2017).
//
// The path of a fit:
//
//	rows ─ matrix ─► bins, a byte each ┐
//	labels ─ loss ─► gradients ─ packed ┴─► histograms ─ split ─► tree ─► scores ─ loss ─► …
//
// Each round turns gradient, second derivative and a count of 1 of every row into whole numbers and packs them into 64
// bits, so that one addition counts a row in the histogram of a feature. The rounding is random, so that sums are
// right on average, and sums of whole numbers do not depend on their order: the model is the same on any number of
// threads. Only the choice of splits rests on these sums; the leaves' values are computed from the gradients
// themselves.
//
// A stored model knows no bins: it asks the values themselves.
package gbdt
