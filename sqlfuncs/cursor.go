package sqlfuncs

import pg "github.com/pganalyze/pg_query_go/v6"

// Options of a cursor (CURSOR_OPT_… in src/include/nodes/parsenodes.h).
const (
	cursorScroll = 0x0002
	cursorHold   = 0x0020
)

// mostCursorKeys is up to how many keys a cursor looks its scores up: above, a join takes less time and memory.
const mostCursorKeys = 100_000

// keepsPlan reports whether scores are looked up so that the plan stays the client's own: a cursor without SCROLL goes
// backwards, and WHERE CURRENT OF it finds its row, where the plan is simple enough. Of a join it never is.
func (w *work) keepsPlan(keys int) bool {
	return w.cursor != nil && w.cursor.Options&cursorScroll == 0 && keys <= mostCursorKeys
}

// admitCursor refuses a cursor that would be gone at once, as Postgres does: the transaction that the server opens
// around the statement must not hide that the client has none.
func (s *statement) admitCursor(w *work, d *pg.DeclareCursorStmt) error {
	if w.call.InTransaction || !s.alone || d.Options&cursorHold != 0 {
		return nil
	}
	return failure("25P01", "DECLARE CURSOR can only be used in transaction blocks", "")
}
