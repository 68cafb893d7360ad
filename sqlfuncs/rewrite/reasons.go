package rewrite

import (
	"strings"

	pg "github.com/pganalyze/pg_query_go/v6"

	"cvp/sqlfuncs/calls"
	"cvp/sqlfuncs/syntax"
)

// The reasons for a slow way end a sentence that begins with "because"; "" is for none.

// WhyEveryKey says why KeyQuery cannot read the keys off a call's block.
func WhyEveryKey(stmt *pg.Node, c *Call, s Subject) string {
	block := c.At.Block
	if block == nil {
		return "the call stands in no SELECT"
	}
	for _, item := range block.FromClause {
		if why := why(item, notRepeatable, changing); why != "" {
			return "its FROM clause has " + why
		}
	}
	if why := why(s.Expr, notPlain, changing); why != "" {
		return "its key has " + why
	}
	if with := visibleWith(stmt, block, withoutWith(block)); with != nil {
		if why := why(&pg.Node{Node: &pg.Node_WithClause{WithClause: with}}, notRepeatable, changing); why != "" {
			return "the WITH clause has " + why
		}
	}
	return ""
}

// WhyLookup says why Joinable is false.
func (c *Call) WhyLookup(key *pg.Node) string {
	b := c.At.Block
	switch {
	case b == nil:
		return "the call stands in no SELECT"
	case len(b.FromClause) == 0:
		return "its SELECT has no FROM clause"
	case c.At.InFrom:
		return "the call stands in a FROM clause"
	case len(b.LockingClause) > 0:
		return "rows are locked"
	case !plain(key):
		return "its key has " + why(key, notPlain, changing)
	case MayFail(key):
		return "computing its key may be an error"
	case c.outerAggregate():
		return "its aggregate is of an outer SELECT"
	case namesSystemColumn(b):
		return "a system column is named without its table"
	case (len(b.GroupClause) > 0 || b.HavingClause != nil) && !c.aggregated():
		return "rows are grouped"
	case hasStar(b) && mergesColumns(b.FromClause):
		return "SELECT * merges the columns of a join"
	}
	return ""
}

// why names the first node below n that is such a one.
func why(n *pg.Node, is func(*pg.Node) bool, name func(*pg.Node) string) string {
	found := ""
	syntax.Walk(n, func(n *pg.Node, _ syntax.Place) bool {
		if found == "" && is(n) {
			found = name(n)
		}
		return found == ""
	})
	return found
}

// notPlain reports whether a node keeps an expression from being computed of its row alone, the same each time.
func notPlain(n *pg.Node) bool {
	f := n.GetFuncCall()
	return f != nil && (aggregate(f) || f.Over != nil || !stable(f))
}

// changing names what may give another result, or other rows, the next time.
func changing(n *pg.Node) string {
	f := n.GetFuncCall()
	switch {
	case f != nil && calls.EngineCall(n) != "":
		return "a call of " + calls.EngineCall(n)
	case f != nil && f.Over != nil:
		return "a window function"
	case f != nil && aggregate(f):
		return "an aggregate"
	case f != nil:
		return "function " + strings.Join(syntax.Name(f.Funcname), ".") + ", which may be volatile"
	case n.GetSelectStmt() != nil:
		return "a LIMIT"
	case n.GetRangeTableSample() != nil:
		return "TABLESAMPLE"
	}
	return "a statement that changes rows"
}
