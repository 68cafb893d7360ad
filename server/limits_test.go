package server_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"cvp/server"
	"github.com/jackc/pgx/v5"
)

// working gives a planner whose calls take a while: neither Postgres nor the client is at work then.
func working(pause time.Duration) *testPlanner {
	return &testPlanner{pause: pause}
}

func TestTheIdleTimeoutDoesNotEndTheSessionOfACall(t *testing.T) {
	p := start(t, withPlanner(working(300*time.Millisecond)))
	inEitherProtocol(t, p, func(t *testing.T, conn *pgx.Conn) {
		shows := func(want string) {
			t.Helper()
			if got := setting(t, conn, "idle_in_transaction_session_timeout"); got != want {
				t.Errorf("the timeout is %s, want %s", got, want)
			}
		}
		run(t, conn, "SET idle_in_transaction_session_timeout = 200")
		if n := number(t, conn, "SELECT cvp_double(4)"); n != 8 {
			t.Errorf("a call gives %d, want 8", n)
		}
		shows("200ms")
		run(t, conn, "BEGIN")
		run(t, conn, "SET LOCAL idle_in_transaction_session_timeout = '190ms'")
		run(t, conn, "SELECT cvp_double(4)")
		shows("190ms")
		run(t, conn, "SAVEPOINT a")
		run(t, conn, "SET LOCAL idle_in_transaction_session_timeout = '195ms'")
		run(t, conn, "SELECT cvp_double(4)")
		shows("195ms")
		wantCode(t, refusal(t, conn, "SELECT cvp_fail()"), "XX000")
		run(t, conn, "ROLLBACK TO a")
		shows("190ms")
		run(t, conn, "COMMIT")
		shows("200ms")
		run(t, conn, "BEGIN")
		run(t, conn, "SELECT cvp_double(4)")
		time.Sleep(400 * time.Millisecond) // now the client is idle
		if _, err := conn.Exec(t.Context(), "SELECT 1"); err == nil {
			t.Error("a client that is idle in its transaction is let be")
		} else if strings.Contains(err.Error(), "57014") {
			t.Errorf("the session ends with %v", err)
		}
	})
}

// inEitherProtocol runs a test by simple queries and by prepared statements.
func inEitherProtocol(t *testing.T, p *proxy, test func(t *testing.T, conn *pgx.Conn)) {
	t.Helper()
	for _, mode := range []pgx.QueryExecMode{pgx.QueryExecModeSimpleProtocol, pgx.QueryExecModeCacheStatement} {
		t.Run(mode.String(), func(t *testing.T) {
			test(t, p.connect(t, func(c *pgx.ConnConfig) { c.DefaultQueryExecMode = mode }))
		})
	}
}

func setting(t testing.TB, conn *pgx.Conn, name string) (value string) {
	t.Helper()
	if err := conn.QueryRow(t.Context(), "SHOW "+name).Scan(&value); err != nil {
		t.Fatal(err)
	}
	return value
}

func TestTheStatementTimeoutCountsForTheWholeCall(t *testing.T) {
	p := start(t, withPlanner(working(80*time.Millisecond)))
	for _, sql := range []string{
		"SELECT cvp_spin()", "SELECT cvp_sleep()", // the engine, and a query of its own
		"SELECT cvp_double(1), pg_sleep(0.14)", // the final statement has what is left
	} {
		t.Run(sql, func(t *testing.T) {
			inEitherProtocol(t, p, func(t *testing.T, conn *pgx.Conn) {
				run(t, conn, "SET statement_timeout = '150ms'")
				for _, begin := range []string{"", "BEGIN"} {
					run(t, conn, begin)
					began := time.Now() // Postgres counts in whole milliseconds
					e := refusal(t, conn, sql)
					if e.Code != "57014" || e.Message != "canceling statement due to statement timeout" {
						t.Errorf("%s gives %s %q", sql, e.Code, e.Message)
					}
					if took := time.Since(began); took < 145*time.Millisecond || took > 5*time.Second {
						t.Errorf("%s ends after %v, want 150ms", sql, took)
					}
					run(t, conn, "ROLLBACK")
				}
				run(t, conn, "BEGIN")
				run(t, conn, "SET LOCAL statement_timeout = '5s'")
				run(t, conn, "SELECT cvp_double(1)")
				if got := setting(t, conn, "statement_timeout"); got != "5s" {
					t.Errorf("behind a call the timeout is %s", got)
				}
				run(t, conn, "COMMIT")
				if got := setting(t, conn, "statement_timeout"); got != "150ms" {
					t.Errorf("behind the transaction the timeout is %s", got)
				}
			})
		})
	}
}

func TestTimeoutsInAPipelineOfPortals(t *testing.T) {
	p := start(t, withPlanner(working(300*time.Millisecond)))
	c := speak(t, p.database)
	c.exchange(t, 2, query("SET statement_timeout = 10000"), query("SET idle_in_transaction_session_timeout = 200"))
	got := c.exchange(t, 1, frames(parse("s", double), bind("a", "s"), execute("a", 2), one("SHOW statement_timeout"),
		bind("b", "s"), execute("b", 1), execute("a", 0), one("SHOW idle_in_transaction_session_timeout"), sync)...)
	const show = "ParseComplete BindComplete DataRow SHOW"
	want := "ParseComplete BindComplete DataRow DataRow PortalSuspended " + show + " BindComplete DataRow PortalSuspended DataRow DataRow DataRow SELECT-3 " + show + " ready:I"
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestACallKeepsTheIsolationOfItsSession(t *testing.T) {
	levels := make(chan string, 16)
	p := start(t, withPlanner(&testPlanner{levels: levels}))
	inEveryMode(t, p, func(t *testing.T, conn *pgx.Conn) {
		for _, c := range []struct{ set, want string }{
			{"SET default_transaction_isolation = 'read committed'", "repeatable read off off"},
			{"SET default_transaction_isolation = 'serializable'", "serializable off off"},
			{"SET default_transaction_read_only = on", "serializable on off"},
			{"SET default_transaction_deferrable = on", "serializable on on"},
			{"SET default_transaction_isolation = 'repeatable read'", "repeatable read on on"},
			{"SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL SERIALIZABLE", "serializable on on"},
			{"RESET ALL", "repeatable read off off"},
		} {
			run(t, conn, c.set)
			for range 2 {
				if n := number(t, conn, "SELECT cvp_double(4)"); n != 8 {
					t.Errorf("a call gives %d, want 8", n)
				}
				if got := <-levels; got != c.want {
					t.Errorf("after %s a call runs %s, want %s", c.set, got, c.want)
				}
			}
			run(t, conn, "SELECT 1")
		}
		run(t, conn, "SET default_transaction_read_only = on")
		wantCode(t, refusal(t, conn, "SELECT cvp_insert()"), "25006")
		<-levels
		wantCode(t, refusal(t, conn, "INSERT INTO trained SELECT cvp_double(1)"), "25006")
		<-levels
		wantState(t, conn, 'I')
	})
}

func TestADeferrableSessionWaitsForItsSnapshotOnce(t *testing.T) {
	p := start(t)
	conn := p.connect(t, func(c *pgx.ConnConfig) {
		c.RuntimeParams["options"] = "-c default_transaction_isolation=serializable -c default_transaction_read_only=on -c default_transaction_deferrable=on"
	})
	writer := open(t, p.direct)
	run(t, writer, "BEGIN ISOLATION LEVEL SERIALIZABLE")
	run(t, writer, "INSERT INTO trained VALUES (1)")
	outcome := make(chan error, 1)
	go func() {
		_, err := conn.Exec(context.Background(), "SELECT cvp_double(1)")
		outcome <- err
	}()
	select {
	case err := <-outcome:
		t.Errorf("a call does not wait for a safe snapshot: %v", err)
	case <-time.After(100 * time.Millisecond):
	}
	run(t, writer, "COMMIT")
	if err := <-outcome; err != nil {
		t.Error(err)
	}
}

var _ server.Planner = (*testPlanner)(nil)
