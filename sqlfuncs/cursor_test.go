package sqlfuncs_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgproto3"
)

func pgError(m *pgproto3.ErrorResponse) error { return pgconn.ErrorResponseToPgError(m) }

func asPgError(err error) *pgconn.PgError {
	e, _ := err.(*pgconn.PgError)
	return e
}

// runeIndex gives the 1-based position of a word in characters.
func runeIndex(s, word string) int { return len([]rune(s[:strings.Index(s, word)])) + 1 }

// extended runs a statement without parameters in the extended protocol and gives its rows as text.
func (c *client) extended(sql string, params ...string) ([]string, error) {
	values := make([][]byte, len(params))
	for i, p := range params {
		values[i] = []byte(p)
	}
	result := c.PgConn().ExecParams(context.Background(), sql, values, nil, nil, nil).Read()
	var out []string
	for _, row := range result.Rows {
		out = append(out, line(row))
	}
	return out, result.Err
}

func aCursorReadsPredictions(t *testing.T, url string) {
	c := connect(t, url)
	want := c.rows("SELECT loan_id, score FROM scored ORDER BY 1")
	for protocol, run := range map[string]func(string) ([]string, error){
		"simple":   func(sql string) ([]string, error) { return c.try(sql) },
		"extended": func(sql string) ([]string, error) { return c.extended(sql) },
	} {
		for _, s := range []struct{ name, declare, end string }{
			{"in a transaction", "DECLARE c SCROLL CURSOR FOR SELECT loan_id, cvp_predict('risk', loan_id) FROM loans ORDER BY 1", "COMMIT"},
			{"held beyond it", "DECLARE c SCROLL CURSOR WITH HOLD FOR SELECT loan_id, cvp_predict('risk', loan_id) FROM loans ORDER BY 1", ""},
		} {
			t.Run(protocol+" "+s.name, func(t *testing.T) {
				must := func(sql string) []string {
					t.Helper()
					got, err := run(sql)
					if err != nil {
						t.Fatalf("%s: %s", sql, describe(err))
					}
					return got
				}
				if s.end != "" {
					must("BEGIN")
				}
				must(s.declare)
				if got := must("FETCH 3 FROM c"); !slices.Equal(got, want[:3]) {
					t.Errorf("first: %v", got)
				}
				must("MOVE 997 FROM c")
				if got := must("FETCH NEXT FROM c"); !slices.Equal(got, want[1000:1001]) {
					t.Errorf("after MOVE: %v", got)
				}
				if got := must("FETCH BACKWARD 2 FROM c"); !slices.Equal(got, []string{want[999], want[998]}) {
					t.Errorf("backward: %v", got)
				}
				must("CLOSE c")
				if s.end != "" {
					must(s.end)
				}
			})
		}
	}
}

func aCursorNeedsATransactionOfTheClients(t *testing.T, url string) {
	c := connect(t, url)
	const declare = "DECLARE c CURSOR FOR SELECT cvp_predict('risk', 1)"
	_, simple := c.try(declare)
	_, extended := c.extended(declare)
	_, native := c.try("DECLARE c CURSOR FOR SELECT 1")
	for protocol, err := range map[string]error{"simple": simple, "extended": extended} {
		if got, want := describe(err), describe(native); got != want {
			t.Errorf("%s: %s, want %s", protocol, got, want)
		}
	}
	// One query string is one transaction.
	if got, err := c.try(declare + "; FETCH c"); err != nil || len(got) != 1 {
		t.Errorf("in one string with its FETCH: %v, %v", got, err)
	}
	if got := c.rows("SELECT count(*) FROM pg_cursors"); got[0] != "0" {
		t.Errorf("cursors left: %v", got)
	}
}

func aCursorTakesParameters(t *testing.T, url string) {
	c := connect(t, url)
	ctx := context.Background()
	tx, err := c.Begin(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tx.Rollback(ctx) }()
	if _, err := c.extended("DECLARE c CURSOR FOR SELECT loan_id, cvp_predict($1, loan_id) FROM loans WHERE loan_id > $2 ORDER BY 1", "risk", "1190"); err != nil {
		t.Fatal(describe(err))
	}
	got, want := c.rows("FETCH ALL FROM c"), c.rows("SELECT loan_id, score FROM scored WHERE loan_id > 1190 ORDER BY 1")
	if !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

// A driver's fetch size is a portal with a limit on its rows.
func aPortalIsReadInPieces(t *testing.T, url string) {
	c := connect(t, url)
	ctx := context.Background()
	tx, err := c.Begin(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tx.Rollback(ctx) }()
	f := c.PgConn().Frontend()
	f.SendParse(&pgproto3.Parse{Query: "SELECT loan_id, cvp_predict('risk', loan_id) FROM loans ORDER BY 1"})
	f.SendBind(&pgproto3.Bind{DestinationPortal: "p"})
	var got []string
	for suspended := true; suspended; {
		f.SendExecute(&pgproto3.Execute{Portal: "p", MaxRows: 500})
		f.SendSync(&pgproto3.Sync{})
		if err := f.Flush(); err != nil {
			t.Fatal(err)
		}
		suspended = false
		for ready := false; !ready; {
			m, err := f.Receive()
			if err != nil {
				t.Fatal(err)
			}
			switch m := m.(type) {
			case *pgproto3.DataRow:
				got = append(got, line(m.Values))
			case *pgproto3.PortalSuspended:
				suspended = true
			case *pgproto3.ErrorResponse:
				t.Fatal(describe(pgError(m)))
			case *pgproto3.ReadyForQuery:
				ready = true
			}
		}
	}
	if want := c.rows("SELECT loan_id, score FROM scored ORDER BY 1"); !slices.Equal(got, want) {
		t.Errorf("%d rows, want %d", len(got), len(want))
	}
}
