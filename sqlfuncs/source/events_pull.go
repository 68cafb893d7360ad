package source

import (
	"context"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"

	"cvp/engine/features"
	"cvp/engine/frame"
	"cvp/sqlfuncs/pull"
)

// pulled is all that was read.
type pulled struct {
	*features.Tables
	flags *features.Attributes // nil without any
}

// Pull reads the events before asOf (microseconds since 1970 UTC) and the attributes, of all entities.
func (e *Events) Pull(ctx context.Context, conn *pgconn.PgConn, asOf int64) (*features.Tables, error) {
	p, err := e.pull(ctx, conn, asOf, nil)
	if err != nil {
		return nil, err
	}
	return p.Tables, nil
}

// pull reads the events before asOf and the attributes, of all entities or of some.
func (e *Events) pull(ctx context.Context, conn *pgconn.PgConn, asOf int64, keys *pull.Keys) (*pulled, error) {
	var list []byte
	if keys != nil {
		list = pull.TextArray(keys.AsText().Texts)
	}
	ev, err := e.EventTable.pull(ctx, conn, asOf, list)
	if err != nil {
		return nil, fmt.Errorf("pull events: %w", err)
	}
	var sides []features.Side
	for _, s := range e.Sides {
		other, err := s.pull(ctx, conn, asOf, list)
		if err != nil {
			return nil, fmt.Errorf("pull events %q: %w", s.Name, err)
		}
		sides = append(sides, features.Side{Name: s.Name, Events: other})
	}
	attributes, flags, err := e.pullAttributes(ctx, conn, list)
	if err != nil {
		return nil, fmt.Errorf("pull attributes: %w", err)
	}
	tables := features.NewTables(ev, attributes, sides...)
	if e.Attribute != "" {
		tables = tables.Everyone()
	}
	return &pulled{tables, flags}, nil
}

// pull reads the table's events before asOf, with keys (a binary text[]) those of these entities.
func (t *EventTable) pull(ctx context.Context, conn *pgconn.PgConn, asOf int64, keys []byte) (*features.Events, error) {
	f, err := pull.Frame(ctx, conn, t.query(asOf, keys))
	if err != nil {
		return nil, err
	}
	return features.NewEvents(f, t.Roles)
}

// query gives the SELECT of the table's events before asOf.
func (t *EventTable) query(asOf int64, keys []byte) pull.Query {
	q := pull.Query{SQL: t.All, Params: [][]byte{pull.Timestamptz(asOf)}, OIDs: []uint32{pgtype.TimestamptzOID}, Formats: []int16{1}}
	if keys != nil {
		q.SQL, q.Params, q.OIDs, q.Formats = t.Keyed, append(q.Params, keys), append(q.OIDs, pgtype.TextArrayOID), append(q.Formats, 1)
	}
	return q
}

// pullAttributes reads the entities' own columns, nil where they have none, and the flags apart from them.
func (e *Events) pullAttributes(ctx context.Context, conn *pgconn.PgConn, keys []byte) (attributes, flags *features.Attributes, err error) {
	if e.Attributes == "" {
		return nil, nil, nil
	}
	q := pull.Query{SQL: e.Attributes}
	if keys != nil {
		q = pull.Query{SQL: e.AttributesKeyed, Params: [][]byte{keys}, OIDs: []uint32{pgtype.TextArrayOID}, Formats: []int16{1}}
	}
	f, err := pull.Frame(ctx, conn, q)
	if err != nil {
		return nil, nil, err
	}
	own := &frame.Frame{Rows: f.Rows}
	apart := &frame.Frame{Rows: f.Rows}
	for _, c := range f.Columns {
		separate := slices.Contains(e.Flags, c.Name) || e.Attribute != "" && c.Name == columnTarget
		if !separate {
			own.Columns = append(own.Columns, c)
		}
		if separate || c.Name == columnEntity {
			apart.Columns = append(apart.Columns, c)
		}
	}
	if attributes, err = features.NewAttributes(own, columnEntity); err != nil || len(apart.Columns) == 1 {
		return attributes, nil, err
	}
	flags, err = features.NewAttributes(apart, columnEntity)
	return attributes, flags, err
}
