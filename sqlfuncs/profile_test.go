package sqlfuncs_test

import (
	"fmt"
	"strings"
	"testing"

	"cvp/internal/cvptest"
	"cvp/internal/pgtest"
)

func TestProfileTellsWhatCleaningFinds(t *testing.T) {
	c := connect(t, cvptest.Through(t, pgtest.Database(t)))
	c.exec(`CREATE TABLE visits AS SELECT i AS visit_id, CASE WHEN i % 4 <> 0 THEN (i % 100)::float8 END AS minutes,
		CASE WHEN i < 3 THEN 1e6 ELSE i % 10 END AS amount, CASE WHEN i <= 6 THEN 'rare' || i ELSE (ARRAY['a', 'b'])[1 + i % 2] END AS channel,
		7 AS shop, NULL::text AS note, now() - i * INTERVAL '1 day' AS seen FROM generate_series(1, 2000) i`)
	profile := func(column, list string) string {
		return fmt.Sprint(c.rows("SELECT " + list + " FROM cvp_profile('visits') WHERE column_name = '" + column + "'"))
	}
	for _, test := range []struct{ name, got, want string }{
		{"a number with gaps", profile("minutes", "kind, rows, missing, distinct_values, min, max, finding ~ 'missing in 25 %'"), "[number|2000|500|75|1|99|t]"},
		{"a number with outliers", profile("amount", "max, high < 1000000, cut, finding ~ 'cut to the bounds'"), "[1000000|t|2|t]"},
		{"rare levels", profile("channel", "kind, distinct_values, most_frequent, rare_levels, finding ~ '6 rare levels'"), "[category|8|b|6|t]"},
		{"a constant", profile("shop", "distinct_values, finding"), "[1|constant: not used]"},
		{"nothing at all", profile("note", "missing, mean, finding"), "[2000|∅|empty: not used]"},
		{"a time", profile("seen", "kind, distinct_values, finding"), "[time|2000|∅]"},
		{"a query", fmt.Sprint(c.rows("SELECT rows FROM cvp_profile('(SELECT minutes FROM visits WHERE minutes > 50)')")), fmt.Sprint(c.rows("SELECT count(*) FROM visits WHERE minutes > 50"))},
		{"no rows", fmt.Sprint(c.rows("SELECT column_name, rows FROM cvp_profile('(SELECT 1 AS x WHERE false)')")), "[x|0]"},
		{"NULL", fmt.Sprint(c.rows("SELECT * FROM cvp_profile(NULL)")), "[]"},
	} {
		if test.got != test.want {
			t.Errorf("%s: %s, want %s", test.name, test.got, test.want)
		}
	}
	if got := fmt.Sprint(c.rows("SELECT p.mean = (SELECT avg(minutes) FROM visits), abs(p.stddev - (SELECT stddev_pop(minutes) FROM visits)) < 1e-9 FROM cvp_profile('visits') p WHERE column_name = 'minutes'")); got != "[t|t]" {
		t.Errorf("moments unlike Postgres's: %s", got)
	}
	if _, err := c.try("SELECT * FROM cvp_profile('visitz')"); err == nil || !strings.Contains(describe(err), "42P01") || !strings.Contains(describe(err), "visits") {
		t.Errorf("a relation that is not there: %v", err)
	}
}
