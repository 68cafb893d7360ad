package rewrite

import (
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
