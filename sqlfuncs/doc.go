// Package sqlfuncs gives the cvp_* calls of SQL their meaning. It implements server.Planner.
//
// The path of a call, file by file:
//
//	functions.go   a query string is split, cvp's names are qualified       → calls, syntax
//	statement.go   one statement's engine calls are found and run in order  → rewrite
//	arguments.go   constant arguments are evaluated by Postgres
//	train.go       cvp_train: rows → examples → models → registry           → source, engine, catalog
//	predict.go     cvp_predict, cvp_predictions: keys → scores              → source, engine, catalog
//	errors.go      errors of every layer become SQLSTATE, message, hint
//
// What comes out is the statement that Postgres runs for the client, over parameters that hold the results.
package sqlfuncs
