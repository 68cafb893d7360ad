// Package pull runs a query on a client's backend connection and decodes its binary rows straight into
// columns, without a value per row in between.
package pull

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"

	"cvp/engine/frame"
)

// Query is one SELECT with its parameters in text or binary form, as pgconn takes them.
type Query struct {
	SQL     string
	Params  [][]byte
	OIDs    []uint32
	Formats []int16 // 0 text, 1 binary; nil is all text
}

// Describe asks Postgres for the parameters and result columns of sql without running it.
func Describe(ctx context.Context, conn *pgconn.PgConn, sql string, oids []uint32) (*pgconn.StatementDescription, error) {
	return conn.Prepare(ctx, "", sql, oids)
}

// Sink takes the values of one result column, in row order. b is nil for NULL and only valid during the call.
type Sink interface {
	Append(b []byte) error
}

// Into runs the query and feeds each result column to the sink of its place. It returns the number of rows.
// The result must have exactly len(sinks) columns.
func Into(ctx context.Context, conn *pgconn.PgConn, q Query, sinks ...Sink) (rows int, err error) {
	rr := conn.ExecParams(ctx, q.SQL, q.Params, q.OIDs, q.Formats, []int16{pgtype.BinaryFormatCode})
	for rr.NextRow() {
		values := rr.Values()
		if len(values) != len(sinks) {
			_, _ = rr.Close()
			return 0, fmt.Errorf("pull rows: %d columns where %d were asked for", len(values), len(sinks))
		}
		for i, b := range values {
			if err := sinks[i].Append(b); err != nil {
				_, _ = rr.Close()
				return 0, fmt.Errorf("pull column %d: %w", i+1, err)
			}
		}
		rows++
	}
	if _, err := rr.Close(); err != nil {
		return rows, err
	}
	return rows, nil
}

// Text is a Sink of text values; nil is NULL.
type Text []*string

var _ Sink = (*Text)(nil)

// Append keeps one value.
func (t *Text) Append(b []byte) error {
	if b == nil {
		*t = append(*t, nil)
		return nil
	}
	s := string(b)
	*t = append(*t, &s)
	return nil
}

// Frame runs a query and reads every result column by its type; all types must be ones that KindOf knows.
func Frame(ctx context.Context, conn *pgconn.PgConn, q Query) (*frame.Frame, error) {
	rr := conn.ExecParams(ctx, q.SQL, q.Params, q.OIDs, q.Formats, []int16{pgtype.BinaryFormatCode})
	var columns []*Column
	for _, f := range rr.FieldDescriptions() {
		columns = append(columns, NewColumn(f.Name, f.DataTypeOID))
	}
	rows := 0
	for rr.NextRow() {
		for i, b := range rr.Values() {
			if err := columns[i].Append(b); err != nil {
				_, _ = rr.Close()
				return nil, fmt.Errorf("pull column %q: %w", columns[i].Name, err)
			}
		}
		rows++
	}
	if _, err := rr.Close(); err != nil {
		return nil, err
	}
	out := &frame.Frame{Rows: rows, Columns: make([]frame.Column, len(columns))}
	for i, c := range columns {
		out.Columns[i] = c.Column
	}
	return out, nil
}
