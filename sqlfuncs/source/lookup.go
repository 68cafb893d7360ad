package source

import (
	"encoding/binary"
	"fmt"
	"math"

	"github.com/jackc/pgx/v5/pgtype"

	"cvp/engine/model"
	"cvp/sqlfuncs/pull"
)

// Lookup reads the row of one key and scores it, by a query whose text is the same for every key: Postgres can keep its
// plan, and it can be asked before anything else is known.
type Lookup struct {
	Query pull.Query
	// Types are those that the result columns have to have.
	Types []uint32

	columns []*pull.Column
	sinks   []pull.Sink
	rows    int
}

// Lookup gives the look-up of a key, nil where the relation's keys are not whole numbers.
func (r *Relation) Lookup(key int64) *Lookup {
	if r.Key == "" || !r.KeyInteger() {
		return nil
	}
	l := &Lookup{Query: pull.Query{
		// = and not = ANY: the plan for an array of unknown length would never be a generic one.
		SQL:    r.selectKeyed() + " WHERE " + r.column(r.Key) + " OPERATOR(pg_catalog.=) $1",
		OIDs:   []uint32{pgtype.Int8OID},
		Params: [][]byte{binary.BigEndian.AppendUint64(nil, uint64(key))}, Formats: []int16{pgtype.BinaryFormatCode},
	}}
	l.columns, l.sinks = r.sinks(&pull.Keys{OID: r.KeyOID})
	l.Types = append(l.Types, r.KeyOID)
	for _, f := range r.Features {
		if f.Text {
			f.OID = pgtype.TextOID
		}
		l.Types = append(l.Types, f.OID)
	}
	return l
}

// Row takes a row of the query's result. Of several rows with that key, the first counts, as it does in Score.
func (l *Lookup) Row(values [][]byte) error {
	if l.rows++; l.rows > 1 {
		return nil
	}
	if len(values) != len(l.sinks) {
		return fmt.Errorf("look up a key: %d columns where %d were asked for", len(values), len(l.sinks))
	}
	for i, b := range values {
		if err := l.sinks[i].Append(b); err != nil {
			return fmt.Errorf("look up a key: column %d: %w", i+1, err)
		}
	}
	return nil
}

// Score scores the row, NaN where there is none.
func (l *Lookup) Score(m model.Model) (float64, error) {
	if l.rows == 0 {
		return math.NaN(), nil
	}
	score := make([]float64, 1)
	if err := m.Predict(score, pull.FrameOf(l.columns, 1)); err != nil {
		return 0, fmt.Errorf("score a row: %w", err)
	}
	return score[0], nil
}
