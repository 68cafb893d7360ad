package server_test

import (
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
)

// logged gives what Postgres adds to its log while a test runs, with SQLSTATEs.
func logged(t *testing.T, p *proxy, test func(t *testing.T, conn *pgx.Conn)) (added string) {
	t.Helper()
	const file = "current_setting('data_directory') || '/../postgres.log'"
	watcher := open(t, p.direct)
	before := number(t, watcher, "SELECT size FROM pg_stat_file("+file+")")
	for _, mode := range modes {
		t.Run(mode.String(), func(t *testing.T) {
			test(t, p.connect(t, func(c *pgx.ConnConfig) {
				c.DefaultQueryExecMode = mode
				c.RuntimeParams["log_error_verbosity"] = "verbose"
			}))
		})
	}
	if err := watcher.QueryRow(t.Context(), "SELECT pg_read_file("+file+", $1, 10000000)", before).Scan(&added); err != nil {
		t.Fatal(err)
	}
	return added
}

func TestTheLogOfPostgresTellsTheTrueError(t *testing.T) {
	p := start(t)
	out := logged(t, p, func(t *testing.T, conn *pgx.Conn) {
		for _, sql := range []string{"SELECT cvp_raise() AS weird", "SELECT cvp_fail()", "SELECT cvp_early()"} {
			for _, begin := range []string{"", "BEGIN"} {
				run(t, conn, begin)
				refusal(t, conn, sql)
				run(t, conn, "ROLLBACK")
			}
		}
		if n := number(t, conn, "SELECT count(*) FROM pg_prepared_statements WHERE name LIKE 'cvp-%'"); n != 0 {
			t.Errorf("%d statements of ours are left", n)
		}
		wantState(t, conn, 'I')
	})
	runs := 2 * len(modes)
	for line, want := range map[string]int{
		`ERROR:  42704: model "chrun" does not exist`:          runs,
		`HINT:  Perhaps you meant "churn".`:                    runs,
		`ERROR:  XX000: train churn: too little data`:          runs,
		`ERROR:  42P01: relation "no_such_table" does not ex`:  runs,
		`STATEMENT:  /* SELECT cvp.cvp_raise() AS weird */ DO`: runs,
		`ERROR:`: 3 * runs,
	} {
		if got := strings.Count(out, line); got != want {
			t.Errorf("the log has %q %d times, want %d", line, got, want)
		}
	}
	if t.Failed() {
		t.Log(out)
	}
}
