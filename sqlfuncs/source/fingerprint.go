package source

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5/pgconn"

	"cvp/sqlfuncs/pull"
)

// LearningQueries are what Learn pulls, up to the same instant.
func (e *Events) LearningQueries(ctx context.Context, conn *pgconn.PgConn, o EventsOptions) ([]pull.Query, error) {
	end, err := e.end(ctx, conn, o.AsOf)
	if err != nil {
		return nil, err
	}
	queries := []pull.Query{e.query(end, selection{})}
	for _, s := range e.Sides {
		queries = append(queries, s.query(end, selection{}))
	}
	if e.Attributes != "" {
		queries = append(queries, pull.Query{SQL: e.Attributes})
	}
	return queries, nil
}

// fingerprintSQL counts the rows of a query and adds up a hash of each: one sequential read without a sort, and
// equal for equal rows in any order. record_send is the rows' binary form, which no setting of the session (time zone, date
// style) changes; an array of it is what Postgres has a 64-bit hash for.
const fingerprintSQL = `
SELECT pg_catalog.concat_ws('-', pg_catalog.count(*),
    pg_catalog.sum(pg_catalog.hash_array_extended(ARRAY[pg_catalog.record_send(cvp_pulled)], 0)::pg_catalog.numeric))
FROM (%s) AS cvp_pulled`

// Fingerprint tells the rows of a query from other rows, reading them inside Postgres: as good as none of them
// crosses the wire.
func Fingerprint(ctx context.Context, conn *pgconn.PgConn, q pull.Query) (string, error) {
	var value pull.Text
	q.SQL = fmt.Sprintf(fingerprintSQL, q.SQL)
	if n, err := pull.Into(ctx, conn, q, &value); err != nil || n != 1 || value[0] == nil {
		return "", fmt.Errorf("fingerprint the rows to train on: %w", err)
	}
	return *value[0], nil
}
