package rewrite

import (
	"fmt"
	"slices"

	pg "github.com/pganalyze/pg_query_go/v6"

	"cvp/sqlfuncs/syntax"
)

// A whole row of a block around, or of a statement that changes rows, is one of those that its FROM item gives: these are
// scored, and looked up by the row as text. What the statement has made itself, as RETURNING of an UPDATE gives it, is none
// of them.

// RowBlocks gives SELECTs without a list whose FROM clause holds the item that a call's row is of: the narrower one first,
// then the item alone.
func (c *Call) RowBlocks(name string) (blocks []*pg.SelectStmt) {
	take := func(with *pg.WithClause, where *pg.Node, items ...*pg.Node) {
		item := itemNamed(items, name)
		if item == nil {
			return
		}
		blocks = blocks[:0]
		if where != nil || len(items) > 1 || items[0] != item {
			blocks = append(blocks, &pg.SelectStmt{FromClause: items, WhereClause: where, WithClause: with})
		}
		blocks = append(blocks, &pg.SelectStmt{FromClause: []*pg.Node{item}, WithClause: with})
	}
	relation := func(r *pg.RangeVar) *pg.Node { return &pg.Node{Node: &pg.Node_RangeVar{RangeVar: r}} }
	syntax.Walk(c.At.Statement, func(n *pg.Node, _ syntax.Place) bool {
		if !syntax.Any(n, func(n *pg.Node) bool { return n == c.node }) {
			return false
		}
		switch s := n.Node.(type) { // the innermost comes last
		case *pg.Node_SelectStmt:
			take(s.SelectStmt.WithClause, s.SelectStmt.WhereClause, s.SelectStmt.FromClause...)
		case *pg.Node_InsertStmt:
			take(s.InsertStmt.WithClause, nil, relation(s.InsertStmt.Relation))
		case *pg.Node_UpdateStmt:
			take(s.UpdateStmt.WithClause, s.UpdateStmt.WhereClause, append([]*pg.Node{relation(s.UpdateStmt.Relation)}, s.UpdateStmt.FromClause...)...)
		case *pg.Node_DeleteStmt:
			take(s.DeleteStmt.WithClause, s.DeleteStmt.WhereClause, append([]*pg.Node{relation(s.DeleteStmt.Relation)}, s.DeleteStmt.UsingClause...)...)
		case *pg.Node_MergeStmt:
			take(s.MergeStmt.WithClause, nil, relation(s.MergeStmt.Relation))
			take(s.MergeStmt.WithClause, nil, s.MergeStmt.SourceRelation)
		}
		return true
	})
	return blocks
}

// itemNamed finds the FROM item of a name, below joins too. Of a sample it gives the whole table.
func itemNamed(items []*pg.Node, name string) *pg.Node {
	for _, n := range items {
		if !slices.Contains(itemName(n), name) {
			continue
		}
		switch j := n.GetJoinExpr(); {
		case j != nil && j.Alias == nil:
			return itemNamed([]*pg.Node{j.Larg, j.Rarg}, name)
		case n.GetRangeTableSample() != nil:
			return n.GetRangeTableSample().Relation
		}
		return n
	}
	return nil
}

// Loose gives a statement without the LIMITs in it: of the rows that it gives, the statement itself picks.
func Loose(stmt *pg.Node) *pg.Node {
	stmt = syntax.Clone(stmt)
	syntax.Walk(stmt, func(n *pg.Node, _ syntax.Place) bool {
		if s := n.GetSelectStmt(); s != nil {
			s.LimitCount, s.LimitOffset, s.LimitOption = nil, nil, pg.LimitOption_LIMIT_OPTION_DEFAULT
		}
		return true
	})
	return stmt
}

// In gives the call as if it stood in another block.
func (c *Call) In(block *pg.SelectStmt) *Call {
	return &Call{Function: c.Function, Func: c.Func, At: syntax.Place{Block: block, Depth: c.At.Depth, Statement: c.At.Statement}}
}

// LookupRow replaces the call by a look-up of its row, as text, in parameter n: a jsonb object of scores, NULLs included.
// A row that is not there is left to the catalog function.
func (c *Call) LookupRow(row *pg.Node, n int) error {
	e, err := syntax.Expression(fmt.Sprintf(`CASE WHEN pg_catalog.jsonb_exists($%[1]d::pg_catalog.jsonb, y) IS NOT FALSE
		THEN ($%[1]d::pg_catalog.jsonb OPERATOR(pg_catalog.->>) y)::pg_catalog.float8 ELSE x END`, n))
	if err != nil {
		return err
	}
	found := e.GetCaseExpr().Args[0].GetCaseWhen()
	exists := found.Expr.GetBooleanTest().Arg.GetFuncCall()
	exists.Args[1] = syntax.Clone(row)
	found.Result.GetTypeCast().Arg.GetAExpr().Rexpr = syntax.Clone(row)
	e.GetCaseExpr().Defresult = syntax.Clone(c.node)
	c.become(e)
	return nil
}

// Instead gives the text of a statement with an expression in the call's place, in which subject stands for its only column.
func (c *Call) Instead(expression string, subject, stmt *pg.Node) (string, error) {
	e, err := syntax.Expression(expression)
	if err != nil {
		return "", err
	}
	syntax.Walk(e, func(n *pg.Node, _ syntax.Place) bool {
		if n.GetColumnRef() == nil {
			return true
		}
		n.Node = syntax.Clone(subject).Node
		return false
	})
	own := c.node.Node
	c.node.Node = e.Node
	text, err := syntax.Text(stmt)
	c.node.Node = own
	return text, err
}
