package rewrite

import (
	"math"
	"slices"

	pg "github.com/pganalyze/pg_query_go/v6"

	"cvp/sqlfuncs/calls"
	"cvp/sqlfuncs/syntax"
)

// Limited gives a SELECT of the keys of the rows that a block with a LIMIT may pick: a column cvp_key, NULLs
// included. ok is false where its LIMIT does not decide which rows are scored: the call itself decides, or rows are
// grouped or multiplied behind it.
//
// Postgres may pick others the second time where the block does not order all rows. The block has therefore to be
// restricted to those keys as well (see Restrict): what it picks of them is then a right answer, because these
// keys have rows enough that come first.
func Limited(stmt *pg.Node, c *Call, key *pg.Node) (sql string, ok bool, err error) {
	b := c.At.Block
	if b == nil || b.LimitCount == nil || c.At.InFrom || !plain(key) || !repeatable(b) || !limitable(b) {
		return "", false, nil
	}
	count, ok := limitCount(b)
	if !ok {
		return "", false, nil
	}
	inner := &pg.SelectStmt{
		Op:          pg.SetOperation_SETOP_NONE,
		TargetList:  []*pg.Node{target(key, "cvp_key")},
		FromClause:  syntax.Clone(&pg.SelectStmt{FromClause: b.FromClause}).FromClause,
		LimitCount:  count,
		LimitOption: b.LimitOption,
	}
	if b.WhereClause != nil {
		inner.WhereClause = syntax.Clone(b.WhereClause)
	}
	for _, s := range b.SortClause {
		e, ok := sortExpression(b, s.GetSortBy().Node)
		if !ok || !sure(e) || !plain(e) {
			return "", false, nil
		}
		own := syntax.Clone(s)
		own.GetSortBy().Node = syntax.Clone(e)
		inner.SortClause = append(inner.SortClause, own)
	}
	if with := visibleWith(stmt, b, inner); with != nil {
		if syntax.Any(&pg.Node{Node: &pg.Node_WithClause{WithClause: with}}, notRepeatable) {
			return "", false, nil
		}
		inner.WithClause = syntax.Clone(with)
	}
	sql, err = syntax.Text(syntax.Select(inner))
	return sql, err == nil, err
}

// limitable reports whether a block's LIMIT picks rows of its FROM clause, by nothing of ours.
func limitable(b *pg.SelectStmt) bool {
	return rowByRow(b) && !slices.ContainsFunc(conjuncts(b.WhereClause), func(c *pg.Node) bool { return !sure(c) })
}

// limitCount gives how many rows a block's LIMIT and OFFSET reach, as an expression.
func limitCount(b *pg.SelectStmt) (*pg.Node, bool) {
	if !wholeNumber(b.LimitCount) || b.LimitOffset != nil && !wholeNumber(b.LimitOffset) {
		return nil, false
	}
	count := syntax.Clone(b.LimitCount)
	if b.LimitOffset == nil {
		return count, true
	}
	if n, m := b.LimitCount.GetAConst().GetIval(), b.LimitOffset.GetAConst().GetIval(); n != nil && m != nil && n.Ival <= math.MaxInt32-max(0, m.Ival) {
		count.GetAConst().GetIval().Ival += m.Ival
		return count, true
	}
	sum, err := syntax.Expression("(1)::pg_catalog.int8 OPERATOR(pg_catalog.+) (1)::pg_catalog.int8")
	if err != nil {
		return nil, false
	}
	e := sum.GetAExpr()
	e.Lexpr.GetTypeCast().Arg, e.Rexpr.GetTypeCast().Arg = count, syntax.Clone(b.LimitOffset)
	return sum, true
}

// wholeNumber reports a plain count: a literal or a parameter. LIMIT ALL and LIMIT NULL are none.
func wholeNumber(n *pg.Node) bool {
	return n.GetAConst().GetIval() != nil || n.GetParamRef() != nil
}

// sortExpression gives what a block orders by: the expression itself, or the column of the select list that an
// ordinal or an output name stands for.
func sortExpression(b *pg.SelectStmt, e *pg.Node) (*pg.Node, bool) {
	if c := e.GetAConst(); c != nil {
		i := int(c.GetIval().GetIval())
		if c.GetIval() == nil || i < 1 || i > len(b.TargetList) {
			return nil, false
		}
		for _, t := range b.TargetList[:i] {
			if isStar(t.GetResTarget().GetVal()) {
				return nil, false
			}
		}
		e = b.TargetList[i-1].GetResTarget().Val
	} else if f := e.GetColumnRef().GetFields(); len(f) == 1 {
		// A bare name is an output column first (SQL-92), else an input column.
		name, found := f[0].GetString_().GetSval(), 0
		for _, t := range b.TargetList {
			r := t.GetResTarget()
			if !isStar(r.Val) && outputName(r) == name {
				e = r.Val
				found++
			}
		}
		if found > 1 {
			return nil, false
		}
	}
	// A number would be taken for an ordinal where the expression goes.
	return e, e.GetAConst() == nil && !syntax.Any(e, func(n *pg.Node) bool { return calls.EngineCall(n) != "" })
}

// Restrict adds to a call's block the condition that its key is one of those in array parameter n. nulls says that
// rows without a key are among those to pick.
func Restrict(c *Call, key *pg.Node, n int, keyType string, nulls bool) error {
	text := "(x OPERATOR(pg_catalog.=) ANY ($1::" + keyType + "[]))"
	if nulls {
		text = "(x OPERATOR(pg_catalog.=) ANY ($1::" + keyType + "[]) OR x IS NULL)"
	}
	e, err := syntax.Expression(text)
	if err != nil {
		return err
	}
	syntax.Walk(e, func(node *pg.Node, _ syntax.Place) bool {
		if node.GetColumnRef() != nil {
			node.Node = syntax.Clone(key).Node
			return false
		}
		if p := node.GetParamRef(); p != nil {
			p.Number = int32(n)
			return false
		}
		return true
	})
	b := c.At.Block
	b.WhereClause = and(b.WhereClause, e)
	return nil
}
