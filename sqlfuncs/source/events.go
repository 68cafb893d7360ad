package source

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"

	"cvp/engine/features"
	"cvp/engine/frame"
	"cvp/engine/model"
	"cvp/sqlfuncs/pull"
)

// Names of the role columns in the event SQL (package schema writes it so).
const (
	columnEntity = "cvp_entity"
	columnTime   = "cvp_time"
	columnGroup  = "cvp_group"
	columnValue  = "cvp_value"
	columnMatch  = "cvp_match"
)

// EventTable says where the rows of one event table are. The first parameter is the instant before which events are
// read (timestamptz).
type EventTable struct {
	Roles features.Roles `json:"roles"`
	// All and Keyed give the event rows before $1, of every entity or of those in $2 (text[]).
	All   string `json:"all"`
	Keyed string `json:"keyed"`
	// Facts, where not nil, reads what All does with less effort, if all rows are read at once.
	Facts *Facts `json:"facts,omitempty"`
}

// SideTable is an event table beside that of the target. Its entities have the keys of the target's, as text.
type SideTable struct {
	// Name begins the names of its features: the table's name, made unique.
	Name string `json:"name"`
	EventTable
}

// Events is the source of a question: events of one table, in the order of time, other events of the same entities,
// and attributes of each entity. The SQL is fixed when the model is trained, so that serving reads exactly what
// training read.
type Events struct {
	Target features.Target `json:"target"`
	EventTable
	// Sides are the other event tables.
	Sides []SideTable `json:"sides,omitempty"`
	// Attributes and AttributesKeyed give the entities' own columns, "" where they have none; keys in $1.
	Attributes      string `json:"attributes,omitempty"`
	AttributesKeyed string `json:"attributes_keyed,omitempty"`
	// Flags are the columns of the attributes that say whether a condition on the entity holds; they are no features.
	Flags []string `json:"flags,omitempty"`
	// Where says of whom there are examples and predictions, nil for all with an event before the cutoff. Assuming, nil
	// for nothing, says what happens behind the cutoff of an example.
	Where    *features.Condition `json:"where,omitempty"`
	Assuming *features.Condition `json:"assuming,omitempty"`
	// Assumed is put in the place of attributes when predictions are made.
	Assumed []Assumed `json:"assumed,omitempty"`
	// Keys are the only entities that are predicted for, nil for all.
	Keys []string `json:"keys,omitempty"`
	// Attribute is what people call the attribute that is predicted, "" where the question is about events.
	Attribute string `json:"attribute,omitempty"`
	// Top is how many items are recommended, 0 where the question does not ask for items.
	Top int `json:"top,omitempty"`
	// Last gives the time of the last event.
	Last string `json:"last"`
	// Key is the entity's key column; Integer says that it holds whole numbers.
	Key     string `json:"key"`
	Integer bool   `json:"integer,omitempty"`
	// Entities is about how many entities there are, 0 where it is not known.
	Entities int64 `json:"entities,omitempty"`
	// AsOf is the instant predictions are made at, in microseconds since 1970 UTC; 0 is now.
	AsOf int64 `json:"as_of,omitempty"`
	// DataEnd is the last event seen in training.
	DataEnd int64 `json:"data_end"`
	// Memory is about how many bytes of events may be held at once, 0 for any number; it is the session's.
	Memory int64 `json:"-"`
	// Spec is what the features are; it is stored with the model, apart from where the rows are.
	Spec *features.Spec `json:"-"`
}

var _ Source = (*Events)(nil)

// Queries implements Source.
func (e *Events) Queries() []string {
	out := append(e.EventTable.queries(), e.Attributes, e.AttributesKeyed, e.Last)
	for _, s := range e.Sides {
		out = append(out, s.queries()...)
	}
	return slices.DeleteFunc(out, func(sql string) bool { return sql == "" })
}

// KeyEstimate implements Source.
func (e *Events) KeyEstimate() int64 { return e.Entities }

// KeyInteger implements Source.
func (e *Events) KeyInteger() bool { return e.Integer }

// KeyColumn implements Source.
func (e *Events) KeyColumn() string { return e.Key }

// Score implements Source: every entity with an event before the instant of prediction has a score.
func (e *Events) Score(ctx context.Context, conn *pgconn.PgConn, m model.Model, keys *pull.Keys) (*pull.Keys, []float64, error) {
	asOf, err := e.instant(ctx, conn)
	if err != nil {
		return nil, nil, err
	}
	if keys == nil && e.Keys != nil {
		keys = &pull.Keys{OID: pgtype.TextOID, Texts: e.Keys}
	}
	if keys != nil && e.Wholesale(int64(keys.Len())) {
		keys = nil
	}
	if keys == nil && e.Memory > 0 {
		size, err := e.size(ctx, conn, asOf)
		if err != nil {
			return nil, nil, err
		}
		if size.bytes > float64(e.Memory) {
			return e.scoreStream(ctx, conn, m, asOf)
		}
	}
	p, err := e.pull(ctx, conn, asOf, selected(keys))
	if err != nil {
		return nil, nil, err
	}
	return e.score(ctx, m, p, asOf)
}

// score scores the entities that were read.
func (e *Events) score(ctx context.Context, m model.Model, p *pulled, asOf int64) (*pull.Keys, []float64, error) {
	points, err := e.points(p, asOf)
	if err != nil {
		return nil, nil, err
	}
	x, err := e.Spec.Compute(ctx, e.assume(p.Tables), points)
	if err != nil {
		return nil, nil, fmt.Errorf("compute features: %w", err)
	}
	scores := make([]float64, x.Rows)
	if err := m.Predict(scores, x); err != nil {
		return nil, nil, fmt.Errorf("score entities: %w", err)
	}
	known, err := e.keys(p.Events, points)
	return known, scores, err
}

// scoreStream scores all entities, some at a time.
func (e *Events) scoreStream(ctx context.Context, conn *pgconn.PgConn, m model.Model, asOf int64) (*pull.Keys, []float64, error) {
	all, scores := &pull.Keys{OID: pgtype.TextOID}, []float64(nil)
	if e.Integer {
		all.OID = pgtype.Int8OID
	}
	err := e.eachBatch(ctx, conn, asOf, 1, func(p *pulled) error {
		known, some, err := e.score(ctx, m, p, asOf)
		if err != nil {
			return err
		}
		all.Ints, all.Texts, scores = append(all.Ints, known.Ints...), append(all.Texts, known.Texts...), append(scores, some...)
		return nil
	})
	return all, scores, err
}

// points are the entities that predictions as of an instant are for.
func (e *Events) points(t *pulled, asOf int64) ([]features.Point, error) {
	seen := t.Events.SeenBefore(asOf)
	if e.Attribute != "" {
		seen = t.Described(t.flags, asOf)
	}
	if e.Keys != nil {
		seen = slices.DeleteFunc(seen, func(p features.Point) bool { return !slices.Contains(e.Keys, t.Events.Keys[p.Entity]) })
	}
	points, err := e.Where.Select(t.Tables, t.flags, seen)
	if err != nil {
		return nil, fmt.Errorf("choose entities: %w", err)
	}
	return points, nil
}

// instant is when predictions are made: the model's own instant, else now, else the end of the data where that
// ends earlier than one horizon ago.
func (e *Events) instant(ctx context.Context, conn *pgconn.PgConn) (int64, error) {
	if e.AsOf != 0 {
		return e.AsOf, nil
	}
	now := time.Now()
	reach := e.reach()
	if e.DataEnd >= now.Add(-reach).UnixMicro() {
		return now.UnixMicro(), nil
	}
	last, err := e.last(ctx, conn)
	if err != nil {
		return 0, err
	}
	if last == frame.NoTime || last >= now.Add(-reach).UnixMicro() {
		return now.UnixMicro(), nil
	}
	return last + 1, nil // after the last event, so that it counts
}

// last is the time of the last event.
func (e *Events) last(ctx context.Context, conn *pgconn.PgConn) (int64, error) {
	c := pull.NewColumn("last", pgtype.TimestamptzOID)
	if n, err := pull.Into(ctx, conn, pull.Query{SQL: e.Last}, c); err != nil || n != 1 {
		return 0, fmt.Errorf("find the last event: %w", err)
	}
	return c.Times[0], nil
}

// Wholesale implements Source.
func (e *Events) Wholesale(keys int64) bool {
	const share = 5 // a fifth of the entities
	return e.Entities > 0 && keys*share > e.Entities
}

// keys gives the entity of each point in the form that the key column has.
func (e *Events) keys(ev *features.Events, points []features.Point) (*pull.Keys, error) {
	out := &pull.Keys{OID: pgtype.TextOID}
	if e.Integer {
		out.OID = pgtype.Int8OID
	}
	for _, p := range points {
		text := ev.Keys[p.Entity]
		if !e.Integer {
			out.Texts = append(out.Texts, text)
			continue
		}
		v, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return nil, fmt.Errorf("read key %q: %w", text, err)
		}
		out.Ints = append(out.Ints, v)
	}
	return out, nil
}
