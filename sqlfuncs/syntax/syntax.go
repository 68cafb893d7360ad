package syntax

import (
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	pg "github.com/pganalyze/pg_query_go/v6"
)

// Parse gives the tree of a query string, which may hold several statements.
func Parse(sql string) (*pg.ParseResult, error) {
	tree, err := parse(sql)
	if err != nil {
		return nil, fmt.Errorf("parse statement: %w", err)
	}
	return tree, nil
}

// Statement gives the tree of exactly one statement.
func Statement(sql string) (*pg.Node, error) {
	tree, err := Parse(sql)
	if err != nil {
		return nil, err
	}
	if len(tree.Stmts) != 1 {
		return nil, errors.New("parse statement: not exactly one statement")
	}
	return tree.Stmts[0].Stmt, nil
}

// grammar is the PostgreSQL version of the trees, which the deparser checks.
const grammar = 170007

// Text gives the SQL of one statement.
func Text(stmt *pg.Node) (string, error) {
	sql, err := deparse(&pg.ParseResult{Version: grammar, Stmts: []*pg.RawStmt{{Stmt: stmt}}})
	if err != nil {
		return "", fmt.Errorf("write statement: %w", err)
	}
	return sql, nil
}

// Expression gives the tree of one SQL expression.
func Expression(sql string) (*pg.Node, error) {
	stmt, err := Statement("SELECT " + sql)
	if err != nil {
		return nil, err
	}
	sel := stmt.GetSelectStmt()
	if sel == nil || len(sel.TargetList) != 1 || len(sel.FromClause) != 0 || sel.WhereClause != nil || sel.SortClause != nil || sel.Larg != nil {
		return nil, errors.New("parse expression: not one expression")
	}
	return sel.TargetList[0].GetResTarget().GetVal(), nil
}

// FromItem gives the tree of one item of a FROM clause.
func FromItem(sql string) (*pg.Node, error) {
	stmt, err := Statement("SELECT FROM " + sql)
	if err != nil {
		return nil, err
	}
	if sel := stmt.GetSelectStmt(); sel != nil && len(sel.FromClause) == 1 {
		return sel.FromClause[0], nil
	}
	return nil, errors.New("parse FROM item: not one item")
}

// Select wraps a SELECT as a statement node.
func Select(s *pg.SelectStmt) *pg.Node {
	return &pg.Node{Node: &pg.Node_SelectStmt{SelectStmt: s}}
}

// String is the tree of a name's part.
func String(s string) *pg.Node {
	return &pg.Node{Node: &pg.Node_String_{String_: &pg.String{Sval: s}}}
}

// Column is the tree of a column of a FROM item.
func Column(item, name string) *pg.Node {
	return &pg.Node{Node: &pg.Node_ColumnRef{ColumnRef: &pg.ColumnRef{Fields: []*pg.Node{String(item), String(name)}}}}
}

// RelationName is the name of a relation as SQL writes it, quoted, with its schema where it has one.
func RelationName(r *pg.RangeVar) string {
	if r.Schemaname != "" {
		return pgx.Identifier{r.Schemaname, r.Relname}.Sanitize()
	}
	return pgx.Identifier{r.Relname}.Sanitize()
}

// CommonTables gives the names of all common table expressions of a statement.
func CommonTables(stmt *pg.Node) map[string]bool {
	names := map[string]bool{}
	Walk(stmt, func(n *pg.Node, _ Place) bool {
		if c := n.GetCommonTableExpr(); c != nil {
			names[c.Ctename] = true
		}
		return true
	})
	return names
}
