package sqlfuncs_test

import (
	"slices"
	"strings"
	"testing"

	"cvp/internal/cvptest"
	"cvp/internal/pgtest"
)

// Where most keys of a large model are expected to be met, they are not read first; what comes out is the same.
func TestMostKeysAreScoredWithoutReadingThem(t *testing.T) {
	c := connect(t, cvptest.Through(t, pgtest.Database(t)))
	c.exec(`CREATE TABLE crowd AS SELECT i AS id, i * 503 % 1000 AS x, i * 7919 % 1000 + i * 31 % 400 > 700 AS y FROM generate_series(1, 60000) i;
		ALTER TABLE crowd ADD PRIMARY KEY (id);
		CREATE TABLE visits AS SELECT 1 + i * 793 % 70000 AS id, i % 3 AS n FROM generate_series(1, 90000) i;
		ANALYZE`)
	c.exec("SELECT * FROM cvp_train('m', relation => 'crowd', target => 'y', algorithm => 'logistic')")
	c.exec("SELECT cvp_deploy('m', 1)")
	c.exec("CREATE TABLE scored AS SELECT id, cvp_predict('m', id) AS score FROM crowd; ALTER TABLE scored ADD PRIMARY KEY (id); ANALYZE scored")
	const most = "  Keys: all keys of the model, because a fifth of them or more is expected in its SELECT"
	for _, s := range []struct {
		called, plain string
		all           bool
	}{
		{"SELECT n, count(*), count(cvp_predict('m', v.id)), round(sum(cvp_predict('m', v.id))::numeric, 6) FROM visits AS v GROUP BY n ORDER BY n",
			"SELECT n, count(*), count(score), round(sum(score)::numeric, 6) FROM visits LEFT JOIN scored USING (id) GROUP BY n ORDER BY n", true},
		{"WITH w AS (SELECT id, n FROM visits WHERE n > 0) SELECT count(*), count(cvp_predict('m', crowd.id)) FROM crowd JOIN w USING (id)",
			"WITH w AS (SELECT id, n FROM visits WHERE n > 0) SELECT count(*), count(score) FROM scored JOIN w USING (id)", true},
		{"SELECT count(*) FROM (SELECT id FROM crowd WHERE x < 900) AS s WHERE cvp_predict('m', s.id) > 0.5", "SELECT count(*) FROM scored JOIN crowd USING (id) WHERE x < 900 AND score > 0.5", true},
		{"SELECT count(cvp_predict('m', id::text || '')) FROM crowd WHERE x < 900", "SELECT count(*) FROM crowd WHERE x < 900", true}, // as many values as id has
		{"SELECT count(cvp_predict('m', id::text)) FROM crowd WHERE x < 900", "SELECT count(*) FROM crowd WHERE x < 900", true},
		{"SELECT count(*), count(cvp_predict('m', id)) FROM crowd WHERE x < 100", "SELECT count(*), count(*) FROM crowd WHERE x < 100", false},
		{"SELECT v.id, cvp_predict('m', v.id) FROM visits AS v WHERE v.id = 794 ORDER BY 1", "SELECT v.id, score FROM visits AS v LEFT JOIN scored USING (id) WHERE v.id = 794", false},
	} {
		if got, want := c.rows(s.called), c.rows(s.plain); !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", s.called, got, want)
		}
		for _, explain := range []string{"EXPLAIN ", "EXPLAIN (ANALYZE, TIMING off) "} {
			if said := explained(c.rows(explain + s.called)); slices.Contains(said, most) != s.all {
				t.Errorf("%s%s:\n%s", explain, s.called, strings.Join(said, "\n"))
			}
		}
	}
	// Postgres's expectation of values that it does not know is no error where computing them would be one.
	if _, err := c.try("SELECT count(cvp_predict('m', 1 / (id - id))) FROM crowd"); err == nil || asPgError(err).Code != "22012" {
		t.Errorf("a key that is an error: %v", err)
	}
	if got := c.rows("SELECT count(*) FROM crowd WHERE false AND cvp_predict('m', 1 / (id - id)) > 0"); got[0] != "0" {
		t.Errorf("an error that is never computed: %v", got)
	}
}
