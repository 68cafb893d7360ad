package source

import (
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/jackc/pgx/v5/pgconn"

	"cvp/engine/frame"
	"cvp/sqlfuncs/pull"
)

// Facts is another way to read all events of a table: without what they refer to, which is read once in place of once
// for every event. The rows come out as those of EventTable.All.
type Facts struct {
	SQL        string      `json:"sql"` // of the same parameters as EventTable.All
	Dimensions []Dimension `json:"dimensions"`
	Columns    []string    `json:"columns"` // those of EventTable.All, in its order: ties are settled by it
}

// Dimension is a table that the events refer to.
type Dimension struct {
	Reference string `json:"reference"` // the column of the facts
	SQL       string `json:"sql"`       // cvp_key, then its columns
}

const columnKey = "cvp_key"

var missing = float32(math.NaN())

// pull reads the facts and puts the columns of the dimensions beside them.
func (f *Facts) pull(ctx context.Context, conn *pgconn.PgConn, q pull.Query) (*frame.Frame, error) {
	rows, err := pull.Frame(ctx, conn, q)
	if err != nil {
		return nil, err
	}
	for _, d := range f.Dimensions {
		table, err := pull.Frame(ctx, conn, pull.Query{SQL: d.SQL})
		if err != nil {
			return nil, fmt.Errorf("pull what %s refers to: %w", d.Reference, err)
		}
		if err := d.attach(rows, table); err != nil {
			return nil, err
		}
	}
	out := &frame.Frame{Rows: rows.Rows}
	for _, name := range f.Columns {
		c := rows.Column(name)
		if c == nil {
			return nil, fmt.Errorf("pull events: no column %q", name)
		}
		out.Columns = append(out.Columns, *c)
	}
	return out, nil
}

// attach appends the table's columns to the rows that refer to it, missing where they refer to nothing.
func (d Dimension) attach(rows, table *frame.Frame) error {
	reference, key := rows.Column(d.Reference), table.Column(columnKey)
	if reference == nil || key == nil || reference.Kind != frame.Category || key.Kind != frame.Category {
		return fmt.Errorf("pull events: %s refers to no key", d.Reference)
	}
	at := make(map[string]int32, len(key.Codes))
	for row, code := range key.Codes {
		if code != frame.NoCode {
			at[key.Levels[code]] = int32(row)
		}
	}
	rowOf := make([]int32, len(reference.Levels))
	for code, level := range reference.Levels {
		row, ok := at[level]
		if !ok {
			row = -1
		}
		rowOf[code] = row
	}
	for i := range table.Columns {
		if c := &table.Columns[i]; c != key {
			rows.Columns = append(rows.Columns, spread(c, reference.Codes, rowOf))
		}
	}
	return nil
}

// spread gives each reference the value of the row that it refers to.
func spread(c *frame.Column, references, rowOf []int32) frame.Column {
	out := frame.Column{Name: c.Name, Kind: c.Kind, Levels: c.Levels}
	switch c.Kind {
	case frame.Category:
		out.Codes = lookUp(c.Codes, frame.NoCode, references, rowOf)
	case frame.Time:
		out.Times = lookUp(c.Times, frame.NoTime, references, rowOf)
	default:
		out.Numbers = lookUp(c.Numbers, missing, references, rowOf)
	}
	return out
}

func lookUp[T any](values []T, none T, references, rowOf []int32) []T {
	byCode := make([]T, len(rowOf))
	for code, row := range rowOf {
		if byCode[code] = none; row >= 0 {
			byCode[code] = values[row]
		}
	}
	out := make([]T, len(references))
	for i, code := range references {
		if out[i] = none; code != frame.NoCode {
			out[i] = byCode[code]
		}
	}
	return out
}

// queries are the SELECTs of the table, for whoever asks what a model reads.
func (t *EventTable) queries() []string {
	out := []string{t.All, t.Keyed}
	if t.Facts != nil {
		out = append(out, t.Facts.SQL)
		for _, d := range t.Facts.Dimensions {
			out = append(out, d.SQL)
		}
	}
	return slices.DeleteFunc(out, func(sql string) bool { return sql == "" })
}
