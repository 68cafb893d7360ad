// Package sqlcheck holds the proof that a call of cvp_predict means what it would mean as a function of Postgres's own: the
// statements of testdata/sql and random ones run through the server and, beside it, against a twin database whose
// cvp functions look up scores that were written down before. Rows, names, types, order, command tags and errors must be equal.
package sqlcheck
