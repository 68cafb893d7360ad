package sqlfuncs_test

import (
	"context"
	"testing"
	"time"

	"cvp/internal/cvptest"
	"cvp/internal/pgtest"
)

// A call sees the snapshot that its transaction has taken from another, and is stopped by the session's own timeout and by
// a cancel request; the session goes on.
func TestSnapshotsTimeoutsAndCancels(t *testing.T) {
	database := pgtest.Database(t)
	url := cvptest.Through(t, database)
	c, other := connect(t, url), connect(t, url)
	c.exec(loans)
	c.exec("SELECT * FROM cvp_train('risk', relation => 'loans', target => 'defaulted', algorithm => 'logistic')")
	c.exec("BEGIN ISOLATION LEVEL REPEATABLE READ")
	snapshot := c.rows("SELECT pg_export_snapshot()")[0]
	other.exec("DELETE FROM loans WHERE loan_id = 7")
	for _, want := range []string{"f", "t"} {
		other.exec("BEGIN ISOLATION LEVEL REPEATABLE READ")
		if want == "f" {
			other.exec("SET TRANSACTION SNAPSHOT '" + snapshot + "'")
		}
		if got := other.rows("SELECT cvp_predict('risk', 7) IS NULL"); got[0] != want {
			t.Errorf("a call in the snapshot says %s that the key is gone, want %s", got[0], want)
		}
		other.exec("COMMIT")
	}
	c.exec("COMMIT")

	const slow = "SELECT count(cvp_predict('risk', loan_id)) FROM loans, pg_sleep(60)"
	c.exec("SET statement_timeout = '300ms'")
	for _, run := range []func(string) ([]string, error){func(sql string) ([]string, error) { return c.try(sql) }, func(sql string) ([]string, error) { return c.extended(sql) }} {
		if _, err := run(slow); asPgError(err) == nil || asPgError(err).Code != "57014" {
			t.Errorf("a call beyond the timeout: %v, want 57014", err)
		}
	}
	c.exec("SET statement_timeout = 0")
	failed := make(chan error, 1)
	go func() { _, err := c.try(slow); failed <- err }()
	deadline := time.After(20 * time.Second)
	for stopped := false; !stopped; {
		select {
		case err := <-failed:
			stopped = true
			if asPgError(err) == nil || asPgError(err).Code != "57014" {
				t.Errorf("a cancelled call: %v, want 57014", err)
			}
		case <-time.After(100 * time.Millisecond): // until the request meets the call
			if err := c.PgConn().CancelRequest(context.Background()); err != nil {
				t.Fatal(err)
			}
		case <-deadline:
			t.Fatal("a cancelled call does not end")
		}
	}
	if got := c.rows("SELECT count(cvp_predict('risk', loan_id)) FROM loans"); got[0] != "1199" {
		t.Errorf("afterwards the session counts %s", got[0])
	}
}
