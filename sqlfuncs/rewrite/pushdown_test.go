package rewrite

import (
	"fmt"
	"strings"
	"testing"

	"cvp/sqlfuncs/syntax"
)

// The golden file lists each statement after the push and, for each call whose block picks rows by LIMIT, the query
// of the rows that it may pick.
func TestPushDownGolden(t *testing.T) {
	const view = "(SELECT id, country, age + 1 AS older, 'x' AS tag, cvp_predict('m', id) AS score FROM customers)"
	var b strings.Builder
	for _, sql := range []string{
		// conditions
		"SELECT * FROM " + view + " s WHERE id = 42",
		"SELECT * FROM " + view + " s WHERE s.id = 42 AND older > 30 AND score > 0.5",
		"SELECT * FROM " + view + " s WHERE tag = 'x'",
		"SELECT * FROM " + view + " s WHERE id IN (SELECT id FROM vips)",
		"SELECT * FROM " + view + " s WHERE id > random()",
		"SELECT * FROM " + view + " s JOIN orders o ON o.id = s.id WHERE s.id = 42 AND o.amount > 3",
		"SELECT * FROM orders o LEFT JOIN " + view + " s ON o.id = s.id WHERE s.id = 42",
		"SELECT * FROM " + view + " s LEFT JOIN orders o ON o.id = s.id WHERE s.id = 42",
		"SELECT * FROM (SELECT * FROM " + view + " inside) outside WHERE id = 42 LIMIT 3",
		"SELECT * FROM (SELECT c.*, cvp_predict('m', c.id) AS score FROM customers c) s WHERE country = 'UK' AND id = 7",
		"SELECT * FROM (SELECT id AS country, cvp_predict('m', id), country AS id FROM customers) s WHERE id = 'UK'",
		"SELECT * FROM (SELECT id, id, cvp_predict('m', id) FROM customers) s WHERE id = 1",
		"SELECT * FROM (SELECT country, avg(cvp_predict('m', id)) FROM customers GROUP BY country) s WHERE country = 'UK'",
		"SELECT * FROM (SELECT id, cvp_predict('m', id), row_number() OVER (ORDER BY id) FROM customers) s WHERE id = 1",
		"SELECT * FROM (SELECT DISTINCT id, cvp_predict('m', id) FROM customers) s WHERE id = 1",
		"SELECT * FROM (SELECT id, cvp_predict('m', id) FROM customers LIMIT 5) s WHERE id = 1",
		"SELECT * FROM " + view + " s (a, b) WHERE a = 1",
		// limits
		"SELECT id, cvp_predict('m', id) FROM customers LIMIT 10",
		"SELECT id, cvp_predict('m', id) FROM customers WHERE age > 30 ORDER BY country, 1 DESC NULLS LAST LIMIT 10 OFFSET 5",
		"SELECT id, cvp_predict('m', id) FROM customers ORDER BY 2 LIMIT 10",
		"SELECT id, cvp_predict('m', id) AS country FROM customers ORDER BY country LIMIT 10",
		"SELECT id AS a, cvp_predict('m', id) FROM customers ORDER BY a LIMIT $1",
		"SELECT id, cvp_predict('m', id) FROM customers ORDER BY id FETCH FIRST 3 ROWS WITH TIES",
		"SELECT id, cvp_predict('m', id) FROM customers WHERE cvp_predict('m', id) > 0.5 LIMIT 10",
		"SELECT cvp_predict('m', id), generate_series(1, 3) FROM customers LIMIT 10",
		"SELECT cvp_predict('m', id), mine(id) FROM customers LIMIT 10",
		"SELECT max(cvp_predict('m', id)) FROM customers LIMIT 10",
		"SELECT DISTINCT cvp_predict('m', id) FROM customers LIMIT 10",
		"SELECT id, cvp_predict('m', id) FROM customers LIMIT (SELECT 3)",
		"SELECT id, cvp_predict('m', id) FROM customers LIMIT ALL",
		"SELECT * FROM " + view + " s ORDER BY id LIMIT 10",
		"SELECT * FROM " + view + " s ORDER BY score LIMIT 10",
		"SELECT * FROM " + view + " s LIMIT 1000",
		"SELECT count(*) FROM " + view + " s LIMIT 1000",
		"SELECT * FROM " + view + " s, orders o LIMIT 1000",
	} {
		stmt, err := syntax.Statement(sql)
		if err != nil {
			t.Fatal(err)
		}
		PushDown(stmt)
		out, err := syntax.Text(stmt)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&b, "%s\n", sql)
		if again, err := syntax.Statement(sql); err != nil {
			t.Fatal(err)
		} else if same, err := syntax.Text(again); err != nil {
			t.Fatal(err)
		} else if same != out {
			fmt.Fprintf(&b, "  becomes: %s\n", out)
		}
		for _, c := range Find(stmt) {
			args, err := c.Arguments("model", "subject")
			if err != nil {
				t.Fatal(err)
			}
			keys, ok, err := Limited(stmt, c, args["subject"])
			if err != nil {
				t.Fatal(err)
			}
			if !ok {
				continue
			}
			if err := Restrict(c, args["subject"], 9, "pg_catalog.int8", false); err != nil {
				t.Fatal(err)
			}
			out, err := syntax.Text(stmt)
			if err != nil {
				t.Fatal(err)
			}
			fmt.Fprintf(&b, "  picks: %s\n  runs: %s\n", keys, out)
		}
		b.WriteString("\n")
	}
	golden(t, "pushdown.txt", b.String())
}
