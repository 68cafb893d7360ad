package source

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5/pgconn"

	"cvp/engine/frame"
	"cvp/sqlfuncs/pull"
)

// Inspection is what a model sees of one key.
type Inspection struct {
	// Row holds the features, one row of them; none where the key is not known.
	Row *frame.Frame
	// Formulas say how each feature is computed, in the order of Row's columns; nil for columns read as they are.
	Formulas []string
}

// Inspect implements Source: the features as of an instant (microseconds since 1970 UTC), 0 being when predictions are
// made. It reads and computes what Score does.
func (e *Events) Inspect(ctx context.Context, conn *pgconn.PgConn, key *pull.Keys, asOf int64) (*Inspection, error) {
	if asOf == 0 {
		var err error
		if asOf, err = e.instant(ctx, conn); err != nil {
			return nil, err
		}
	}
	t, err := e.pull(ctx, conn, asOf, selected(key))
	if err != nil {
		return nil, err
	}
	out := &Inspection{}
	for _, f := range e.Spec.Features() {
		out.Formulas = append(out.Formulas, f.Formula)
	}
	points := t.Events.SeenBefore(asOf)
	if e.Attribute != "" {
		points = t.Described(t.flags, asOf)
	}
	if out.Row, err = e.Spec.Compute(ctx, e.assume(t.Tables), points); err != nil {
		return nil, fmt.Errorf("compute features: %w", err)
	}
	return out, nil
}

// Inspect implements Source: the columns that the model reads.
func (r *Relation) Inspect(ctx context.Context, conn *pgconn.PgConn, key *pull.Keys, asOf int64) (*Inspection, error) {
	if asOf != 0 {
		return nil, &pgconn.PgError{Severity: "ERROR", Code: "0A000", Message: "a model of a relation has no features as of another time",
			Hint: "The relation's rows are read as they are: leave as_of out."}
	}
	if r.Key == "" {
		return nil, keyless()
	}
	oid, value := key.Array()
	q := pull.Query{SQL: r.selectKeyed() + " WHERE " + r.matches(key) + " LIMIT 1",
		Params: [][]byte{value}, OIDs: []uint32{oid}, Formats: []int16{1}}
	row, err := r.frame(ctx, conn, q, &pull.Keys{OID: r.KeyOID})
	if err != nil {
		return nil, fmt.Errorf("read the row: %w", err)
	}
	return &Inspection{Row: row}, nil
}
