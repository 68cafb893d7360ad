package source

import (
	"context"
	"errors"
	"fmt"
	"sort"

	"github.com/jackc/pgx/v5/pgconn"

	"cvp/engine/features"
	"cvp/engine/frame"
	"cvp/sqlfuncs/pull"
)

// stream reads all tables of a source in the order of entities, some entities at a time: a cursor each, so that no
// table is ahead of the others by more than one fetch.
type stream struct {
	events  *Events
	cursors []*cursor // of the target's events, the sides, then the attributes where there are any
	memory  float64   // that the rows of a batch may take
}

// A cursor is asked for a tenth of a batch at a time, within these bounds.
const leastFetched, mostFetched = 500, 20_000

// cursor is the rows of one table that have been fetched and not yet used.
type cursor struct {
	name    string
	columns []*pull.Column
	sinks   []pull.Sink
	entity  *pull.Column
	fetched int // rows asked for at a time
	rows    int
	ended   bool
}

// eachBatch reads a share of the entities, some at a time, in the order of their keys.
func (e *Events) eachBatch(ctx context.Context, conn *pgconn.PgConn, asOf int64, share float64, use func(*pulled) error) error {
	s, err := e.open(ctx, conn, asOf, share)
	if err != nil {
		return err
	}
	for {
		p, err := s.next(ctx, conn)
		if err != nil {
			return err
		}
		if p == nil {
			return s.close(ctx, conn)
		}
		if err := use(p); err != nil {
			return errors.Join(err, s.close(ctx, conn))
		}
	}
}

// open declares the cursors. They end with close or with the transaction.
func (e *Events) open(ctx context.Context, conn *pgconn.PgConn, asOf int64, share float64) (*stream, error) {
	s := &stream{events: e, memory: float64(e.Memory) / 4}
	of := selection{share: share, ordered: true}
	queries := []pull.Query{e.query(asOf, of)}
	for _, side := range e.Sides {
		queries = append(queries, side.query(asOf, of))
	}
	if e.Attributes != "" {
		queries = append(queries, e.attributes(of))
	}
	for i, q := range queries {
		c, err := declare(ctx, conn, fmt.Sprintf("cvp_rows_%d", i), q)
		if err != nil {
			return nil, err
		}
		c.fetched = int(max(leastFetched, min(mostFetched, s.memory/10/bytesOf(len(c.columns)))))
		s.cursors = append(s.cursors, c)
	}
	return s, nil
}

// declare opens a cursor that is read to its end: the plan is for all rows, not for the first ones soon.
func declare(ctx context.Context, conn *pgconn.PgConn, name string, q pull.Query) (*cursor, error) {
	described, err := pull.Describe(ctx, conn, q.SQL, q.OIDs)
	if err != nil {
		return nil, fmt.Errorf("describe rows: %w", err)
	}
	c := &cursor{name: name}
	for _, f := range described.Fields {
		column := pull.NewColumn(f.Name, f.DataTypeOID)
		c.columns, c.sinks = append(c.columns, column), append(c.sinks, column)
		if f.Name == columnEntity {
			c.entity = column
		}
	}
	var before pull.Text
	const fraction = "pg_catalog.set_config('cursor_tuple_fraction', "
	if _, err := pull.Into(ctx, conn, pull.Query{SQL: "SELECT pg_catalog.current_setting('cursor_tuple_fraction')"}, &before); err != nil {
		return nil, fmt.Errorf("read a setting: %w", err)
	}
	if err := run(ctx, conn, pull.Query{SQL: "SELECT " + fraction + "'1', true)"}); err != nil {
		return nil, err
	}
	q.SQL = "DECLARE " + name + " NO SCROLL CURSOR FOR " + q.SQL
	if err := run(ctx, conn, q); err != nil {
		return nil, fmt.Errorf("open a cursor: %w", err)
	}
	return c, run(ctx, conn, pull.Query{SQL: "SELECT " + fraction + "'" + *before[0] + "', true)"})
}

func run(ctx context.Context, conn *pgconn.PgConn, q pull.Query) error {
	return conn.ExecParams(ctx, q.SQL, q.Params, q.OIDs, q.Formats, nil).Read().Err
}

// close ends the cursors.
func (s *stream) close(ctx context.Context, conn *pgconn.PgConn) error {
	var errs []error
	for _, c := range s.cursors {
		errs = append(errs, run(ctx, conn, pull.Query{SQL: "CLOSE " + c.name}))
	}
	return errors.Join(errs...)
}

// next gives the rows of the next entities, nil behind the last.
func (s *stream) next(ctx context.Context, conn *pgconn.PgConn) (*pulled, error) {
	for {
		upto, last, err := s.step(ctx, conn)
		if err != nil {
			return nil, err
		}
		if last || s.bytes(upto) >= s.memory {
			return s.cut(upto, last)
		}
	}
}

// step fetches more rows and gives the last key of which all tables have all rows; last is true where that is of all keys.
func (s *stream) step(ctx context.Context, conn *pgconn.PgConn) (upto string, last bool, err error) {
	var lead *cursor
	for _, c := range s.cursors {
		if !c.ended {
			lead = c
			break
		}
	}
	if lead == nil {
		return "", true, nil
	}
	if err := lead.fetch(ctx, conn); err != nil {
		return "", false, err
	}
	for !lead.ended && lead.whole() == 0 { // one entity that fills all that is there
		if err := lead.fetch(ctx, conn); err != nil {
			return "", false, err
		}
	}
	if n := lead.whole(); n > 0 {
		upto = lead.key(n - 1)
	}
	for _, c := range s.cursors {
		for !c.ended && (c.rows == 0 || c.key(c.rows-1) <= upto) {
			if err := c.fetch(ctx, conn); err != nil {
				return "", false, err
			}
		}
	}
	return upto, false, nil
}

// fetch asks for more rows.
func (c *cursor) fetch(ctx context.Context, conn *pgconn.PgConn) error {
	n, err := pull.Into(ctx, conn, pull.Query{SQL: fmt.Sprintf("FETCH %d FROM %s", c.fetched, c.name)}, c.sinks...)
	if err != nil {
		return fmt.Errorf("fetch rows: %w", err)
	}
	c.rows += n
	c.ended = n < c.fetched
	return nil
}

// key is the entity of a row.
func (c *cursor) key(row int) string { return c.entity.Levels[c.entity.Codes[row]] }

// whole is the number of rows of entities that have all their rows here.
func (c *cursor) whole() int {
	if c.ended || c.rows == 0 {
		return c.rows
	}
	last := c.entity.Codes[c.rows-1]
	n := c.rows
	for n > 0 && c.entity.Codes[n-1] == last {
		n--
	}
	return n
}

// upto is the number of rows of entities up to a key.
func (c *cursor) upto(key string, all bool) int {
	if all {
		return c.rows
	}
	return sort.Search(c.rows, func(i int) bool { return c.key(i) > key })
}

// bytes is about what the rows up to a key take.
func (s *stream) bytes(upto string) float64 {
	var sum float64
	for _, c := range s.cursors {
		sum += float64(c.upto(upto, false)) * bytesOf(len(c.columns))
	}
	return sum
}

// cut takes the rows up to a key, or all that are left.
func (s *stream) cut(upto string, last bool) (*pulled, error) {
	frames := make([]*frame.Frame, len(s.cursors))
	counts := make([]int, len(s.cursors))
	rows := 0
	for i, c := range s.cursors {
		counts[i] = c.upto(upto, last)
		frames[i] = pull.FrameOf(c.columns, c.rows).Slice(0, counts[i])
		if s.events.Attributes != "" && i == len(s.cursors)-1 {
			frames[i] = copied(frames[i]) // they are kept while the columns are used again
		}
		rows += counts[i]
	}
	if last && rows == 0 {
		return nil, nil
	}
	p, err := s.events.assemble(frames)
	if err != nil {
		return nil, err
	}
	for i, c := range s.cursors {
		for _, column := range c.columns {
			column.Drop(counts[i])
		}
		c.rows -= counts[i]
	}
	return p, nil
}

func copied(f *frame.Frame) *frame.Frame {
	all := make([]int, f.Rows)
	for i := range all {
		all[i] = i
	}
	return f.Take(all)
}

// assemble makes tables of the rows of the target's events, the sides and the attributes, in this order. The frames
// are not kept but for the attributes.
func (e *Events) assemble(frames []*frame.Frame) (*pulled, error) {
	ev, err := features.NewEvents(frames[0], e.Roles)
	if err != nil {
		return nil, fmt.Errorf("sort events: %w", err)
	}
	var sides []features.Side
	for i, s := range e.Sides {
		other, err := features.NewEvents(frames[1+i], s.Roles)
		if err != nil {
			return nil, fmt.Errorf("sort events %q: %w", s.Name, err)
		}
		sides = append(sides, features.Side{Name: s.Name, Events: other})
	}
	var attributes, flags *features.Attributes
	if e.Attributes != "" {
		if attributes, flags, err = e.splitAttributes(frames[len(frames)-1]); err != nil {
			return nil, fmt.Errorf("read attributes: %w", err)
		}
	}
	tables := features.NewTables(ev, attributes, sides...)
	if e.Attribute != "" {
		tables = tables.Everyone()
	}
	return &pulled{tables, flags}, nil
}
