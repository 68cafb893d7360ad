package rewrite

import (
	"slices"

	pg "github.com/pganalyze/pg_query_go/v6"

	"cvp/sqlfuncs/syntax"
)

// outerItems lists the names of whole rows that are visible to a call from outside of its own block: FROM items whose
// rows are those of tables or subselects, and what INSERT, UPDATE, DELETE and MERGE are about.
func (c *Call) outerItems() []string {
	var out []string
	var last *pg.SelectStmt
	add := func(items ...*pg.Node) {
		for _, item := range items {
			if item.GetRangeFunction() == nil { // of a function that gives plain values the name is a column
				out = append(out, itemName(item)...)
			}
		}
	}
	relation := func(r *pg.RangeVar) { add(&pg.Node{Node: &pg.Node_RangeVar{RangeVar: r}}) }
	syntax.Walk(c.At.Statement, func(n *pg.Node, at syntax.Place) bool {
		if !syntax.Any(n, func(n *pg.Node) bool { return n == c.node }) {
			return false
		}
		if at.Block != last && at.Block != nil && at.Block != c.At.Block {
			last = at.Block
			add(last.FromClause...)
		}
		switch s := n.Node.(type) {
		case *pg.Node_InsertStmt:
			relation(s.InsertStmt.Relation)
			out = append(out, "excluded")
		case *pg.Node_UpdateStmt:
			relation(s.UpdateStmt.Relation)
			add(s.UpdateStmt.FromClause...)
		case *pg.Node_DeleteStmt:
			relation(s.DeleteStmt.Relation)
			add(s.DeleteStmt.UsingClause...)
		case *pg.Node_MergeStmt:
			relation(s.MergeStmt.Relation)
			add(s.MergeStmt.SourceRelation)
		}
		return true
	})
	return out
}

// namesOthers reports whether an expression names, by its item, a column of something that is neither an item of the
// block nor of a subquery in the expression: of a block around, as far as it can be seen.
func namesOthers(e *pg.Node, block *pg.SelectStmt) bool {
	own := itemNames(block.FromClause)
	syntax.Walk(e, func(n *pg.Node, _ syntax.Place) bool {
		if s := n.GetSelectStmt(); s != nil {
			own = append(own, itemNames(s.FromClause)...)
		}
		return true
	})
	return syntax.Any(e, func(n *pg.Node) bool {
		f := n.GetColumnRef().GetFields()
		return len(f) > 1 && !slices.Contains(own, f[0].GetString_().GetSval())
	})
}

// outerAggregate reports whether the call is an argument of an aggregate that is about no column of the block: such an
// aggregate is one of the block around, and a column of scores beside it would make it the block's own.
func (c *Call) outerAggregate() bool {
	if c.At.Depth < 2 || !c.aggregated() {
		return false
	}
	own, bare := c.columns()
	return !own && (len(bare) == 0 || c.bareOuter)
}

// columns tells whether the call names a column of its block by the item, and gives those that it names without one.
func (c *Call) columns() (own bool, bare []*pg.Node) {
	items := itemNames(c.At.Block.FromClause)
	syntax.Walk(&pg.Node{Node: &pg.Node_FuncCall{FuncCall: c.Func}}, func(n *pg.Node, _ syntax.Place) bool {
		f := n.GetColumnRef().GetFields()
		own = own || len(f) > 1 && slices.Contains(items, f[0].GetString_().GetSval())
		if len(f) == 1 {
			bare = append(bare, n)
		}
		return true
	})
	return own, bare
}

// BareColumns gives a SELECT, for each column that the call names without its item, which only Postgres can tell from a
// column of a block around: it fails where the column is none of the block's. There are none where it makes no difference.
func (c *Call) BareColumns(stmt *pg.Node) (sqls []string, err error) {
	if c.At.Depth < 2 || !c.aggregated() || !c.seesOuter() {
		return nil, nil
	}
	own, bare := c.columns()
	if own {
		return nil, nil
	}
	for _, column := range bare {
		s := &pg.SelectStmt{LimitOption: pg.LimitOption_LIMIT_OPTION_DEFAULT, Op: pg.SetOperation_SETOP_NONE,
			TargetList: []*pg.Node{target(column, "cvp_key")}, FromClause: c.At.Block.FromClause}
		s.WithClause = visibleWith(stmt, c.At.Block, s)
		text, err := syntax.Text(syntax.Select(s))
		if err != nil {
			return nil, err
		}
		sqls = append(sqls, text)
	}
	return sqls, nil
}

// MarkBareOuter notes that none of the columns that the call names without an item is the block's.
func (c *Call) MarkBareOuter() { c.bareOuter = true }

// seesOuter reports whether columns of blocks around are visible in the call's: it stands in an expression or is LATERAL.
func (c *Call) seesOuter() bool {
	sees := false
	syntax.Walk(c.At.Statement, func(n *pg.Node, _ syntax.Place) bool {
		if !syntax.Any(n, func(n *pg.Node) bool { return n == c.node }) {
			return false
		}
		sees = sees || n.GetSubLink() != nil || n.GetRangeSubselect().GetLateral()
		return !sees
	})
	return sees
}
