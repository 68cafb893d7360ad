package features

import (
	"cmp"
	"fmt"
	"slices"

	"cvp/engine/frame"
)

// Attributes are what is known of each entity apart from events: one row per entity, found by key.
type Attributes struct {
	f    *frame.Frame
	key  *frame.Column
	rows []int32 // rows with a key, in ascending order of key
}

// NewAttributes takes the rows of f by the Category column keyColumn. Rows without a key are left out; two rows with
// one key are an error. f is kept.
func NewAttributes(f *frame.Frame, keyColumn string) (*Attributes, error) {
	key := f.Column(keyColumn)
	if key == nil {
		return nil, fmt.Errorf("key column \"%s\" is not in the attribute rows", keyColumn)
	}
	if key.Kind != frame.Category {
		return nil, fmt.Errorf("key column \"%s\" is a %s, not a category", keyColumn, key.Kind)
	}
	a := &Attributes{f: f, key: key}
	seen := make([]bool, len(key.Levels))
	for i, code := range key.Codes {
		if code == frame.NoCode {
			continue
		}
		if seen[code] {
			return nil, fmt.Errorf("attribute rows have key \"%s\" more than once", key.Levels[code])
		}
		seen[code] = true
		a.rows = append(a.rows, int32(i))
	}
	slices.SortFunc(a.rows, func(x, y int32) int { return cmp.Compare(a.keyOf(x), a.keyOf(y)) })
	return a, nil
}

// Frame gives the rows that the attributes were made of.
func (a *Attributes) Frame() *frame.Frame { return a.f }

func (a *Attributes) keyOf(row int32) string { return a.key.Levels[a.key.Codes[row]] }

// align gives the attribute row of each entity key (ascending), -1 where there is none.
func (a *Attributes) align(keys []string) []int32 {
	out := make([]int32, len(keys))
	next := 0
	for e, key := range keys {
		for next < len(a.rows) && a.keyOf(a.rows[next]) < key {
			next++
		}
		out[e] = -1
		if next < len(a.rows) && a.keyOf(a.rows[next]) == key {
			out[e] = a.rows[next]
		}
	}
	return out
}

// feature describes the attribute as a column of features.
func (a Attribute) feature() Feature {
	switch a.Kind {
	case frame.Category:
		return Feature{Name: a.Column, Kind: frame.Category, Formula: "attribute"}
	case frame.Time:
		return Feature{Name: "days_since_" + a.Column, Kind: frame.Number, Formula: "days from the attribute to the cutoff; missing where it lies after the cutoff"}
	}
	return Feature{Name: a.Column, Kind: frame.Number, Formula: "attribute"}
}

// fill writes the attribute of each point into dst, missing where attrs is nil or has no such row.
func (a Attribute) fill(dst *frame.Column, attrs *Attributes, keys []string, points []Point) {
	dst.Levels = a.Levels
	var from *frame.Column
	var rows []int32
	if attrs != nil {
		from, rows = attrs.f.Column(a.Column), attrs.align(keys)
	}
	var slots []int32
	if from != nil && from.Kind == frame.Category {
		slots = Levels{Levels: a.Levels}.slots(from.Levels)
	}
	for i, p := range points {
		row := int32(-1)
		if from != nil && from.Kind == a.Kind {
			row = rows[p.Entity]
		}
		a.put(dst, i, from, row, slots, p.Cutoff)
	}
}

func (a Attribute) put(dst *frame.Column, i int, from *frame.Column, row int32, slots []int32, cutoff int64) {
	known := row >= 0 && !from.Missing(int(row))
	switch {
	case a.Kind == frame.Category && known:
		dst.Codes[i] = slots[from.Codes[row]] // -1 is NoCode
	case a.Kind == frame.Category:
		dst.Codes[i] = frame.NoCode
	case !known || a.Kind == frame.Time && from.Times[row] >= cutoff:
		dst.Numbers[i] = missing
	case a.Kind == frame.Time:
		dst.Numbers[i] = number(daysBetween(from.Times[row], cutoff))
	default:
		dst.Numbers[i] = from.Numbers[row]
	}
}
