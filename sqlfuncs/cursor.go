package sqlfuncs

import pg "github.com/pganalyze/pg_query_go/v6"

// cursorHold is CURSOR_OPT_HOLD of src/include/nodes/parsenodes.h.
const cursorHold = 0x0020

// admitCursor refuses a cursor that would be gone at once, as Postgres does: the transaction that the server opens
// around the statement must not hide that the client has none.
func (s *statement) admitCursor(w *work, d *pg.DeclareCursorStmt) error {
	if w.call.InTransaction || !s.alone || d.Options&cursorHold != 0 {
		return nil
	}
	return failure("25P01", "DECLARE CURSOR can only be used in transaction blocks", "")
}
