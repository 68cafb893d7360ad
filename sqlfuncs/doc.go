// Package sqlfuncs gives the cvp_* calls of SQL their meaning. It implements server.Planner.
//
// The path of a call, file by file:
//
//	functions.go    a query string is split, cvp's names are qualified        → calls, syntax
//	statement.go    one statement's engine calls are found and run in order   → rewrite
//	arguments.go    constant arguments are evaluated by Postgres
//	train.go        cvp_train: rows → examples → models → registry            → source, engine, catalog
//	  freshness.go    whether it would do the same again
//	  train_items.go  … of a question that asks for items; recommend.go: cvp_recommend
//	  ask.go          what a question asks of the engine
//	explain_question.go  cvp_explain_question: what a question would be learnt from
//	predict.go      cvp_predict: equal calls together, each set scored at once → source, engine
//	  subjects.go     which keys or rows a set of calls needs
//	  load.go         which version its model means, decoded                  → catalog, engine
//	  place.go        scores take the place of the calls                      → rewrite
//	copy.go         COPY (query) TO: checked first, its results are literals     → syntax
//	cursor.go       DECLARE CURSOR
//	prepared.go     EXECUTE of what was prepared in SQL
//	explain.go      EXPLAIN says how each call is run
//	columns.go      the rows that a call gives
//	predictions.go  cvp_predictions: every key, its score and decile
//	features.go     cvp_features: what a model sees of one key
//	profile.go      cvp_profile: what cleaning finds in a relation
//	garbage.go      less garbage during trainings
//	leaks.go        columns that know the answer: refused or told
//	errors.go       errors of every layer become SQLSTATE, message, hint
//
// What comes out is the statement that Postgres runs for the client, over parameters that hold the results.
package sqlfuncs
