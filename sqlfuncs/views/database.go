package views

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5/pgconn"

	"cvp/sqlfuncs/pull"
)

// Everything is named by its schema, operators too: the queries run with the client's search_path.

// dependants finds the views that call an engine function, and those that read such a view.
const dependants = `WITH RECURSIVE holding (oid) AS (
    SELECT r.ev_class
    FROM pg_catalog.pg_depend AS d
    JOIN pg_catalog.pg_rewrite AS r ON r.oid OPERATOR(pg_catalog.=) d.objid
    JOIN pg_catalog.pg_proc AS p ON p.oid OPERATOR(pg_catalog.=) d.refobjid
    JOIN pg_catalog.pg_namespace AS n ON n.oid OPERATOR(pg_catalog.=) p.pronamespace
    WHERE d.classid OPERATOR(pg_catalog.=) 'pg_catalog.pg_rewrite'::pg_catalog.regclass
      AND d.refclassid OPERATOR(pg_catalog.=) 'pg_catalog.pg_proc'::pg_catalog.regclass
      AND n.nspname OPERATOR(pg_catalog.=) 'cvp'::pg_catalog.name
      AND p.proname OPERATOR(pg_catalog.=) ANY ('{cvp_predict,cvp_predictions,cvp_features,cvp_profile,cvp_explain_question,cvp_recommend,cvp_recommendations,cvp_train}'::pg_catalog.name[])
  UNION
    SELECT r.ev_class
    FROM holding
    JOIN pg_catalog.pg_depend AS d ON d.refobjid OPERATOR(pg_catalog.=) holding.oid
      AND d.refclassid OPERATOR(pg_catalog.=) 'pg_catalog.pg_class'::pg_catalog.regclass
      AND d.classid OPERATOR(pg_catalog.=) 'pg_catalog.pg_rewrite'::pg_catalog.regclass
    JOIN pg_catalog.pg_rewrite AS r ON r.oid OPERATOR(pg_catalog.=) d.objid)
SELECT c.relname::pg_catalog.text
FROM holding JOIN pg_catalog.pg_class AS c ON c.oid OPERATOR(pg_catalog.=) holding.oid
WHERE c.relkind OPERATOR(pg_catalog.=) 'v'::pg_catalog."char"`

// Learn looks the names up in the database.
func (n *Names) Learn(ctx context.Context, conn *pgconn.PgConn) (err error) {
	names := []string(nil)
	defer func() { n.Learned(names) }()
	var found pull.Text
	if _, err := pull.Into(ctx, conn, pull.Query{SQL: dependants}, &found); err != nil {
		return fmt.Errorf("find the views that call the engine: %w", err)
	}
	names = make([]string, len(found))
	for i, name := range found {
		names[i] = *name
	}
	return nil
}

// definition is a view as the session's role sees it.
type definition struct {
	sql   string
	owner string
	// readable says that the role may read the view; same, that what the view reads is the same to the role as to
	// the view's owner, with whose rights it is read.
	readable, same bool
}

// definitionOf gives one row for a view, none for anything else. A view runs with its owner's rights, unless it says
// otherwise: another role gets the same rows by itself where it may read all relations and none filters rows by role.
const definitionOf = `SELECT pg_catalog.pg_get_viewdef(c.oid), pg_catalog.pg_get_userbyid(c.relowner)::pg_catalog.text,
  CASE WHEN pg_catalog.has_table_privilege(c.oid, 'SELECT') THEN 'yes' END,
  CASE WHEN pg_catalog.pg_get_userbyid(c.relowner) OPERATOR(pg_catalog.=) CURRENT_USER
    OR EXISTS (SELECT FROM pg_catalog.unnest(c.reloptions) AS o (option)
               WHERE pg_catalog.lower(o.option) OPERATOR(pg_catalog.=) ANY ('{security_invoker=true,security_invoker=on,security_invoker=1,security_invoker=yes}'::pg_catalog.text[]))
    OR NOT EXISTS (
      SELECT FROM pg_catalog.pg_rewrite AS r
      JOIN pg_catalog.pg_depend AS d ON d.objid OPERATOR(pg_catalog.=) r.oid
        AND d.classid OPERATOR(pg_catalog.=) 'pg_catalog.pg_rewrite'::pg_catalog.regclass
        AND d.refclassid OPERATOR(pg_catalog.=) 'pg_catalog.pg_class'::pg_catalog.regclass
      JOIN pg_catalog.pg_class AS b ON b.oid OPERATOR(pg_catalog.=) d.refobjid
      WHERE r.ev_class OPERATOR(pg_catalog.=) c.oid AND b.oid OPERATOR(pg_catalog.<>) c.oid
        AND (b.relrowsecurity OR NOT pg_catalog.has_table_privilege(b.oid, 'SELECT')))
  THEN 'yes' END
FROM pg_catalog.pg_class AS c
WHERE c.oid OPERATOR(pg_catalog.=) pg_catalog.to_regclass($1::pg_catalog.text)::pg_catalog.oid
  AND c.relkind OPERATOR(pg_catalog.=) 'v'::pg_catalog."char"`

// define looks a view up by its name as SQL writes it; nil is for what is no view.
func define(ctx context.Context, conn *pgconn.PgConn, name string) (*definition, error) {
	var sql, owner, readable, same pull.Text
	n, err := pull.Into(ctx, conn, pull.Query{SQL: definitionOf, Params: [][]byte{[]byte(name)}}, &sql, &owner, &readable, &same)
	if err != nil {
		return nil, fmt.Errorf("look up view %s: %w", name, err)
	}
	if n == 0 || sql[0] == nil {
		return nil, nil
	}
	return &definition{sql: *sql[0], owner: *owner[0], readable: readable[0] != nil, same: same[0] != nil}, nil
}
