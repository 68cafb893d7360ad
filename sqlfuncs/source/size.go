package source

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"

	"cvp/engine/frame"
	"cvp/sqlfuncs/pull"
)

// DefaultMemory bounds the events that are held at once where the session does not say: 512 MiB.
const DefaultMemory = 512 << 20

// size is about how many rows a source has and how much memory they take as columns.
type size struct {
	rows  float64
	bytes float64
}

// bytesOf is about what a row of so many columns takes while it is sorted: 4 bytes a value, twice, some room for growth,
// and 8 bytes a row for the order.
func bytesOf(columns int) float64 { return 10*float64(columns) + 24 }

// size asks Postgres's planner how large the events before asOf are.
func (e *Events) size(ctx context.Context, conn *pgconn.PgConn, asOf int64) (size, error) {
	var out size
	tables := []EventTable{e.EventTable}
	for _, s := range e.Sides {
		tables = append(tables, s.EventTable)
	}
	for _, t := range tables {
		q := t.query(asOf, selection{})
		rows, err := estimate(ctx, conn, q)
		if err != nil {
			return out, err
		}
		described, err := pull.Describe(ctx, conn, q.SQL, q.OIDs)
		if err != nil {
			return out, fmt.Errorf("describe the events: %w", err)
		}
		out.rows += rows
		out.bytes += rows * bytesOf(len(described.Fields))
	}
	return out, nil
}

// estimate gives how many rows Postgres's planner expects of a query.
func estimate(ctx context.Context, conn *pgconn.PgConn, q pull.Query) (float64, error) {
	var text pull.Text
	q.SQL = "EXPLAIN (FORMAT JSON) " + q.SQL
	if n, err := pull.Into(ctx, conn, q, &text); err != nil || n != 1 {
		return 0, fmt.Errorf("estimate the number of events: %w", err)
	}
	var plans []struct {
		Plan struct {
			Rows float64 `json:"Plan Rows"`
		}
	}
	if err := json.Unmarshal([]byte(*text[0]), &plans); err != nil || len(plans) != 1 {
		return 0, fmt.Errorf("read the plan of the events: %w", err)
	}
	return plans[0].Plan.Rows, nil
}

// firstOf reads the time of the first event of the target's table before asOf, frame.NoTime where there is none.
func (e *Events) firstOf(ctx context.Context, conn *pgconn.PgConn, asOf int64) (int64, error) {
	q := e.query(asOf, selection{})
	q.SQL = "SELECT pg_catalog.min(" + columnTime + ") FROM (" + q.SQL + ") AS cvp_rows"
	c := pull.NewColumn("first", pgtype.TimestamptzOID)
	if n, err := pull.Into(ctx, conn, q, c); err != nil || n != 1 {
		return frame.NoTime, fmt.Errorf("find the first event: %w", err)
	}
	return c.Times[0], nil
}
