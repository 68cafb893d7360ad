package server_test

import (
	"errors"
	"strings"
	"testing"

	"cvp/server"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// every mode in which pgx runs a query: each sends other frames.
var modes = []pgx.QueryExecMode{
	pgx.QueryExecModeSimpleProtocol, pgx.QueryExecModeExec, pgx.QueryExecModeDescribeExec,
	pgx.QueryExecModeCacheDescribe, pgx.QueryExecModeCacheStatement,
}

// inEveryMode runs a test through each mode.
func inEveryMode(t *testing.T, p *proxy, test func(t *testing.T, conn *pgx.Conn)) {
	t.Helper()
	for _, mode := range modes {
		t.Run(mode.String(), func(t *testing.T) {
			test(t, p.connect(t, func(c *pgx.ConnConfig) { c.DefaultQueryExecMode = mode }))
		})
	}
}

func wantState(t testing.TB, conn *pgx.Conn, want byte) {
	t.Helper()
	if got := conn.PgConn().TxStatus(); got != want {
		t.Errorf("transaction state is %c, want %c", got, want)
	}
}

func TestACallGivesTheEnginesRows(t *testing.T) {
	inEveryMode(t, start(t), func(t *testing.T, conn *pgx.Conn) {
		for range 3 {
			if n := number(t, conn, "SELECT sum(cvp_double(n)) FROM numbers WHERE n <= $1", int64(10)); n != 110 {
				t.Errorf("sum is %d, want 110", n)
			}
			if n := number(t, conn, "SELECT count(*) FROM numbers"); n != 500 {
				t.Errorf("count is %d, want 500", n)
			}
		}
		wantState(t, conn, 'I')
	})
}

func TestACallWorksWhereAnExpressionDoes(t *testing.T) {
	inEveryMode(t, start(t), func(t *testing.T, conn *pgx.Conn) {
		for sql, want := range map[string]int64{
			"SELECT count(*) FROM numbers WHERE cvp_double(n) > 900":                  50,
			"SELECT n FROM numbers ORDER BY CVP_Double(n) DESC LIMIT 1":               500,
			"WITH d AS (SELECT cvp_double(n) AS d FROM numbers) SELECT max(d) FROM d": 1000,
			"SELECT cvp_double(21)": 42,
			"SELECT cvp_double(n) + cvp_double(1) FROM numbers WHERE n = 5":              12,
			"SELECT count(*) FROM (SELECT cvp_double(n) AS x FROM numbers) s WHERE x=10": 1,
		} {
			if n := number(t, conn, sql); n != want {
				t.Errorf("%s gives %d, want %d", sql, n, want)
			}
		}
	})
}

func TestColumnsKeepTheNamesOfTheCall(t *testing.T) {
	inEveryMode(t, start(t), func(t *testing.T, conn *pgx.Conn) {
		rows, err := conn.Query(t.Context(), "SELECT cvp_double(1), cvp_double(2) AS twice, 3 AS three")
		if err != nil {
			t.Fatal(err)
		}
		defer rows.Close()
		var names []string
		for _, f := range rows.FieldDescriptions() {
			names = append(names, f.Name)
		}
		if got := strings.Join(names, " "); got != "cvp_double twice three" {
			t.Errorf("columns are %q, want those of the call", got)
		}
	})
}

func TestAStatementThatWritesByACallIsKept(t *testing.T) {
	inEveryMode(t, start(t), func(t *testing.T, conn *pgx.Conn) {
		run(t, conn, "CREATE TABLE IF NOT EXISTS doubles (d bigint)")
		run(t, conn, "TRUNCATE doubles")
		tag, err := conn.Exec(t.Context(), "INSERT INTO doubles SELECT cvp_double(n) FROM numbers WHERE n <= $1", int64(7))
		if err != nil || tag.String() != "INSERT 0 7" {
			t.Fatalf("insert gives %q, %v", tag, err)
		}
		if n := number(t, conn, "SELECT sum(d) FROM doubles"); n != 56 {
			t.Errorf("sum is %d, want 56", n)
		}
	})
}

func TestNamesWithoutACallAreQualifiedOnly(t *testing.T) {
	inEveryMode(t, start(t), func(t *testing.T, conn *pgx.Conn) {
		if n := number(t, conn, "SELECT count(*) FROM cvp_table"); n != 500 {
			t.Errorf("count is %d, want 500", n)
		}
		wantState(t, conn, 'I')
	})
}

func TestErrorsPointIntoTheClientsText(t *testing.T) {
	p := start(t)
	inEveryMode(t, p, func(t *testing.T, conn *pgx.Conn) {
		for _, sql := range []string{
			"SELECT cvp_double(n), nosuch FROM numbers",
			"SELECT cvp_double(1) FROM nosuch",
			"SELECT nosuch, n FROM cvp_table",
			"SELECT cvp_double(1), (SELECT count(*) FROM cvp_table), nosuch",
			"SELECT 'é', cvp_double(1), nosuch",
		} {
			e := refusal(t, conn, sql)
			at := strings.Index(sql, "nosuch")
			if want := int32(len([]rune(sql[:at])) + 1); e.Position != want || e.Code[:2] != "42" {
				t.Errorf("%s: %v at %d, want at %d", sql, e, e.Position, want)
			}
			wantState(t, conn, 'I')
		}
	})
}

func TestErrorsOfTheEngineReachTheClient(t *testing.T) {
	p := start(t)
	inEveryMode(t, p, func(t *testing.T, conn *pgx.Conn) {
		for _, c := range []struct{ sql, code, message string }{
			{"SELECT cvp_fail()", "XX000", "train churn: too little data"},
			{"SELECT cvp_raise()", "42704", `model "chrun" does not exist`},
			{"SELECT cvp_early()", "42P01", `relation "no_such_table" does not exist`},
			{"SELECT cvp_panic()", "XX000", "internal error: the engine is on fire"},
			{"SELECT cvp_busy()", "XX000", "gave up in the middle of a result"},
		} {
			e := refusal(t, conn, c.sql)
			if e.Code != c.code || e.Message != c.message {
				t.Errorf("%s gives %s %q, want %s %q", c.sql, e.Code, e.Message, c.code, c.message)
			}
			wantState(t, conn, 'I')
			if n := number(t, conn, "SELECT cvp_double(4)"); n != 8 {
				t.Errorf("after %s, a call gives %d, want 8", c.sql, n)
			}
		}
	})
}

func TestAnErrorInATransactionLeavesItFailed(t *testing.T) {
	p := start(t)
	inEveryMode(t, p, func(t *testing.T, conn *pgx.Conn) {
		for _, sql := range []string{"SELECT cvp_fail()", "SELECT cvp_early()", "SELECT cvp_panic()", "SELECT cvp_double(1), nosuch"} {
			run(t, conn, "BEGIN")
			run(t, conn, "INSERT INTO trained VALUES (2)")
			refusal(t, conn, sql)
			wantState(t, conn, 'E')
			wantCode(t, refusal(t, conn, "SELECT 1"), "25P02")
			wantCode(t, refusal(t, conn, "SELECT cvp_double(1)"), "25P02")
			run(t, conn, "ROLLBACK")
			wantState(t, conn, 'I')
			if n := number(t, conn, "SELECT count(*) FROM trained"); n != 0 {
				t.Errorf("%d rows were kept", n)
			}
		}
	})
}

func TestTheEnginesWritesFollowTheClientsTransaction(t *testing.T) {
	calls := make(chan server.Call, 16)
	p := start(t, withPlanner(&testPlanner{calls: calls}))
	inEveryMode(t, p, func(t *testing.T, conn *pgx.Conn) {
		run(t, conn, "TRUNCATE trained")
		run(t, conn, "BEGIN")
		run(t, conn, "SELECT cvp_insert()")
		wantState(t, conn, 'T')
		if c := <-calls; !c.InTransaction {
			t.Error("the call does not know of the client's transaction")
		}
		run(t, conn, "ROLLBACK")
		if n := number(t, conn, "SELECT count(*) FROM trained"); n != 0 {
			t.Errorf("rolled back, and %d rows are there", n)
		}
		run(t, conn, "SELECT cvp_insert()")
		if c := <-calls; c.InTransaction {
			t.Error("the call thinks that the client has opened a transaction")
		}
		if n := number(t, conn, "SELECT count(*) FROM trained"); n != 1 {
			t.Errorf("committed, and %d rows are there", n)
		}
	})
}

func TestAFailedCommitReachesTheClient(t *testing.T) {
	p := start(t)
	inEveryMode(t, p, func(t *testing.T, conn *pgx.Conn) {
		run(t, conn, "CREATE TABLE IF NOT EXISTS child (n bigint REFERENCES numbers DEFERRABLE INITIALLY DEFERRED)")
		wantCode(t, refusal(t, conn, "INSERT INTO child SELECT cvp_double(n) FROM numbers"), "23503")
		wantState(t, conn, 'I')
		if n := number(t, conn, "SELECT count(*) FROM child"); n != 0 {
			t.Errorf("%d rows were kept", n)
		}
	})
}

func TestAQueryStringOfSeveralStatements(t *testing.T) {
	p := start(t)
	conn := p.connect(t, simpleProtocol).PgConn()
	count := func(sql string) (results []string, err error) {
		m := conn.Exec(t.Context(), sql)
		for m.NextResult() {
			r := m.ResultReader().Read()
			s := r.CommandTag.String()
			if len(r.Rows) > 0 {
				s = string(r.Rows[0][0])
			}
			results = append(results, s)
		}
		return results, m.Close()
	}
	for _, c := range []struct {
		name, sql, want, code string
		kept                  string
		state                 byte
	}{
		{"ours between native ones", "INSERT INTO trained VALUES (1); SELECT cvp_double(3); SELECT count(*) FROM trained", "INSERT 0 1,6,1", "", "1", 'I'},
		{"a failing one ends the string and undoes it", "INSERT INTO trained VALUES (1); SELECT cvp_double(3); SELECT 1/0; SELECT cvp_double(4)", "INSERT 0 1,6", "22012", "0", 'I'},
		{"a failing call undoes what came before", "INSERT INTO trained VALUES (1); SELECT cvp_fail(); SELECT 7", "INSERT 0 1", "XX000", "0", 'I'},
		{"the string's own transaction", "BEGIN; INSERT INTO trained VALUES (1); SELECT cvp_double(3); COMMIT", "BEGIN,INSERT 0 1,6,COMMIT", "", "1", 'I'},
		{"an open transaction stays open", "BEGIN; SELECT cvp_insert()", "BEGIN,0", "", "", 'T'},
		{"a rolled back one", "BEGIN; SELECT cvp_insert(); ROLLBACK; SELECT cvp_double(1)", "BEGIN,0,ROLLBACK,2", "", "0", 'I'},
		{"a failing call in the string's own transaction", "BEGIN; SELECT cvp_fail()", "BEGIN", "XX000", "", 'E'},
		{"only native ones", "INSERT INTO trained VALUES (1); SELECT count(*) FROM cvp_table", "INSERT 0 1,500", "", "1", 'I'},
	} {
		t.Run(c.name, func(t *testing.T) {
			if err := conn.Exec(t.Context(), "TRUNCATE trained").Close(); err != nil {
				t.Fatal(err)
			}
			got, err := count(c.sql)
			if joined := strings.Join(got, ","); joined != c.want {
				t.Errorf("results are %q, want %q (error %v)", joined, c.want, err)
			}
			var e *pgconn.PgError
			if errors.As(err, &e); (e == nil) != (c.code == "") || e != nil && e.Code != c.code {
				t.Errorf("error is %v, want code %q", err, c.code)
			}
			if s := conn.TxStatus(); s != c.state {
				t.Errorf("transaction state is %c, want %c", s, c.state)
			}
			if conn.TxStatus() != 'I' {
				if err := conn.Exec(t.Context(), "ROLLBACK").Close(); err != nil {
					t.Fatal(err)
				}
			}
			if c.kept != "" {
				if got, _ := count("SELECT count(*) FROM trained"); len(got) != 1 || got[0] != c.kept {
					t.Errorf("%v rows were kept, want %s", got, c.kept)
				}
			}
		})
	}
	t.Run("an error of a later statement points into the whole string", func(t *testing.T) {
		for _, sql := range []string{
			"SELECT cvp_double(1); SELECT cvp_double(2), nosuch", "SELECT cvp_double(1); SELECT nosuch",
			"SELECT count(*) FROM cvp_table; SELECT count(*), nosuch FROM cvp_table",
		} {
			_, err := count(sql)
			if e := pgError(t, err); int(e.Position) != strings.Index(sql, "nosuch")+1 {
				t.Errorf("%s: %v at %d", sql, e, e.Position)
			}
		}
	})
}

func TestCopyThroughACall(t *testing.T) {
	p := start(t)
	conn := p.connect(t).PgConn()
	t.Run("a COPY by the engine on the lent connection", func(t *testing.T) {
		for range 5 {
			if err := conn.Exec(t.Context(), "SELECT cvp_copyin()").Close(); err != nil {
				t.Fatal(err)
			}
		}
	})
	t.Run("COPY of a query with a call", func(t *testing.T) {
		// Utility statements take no parameters: Postgres refuses the test planner's, and the session goes on.
		var b strings.Builder
		_, err := conn.CopyTo(t.Context(), &b, "COPY (SELECT cvp_double(n) FROM numbers) TO STDOUT")
		if err == nil {
			t.Error("a parameter in a COPY was accepted")
		}
		if s := conn.TxStatus(); s != 'I' {
			t.Errorf("transaction state is %c, want I", s)
		}
	})
	t.Run("COPY from the client beside a call", func(t *testing.T) {
		m := conn.Exec(t.Context(), "TRUNCATE trained")
		if err := m.Close(); err != nil {
			t.Fatal(err)
		}
		tag, err := conn.CopyFrom(t.Context(), strings.NewReader("1\n2\n3\n"), "SELECT cvp_double(1); COPY trained FROM STDIN")
		if err != nil || tag.RowsAffected() != 3 {
			t.Errorf("COPY behind a call gives %v, %v", tag, err)
		}
	})
}

func TestReadyRunsBeforeTheFirstPlannedStatement(t *testing.T) {
	for _, mode := range modes {
		t.Run(mode.String(), func(t *testing.T) {
			p := start(t, withPlanner(readyPlanner()))
			conn := p.connect(t, func(c *pgx.ConnConfig) { c.DefaultQueryExecMode = mode })
			if n := number(t, conn, "SELECT count(*) FROM cvp_table"); n != 500 {
				t.Errorf("count is %d", n)
			}
			run(t, conn, "SELECT cvp_double(1)")
			run(t, conn, "BEGIN")
			run(t, conn, "SELECT cvp_double(1)")
			run(t, conn, "ROLLBACK")
			if n := number(t, conn, "SELECT count(*) FROM readied"); n != 1 {
				t.Errorf("Ready ran %d times, want once", n)
			}
			other := p.connect(t, func(c *pgx.ConnConfig) { c.DefaultQueryExecMode = mode })
			run(t, other, "BEGIN")
			run(t, other, "SELECT cvp_double(1)")
			run(t, other, "SELECT cvp_double(1)")
			run(t, other, "ROLLBACK")
			if n := number(t, other, "SELECT count(*) FROM readied"); n != 1 {
				t.Errorf("what Ready did in a transaction that was rolled back is there")
			}
			run(t, other, "SELECT cvp_double(1)")
			if n := number(t, other, "SELECT count(*) FROM readied"); n != 2 {
				t.Errorf("Ready has not run again after a rollback: %d", n)
			}
		})
	}
}

func TestAFailureOfReadyFailsTheStatement(t *testing.T) {
	for _, mode := range modes {
		t.Run(mode.String(), func(t *testing.T) {
			p := start(t, withPlanner(unreadyPlanner()))
			conn := p.connect(t, func(c *pgx.ConnConfig) { c.DefaultQueryExecMode = mode })
			wantCode(t, refusal(t, conn, "SELECT cvp_double(1)"), "XX000")
			wantState(t, conn, 'I')
			run(t, conn, "BEGIN")
			wantCode(t, refusal(t, conn, "SELECT cvp_double(1)"), "XX000")
			wantState(t, conn, 'E')
			run(t, conn, "ROLLBACK")
			if n := number(t, conn, "SELECT 5"); n != 5 {
				t.Error("the session does not go on")
			}
		})
	}
}

func TestOneStatementReadsOneSnapshot(t *testing.T) {
	p := start(t, withPlanner(&testPlanner{snapshot: true}))
	inEveryMode(t, p, func(t *testing.T, conn *pgx.Conn) {
		if n := number(t, conn, "SELECT cvp_double(5)"); n != 10 {
			t.Errorf("got %d, want 10", n)
		}
		run(t, conn, "BEGIN")
		wantCode(t, refusal(t, conn, "SELECT cvp_double(5)"), "XX000") // the client's own level: read committed
		run(t, conn, "ROLLBACK")
	})
}
