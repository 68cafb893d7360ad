// Package engine learns and applies models of customer behaviour. It knows columns of numbers, nothing of SQL or the
// wire.
//
//	frame      rows by column
//	features   events → labels and features as of many cutoffs
//	prep       cleaning and encoding, learned with each model
//	model      what an Algorithm and a Model are
//	models/…   one package per family
//	training   examples → the model that earns its place
//	metrics    predictions against what happened
//	blas       the linear algebra underneath
//
// This package itself lists the algorithms and fixes the bytes in which a trained version is stored.
package engine
