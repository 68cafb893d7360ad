// Package pull runs a query on a client's backend connection and decodes its binary rows straight into
// columns, without a value per row in between.
package pull

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"
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
