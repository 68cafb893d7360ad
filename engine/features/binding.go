package features

import (
	"fmt"

	"cvp/engine/frame"
)

// binding is a stream of a spec applied to its events: columns found, levels translated. Workers share it.
type binding struct {
	spec     *Spec
	stream   *Stream
	ev       *Events
	amount   []float32   // nil without an amount column
	numbers  [][]float32 // one per Stream.Numbers
	distinct []*frame.Column
	mixes    []mixColumn // one per Stream.Mixes
	related  []mixColumn // one per Stream.Related
	portions [][]float32 // one per Stream.Portions
	ends     []mixColumn // one per Stream.Ends
}

// mixColumn is a category column with the slot of each of its codes: an index into Levels, or -1 for the rest.
type mixColumn struct {
	codes []int32
	slots []int32
}

// bind finds the columns of the spec in the tables: the binding of the target's events, then those of the sides.
func (s *Spec) bind(t *Tables) ([]*binding, error) {
	if s.Value != t.Events.valueName {
		return nil, fmt.Errorf("events aggregate column \"%s\", the features were learned with \"%s\"", t.Events.valueName, s.Value)
	}
	var out []*binding
	for _, stream := range s.streams() {
		ev := t.stream(stream.Name)
		if ev == nil {
			return nil, fmt.Errorf("there are no events \"%s\", which the features were learned with", stream.Name)
		}
		b, err := s.bindStream(stream, ev)
		if err != nil {
			return nil, err
		}
		out = append(out, b)
	}
	return out, nil
}

func (s *Spec) bindStream(stream *Stream, ev *Events) (*binding, error) {
	b := &binding{spec: s, stream: stream, ev: ev}
	if stream.Grouped && ev.groups == nil {
		return nil, fmt.Errorf("events have no group column, which the features were learned with")
	}
	if stream.Matched && ev.match == nil {
		return nil, fmt.Errorf("events do not say which rows match, which the features were learned with")
	}
	var lost []string
	find := func(name string, kind frame.Kind) *frame.Column {
		c := ev.column(name, kind)
		if c == nil {
			lost = append(lost, name)
			c = &frame.Column{Kind: kind}
		}
		return c
	}
	if stream.Amount != "" {
		b.amount = find(stream.Amount, frame.Number).Numbers
	}
	for _, name := range stream.Numbers {
		b.numbers = append(b.numbers, find(name, frame.Number).Numbers)
	}
	for _, name := range stream.Distinct {
		b.distinct = append(b.distinct, find(name, frame.Category))
	}
	split := func(l Levels) mixColumn {
		c := find(l.Column, frame.Category)
		return mixColumn{codes: c.Codes, slots: l.slots(c.Levels)}
	}
	for _, l := range stream.Mixes {
		b.mixes = append(b.mixes, split(l))
	}
	for _, l := range stream.Related {
		b.related = append(b.related, split(l))
	}
	for _, name := range stream.Portions {
		b.portions = append(b.portions, find(name, frame.Number).Numbers)
	}
	for _, l := range stream.Ends {
		b.ends = append(b.ends, split(l))
	}
	if len(lost) > 0 {
		return nil, fmt.Errorf("event rows lack column \"%s\", which the features were learned with", lost[0])
	}
	return b, nil
}

// slots gives for each level of a column its index in l.Levels, -1 where it has none.
func (l Levels) slots(levels []string) []int32 {
	at := make(map[string]int32, len(l.Levels))
	for i, level := range l.Levels {
		at[level] = int32(i)
	}
	out := make([]int32, len(levels))
	for code, level := range levels {
		out[code] = -1
		if slot, ok := at[level]; ok {
			out[code] = slot
		}
	}
	return out
}

// block computes a family of features. A block keeps scratch memory and belongs to one worker.
type block interface {
	// features names what write gives, in order. It needs only the spec.
	features() []Feature
	// begin is called when the trace has moved to another entity, before any advance.
	begin(t *trace)
	// write puts the features as of t.cutoff into dst, which has one place for each.
	write(dst []float32, t *trace)
}

// blocks makes the families in the order of their columns.
func (b *binding) blocks() []block {
	switch {
	case b.stream.Name != "":
		return []block{&recency{b: b}, &decay{b: b}, &windows{b: b}, &trends{b: b}, &distinct{b: b}, &baskets{b: b},
			&mix{b: b}, &means{b: b}, &ends{b: b}, &sessions{b: b}, &conversion{b: b}}
	case b.spec.Version == 1:
		return b.firstFamilies()
	}
	return append(b.firstFamilies(), &acceleration{b: b}, &portions{b: b}, &weekdays{b: b}, &ends{b: b}, &sessions{b: b}, &cohort{b: b})
}

// firstFamilies are those of the first version.
func (b *binding) firstFamilies() []block {
	return []block{
		&recency{b: b}, &decay{b: b}, &windows{b: b}, &trends{b: b}, &distinct{b: b}, &baskets{b: b},
		&history{b: b}, &matches{b: b}, &mix{b: b}, &related{b: b}, &rhythm{b: b}, &calendar{b: b},
	}
}

// named puts the stream's name before the names of features.
func (b *binding) named(features []Feature) []Feature {
	if b.stream.Name != "" {
		for i := range features {
			features[i].Name = b.stream.Name + "_" + features[i].Name
		}
	}
	return features
}

// namer collects feature descriptions.
type namer []Feature

func (n *namer) add(name, formula string) {
	*n = append(*n, Feature{Name: name, Kind: frame.Number, Formula: formula})
}
