package source

import (
	"context"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5/pgconn"

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
	p, err := e.pull(ctx, conn, asOf, selection{})
	if err != nil {
		return nil, err
	}
	return p.Tables, nil
}

// pull reads the events before asOf and the attributes of some entities at once.
func (e *Events) pull(ctx context.Context, conn *pgconn.PgConn, asOf int64, of selection) (*pulled, error) {
	tables := []EventTable{e.EventTable}
	for _, s := range e.Sides {
		tables = append(tables, s.EventTable)
	}
	var frames []*frame.Frame
	for i, t := range tables {
		f, err := t.pull(ctx, conn, asOf, of)
		if err != nil {
			return nil, fmt.Errorf("pull %s: %w", e.part(i), err)
		}
		frames = append(frames, f)
	}
	if e.Attributes != "" {
		f, err := pull.Frame(ctx, conn, e.attributes(of))
		if err != nil {
			return nil, fmt.Errorf("pull attributes: %w", err)
		}
		frames = append(frames, f)
	}
	return e.assemble(frames)
}

// pull reads the table's events before asOf of some entities at once.
func (t *EventTable) pull(ctx context.Context, conn *pgconn.PgConn, asOf int64, of selection) (*frame.Frame, error) {
	q := t.query(asOf, of)
	if t.Facts == nil || of.keys != nil {
		return pull.Frame(ctx, conn, q)
	}
	facts := EventTable{All: t.Facts.SQL}
	return t.Facts.pull(ctx, conn, facts.query(asOf, of))
}

// part names the i-th event table.
func (e *Events) part(i int) string {
	if i == 0 {
		return "events"
	}
	return fmt.Sprintf("events %q", e.Sides[i-1].Name)
}

// selected gives the selection of keys, of all where there are none.
func selected(keys *pull.Keys) selection {
	if keys == nil {
		return selection{}
	}
	return selection{keys: pull.TextArray(keys.AsText().Texts)}
}

// splitAttributes gives the entities' own columns and the flags apart from them, nil without any.
func (e *Events) splitAttributes(f *frame.Frame) (attributes, flags *features.Attributes, err error) {
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
