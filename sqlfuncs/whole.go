package sqlfuncs

import (
	"context"
	"strconv"

	"github.com/jackc/pgx/v5/pgtype"

	"cvp/sqlfuncs/pull"
	"cvp/sqlfuncs/rewrite"
)

// A whole row need not be named like a FROM item: it may be a column of a composite type, ROW(…)::loans, a subquery of one
// row. Only Postgres knows, by the type of the expression.

// firstOwn is the first OID that Postgres gives to what is made in a database (FirstNormalObjectId).
const firstOwn = 16384

// mayBeRow reports whether an expression that was taken for a key may give rows after all.
func mayBeRow(g *scoring) bool {
	return !g.subject.IsRow() && g.fixed == nil && !g.every && g.subject.Expr.GetAConst() == nil
}

// isWhole reports whether a group's subject is a whole row.
func (w *work) isWhole(ctx context.Context, g *scoring) (bool, error) {
	if g.keys == "" {
		return w.takesRow(ctx, g)
	}
	oid, err := w.keyOID(ctx, g.keys)
	if err != nil {
		return false, err
	}
	if oid == pgtype.RecordOID {
		return false, failure("0A000", "cvp_predict needs a row of a named type here", "Cast it, as in ROW(…)::loans, or give the key.")
	}
	return w.isComposite(ctx, oid)
}

// takesRow reports whether the statement is right with something in the place of a call that takes whole rows alone.
func (w *work) takesRow(ctx context.Context, g *scoring) (bool, error) {
	sql, err := g.calls[0].Instead("CASE WHEN pg_catalog.row_to_json(x) IS NULL THEN 0::pg_catalog.float8 END", g.subject.Expr, w.stmt)
	return err == nil && w.standsAlone(ctx, sql), err
}

// isComposite reports whether a type is that of rows.
func (w *work) isComposite(ctx context.Context, oid uint32) (bool, error) {
	if oid < firstOwn {
		return oid == pgtype.RecordOID, nil
	}
	var composite pull.Text
	_, err := pull.Into(ctx, w.conn, pull.Query{
		SQL:    "SELECT 'row' FROM pg_catalog.pg_type AS t WHERE t.oid OPERATOR(pg_catalog.=) $1::pg_catalog.oid AND t.typtype OPERATOR(pg_catalog.=) 'c'",
		Params: [][]byte{[]byte(strconv.FormatUint(uint64(oid), 10))}}, &composite)
	return len(composite) == 1, err
}

// givesRows reports whether the first column of a query is a whole row.
func (w *work) givesRows(ctx context.Context, sql string) (bool, error) {
	d, err := pull.Describe(ctx, w.conn, withRepeats(sql), w.oids())
	if err != nil {
		return false, err
	}
	return w.isComposite(ctx, d.Fields[0].DataTypeOID)
}

// wholeRows is keyQuery for an expression that gives whole rows.
func (w *work) wholeRows(ctx context.Context, g *scoring) error {
	constant := g.constant
	g.keys, g.limited, g.constant = "", false, false
	if column := g.model.source.KeyColumn(); column != "" {
		g.subject = rewrite.Subject{Expr: fieldOf(g.subject.Expr, column)}
		return w.readKeys(ctx, g)
	}
	g.subject.Whole = true
	g.key = asText(g.subject.Expr)
	if constant {
		fields, err := expressionText(g.subject.Fields())
		if err != nil {
			return err
		}
		key, err := expressionText(g.key)
		g.keys = "SELECT * FROM (SELECT " + key + " AS cvp_key, " + fields + ") AS cvp_subjects WHERE cvp_key IS NOT NULL"
		return err
	}
	sql, ok, err := rewrite.KeyQuery(w.stmt, g.calls[0], g.subject, g.key)
	if err != nil {
		return err
	}
	if !ok || !w.isOutermost(g) && !w.standsAlone(ctx, sql) {
		return errRows()
	}
	g.keys = sql
	return nil
}
