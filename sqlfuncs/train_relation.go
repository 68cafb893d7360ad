package sqlfuncs

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"cvp/sqlfuncs/pull"
	"cvp/sqlfuncs/schema"
	"cvp/sqlfuncs/source"
	"cvp/sqlfuncs/syntax"
)

// locateRelation finds the columns of a labelled table, view or query.
func (t *trainingCall) locateRelation(ctx context.Context) error {
	r, primaryKey, err := t.relation(ctx, t.args["relation"])
	if err != nil {
		return err
	}
	d, err := pull.Describe(ctx, t.conn, "SELECT * FROM "+r.From+" AS cvp_relation", nil)
	if err != nil {
		return err
	}
	names := make([]string, len(d.Fields))
	for i, f := range d.Fields {
		names[i] = f.Name
	}
	for _, name := range append([]string{t.args["target"], t.args["key"]}, t.options.Exclude...) {
		if name != "" && !slices.Contains(names, name) {
			return failure("42703", fmt.Sprintf("column %q of relation %s does not exist", name, t.args["relation"]), columnHint(name, names))
		}
	}
	t.chooseKey(r, primaryKey, d.Fields)
	q, err := r.LearningQuery(d.Fields, t.relationOptions())
	t.source, t.fields, t.reads = r, d.Fields, []string{q.SQL}
	return err
}

func (t *trainingCall) relationOptions() source.RelationOptions {
	return source.RelationOptions{Target: t.args["target"], Exclude: t.options.Exclude, Positive: t.options.Positive, Seed: t.options.Seed}
}

// relation reads an argument that names a table or view, or is a query in parentheses.
func (w *work) relation(ctx context.Context, text string) (r *source.Relation, primaryKey []string, err error) {
	text = strings.TrimSpace(text)
	if !strings.HasPrefix(text, "(") {
		table, err := schema.LoadRelation(ctx, w.conn, text)
		if err != nil {
			return nil, nil, err
		}
		return &source.Relation{From: table.SQL(), Name: table.Name, Estimate: int64(max(table.Rows, 0))}, table.Key(), nil
	}
	item, err := syntax.FromItem(text + " AS cvp_relation")
	if err != nil || item.GetRangeSubselect() == nil || item.GetRangeSubselect().Lateral {
		return nil, nil, &pgconn.PgError{Severity: "ERROR", Code: "42601", Message: "relation is not one query in parentheses",
			Hint: "Write relation => '(SELECT …)', or name a table or view.", InternalQuery: text, InternalPosition: 1}
	}
	return &source.Relation{From: text}, nil, nil
}

// chooseKey takes the key that was asked for, else the primary key where it is one column.
func (t *trainingCall) chooseKey(r *source.Relation, primaryKey []string, fields []pgconn.FieldDescription) {
	r.Key = t.args["key"]
	if r.Key == "" && len(primaryKey) == 1 {
		r.Key = primaryKey[0]
	}
	if r.Key == "" {
		t.notices.say("Name one with key => 'column'.", "the model has no key: predict by whole rows, as in cvp_predict('%s', t)", t.args["model"])
		return
	}
	r.Unique = len(primaryKey) == 1 && primaryKey[0] == r.Key
	t.key = r.Key
	for _, f := range fields {
		if f.Name == r.Key {
			r.KeyOID = f.DataTypeOID
		}
	}
}

func columnHint(name string, names []string) string {
	if hint := didYouMean(name, names); hint != "" {
		return "D" + strings.TrimSuffix(strings.TrimPrefix(hint, " (d"), ")")
	}
	return "Its columns are " + strings.Join(names, ", ") + "."
}
