package features

import (
	"slices"

	"cvp/engine/frame"
)

// Everyone gives the tables with all entities that have attributes, whether they have events or not.
func (t *Tables) Everyone() *Tables {
	if t.Attributes == nil {
		return t
	}
	keys := slices.Clone(t.Events.Keys)
	for _, row := range t.Attributes.rows {
		keys = append(keys, t.Attributes.keyOf(row))
	}
	slices.Sort(keys)
	keys = slices.Compact(keys)
	out := &Tables{Events: t.Events.over(keys), Attributes: t.Attributes}
	for _, s := range t.Sides {
		out.Sides = append(out.Sides, Side{Name: s.Name, Events: s.Events.over(keys)})
	}
	return out
}

// Described gives a point for every entity that has a row in a, in order of key.
func (t *Tables) Described(a *Attributes, cutoff int64) []Point {
	var out []Point
	for e, row := range a.align(t.Events.Keys) {
		if row >= 0 {
			out = append(out, Point{Entity: int32(e), Cutoff: cutoff})
		}
	}
	return out
}

// Of gives an attribute of each point, missing where the entity has no row; nil where there is no such attribute.
func (a *Attributes) Of(name string, t *Tables, points []Point) *frame.Column {
	c := a.f.Column(name)
	if c == nil {
		return nil
	}
	rows := a.align(t.Events.Keys)
	out := &frame.Column{Name: c.Name, Kind: c.Kind, Levels: c.Levels}
	for _, p := range points {
		row := rows[p.Entity]
		known := row >= 0
		switch {
		case c.Kind == frame.Category && known:
			out.Codes = append(out.Codes, c.Codes[row])
		case c.Kind == frame.Category:
			out.Codes = append(out.Codes, frame.NoCode)
		case c.Kind == frame.Time && known:
			out.Times = append(out.Times, c.Times[row])
		case c.Kind == frame.Time:
			out.Times = append(out.Times, frame.NoTime)
		case known:
			out.Numbers = append(out.Numbers, c.Numbers[row])
		default:
			out.Numbers = append(out.Numbers, missing)
		}
	}
	return out
}

// With gives the attributes with one column the same for everybody: a number, or a level of a category, or missing.
func (a *Attributes) With(column string, value float32, level string, unknown bool) *Attributes {
	out := *a
	f := *a.f
	f.Columns = slices.Clone(f.Columns)
	out.f = &f
	for i := range f.Columns {
		c := &f.Columns[i]
		switch {
		case c.Name == a.key.Name:
			out.key = c
		case c.Name != column:
		case c.Kind == frame.Category:
			c.Levels, c.Codes = []string{level}, make([]int32, f.Rows)
			if unknown {
				c.Codes = slices.Repeat([]int32{frame.NoCode}, f.Rows)
			}
		case c.Kind == frame.Number:
			if unknown {
				value = missing
			}
			c.Numbers = slices.Repeat([]float32{value}, f.Rows)
		}
	}
	return &out
}
