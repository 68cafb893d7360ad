package rewrite

import (
	"slices"

	pg "github.com/pganalyze/pg_query_go/v6"

	"cvp/sqlfuncs/syntax"
)

// MayFail reports whether the value of an expression may be an error. Such a key is computed where the call stands and
// nowhere else: a CASE, a WHERE or an AND around it may be there to keep it from failing.
func MayFail(n *pg.Node) bool {
	return syntax.Any(n, func(n *pg.Node) bool {
		switch {
		case n.GetFuncCall() != nil, n.GetSubLink() != nil:
			return true
		case n.GetAExpr() != nil:
			return !compares(n.GetAExpr())
		case n.GetTypeCast() != nil:
			return !castsToText(n.GetTypeCast())
		}
		return false
	})
}

// ReadsMayFail reports whether reading the rows of a call's block may be an error where the statement itself gives none.
func (c *Call) ReadsMayFail() bool {
	b := c.At.Block
	if b == nil {
		return false
	}
	return MayFail(b.WhereClause) || slices.ContainsFunc(b.FromClause, MayFail)
}

// compares knows the operators that no two values of one type make fail.
func compares(e *pg.A_Expr) bool {
	parts := syntax.Name(e.Name)
	switch parts[len(parts)-1] {
	case "=", "<>", "<", ">", "<=", ">=", "BETWEEN", "NOT BETWEEN":
		return true
	}
	return false
}

// castsToText reports a cast that every value survives.
func castsToText(c *pg.TypeCast) bool {
	parts := syntax.Name(c.TypeName.Names)
	return parts[len(parts)-1] == "text" && len(c.TypeName.ArrayBounds) == 0
}
