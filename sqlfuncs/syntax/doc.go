// Package syntax is the Postgres grammar as the rest of sqlfuncs uses it: text to tree and back, and a walk
// over a tree that says in which query block a function call stands.
//
// The parser is PostgreSQL's own (libpg_query), compiled by cgo where there is a C compiler and as WebAssembly
// (wasilibs/go-pgquery) where there is none; both give the same trees.
package syntax
