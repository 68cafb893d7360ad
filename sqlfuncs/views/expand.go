package views

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5/pgconn"
	pg "github.com/pganalyze/pg_query_go/v6"

	"cvp/sqlfuncs/syntax"
)

// deepest bounds how many views may stand within each other.
const deepest = 32

// ForeignError says that a view cannot be written out: another role's rights decide what it reads.
type ForeignError struct{ View, Owner string }

// Error implements error.
func (e *ForeignError) Error() string {
	return fmt.Sprintf("view %s calls the engine with the rights of its owner %q, which this role does not have", e.View, e.Owner)
}

// Expand replaces each view among the names that a statement reads by its definition, again and again until there is
// none. What turns out to be no view stays as it is.
func Expand(ctx context.Context, conn *pgconn.PgConn, stmt *pg.Node, has func(relation string) bool) error {
	e := &expansion{conn: conn, has: has, plain: map[string]bool{}, found: map[string]*definition{}}
	for range deepest {
		views := e.views(stmt)
		if len(views) == 0 {
			return nil
		}
		for _, v := range views {
			if err := e.expand(ctx, stmt, v); err != nil {
				return err
			}
		}
	}
	return fmt.Errorf("views are nested more than %d deep", deepest)
}

// expansion is the writing out of one statement.
type expansion struct {
	conn  *pgconn.PgConn
	has   func(string) bool
	plain map[string]bool // looked up, and to be left alone
	found map[string]*definition
}

// views lists the items of FROM clauses that may be one of the views.
func (e *expansion) views(stmt *pg.Node) []*pg.Node {
	var out []*pg.Node
	ctes := syntax.CommonTables(stmt)
	syntax.Walk(stmt, func(n *pg.Node, _ syntax.Place) bool {
		if n.GetLockingClause() != nil {
			return false // it names items of the FROM clause
		}
		r := n.GetRangeVar()
		if r != nil && e.has(r.Relname) && !(r.Schemaname == "" && ctes[r.Relname]) && !e.plain[syntax.RelationName(r)] {
			out = append(out, n)
		}
		return true
	})
	return out
}

// expand writes one view out.
func (e *expansion) expand(ctx context.Context, stmt, item *pg.Node) error {
	r := item.GetRangeVar()
	name := syntax.RelationName(r)
	d, known := e.found[name]
	if !known {
		var err error
		if d, err = define(ctx, e.conn, name); err != nil {
			return err
		}
		e.found[name] = d
	}
	switch {
	case d == nil || !d.readable: // no view, or Postgres refuses it
		e.plain[name] = true
		return nil
	case !d.same:
		return &ForeignError{View: name, Owner: d.owner}
	}
	body, err := syntax.Statement(d.sql)
	if err != nil {
		return fmt.Errorf("read the definition of view %s: %w", name, err)
	}
	alias := r.Alias
	if alias == nil {
		alias = &pg.Alias{Aliasname: r.Relname}
		unqualify(stmt, r)
	}
	item.Node = &pg.Node_RangeSubselect{RangeSubselect: &pg.RangeSubselect{Subquery: body, Alias: alias}}
	return nil
}

// unqualify drops the schema of references like public.scored.score: a subselect has none.
func unqualify(stmt *pg.Node, r *pg.RangeVar) {
	syntax.Walk(stmt, func(n *pg.Node, _ syntax.Place) bool {
		c := n.GetColumnRef()
		if c == nil || len(c.Fields) != 3 || c.Fields[1].GetString_().GetSval() != r.Relname {
			return true
		}
		if r.Schemaname == "" || r.Schemaname == c.Fields[0].GetString_().GetSval() {
			c.Fields = c.Fields[1:]
		}
		return true
	})
}
