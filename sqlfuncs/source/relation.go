package source

import (
	"context"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"

	"cvp/engine/frame"
	"cvp/engine/model"
	"cvp/sqlfuncs/pull"
)

// Relation is a table, view or query in parentheses with one row per key, as a model reads it.
type Relation struct {
	// From is the FROM item without an alias: "public"."loans", or (SELECT …).
	From string `json:"from"`
	// Name is set where From is a named table or view.
	Name string `json:"name,omitempty"`
	// Key is the column that identifies a row, "" for none; KeyOID is its type.
	Key    string `json:"key,omitempty"`
	KeyOID uint32 `json:"key_oid,omitempty"`
	// Unique says that a constraint keeps the key unique.
	Unique bool `json:"unique,omitempty"`
	// Estimate is about how many rows there are, 0 where it is not known.
	Estimate int64 `json:"estimate,omitempty"`
	// Features are the columns that the model reads.
	Features []Feature `json:"features"`
}

// Feature is one column of a relation.
type Feature struct {
	Name string `json:"name"`
	OID  uint32 `json:"oid"`
	// Text says that the column is cast to text to become a category.
	Text bool `json:"text,omitempty"`
}

var _ Source = (*Relation)(nil)

// alias is the name of the relation inside our queries.
const alias = "cvp_relation"

// Queries implements Source.
func (r *Relation) Queries() []string { return []string{r.selectKeyed()} }

// KeyEstimate implements Source.
func (r *Relation) KeyEstimate() int64 { return r.Estimate }

// KeyInteger implements Source.
func (r *Relation) KeyInteger() bool { return pull.Integer(r.KeyOID) }

// KeyColumn implements Source.
func (r *Relation) KeyColumn() string { return "" }

// Score implements Source.
func (r *Relation) Score(ctx context.Context, conn *pgconn.PgConn, m model.Model, keys *pull.Keys) (*pull.Keys, []float64, error) {
	if r.Key == "" {
		return nil, nil, keyless()
	}
	q := pull.Query{SQL: r.selectKeyed() + " WHERE " + r.column(r.Key) + " IS NOT NULL"}
	known, expected := &pull.Keys{OID: r.KeyOID}, int64(0)
	if keys != nil && !r.Wholesale(int64(keys.Len())) {
		oid, value := keys.Array()
		q.SQL += " AND " + r.matches(keys)
		q.Params, q.OIDs, q.Formats = [][]byte{value}, []uint32{oid}, []int16{1}
		expected = int64(keys.Len())
	} else {
		// Not the estimate of the training: the relation may have grown, and what grows by copies takes twice the memory.
		rows, err := pull.Expected(ctx, conn, q)
		if err != nil {
			return nil, nil, fmt.Errorf("plan to score: %w", err)
		}
		expected = max(0, min(rows, mostExpected)) * 17 / 16
	}
	if r.KeyInteger() {
		known.Ints = make([]int64, 0, expected)
	}
	scores, err := r.scores(ctx, conn, m, q, known, int(expected))
	if err != nil {
		return nil, nil, err
	}
	if !r.Unique {
		known, scores = known.Distinct(scores)
	}
	return known, scores, nil
}

func keyless() error {
	return &pgconn.PgError{Severity: "ERROR", Code: "55000", Message: "the model was trained without a key",
		Hint: "Pass the whole row, as in cvp_predict(model, t), or train again with key => 'column'."}
}

// Wholesale implements Source: reading every row is then cheaper than looking the keys up.
func (r *Relation) Wholesale(keys int64) bool {
	const share = 5 // a fifth of the rows
	return r.Estimate > 0 && keys*share > r.Estimate
}

// keyTypes are the types whose keys are compared as what they are, so that an index serves.
var keyTypes = map[uint32]string{
	pgtype.TextOID: "text", pgtype.VarcharOID: "text", pgtype.BPCharOID: "bpchar", pgtype.UUIDOID: "uuid",
	pgtype.NumericOID: "numeric", pgtype.DateOID: "date", pgtype.TimestampOID: "timestamp", pgtype.TimestamptzOID: "timestamptz",
}

// matches is the condition that the key is one of $1. Keys of another type than the column's are compared as
// text, so that cvp_predict('m', '42') means what it says; so are those of a type of the user's own, whose
// operators are found by the search_path alone.
func (r *Relation) matches(keys *pull.Keys) string {
	key := r.column(r.Key)
	if pull.Integer(keys.OID) && r.KeyInteger() {
		return key + " OPERATOR(pg_catalog.=) ANY ($1)"
	}
	element, ok := keyTypes[r.KeyOID]
	if !ok || keys.OID != r.KeyOID {
		key, element = key+"::pg_catalog.text", "text"
	}
	return key + " OPERATOR(pg_catalog.=) ANY ($1::pg_catalog." + element + "[])"
}

// ScoreRows scores the rows of a query that gives a text key and then the columns of whole rows.
func (r *Relation) ScoreRows(ctx context.Context, conn *pgconn.PgConn, m model.Model, q pull.Query, has []pgconn.FieldDescription) (*pull.Keys, []float64, error) {
	present := map[string]bool{}
	for _, f := range has {
		present[f.Name] = true
	}
	rows := &Relation{From: "(" + q.SQL + ")", Key: "cvp_key"}
	for _, f := range r.Features {
		if present[f.Name] {
			rows.Features = append(rows.Features, f)
		}
	}
	if len(rows.Features) == 0 {
		return nil, nil, &pgconn.PgError{Severity: "ERROR", Code: "42703", Message: "the row has none of the model's columns",
			Hint: "The model reads " + r.featureNames() + "."}
	}
	known := &pull.Keys{}
	q.SQL = rows.selectKeyed()
	scores, err := rows.scores(ctx, conn, m, q, known, 0)
	return known, scores, err
}

// mostExpected bounds what is set aside for rows that are only said to be there.
const mostExpected = 1 << 24

// batch is how many rows are scored at a time: enough for fast matrix products, few enough to stay in the cache.
const batch = 1 << 15

// scores scores the rows of a query that gives a key and the features, as they come: only keys and scores are kept.
// expected is about how many there are.
func (r *Relation) scores(ctx context.Context, conn *pgconn.PgConn, m model.Model, q pull.Query, known *pull.Keys, expected int) ([]float64, error) {
	columns, sinks := r.sinks(known)
	scores := make([]float64, 0, expected)
	err := pull.Batches(ctx, conn, q, batch, func(rows int) error {
		from := len(scores)
		scores = append(scores, make([]float64, rows)...)
		if err := m.Predict(scores[from:], pull.FrameOf(columns, rows)); err != nil {
			return fmt.Errorf("score rows: %w", err)
		}
		for _, c := range columns {
			c.Empty()
		}
		return ctx.Err()
	}, sinks...)
	if err != nil {
		return nil, fmt.Errorf("pull rows to score: %w", err)
	}
	return scores, nil
}

// selectKeyed is the SELECT of the key and the features, without a WHERE.
func (r *Relation) selectKeyed() string {
	key := r.column(r.Key)
	if !r.KeyInteger() {
		key += "::pg_catalog.text"
	}
	return "SELECT " + strings.Join(append([]string{key}, r.featureList()...), ", ") + " FROM " + r.From + " AS " + alias
}

func (r *Relation) featureList() []string {
	out := make([]string, len(r.Features))
	for i, f := range r.Features {
		out[i] = r.column(f.Name)
		if f.Text {
			out[i] += "::pg_catalog.text"
		}
	}
	return out
}

func (r *Relation) featureNames() string {
	names := make([]string, len(r.Features))
	for i, f := range r.Features {
		names[i] = f.Name
	}
	return strings.Join(names, ", ")
}

func (r *Relation) column(name string) string { return pgx.Identifier{alias, name}.Sanitize() }

// sinks take the features behind whatever the leading ones take.
func (r *Relation) sinks(leading ...pull.Sink) ([]*pull.Column, []pull.Sink) {
	columns := make([]*pull.Column, len(r.Features))
	sinks := leading
	for i, f := range r.Features {
		columns[i] = pull.NewColumn(f.Name, f.OID)
		sinks = append(sinks, columns[i])
	}
	return columns, sinks
}

// frame runs a query that gives whatever the leading sinks take and then the features.
func (r *Relation) frame(ctx context.Context, conn *pgconn.PgConn, q pull.Query, leading ...pull.Sink) (*frame.Frame, error) {
	columns, sinks := r.sinks(leading...)
	rows, err := pull.Into(ctx, conn, q, sinks...)
	if err != nil {
		return nil, err
	}
	return pull.FrameOf(columns, rows), nil
}
