package features

import (
	"fmt"
	"slices"
	"sort"

	"cvp/engine/frame"
)

// Roles names the columns of an event frame that mean something to the engine. All other Number and Category
// columns are event columns, usable for features.
type Roles struct {
	Entity string // Category: whom the event belongs to; rows without one are left out
	Time   string // Time: when it happened; rows without one are left out
	Group  string // Category, optional: purchase, basket or order that the row is a line of
	Value  string // Number, optional: the column that the target aggregates; also an event column
	Match  string // Number, optional: 1 where the question's WHERE condition holds for the row, else 0 or missing
	// Distinct is a Category, optional: the column whose different values the target counts; also an event column.
	Distinct string `json:",omitempty"`
	// Recorded is the Time column that says since when a row is known, optional; a missing one is known at once.
	Recorded string `json:",omitempty"`
	// Measures are what conditions and further parts of the target aggregate; their columns are no event columns.
	Measures []Measure `json:",omitempty"`
}

// Events holds the rows of one event table by entity and time. It is immutable and safe for concurrent use.
//
// Rows are in one canonical order, whatever the order they arrived in: by entity key, time, then group, numbers
// and categories. That makes sums, and so features, bit-identical between a training pull and a serving pull.
type Events struct {
	Keys    []string       // entity keys in ascending order of text
	Start   []int          // rows of entity e are [Start[e], Start[e+1]); len(Keys)+1 values
	Times   []int64        // microseconds since 1970-01-01 UTC
	Columns []frame.Column // event columns; category levels in ascending order of text
	Dropped int            // rows left out for want of an entity or a time

	seen      []int64 // by entity: from when on it is known of, frame.NoTime for never
	recorded  []int64 // by row: since when it is known; nil where every row is at once
	valueName string
	value     []float32 // the column valueName, nil without one
	distinct  []int32   // codes of the column that is counted, nil without one
	levels    []string  // of that column
	match     []float32 // nil: every row matches
	measures  []measure
	groups    []int32 // nil: rows of one instant are one purchase
	numGroups int
}

// Point asks for one entity as of one instant: only events strictly before Cutoff may be used.
type Point struct {
	Entity int32 // index into Events.Keys
	Cutoff int64 // microseconds since 1970-01-01 UTC
}

// boundRoles are the role columns of a frame.
type boundRoles struct {
	entity, time, group, value, match, distinct, recorded *frame.Column
	measures                                              []boundMeasure
}

// bind finds the role columns in f and checks their kinds.
func (r Roles) bind(f *frame.Frame) (b boundRoles, err error) {
	for _, role := range []struct {
		what, name string
		kind       frame.Kind
		needed     bool
		to         **frame.Column
	}{
		{"entity", r.Entity, frame.Category, true, &b.entity},
		{"time", r.Time, frame.Time, true, &b.time},
		{"group", r.Group, frame.Category, false, &b.group},
		{"value", r.Value, frame.Number, false, &b.value},
		{"match", r.Match, frame.Number, false, &b.match},
		{"distinct", r.Distinct, frame.Category, false, &b.distinct},
		{"recorded", r.Recorded, frame.Time, false, &b.recorded},
	} {
		if role.name == "" && !role.needed {
			continue
		}
		c := f.Column(role.name)
		if c == nil {
			return b, fmt.Errorf("%s column \"%s\" is not in the event rows", role.what, role.name)
		}
		if c.Kind != role.kind {
			return b, fmt.Errorf("%s column \"%s\" is a %s, not a %s", role.what, role.name, c.Kind, role.kind)
		}
		*role.to = c
	}
	b.measures, err = r.bindMeasures(f)
	return b, err
}

// NewEvents sorts the rows of f into Events. It takes time linear in the rows (radix sort) and memory of one copy
// of the columns plus 8 bytes a row. f is not changed and not kept.
func NewEvents(f *frame.Frame, r Roles) (*Events, error) {
	b, err := r.bind(f)
	if err != nil {
		return nil, err
	}
	if int64(f.Rows) > 1<<31-1 {
		return nil, fmt.Errorf("%d event rows are more than one frame can hold", f.Rows)
	}
	ev := &Events{valueName: r.Value}
	o := newOrder(f, b)
	ev.Keys, ev.Start = o.byEntity()
	ev.Dropped = f.Rows - len(o.rows)
	o.settleTies()
	ev.gather(f, b, o)
	if b.recorded != nil {
		ev.keepRecorded(b.recorded.Times, o.rows)
	}
	for e := range ev.Keys {
		ev.seen = append(ev.seen, ev.firstKnown(e))
	}
	return ev, nil
}

// gather copies the columns in the order of o.
func (ev *Events) gather(f *frame.Frame, b boundRoles, o *order) {
	ev.Times = pick(b.time.Times, o.rows)
	if b.match != nil {
		ev.match = pick(b.match.Numbers, o.rows)
	}
	if b.group != nil {
		ev.groups, ev.numGroups = pickRanks(b.group.Codes, o.ranks[b.group], o.rows), len(b.group.Levels)
	}
	for i := range f.Columns {
		c := &f.Columns[i]
		if c == b.entity || c == b.group || c == b.match || c.Kind == frame.Time || b.measured(c) {
			continue
		}
		out := frame.Column{Name: c.Name, Kind: c.Kind}
		if c.Kind == frame.Category {
			out.Codes = pickRanks(c.Codes, o.ranks[c], o.rows)
			out.Levels = slices.Clone(c.Levels)
			slices.Sort(out.Levels)
		} else {
			out.Numbers = pick(c.Numbers, o.rows)
		}
		if c == b.value {
			ev.value = out.Numbers
		}
		if c == b.distinct {
			ev.distinct, ev.levels = out.Codes, out.Levels
		}
		ev.Columns = append(ev.Columns, out)
	}
	ev.gatherMeasures(b.measures, o)
}

// measured reports whether a column is read by a further measure alone.
func (b boundRoles) measured(c *frame.Column) bool {
	return slices.ContainsFunc(b.measures, func(m boundMeasure) bool { return m.has(c) })
}

func pick[T any](from []T, rows []int32) []T {
	out := make([]T, len(rows))
	for i, r := range rows {
		out[i] = from[r]
	}
	return out
}

func pickRanks(codes, rank, rows []int32) []int32 {
	out := make([]int32, len(rows))
	for i, r := range rows {
		if out[i] = frame.NoCode; codes[r] != frame.NoCode {
			out[i] = rank[codes[r]]
		}
	}
	return out
}

// Rows is the number of events.
func (ev *Events) Rows() int { return len(ev.Times) }

// Entities is the number of entities.
func (ev *Events) Entities() int { return len(ev.Keys) }

// Entity gives the index of an entity by its key.
func (ev *Events) Entity(key string) (int32, bool) {
	i, ok := slices.BinarySearch(ev.Keys, key)
	return int32(i), ok
}

// Span gives the times of the first and the last event; ok is false where there are none.
func (ev *Events) Span() (first, last int64, ok bool) {
	for i, t := range ev.Times {
		if i == 0 {
			first, last = t, t
		}
		first, last = min(first, t), max(last, t)
	}
	return first, last, len(ev.Times) > 0
}

// SeenBefore gives a point for every entity that has an event before the cutoff, in order of key. With several tables
// (NewTables) it may be an event of any of them.
func (ev *Events) SeenBefore(cutoff int64) []Point {
	var out []Point
	for e := range ev.Keys {
		if at := ev.seen[e]; at != frame.NoTime && at < cutoff {
			out = append(out, Point{Entity: int32(e), Cutoff: cutoff})
		}
	}
	return out
}

// PointsAt gives SeenBefore of each cutoff, one after the other.
func (ev *Events) PointsAt(cutoffs []int64) []Point {
	var out []Point
	for _, c := range cutoffs {
		out = append(out, ev.SeenBefore(c)...)
	}
	return out
}

// column returns the event column of that name and kind, nil where there is none.
func (ev *Events) column(name string, kind frame.Kind) *frame.Column {
	for i := range ev.Columns {
		if c := &ev.Columns[i]; c.Name == name && c.Kind == kind {
			return c
		}
	}
	return nil
}

// between gives the rows of entity e with from <= time < to.
func (ev *Events) between(e int32, from, to int64) (lo, hi int) {
	start := ev.Start[e]
	times := ev.Times[start:ev.Start[e+1]]
	lo = firstAtOrAfter(times, from)
	return start + lo, start + lo + firstAtOrAfter(times[lo:], to)
}

// matches reports whether the question's condition holds for row i.
func (ev *Events) matches(i int) bool { return ev.match == nil || ev.match[i] == 1 }

// firstAtOrAfter gives the index of the first of the ascending times that is not before t.
func firstAtOrAfter(times []int64, t int64) int {
	return sort.Search(len(times), func(i int) bool { return times[i] >= t })
}
