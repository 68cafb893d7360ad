package schema

import (
	"context"
	_ "embed"
	"encoding/json"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"

	"cvp/sqlfuncs/question"
)

//go:embed catalog.sql
var catalogSQL string

// catalog is what was loaded: the relations that were asked for by name and those that they lead to.
type catalog struct {
	named     []*Relation // one for each name, nil where it means no relation
	relations map[uint32]*Relation
	order     []*Relation // by schema and name
}

// load reads the catalogue in one round trip, following foreign keys for so many hops.
func load(ctx context.Context, conn *pgconn.PgConn, names []string, hops int) (*catalog, error) {
	document, err := queryOne[[]byte](ctx, conn, catalogSQL, names, hops)
	if err != nil {
		return nil, fmt.Errorf("read the catalogue: %w", err)
	}
	var read struct {
		Named     []*uint32   `json:"named"`
		Relations []*Relation `json:"relations"`
	}
	if err := json.Unmarshal(document, &read); err != nil {
		return nil, fmt.Errorf("decode the catalogue: %w", err)
	}
	c := &catalog{relations: make(map[uint32]*Relation), order: read.Relations}
	for _, r := range read.Relations {
		c.relations[r.OID] = r
	}
	for _, oid := range read.Named {
		if oid == nil {
			c.named = append(c.named, nil)
			continue
		}
		c.named = append(c.named, c.relations[*oid])
	}
	return c, nil
}

// around gives the relation of that name among the loaded ones, nil where there is none or are several: near the
// tables of a question a name needs no schema, whatever the search_path.
func (c *catalog) around(name question.Name) *Relation {
	var found *Relation
	for _, r := range c.order {
		if r.Name != name.Table || name.Schema != "" && name.Schema != r.Schema {
			continue
		}
		if found != nil {
			return nil
		}
		found = r
	}
	return found
}

// query runs a statement with a text[] as its first parameter and, where it takes one, an int as its second; it
// gives the values of its one column.
func query[T any](ctx context.Context, conn *pgconn.PgConn, sql string, names []string, number ...int) ([]T, error) {
	types := pgtype.NewMap()
	oids, formats := []uint32{pgtype.TextArrayOID}, []int16{pgtype.BinaryFormatCode}
	array, err := types.Encode(pgtype.TextArrayOID, pgtype.BinaryFormatCode, names, nil)
	if err != nil {
		return nil, err
	}
	values := [][]byte{array}
	for _, n := range number {
		value, err := types.Encode(pgtype.Int4OID, pgtype.BinaryFormatCode, n, nil)
		if err != nil {
			return nil, err
		}
		oids, formats, values = append(oids, pgtype.Int4OID), append(formats, pgtype.BinaryFormatCode), append(values, value)
	}
	rows := pgx.RowsFromResultReader(types, conn.ExecParams(ctx, sql, values, oids, formats, []int16{pgtype.BinaryFormatCode}))
	return pgx.CollectRows(rows, pgx.RowTo[T])
}

// queryOne is query for a statement that gives one row.
func queryOne[T any](ctx context.Context, conn *pgconn.PgConn, sql string, names []string, number ...int) (T, error) {
	rows, err := query[T](ctx, conn, sql, names, number...)
	if err != nil {
		return *new(T), err
	}
	if len(rows) != 1 {
		return *new(T), fmt.Errorf("%d rows where one was expected", len(rows))
	}
	return rows[0], nil
}
