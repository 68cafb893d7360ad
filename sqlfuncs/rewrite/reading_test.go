package rewrite

import (
	"slices"
	"testing"
)

func TestReadingOf(t *testing.T) {
	for sql, want := range map[string]string{
		`SELECT a, pg_catalog.lower(b) FROM s.t AS x JOIN "S".u USING (a) WHERE x.a > 1 AND b LIKE 'c%' ORDER BY 1 LIMIT 3`: "",
		`WITH w AS (SELECT 1) SELECT * FROM w`:                        "",
		`SELECT CASE WHEN a IS NULL THEN 1 ELSE 2 END::text FROM s.t`: "",
		`SELECT * FROM t`:                                  `read relation "t", which has no schema in its query,`,
		`SELECT evil() FROM s.t`:                           `call function "evil"`,
		`SELECT s.lower(a) FROM s.t`:                       `call function "s"."lower"`,
		`SELECT a OPERATOR(s.=) 1 FROM s.t`:                `use operator "s"."="`,
		`SELECT a OPERATOR(s.=) ANY (SELECT 1) FROM s.t`:   `use operator "s"."="`,
		`SELECT a FROM s.t ORDER BY a USING OPERATOR(s.<)`: `use operator "s"."<"`,
		`SELECT a::s.d FROM s.t`:                           `use type "s"."d"`,
		`SELECT a FROM s.t FOR UPDATE`:                     "run a LockingClause",
		`SELECT a INTO b FROM s.t`:                         "run a IntoClause",
		`SELECT a FROM s.t TABLESAMPLE system (1)`:         "run a RangeTableSample",
		`SELECT xmlparse(document a) FROM s.t`:             "run a XmlExpr",
		`DELETE FROM s.t`:                                  "run a statement that is no SELECT",
		`SELECT 1; SELECT 2`:                               "run a statement that is no SELECT",
		`WITH d AS (DELETE FROM s.t RETURNING 1) SELECT`:   "run a DeleteStmt",
		`SELECT (`: "run a statement that is no SELECT",
	} {
		if got := ReadingOf(sql); got.Problem != want {
			t.Errorf("%s: %q, want %q", sql, got.Problem, want)
		}
	}
	r := ReadingOf(`SELECT FROM s.t, s.t AS u`, `SELECT FROM "a""b".c WHERE EXISTS (SELECT FROM d.e)`)
	if want := []string{`"a""b"."c"`, `"d"."e"`, `"s"."t"`}; !slices.Equal(r.Relations, want) || r.Problem != "" {
		t.Errorf("got %+v", r)
	}
}
