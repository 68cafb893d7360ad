package features

import (
	"slices"

	"cvp/engine/frame"
)

// Tables are all that features are made of. NewTables makes them.
type Tables struct {
	// Events are those that the target is about. Their entities are all that any of the tables has events of, so
	// that an entity with page views and no order is one too.
	Events *Events
	// Sides are other events of the same entities, by the same index of entity.
	Sides []Side
	// Attributes are what else is known of the entities, nil where that is nothing.
	Attributes *Attributes
}

// Side is an event table beside that of the target: page views, campaign exposures, redemptions.
type Side struct {
	Name   string // begins the names of its features; not empty, no two the same
	Events *Events
}

// NewTables puts the tables of a question together. The events that are given are not changed and share their rows
// with the result.
func NewTables(events *Events, attributes *Attributes, sides ...Side) *Tables {
	t := &Tables{Events: events, Attributes: attributes}
	if len(sides) == 0 {
		return t
	}
	keys := slices.Clone(events.Keys)
	for _, s := range sides {
		keys = append(keys, s.Events.Keys...)
	}
	slices.Sort(keys)
	keys = slices.Compact(keys)
	t.Events = events.over(keys)
	seen := slices.Clone(t.Events.seen)
	for _, s := range sides {
		s.Events = s.Events.over(keys)
		t.Sides = append(t.Sides, s)
		for e, at := range s.Events.seen {
			if at != frame.NoTime && (seen[e] == frame.NoTime || at < seen[e]) {
				seen[e] = at
			}
		}
	}
	t.Events.seen = seen
	return t
}

// over gives the events by another list of entities, which has all keys of ev, both ascending.
func (ev *Events) over(keys []string) *Events {
	out := *ev
	out.Keys, out.Start, out.seen = keys, make([]int, 1, len(keys)+1), make([]int64, len(keys))
	next := 0
	for e, key := range keys {
		out.seen[e] = frame.NoTime
		end := out.Start[e]
		if next < len(ev.Keys) && ev.Keys[next] == key {
			out.seen[e], end = ev.seen[next], ev.Start[next+1]
			next++
		}
		out.Start = append(out.Start, end)
	}
	return &out
}

// stream gives the events of a stream, nil where there are none of that name.
func (t *Tables) stream(name string) *Events {
	if name == "" {
		return t.Events
	}
	for _, s := range t.Sides {
		if s.Name == name {
			return s.Events
		}
	}
	return nil
}
