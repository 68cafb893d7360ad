package sqlfuncs_test

import (
	"context"
	"slices"
	"strings"
	"testing"
)

// each runs a test in the simple and in the extended protocol, on a connection of its own.
func each(t *testing.T, url string, test func(t *testing.T, c *client, run func(string) ([]string, error))) {
	t.Run("simple", func(t *testing.T) {
		c := connect(t, url)
		test(t, c, func(sql string) ([]string, error) { return c.try(sql) })
	})
	t.Run("extended", func(t *testing.T) {
		c := connect(t, url)
		test(t, c, func(sql string) ([]string, error) { return c.extended(sql) })
	})
}

func aStatementPreparedInSQLIsExecuted(t *testing.T, url string) {
	each(t, url, func(t *testing.T, c *client, run func(string) ([]string, error)) {
		for _, sql := range []string{
			`PREPARE above (float8, int) AS SELECT loan_id, cvp_predict('risk', loan_id) FROM loans WHERE cvp_predict('risk', loan_id) > $1 AND loan_id <= $2 ORDER BY 1`,
			`PREPARE one AS SELECT cvp_predict($1, $2)`,
			`PREPARE "It's é" AS SELECT cvp_predict('risk', 7)`,
			`PREPARE change AS UPDATE scored SET score = cvp_predict('risk', loan_id) WHERE loan_id = $1 RETURNING score`,
			`PREPARE plain AS SELECT 1 + $1`,
		} {
			if _, err := run(sql); err != nil {
				t.Fatalf("%s: %s", sql, describe(err))
			}
		}
		for _, s := range []struct{ execute, same string }{
			{"EXECUTE above(0.5, 100)", "SELECT * FROM scored WHERE score > 0.5 AND loan_id <= 100 ORDER BY 1"},
			{"execute /* (, */ above (1 - 0.5, abs(-100)) -- )", "SELECT * FROM scored WHERE score > 0.5 AND loan_id <= 100 ORDER BY 1"},
			{"EXECUTE above(NULL, 100)", "SELECT 1 WHERE false"},
			{"EXECUTE above('0.5', 100.4)", "SELECT * FROM scored WHERE score > 0.5 AND loan_id <= 100 ORDER BY 1"},
			{"EXECUTE one('risk', '7')", "SELECT score FROM scored WHERE loan_id = 7"},
			{"EXECUTE one('risk', NULL)", "SELECT NULL"},
			{"EXECUTE one('risk', '')", "SELECT NULL"},
			{`EXECUTE "It's é"`, "SELECT score FROM scored WHERE loan_id = 7"},
			{"EXECUTE change(7)", "SELECT score FROM scored WHERE loan_id = 7"},
			{"EXECUTE plain(41)", "SELECT 42"},
		} {
			got, err := run(s.execute)
			if err != nil {
				t.Errorf("%s: %s", s.execute, describe(err))
			} else if want := c.rows(s.same); !slices.Equal(got, want) {
				t.Errorf("%s: %.200q, want %.200q", s.execute, got, want)
			}
		}
		// Some statements run what is prepared.
		if got, err := run("EXPLAIN (COSTS off) EXECUTE above(0.5, 100)"); err != nil || !strings.HasPrefix(got[0], "CVP Predict") || len(got) < 5 {
			t.Errorf("EXPLAIN EXECUTE: %q, %v", got, err)
		}
		if _, err := run("CREATE TEMP TABLE execute AS EXECUTE above(0.5, 100)"); err != nil {
			t.Errorf("CREATE TABLE AS EXECUTE: %s", describe(err))
		} else if got := c.rows("SELECT count(*) > 0, bool_and(cvp_predict = score) FROM execute JOIN scored USING (loan_id)"); got[0] != "t|t" {
			t.Errorf("CREATE TABLE AS EXECUTE: %v", got)
		}
		if _, err := run("DEALLOCATE one"); err != nil {
			t.Errorf("DEALLOCATE: %s", describe(err))
		}
		if _, err := run("EXECUTE one('risk', '7')"); asPgError(err) == nil || asPgError(err).Code != "26000" {
			t.Errorf("after DEALLOCATE: %v", err)
		}
		if _, err := run("DISCARD ALL"); err != nil {
			t.Errorf("DISCARD: %s", describe(err))
		}
		if _, err := run("EXECUTE above(0.5, 100)"); asPgError(err) == nil || asPgError(err).Code != "26000" {
			t.Errorf("after DISCARD: %v", err)
		}
	})
}

// Errors are the words, the codes and the places of a Postgres that runs the same EXECUTE of a statement without a call.
func anExecuteFailsAsPostgresDoes(t *testing.T, url string) {
	each(t, url, func(t *testing.T, c *client, run func(string) ([]string, error)) {
		for _, sql := range []string{"PREPARE p (int, text) AS SELECT cvp_predict('risk', $1), $2", "PREPARE q (int, text) AS SELECT $1, $2"} {
			if _, err := run(sql); err != nil {
				t.Fatalf("%s: %s", sql, describe(err))
			}
		}
		for _, ours := range []string{"EXECUTE p(1)", "EXECUTE p", "EXECUTE p(1, 2, 3)", "EXECUTE p('é' || 'x', 'b')", "EXECUTE p(/* é */ now(), 'b')", "EXECUTE p(1 / 0, 'b')", "EXECUTE p(oops, 'b')",
			"EXPLAIN (ANALYZE) EXECUTE p(now(), 'b')", "CREATE TABLE never AS EXECUTE p(now(), 'b')"} {
			plain := strings.Replace(ours, "EXECUTE p", "EXECUTE q", 1)
			_, err := run(ours)
			_, native := run(plain)
			got, want := asPgError(err), asPgError(native)
			if got == nil || want == nil {
				t.Errorf("%s: %v, want %v", ours, err, native)
				continue
			}
			if message := strings.ReplaceAll(want.Message, `"q"`, `"p"`); got.Code != want.Code || got.Message != message || got.Detail != want.Detail || got.Hint != want.Hint || got.Position != want.Position {
				t.Errorf("%s: %s at %d, want %s at %d", ours, describe(got), got.Position, describe(want), want.Position)
			}
		}
		if got := c.rows("SELECT name FROM pg_prepared_statements WHERE from_sql OR name = 'cvp_arguments' ORDER BY 1"); !slices.Equal(got, []string{"p", "q"}) {
			t.Errorf("left behind: %v", got)
		}
	})
}

func anExecuteWorksInATransactionAndInAString(t *testing.T, url string) {
	c := connect(t, url)
	want := c.rows("SELECT score FROM scored WHERE loan_id = 3")
	if got := c.rows("PREPARE p AS SELECT cvp_predict('risk', 3); EXECUTE p; DEALLOCATE p"); !slices.Equal(got, want) {
		t.Errorf("in one string: %v, want %v", got, want)
	}
	c.exec("BEGIN")
	c.exec("PREPARE p AS SELECT cvp_predict('risk', 3)")
	c.exec("ROLLBACK") // does not take it back
	if got := c.rows("EXECUTE p"); !slices.Equal(got, want) {
		t.Errorf("after ROLLBACK: %v, want %v", got, want)
	}
	// A driver's own prepared statement can be executed by its name, too.
	if _, err := c.Prepare(context.Background(), "driver", "SELECT cvp_predict('risk', $1::int)"); err != nil {
		t.Fatal(describe(err))
	}
	if got := c.rows("EXECUTE driver(3)"); !slices.Equal(got, want) {
		t.Errorf("a driver's: %v, want %v", got, want)
	}
}
