package sqlfuncs

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"

	"cvp/sqlfuncs/pull"
	"cvp/sqlfuncs/rewrite"
	"cvp/sqlfuncs/source"
	"cvp/sqlfuncs/syntax"
)

// keyQuery decides what identifies the subject of a group of calls and which subjects are needed.
func (w *work) keyQuery(ctx context.Context, g *scoring) error {
	if err := w.readKeys(ctx, g); err != nil || !mayBeRow(g) {
		return err
	}
	row, err := w.isWhole(ctx, g)
	if err != nil || !row {
		return err
	}
	return w.wholeRows(ctx, g)
}

// readKeys is keyQuery for a subject that is a key, or the name of a FROM item.
func (w *work) readKeys(ctx context.Context, g *scoring) error {
	if g.subject.Row != "" {
		if row, err := w.isRow(ctx, g); err != nil {
			return err
		} else if !row {
			g.subject = rewrite.Subject{Expr: g.subject.Expr} // a column of the same name as its FROM item, as in generate_series(1, 3) AS i
		}
	}
	if g.subject.Outer {
		column := g.model.source.KeyColumn()
		if column == "" {
			return w.rowsElsewhere(ctx, g)
		}
		g.subject = rewrite.Subject{Expr: fieldOf(g.subject.Expr, column)}
	}
	if column := g.model.source.KeyColumn(); g.subject.Row != "" && column != "" {
		g.subject = rewrite.Subject{Expr: syntax.Column(g.subject.Row, column)}
	}
	g.key = g.subject.Expr
	if g.subject.Row != "" {
		g.key = asText(g.subject.Expr)
	}
	if w.fix(g); g.fixed != nil && !g.equated {
		return nil
	}
	if g.constant = rewrite.Constant(g.subject.Expr); g.constant {
		text, err := expressionText(g.key)
		g.keys = "SELECT cvp_key FROM (SELECT " + text + " AS cvp_key) AS cvp_subjects WHERE cvp_key IS NOT NULL"
		return err
	}
	if g.fixed == nil {
		if done, err := w.limitedKeys(ctx, g); done || err != nil {
			return err
		}
	}
	var err error
	if g.every, err = w.everyKey(ctx, g); err != nil || g.every {
		return err
	}
	sql, ok, err := rewrite.KeyQuery(w.stmt, g.calls[0], g.subject, g.key)
	if err != nil {
		return err
	}
	if ok && (w.isOutermost(g) || w.standsAlone(ctx, sql)) {
		g.keys = sql
		return nil
	}
	if g.subject.Row != "" {
		return w.rowsElsewhere(ctx, g)
	}
	return nil
}

// rowsElsewhere finds out which whole rows a group can be about where the block of its calls does not say that.
func (w *work) rowsElsewhere(ctx context.Context, g *scoring) error {
	g.key = asText(g.subject.Expr)
	stmt := rewrite.Loose(w.stmt)
	for _, block := range g.calls[0].RowBlocks(g.subject.Row) {
		block = rewrite.Loose(syntax.Select(block)).GetSelectStmt()
		sql, ok, err := rewrite.KeyQuery(stmt, g.calls[0].In(block), g.subject, g.key)
		if err != nil {
			return err
		}
		if ok && w.standsAlone(ctx, sql) {
			g.keys, g.elsewhere = sql, true
			return nil
		}
	}
	return errRows()
}

// limitedKeys has a block that picks rows by LIMIT pick them first: only their keys are scored.
func (w *work) limitedKeys(ctx context.Context, g *scoring) (done bool, err error) {
	if g.subject.Row != "" || g.shared {
		return false, nil
	}
	sql, ok, err := rewrite.Limited(w.stmt, g.calls[0], g.key)
	if err != nil || !ok || !w.isOutermost(g) && !w.standsAlone(ctx, sql) {
		return false, err
	}
	g.keys, g.limited = "SELECT DISTINCT cvp_key FROM ("+sql+") AS cvp_subjects", true
	return true, nil
}

// isOutermost reports whether a group's block is the statement itself, so that a query made of it stands alone.
func (w *work) isOutermost(g *scoring) bool {
	return g.calls[0].At.Depth == 1 && w.stmt.GetSelectStmt() != nil
}

// keysOnce is keysOrAll, which are read once for all groups that a LIMIT picks the same keys for.
func (w *work) keysOnce(ctx context.Context, g *scoring) (*pull.Keys, error) {
	p := g.picked
	if !g.limited {
		return w.keysOrAll(ctx, g)
	}
	if p.done {
		g.oid, g.nulls, g.limited = p.oid, p.nulls, p.keys != nil
		return p.keys, nil
	}
	keys, err := w.keysOrAll(ctx, g)
	if err != nil {
		return nil, err
	}
	*p = picked{done: true, oid: g.oid, keys: keys, nulls: g.nulls}
	return keys, nil
}

// keysOrAll is keys, or nil for all of them where computing those that are needed is an error: the statement may never
// compute the value that failed, and where it does, the error is its own.
func (w *work) keysOrAll(ctx context.Context, g *scoring) (keys *pull.Keys, err error) {
	if !rewrite.MayFail(g.subject.Expr) && !g.calls[0].ReadsMayFail() {
		return w.mostOrKeys(ctx, g)
	}
	err = w.undoing(ctx, func() (err error) {
		keys, err = w.mostOrKeys(ctx, g)
		return err
	})
	if ofValues(err) {
		g.limited, g.most = false, false
		return nil, nil
	}
	return keys, err
}

// ofValues reports an error about the values of rows: SQLSTATE classes 21 and 22.
func ofValues(err error) bool {
	var e *pgconn.PgError
	return errors.As(err, &e) && (strings.HasPrefix(e.Code, "21") || strings.HasPrefix(e.Code, "22"))
}

// keys runs a group's key query: whole numbers where the expression gives them, text otherwise.
func (w *work) keys(ctx context.Context, g *scoring) (*pull.Keys, error) {
	var err error
	if g.oid, err = w.keyOID(ctx, g.keys); err != nil {
		return nil, err
	}
	keys, sql := &pull.Keys{OID: g.oid}, g.distinct()
	if pull.Integer(g.oid) && !g.model.source.KeyInteger() {
		keys.OID = pgtype.TextOID
	}
	if w.explain.dry() {
		return keys, nil
	}
	defer w.explain.pulling(keys)()
	sink := &subjectKeys{Keys: keys}
	if _, err := pull.Into(ctx, w.conn, w.query(sql), sink); err != nil {
		return nil, err
	}
	g.nulls = sink.nulls
	return keys, nil
}

// distinct is a group's key query in the form in which keys of its type are read.
func (g *scoring) distinct() string {
	if pull.Integer(g.oid) && g.model.source.KeyInteger() {
		return g.keys
	}
	return "SELECT DISTINCT cvp_key::pg_catalog.text FROM (" + withRepeats(g.keys) + ") AS cvp_subjects"
}

// withRepeats is a query of keys without its DISTINCT: equal values may have different texts, and not every type has an
// equality.
func withRepeats(sql string) string {
	if rest, ok := strings.CutPrefix(sql, "SELECT DISTINCT cvp_key "); ok {
		return "SELECT cvp_key " + rest
	}
	return sql
}

// keyOID is the type of the keys that a query gives.
func (w *work) keyOID(ctx context.Context, sql string) (uint32, error) {
	if oid, ok := w.keyTypes.get(sql); ok {
		return oid, nil
	}
	d, err := pull.Describe(ctx, w.conn, withRepeats(sql), w.oids())
	if err != nil {
		return 0, err
	}
	w.keyTypes.put(sql, d.Fields[0].DataTypeOID)
	return d.Fields[0].DataTypeOID, nil
}

// isFixed reports whether a group is about the one key that it names: where a condition names it, it must be of an
// integer type, in which equal is the same.
func (w *work) isFixed(ctx context.Context, g *scoring) (bool, error) {
	if g.fixed == nil || !g.equated {
		return g.fixed != nil, nil
	}
	if g.keys == "" || rewrite.MayFail(g.subject.Expr) || g.calls[0].ReadsMayFail() {
		g.fixed = nil
		return false, nil
	}
	oid, err := w.keyOID(ctx, g.keys)
	if err != nil || !pull.Integer(oid) {
		g.fixed = nil
	}
	return g.fixed != nil, err
}

// subjectKeys are keys without the NULL that may be among them.
type subjectKeys struct {
	*pull.Keys
	nulls bool
}

// Append implements pull.Sink.
func (k *subjectKeys) Append(b []byte) error {
	if b == nil {
		k.nulls = true
		return nil
	}
	return k.Keys.Append(b)
}

// isRow reports whether a subject that is named like a FROM item is its whole row, as Postgres sees it.
func (w *work) isRow(ctx context.Context, g *scoring) (bool, error) {
	places, alone := []*rewrite.Call{g.calls[0]}, w.isOutermost(g)
	if g.subject.Outer {
		places, alone = nil, false
		for _, block := range g.calls[0].RowBlocks(g.subject.Row) {
			places = append(places, g.calls[0].In(block))
		}
	}
	for _, c := range places {
		sql, ok, err := rewrite.KeyQuery(w.stmt, c, rewrite.Subject{Expr: g.subject.Expr}, g.subject.Expr)
		if err != nil {
			return false, err
		}
		if ok && (alone || w.standsAlone(ctx, sql)) {
			return w.givesRows(ctx, sql)
		}
	}
	return true, nil
}

// everyKey reports whether a block reads each row of the model's own relation: then its keys are the relation's.
func (w *work) everyKey(ctx context.Context, g *scoring) (bool, error) {
	r, ok := g.model.source.(*source.Relation)
	b := g.calls[0].At.Block
	if !ok || b == nil || b.WhereClause != nil || len(b.FromClause) != 1 || !r.KeyInteger() {
		return false, nil
	}
	v := b.FromClause[0].GetRangeVar()
	ref := g.subject.Expr.GetColumnRef()
	if v == nil || v.Relname != r.Name || ref == nil || ref.Fields[len(ref.Fields)-1].GetString_().GetSval() != r.Key {
		return false, nil
	}
	var same pull.Text
	_, err := pull.Into(ctx, w.conn, pull.Query{
		SQL:    "SELECT CASE WHEN pg_catalog.to_regclass($1)::pg_catalog.oid OPERATOR(pg_catalog.=) pg_catalog.to_regclass($2)::pg_catalog.oid THEN 'same' END",
		Params: [][]byte{[]byte(syntax.RelationName(v)), []byte(r.From)}, OIDs: []uint32{pgtype.TextOID, pgtype.TextOID}}, &same)
	g.oid = r.KeyOID
	return err == nil && len(same) == 1 && same[0] != nil, err
}

// standsAlone reports whether a key query of an inner block makes sense outside of it; where the block refers
// to columns of an outer one it does not, and Postgres's error is undone.
func (w *work) standsAlone(ctx context.Context, sql string) bool {
	return w.undoing(ctx, func() error {
		_, err := pull.Describe(ctx, w.conn, sql, w.oids())
		return err
	}) == nil
}

// undoing runs queries whose error is undone, so that it does not fail the transaction, and returned.
func (w *work) undoing(ctx context.Context, queries func() error) error {
	// Not by simple queries: these would drop the client's unnamed portal.
	run := func(sql string) error { return w.conn.ExecParams(ctx, sql, nil, nil, nil, nil).Read().Err }
	if err := run("SAVEPOINT cvp_keys"); err != nil {
		return fmt.Errorf("set a savepoint: %w", err)
	}
	err := queries()
	if err != nil {
		_ = run("ROLLBACK TO SAVEPOINT cvp_keys") // where that fails, so does the statement behind it
	}
	if release := run("RELEASE SAVEPOINT cvp_keys"); err == nil {
		return release
	}
	return err
}
