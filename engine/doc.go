// Package engine learns models of customer behaviour from columns of numbers and scores rows with them. It
// knows nothing of SQL or the wire.
//
//	rows of Postgres                                       rows to score
//	      │                                                      │
//	   frame (columns)                                        frame
//	      │                                                      │
//	   features (events → examples as of many cutoffs)        features (the same code, one cutoff)
//	      │                                                      │
//	   training.Check · Split · Run ──► Artifact ──bytes──►   Artifact.Load
//	      │        │                                             │
//	      │   models/{linear,tree,gbdt,mlp,baseline}          model.Predict
//	      │        └─ prep (clean, encode, bin)                  └─ prep (what training learned)
//	      │
//	   metrics (on rows that training never saw)
//
// This package itself is what the caller holds in hand: the list of algorithms, the check of their
// hyperparameters, and the Artifact in which a model is stored.
package engine
