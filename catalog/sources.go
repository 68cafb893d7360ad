package catalog

import (
	"context"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// DefinedSource is what cvp_define_source has said of a table or view; names that it has not given are "".
type DefinedSource struct {
	Schema, Relation      string
	Time, Group, Recorded string
	// Links are in full: schema.table.column = schema.table.column.
	Links []string
}

// DefinedSources gives all declarations that the database has.
func DefinedSources(ctx context.Context, conn *pgconn.PgConn) ([]DefinedSource, error) {
	rows, err := query(ctx, conn, `SELECT s.schema_name, s.relation_name, coalesce(s.time_column, ''), coalesce(s.group_column, ''),
		coalesce(s.recorded_column, ''), s.links FROM cvp.defined_sources() AS s`)
	if err != nil {
		return nil, failed("read the defined sources", err)
	}
	out, err := pgx.CollectRows(rows, pgx.RowToStructByPos[DefinedSource])
	if err != nil {
		return nil, failed("read the defined sources", err)
	}
	return out, nil
}
