package sqlfuncs

import (
	pg "github.com/pganalyze/pg_query_go/v6"

	"cvp/sqlfuncs/syntax"
)

// fieldOf is the expression (row).column, an error where row is none.
func fieldOf(row *pg.Node, column string) *pg.Node {
	return &pg.Node{Node: &pg.Node_AIndirection{AIndirection: &pg.A_Indirection{Arg: syntax.Clone(row), Indirection: []*pg.Node{syntax.String(column)}}}}
}

// asText is the expression (n)::text.
func asText(n *pg.Node) *pg.Node {
	return &pg.Node{Node: &pg.Node_TypeCast{TypeCast: &pg.TypeCast{Arg: syntax.Clone(n),
		TypeName: &pg.TypeName{Names: []*pg.Node{syntax.String("pg_catalog"), syntax.String("text")}, Typemod: -1}}}}
}

func expressionText(n *pg.Node) (string, error) {
	sql, err := syntax.Text(syntax.Select(&pg.SelectStmt{LimitOption: pg.LimitOption_LIMIT_OPTION_DEFAULT, Op: pg.SetOperation_SETOP_NONE,
		TargetList: []*pg.Node{{Node: &pg.Node_ResTarget{ResTarget: &pg.ResTarget{Val: n}}}}}))
	if err != nil {
		return "", err
	}
	return sql[len("SELECT "):], nil
}
