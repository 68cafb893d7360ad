// Package source says where a model's rows come from: a labelled relation, or the events behind a question.
// One value, stored with the model, pulls the rows to learn from and, by the same code, the rows to score.
package source
