// Package training turns labelled rows into a chosen, judged model.
//
//	Check     the rows are enough and say something
//	Split     rows of a relation → train, validate, test, by a hash of the key (questions split by time)
//	Run       fit each candidate on train, stopping early by validate
//	          choose by the primary metric on validate
//	          refit the chosen one on train and validate, with what its first fit settled on
//	          judge all of them, and the rules of thumb, on test
//
// The test rows decide nothing but the last line: what is reported for them is what to expect of rows that
// training never saw.
package training
