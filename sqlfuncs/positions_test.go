package sqlfuncs_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"cvp/internal/cvptest"
	"cvp/internal/pgtest"
)

// Every statement must give what it gives over a table that holds the scores: the rewrite changes no meaning.
func TestCallsMeanTheSameAsAColumnOfScores(t *testing.T) {
	c := connect(t, cvptest.Through(t, pgtest.Database(t)))
	c.exec(loans + `CREATE TABLE regions (region text PRIMARY KEY, loan_id int); INSERT INTO regions VALUES ('north', 3), ('south', 4), ('west', NULL)`)
	c.exec(trainRisk)
	c.exec("CREATE TABLE scores AS SELECT key::int AS score_key, prediction AS score FROM cvp_predictions('risk')")
	for _, sql := range []string{
		"SELECT loan_id, P(loan_id) FROM loans ORDER BY loan_id",
		"SELECT *, P(loan_id) FROM loans ORDER BY 1 LIMIT 20",
		"SELECT loan_id FROM loans WHERE P(loan_id) > 0.5 AND age < 40 ORDER BY P(loan_id), loan_id",
		"SELECT region, round(avg(P(loan_id))::numeric, 9), count(*) FROM loans GROUP BY region HAVING max(P(loan_id)) > 0.1 ORDER BY 2",
		"SELECT loan_id, P(loan_id), count(*) FROM loans GROUP BY loan_id ORDER BY 1 LIMIT 10",
		"SELECT P(loan_id) > 0.5 AS risky, count(*) FROM loans GROUP BY 1 ORDER BY 1",
		"SELECT DISTINCT round(P(loan_id)::numeric, 1) FROM loans ORDER BY 1",
		"SELECT DISTINCT ON (region) region, loan_id FROM loans ORDER BY region, P(loan_id) DESC, loan_id",
		"SELECT loan_id, rank() OVER (PARTITION BY region ORDER BY P(loan_id) DESC, loan_id) FROM loans ORDER BY 1",
		"SELECT count(*) FILTER (WHERE P(loan_id) > 0.3) FROM loans",
		"SELECT CASE WHEN P(loan_id) > 0.5 THEN 'high' ELSE 'low' END AS c, count(*) FROM loans GROUP BY 1 ORDER BY 1",
		"SELECT l.loan_id, r.region FROM loans l JOIN regions r ON r.region = l.region AND P(l.loan_id) > 0.4 ORDER BY 1",
		"SELECT r.region, P(r.loan_id) FROM regions r ORDER BY 1",
		"SELECT * FROM regions r JOIN loans l USING (region) WHERE P(l.loan_id) > 0.7 ORDER BY l.loan_id",
		"SELECT * FROM regions r, loans l WHERE l.loan_id = r.loan_id AND P(l.loan_id) >= 0 ORDER BY l.loan_id",
		"SELECT r.region, (SELECT max(P(l.loan_id)) FROM loans l WHERE l.region = r.region) FROM regions r ORDER BY 1",
		"SELECT r.region, x.s FROM regions r, LATERAL (SELECT round(sum(P(l.loan_id))::numeric, 9) AS s FROM loans l WHERE l.region = r.region) x ORDER BY 1",
		"SELECT loan_id FROM loans WHERE loan_id IN (SELECT loan_id FROM loans WHERE P(loan_id) > 0.6) ORDER BY 1",
		"WITH old AS (SELECT loan_id FROM loans WHERE age > 60) SELECT o.loan_id, P(o.loan_id) FROM old o ORDER BY 1",
		"WITH risky AS (SELECT loan_id, P(loan_id) AS s FROM loans) SELECT count(*), round(avg(s)::numeric, 9) FROM risky WHERE s > 0.2",
		"SELECT loan_id, P(loan_id) FROM loans WHERE loan_id < 5 UNION ALL SELECT loan_id, P(loan_id) FROM loans WHERE loan_id > 1195 ORDER BY 1",
		"SELECT s.loan_id, P(s.loan_id) FROM (SELECT loan_id FROM loans ORDER BY age, loan_id LIMIT 7) s ORDER BY 1",
		"SELECT loan_id + 0, P(loan_id + 0) + P(loan_id + 1) FROM loans WHERE loan_id < 10 ORDER BY 1",
		"SELECT loan_id, P(loan_id) FROM loans WHERE loan_id = 42",
		"SELECT a.loan_id, P(a.loan_id), P(b.loan_id) FROM loans a JOIN loans b ON b.loan_id = a.loan_id + 1 WHERE a.loan_id < 6 ORDER BY 1",
		"SELECT loan_id FROM loans WHERE loan_id < 4 AND P(loan_id) >= 0 ORDER BY 1 FOR UPDATE",
		"SELECT i, P(i) FROM generate_series(1195, 1205) AS i ORDER BY 1",
		"SELECT loan_id, P(loan_id) FROM loans ORDER BY region, loan_id DESC LIMIT 9 OFFSET 4",
		"SELECT * FROM (SELECT loan_id, region, P(loan_id) AS s FROM loans) x WHERE loan_id = 42",
		"SELECT * FROM (SELECT l.*, P(l.loan_id) AS s FROM loans l) x WHERE region = 'north' AND s > 0.3 ORDER BY loan_id LIMIT 5",
		"SELECT x.loan_id, s, r.region FROM (SELECT loan_id, P(loan_id) AS s FROM loans) x JOIN regions r ON r.loan_id = x.loan_id WHERE x.loan_id < 4 ORDER BY 1",
		"SELECT region, P(loan_id) FROM regions ORDER BY region LIMIT 3",
		"SELECT count(*), count(s) FROM (SELECT P(loan_id) AS s FROM loans LIMIT 17) x",
		"SELECT count(*), count(s) FROM (SELECT loan_id, P(loan_id) AS s FROM loans WHERE age > 30) x WHERE loan_id % 7 = 0 LIMIT 3",
		"SELECT loan_id, P(loan_id), P(loan_id + 1) FROM loans ORDER BY 1 LIMIT 4",
		"SELECT age, P(loan_id) >= 0 FROM loans ORDER BY age FETCH FIRST 2 ROWS WITH TIES",
		"CREATE TEMP TABLE few AS SELECT loan_id, P(loan_id) AS s FROM loans ORDER BY loan_id LIMIT 5; SELECT * FROM few ORDER BY 1; DROP TABLE few",
		"SELECT P(42)", "SELECT P(NULL::int)", "SELECT P(max(loan_id)) FROM loans",
		"WITH gone AS (DELETE FROM regions WHERE P(loan_id) > 2 RETURNING region) SELECT count(*) FROM gone",
		"CREATE TEMP TABLE made AS SELECT loan_id, P(loan_id) AS s FROM loans WHERE age > 30; SELECT count(*), round(sum(s)::numeric, 9) FROM made; DROP TABLE made",
		"CREATE TEMP TABLE put (k int, s float8); INSERT INTO put SELECT loan_id, P(loan_id) FROM loans; UPDATE put SET s = s - P(k); SELECT count(*), max(abs(s)) FROM put; DELETE FROM put WHERE P(k) < 0.5; SELECT count(*) FROM put; DROP TABLE put",
	} {
		called := strings.ReplaceAll(sql, "P(", "cvp_predict('risk', ")
		plain := replaceCalls(sql, func(arg string) string { return "(SELECT score FROM scores WHERE score_key = (" + arg + "))" })
		got, want := c.rows(called), c.rows(plain)
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%s\n%s", sql, d)
		}
	}
}

func TestAScalarCallOverATableOfOurs(t *testing.T) {
	c := connect(t, cvptest.Through(t, pgtest.Database(t)))
	c.exec(loans)
	c.exec(trainRisk)
	for _, args := range [][]any{nil, {100}} {
		limit := "100"
		if args != nil {
			limit = "$1"
		}
		got := c.rows("SELECT p.key FROM cvp_predictions('risk') AS p WHERE p.key::int <= "+limit+" AND cvp_predict('risk', p.key) = p.prediction", args...)
		if len(got) != 100 {
			t.Errorf("with %v: %d rows, want 100", args, len(got))
		}
	}
}

// replaceCalls replaces P(arg) with what f makes of arg.
func replaceCalls(sql string, f func(string) string) string {
	for {
		from := strings.Index(sql, "P(")
		for from > 0 && (sql[from-1] >= 'A' && sql[from-1] <= 'Z') { // GROUP(…) and the like
			next := strings.Index(sql[from+1:], "P(")
			if next < 0 {
				return sql
			}
			from += 1 + next
		}
		if from < 0 {
			return sql
		}
		depth, to := 0, from+1
		for ; to < len(sql); to++ {
			if sql[to] == '(' {
				depth++
			} else if sql[to] == ')' {
				if depth--; depth == 0 {
					break
				}
			}
		}
		sql = sql[:from] + f(sql[from+2:to]) + sql[to+1:]
	}
}
