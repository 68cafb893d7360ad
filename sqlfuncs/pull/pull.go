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

// typed is a Sink that reads values by their type. It is told what type a result column has, which is not always the one
// that it had when the model was trained.
type typed interface{ setType(oid uint32) error }

// Into runs the query and feeds each result column to the sink of its place. It returns the number of rows.
// The result must have exactly len(sinks) columns.
func Into(ctx context.Context, conn *pgconn.PgConn, q Query, sinks ...Sink) (rows int, err error) {
	return collect(execute(ctx, conn, q), sinks)
}

// Batches is Into that calls full whenever so many rows have been taken, and for those left at the end: the sinks may
// then be emptied, so that memory does not grow with the result.
func Batches(ctx context.Context, conn *pgconn.PgConn, q Query, size int, full func(rows int) error, sinks ...Sink) error {
	rr := execute(ctx, conn, q)
	rows, err := take(rr, sinks, size, full)
	if err == nil && rows%size > 0 {
		err = full(rows % size)
	}
	return err
}

func execute(ctx context.Context, conn *pgconn.PgConn, q Query) *pgconn.ResultReader {
	return conn.ExecParams(ctx, q.SQL, q.Params, q.OIDs, q.Formats, []int16{pgtype.BinaryFormatCode})
}

// collect feeds each result column to the sink of its place and closes the result.
func collect(rr *pgconn.ResultReader, sinks []Sink) (rows int, err error) {
	return take(rr, sinks, 0, nil)
}

// take is collect that calls full behind every size rows, where size is not 0.
func take(rr *pgconn.ResultReader, sinks []Sink, size int, full func(rows int) error) (rows int, err error) {
	for i, f := range rr.FieldDescriptions() {
		if i >= len(sinks) {
			break
		}
		if sink, ok := sinks[i].(typed); ok {
			if err := sink.setType(f.DataTypeOID); err != nil {
				_, _ = rr.Close()
				return 0, err
			}
		}
	}
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
		if size > 0 && rows%size == 0 {
			if err := full(size); err != nil {
				_, _ = rr.Close()
				return 0, err
			}
		}
	}
	_, err = rr.Close()
	return rows, err
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
	rr := execute(ctx, conn, q)
	var columns []*Column
	var sinks []Sink
	for _, f := range rr.FieldDescriptions() {
		c := NewColumn(f.Name, f.DataTypeOID)
		columns, sinks = append(columns, c), append(sinks, c)
	}
	rows, err := collect(rr, sinks)
	if err != nil {
		return nil, err
	}
	return FrameOf(columns, rows), nil
}

// FrameOf puts columns that have taken so many rows into a frame.
func FrameOf(columns []*Column, rows int) *frame.Frame {
	out := &frame.Frame{Rows: rows, Columns: make([]frame.Column, len(columns))}
	for i, c := range columns {
		out.Columns[i] = c.Column
	}
	return out
}
