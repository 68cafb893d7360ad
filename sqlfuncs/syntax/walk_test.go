package syntax

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	pg "github.com/pganalyze/pg_query_go/v6"
)

func TestWalkSaysWhereACallStands(t *testing.T) {
	stmt, err := Statement(`WITH w AS (SELECT f1(a) FROM t), d AS (DELETE FROM t WHERE f2(a) RETURNING *)
		SELECT g(f3(x)), (SELECT f4(y)) FROM f5(1) JOIN u ON f6(x) WHERE f7(x)`)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	Walk(stmt, func(n *pg.Node, at Place) bool {
		if f := n.GetFuncCall(); f != nil {
			var around []string
			for _, g := range at.Functions {
				around = append(around, Name(g.Funcname)[0])
			}
			got[Name(f.Funcname)[0]] = fmt.Sprintf("block %t depth %d from %t in %s", at.Block != nil, at.Depth, at.InFrom, strings.Join(around, ","))
		}
		return true
	})
	want := map[string]string{
		"g":  "block true depth 1 from false in ",
		"f1": "block true depth 2 from false in ",
		"f2": "block false depth 1 from false in ",
		"f3": "block true depth 1 from false in g",
		"f4": "block true depth 2 from false in ",
		"f5": "block true depth 1 from true in ",
		"f6": "block true depth 1 from true in ",
		"f7": "block true depth 1 from false in ",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestOneStatementOneExpressionOneItem(t *testing.T) {
	for _, c := range []struct {
		text string
		read func(string) (*pg.Node, error)
		ok   bool
	}{
		{"SELECT 1", Statement, true}, {"SELECT 1; SELECT 2", Statement, false}, {"SELEC", Statement, false},
		{"a + 1", Expression, true}, {"a, b", Expression, false}, {"a FROM t", Expression, false}, {"a; DROP TABLE t", Expression, false}, {"1 UNION SELECT 2", Expression, false},
		{"t AS x", FromItem, true}, {"a, b", FromItem, false}, {"t; DROP TABLE t", FromItem, false},
	} {
		if _, err := c.read(c.text); (err == nil) != c.ok {
			t.Errorf("%q: %v", c.text, err)
		}
	}
}

func TestTextOfAStatementParsesToTheSameTree(t *testing.T) {
	for _, sql := range []string{"SELECT a.b, count(*) FILTER (WHERE x) OVER w FROM t AS a WINDOW w AS (ORDER BY c)", "INSERT INTO t VALUES (1) ON CONFLICT DO NOTHING RETURNING *"} {
		stmt, err := Statement(sql)
		if err != nil {
			t.Fatal(err)
		}
		once, err := Text(stmt)
		if err != nil {
			t.Fatal(err)
		}
		again, err := Statement(once)
		if err != nil {
			t.Fatal(err)
		}
		twice, err := Text(again)
		if err != nil || once != twice {
			t.Errorf("%s became %s, then %s (%v)", sql, once, twice, err)
		}
	}
}
