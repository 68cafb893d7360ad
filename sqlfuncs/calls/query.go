package calls

import pg "github.com/pganalyze/pg_query_go/v6"

// Query gives the query that a statement runs: the statement itself, or what stands in a COPY, a cursor, an EXPLAIN or a
// CREATE TABLE AS. It may be the EXECUTE of a prepared one. It is nil for every other kind: what such a statement says of our functions Postgres keeps for
// later (a view, a function, a prepared statement) or calls by itself.
func Query(stmt *pg.Node) *pg.Node {
	switch n := stmt.GetNode().(type) {
	case *pg.Node_ExecuteStmt, *pg.Node_SelectStmt, *pg.Node_InsertStmt, *pg.Node_UpdateStmt, *pg.Node_DeleteStmt, *pg.Node_MergeStmt:
		return stmt
	case *pg.Node_CopyStmt, *pg.Node_DeclareCursorStmt, *pg.Node_ExplainStmt:
		return Query(Body(stmt))
	case *pg.Node_CreateTableAsStmt:
		if c := n.CreateTableAsStmt; c.Objtype == pg.ObjectType_OBJECT_TABLE && !c.GetInto().GetSkipData() {
			return Query(c.Query)
		}
	}
	return nil
}

// reads reports whether a statement of that kind only reads: a SELECT, also one that is copied out or read by a cursor.
// An EXPLAIN reads where it runs nothing else.
func reads(stmt *pg.Node) bool {
	return stmt.GetCreateTableAsStmt() == nil && stmt.GetExplainStmt().GetQuery().GetCreateTableAsStmt() == nil && Query(stmt).GetSelectStmt() != nil
}

// Body gives the statement inside of a COPY, a cursor or an EXPLAIN, nil for other kinds.
func Body(stmt *pg.Node) *pg.Node {
	switch n := stmt.GetNode().(type) {
	case *pg.Node_CopyStmt:
		return n.CopyStmt.Query
	case *pg.Node_DeclareCursorStmt:
		return n.DeclareCursorStmt.Query
	case *pg.Node_ExplainStmt:
		return n.ExplainStmt.Query
	}
	return nil
}
