package rewrite

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"cvp/sqlfuncs/syntax"
)

var update = flag.Bool("update", false, "write the golden files")

// The golden file lists for each statement the key query of every call and the statement that comes out.
func TestRewriteGolden(t *testing.T) {
	var b strings.Builder
	for _, sql := range []string{
		"SELECT cvp_predict('m', 42)",
		"SELECT customer_id, cvp_predict('m', customer_id) FROM customers ORDER BY 2 DESC LIMIT 100",
		"SELECT *, cvp_predict('m', c.id) FROM customers c, countries k WHERE c.country = k.code AND c.age > 30 AND random() < 0.5",
		"SELECT * FROM a JOIN b USING (id) WHERE cvp_predict('m', id) > 0.5",
		"SELECT country, avg(cvp_predict('m', id)) FROM customers GROUP BY country ORDER BY 2",
		"SELECT id, cvp_predict('m', id), count(*) FROM customers GROUP BY id",
		"SELECT a.id FROM a JOIN b ON cvp_predict('m', a.id) > b.score",
		"SELECT id FROM t WHERE cvp_predict('m', id) > 0.5 FOR UPDATE",
		"SELECT cvp_predict('m', id)::int, cvp_predict('m', id) FROM t WHERE id < 10 ORDER BY cvp_predict('m', id)",
		"SELECT cvp_predict('m', t) FROM t",
		"SELECT cvp_predict('m', t.*) FROM t",
		"WITH recent AS (SELECT id FROM t WHERE d > now()) SELECT cvp_predict('m', id) FROM recent",
		"SELECT cvp_predict FROM (SELECT cvp_predict('m', id) FROM t LIMIT 3) s",
		"SELECT (SELECT max(cvp_predict('m', o.id)) FROM o WHERE o.c = t.id) FROM t",
		"SELECT cvp_predict('m', id) FROM t TABLESAMPLE SYSTEM (10)",
		"SELECT cvp_predict('m', max(id)) FROM t WHERE x > 1",
		"SELECT cvp_predict('m', row_number() OVER ()) FROM t",
	} {
		stmt, err := syntax.Statement(sql)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&b, "%s\n", sql)
		for i, c := range Find(stmt) {
			args, err := c.Arguments("model", "subject")
			if err != nil {
				t.Fatal(err)
			}
			s := SubjectOf(c, args["subject"])
			keys, ok, err := KeyQuery(stmt, c, s, s.Expr)
			if err != nil {
				t.Fatal(err)
			}
			fmt.Fprintf(&b, "  keys %d: %v %s\n", i+1, ok, keys)
			switch {
			case Constant(s.Expr):
				err = c.Value(i + 1)
			case c.Joinable(s.Expr):
				err = Join([]*Call{c}, s.Expr, Scores{Keys: 2*i + 1, Values: 2*i + 2, KeyType: "pg_catalog.int8"})
			default:
				err = c.Lookup(s.Expr, i+1)
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		out, err := syntax.Text(stmt)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&b, "  runs: %s\n\n", out)
	}
	golden(t, "rewrite.txt", b.String())
}

// A key of whole numbers may index an array, wherever the call stands.
func TestElementGolden(t *testing.T) {
	var b strings.Builder
	for _, c := range []struct {
		sql string
		e   Elements
	}{
		{"SELECT avg(cvp_predict('m', id)) FROM t", Elements{Scores: 1}},
		{"SELECT cvp_predict('m', id + 1) AS s FROM t GROUP BY id HAVING cvp_predict('m', id + 1) > 0.5", Elements{Scores: 2, Index: 1}},
		{"SELECT cvp_predict('m', (SELECT max(big) FROM u)) FROM t", Elements{Scores: 1, Wide: true, Base: 9_999_999_999, Last: 10_000_000_999}},
		{"SELECT * FROM a JOIN b USING (id) WHERE cvp_predict('m', id) > 0.5 FOR UPDATE", Elements{Scores: 2, Index: 1, Wide: true, Base: -8, Last: 5}},
	} {
		stmt, err := syntax.Statement(c.sql)
		if err != nil {
			t.Fatal(err)
		}
		for _, call := range Find(stmt) {
			args, err := call.Arguments("model", "subject")
			if err != nil {
				t.Fatal(err)
			}
			if err := call.Element(args["subject"], c.e); err != nil {
				t.Fatal(err)
			}
		}
		out, err := syntax.Text(stmt)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&b, "%s\n  runs: %s\n\n", c.sql, out)
	}
	golden(t, "elements.txt", b.String())
}

func TestTableFunctionsBecomeSubselects(t *testing.T) {
	var b strings.Builder
	for _, sql := range []string{
		"SELECT * FROM cvp_predictions('m')",
		"SELECT p.key FROM cvp_predictions('m') AS p JOIN customers c ON c.id::text = p.key WHERE p.decile = 1",
		"SELECT k FROM cvp_predictions('m') p(k, score)",
		"SELECT cvp_predictions('m')",
	} {
		stmt, err := syntax.Statement(sql)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range Find(stmt) {
			if err := c.Table([]Column{{Name: "key", Type: "text", Parameter: 1}, {Name: "prediction", Type: "float8", Parameter: 2}, {Name: "decile", Type: "int4", Parameter: 3}}); err != nil {
				t.Fatal(err)
			}
		}
		out, err := syntax.Text(stmt)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&b, "%s\n  runs: %s\n\n", sql, out)
	}
	golden(t, "tables.txt", b.String())
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), got); d != "" {
		t.Error(d)
	}
}
