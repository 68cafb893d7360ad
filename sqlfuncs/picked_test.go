package sqlfuncs_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"cvp/internal/cvptest"
	"cvp/internal/pgtest"
)

// Several models over one key under a LIMIT score the keys of the rows that it picks, the same rows for all of them.
func TestModelsOverOneKeyShareWhatALimitPicks(t *testing.T) {
	c := connect(t, cvptest.Through(t, pgtest.Database(t)))
	c.exec(loans)
	for _, target := range []string{"defaulted", "employed"} {
		c.exec(fmt.Sprintf("SELECT * FROM cvp_train('%[1]s', relation => 'loans', target => '%[1]s', algorithm => 'logistic'); SELECT cvp_deploy('%[1]s', 1)", target))
	}
	c.exec("CREATE TABLE scored AS SELECT loan_id, cvp_predict('defaulted', loan_id) AS a, cvp_predict('employed', loan_id) AS b FROM loans")
	for _, s := range []struct {
		calls string
		order string
		keys  int
	}{
		{"cvp_predict('defaulted', loan_id) AS a, cvp_predict('employed', loan_id) AS b", "region", 7}, // 400 rows are first
		{"cvp_predict('employed', loan_id) AS b, cvp_predict('defaulted', loan_id) AS a", "region DESC, mood", 7},
		{"cvp_predict('defaulted', loan_id) AS a, cvp_predict('employed', loan_id + 0) AS b", "loan_id", 1200}, // other keys
	} {
		sql := "SELECT loan_id, " + s.calls + " FROM loans ORDER BY " + s.order + " LIMIT 7"
		if got := c.rows("SELECT count(*), count(s.a), count(s.b) FROM (" + sql + ") AS l JOIN scored AS s ON s.loan_id = l.loan_id AND s.a = l.a AND s.b = l.b"); got[0] != "7|7|7" {
			t.Errorf("%s: %v", sql, got)
		}
		said := explained(c.rows("EXPLAIN (ANALYZE, TIMING off) " + sql))
		actual := slices.DeleteFunc(said, func(l string) bool { return !strings.HasPrefix(l, "  Actual: ") })
		if want := fmt.Sprintf("scores=%d", s.keys); len(actual) != 2 || !strings.HasSuffix(actual[0], want) || !strings.HasSuffix(actual[1], want) {
			t.Errorf("%s: %q, want %s", sql, actual, want)
		}
	}
}
