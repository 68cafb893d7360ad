package rewrite

import (
	pg "github.com/pganalyze/pg_query_go/v6"
	"google.golang.org/protobuf/proto"

	"cvp/sqlfuncs/syntax"
)

// Equated gives the value that a call's block holds its key to, by a condition like id = 42 or id = $1 that every row of
// the block meets: a literal or a parameter. It is nil where there is none. The equality is one in name: whose operator
// it is depends on the types and the search_path.
func Equated(c *Call, key *pg.Node) *pg.Node {
	b := c.At.Block
	if b == nil || c.At.InFrom || key.GetColumnRef() == nil {
		return nil
	}
	for _, condition := range conjuncts(b.WhereClause) {
		e := condition.GetAExpr()
		if e == nil || e.Kind != pg.A_Expr_Kind_AEXPR_OP || len(e.Name) != 1 || e.Name[0].GetString_().GetSval() != "=" {
			continue
		}
		if same(e.Lexpr, key) && isValue(e.Rexpr) {
			return e.Rexpr
		}
		if same(e.Rexpr, key) && isValue(e.Lexpr) {
			return e.Lexpr
		}
	}
	return nil
}

func isValue(n *pg.Node) bool { return n.GetAConst().GetIval() != nil || n.GetParamRef() != nil }

// same reports whether two column references are written alike.
func same(a, b *pg.Node) bool {
	x, y := a.GetColumnRef().GetFields(), b.GetColumnRef().GetFields()
	if len(x) == 0 || len(x) != len(y) {
		return false
	}
	for i := range x {
		if !proto.Equal(x[i], y[i]) || syntax.Any(x[i], func(n *pg.Node) bool { return n.GetAStar() != nil }) {
			return false
		}
	}
	return true
}
