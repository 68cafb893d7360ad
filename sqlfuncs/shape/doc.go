// Package shape writes a statement that calls functions of cvp's, or reads its views, so that a Postgres without them can
// check and describe it. Each call becomes an expression of the same type over the same arguments, which Postgres resolves
// and checks as those of the call; each view and table function becomes a subselect with the same columns. The text is
// never run: it has the columns, names, types and parameters of the statement, and errors in it lead back to the
// client's text.
package shape
