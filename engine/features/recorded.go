package features

import (
	"context"
	"slices"

	"cvp/engine/frame"
)

// Events that are recorded late are known only from then on: as of a cutoff in between they do not count, though they
// happened before it. What happened is told afterwards all the same, so labels count every event.

// keepRecorded keeps since when each event is known, if any is recorded after it happened.
func (ev *Events) keepRecorded(recorded []int64, rows []int32) {
	late := false
	out := make([]int64, len(rows))
	for i, r := range rows {
		out[i] = max(recorded[r], ev.Times[i]) // frame.NoTime is less than any time
		late = late || out[i] > ev.Times[i]
	}
	if late {
		ev.recorded = out
	}
}

// firstKnown gives from when on an entity is known of by these events.
func (ev *Events) firstKnown(e int) int64 {
	from, to := ev.Start[e], ev.Start[e+1]
	if ev.recorded == nil {
		return ev.Times[from]
	}
	return slices.Min(ev.recorded[from:to])
}

// knownAt gives the events without those that happened before the instant and were recorded at or after it.
func (ev *Events) knownAt(cutoff int64) *Events {
	unknown := func(i int) bool { return ev.Times[i] < cutoff && ev.recorded[i] >= cutoff }
	if ev.recorded == nil {
		return ev
	}
	var kept []int32
	start := make([]int, 1, len(ev.Start))
	for e := range ev.Keys {
		for i := ev.Start[e]; i < ev.Start[e+1]; i++ {
			if !unknown(i) {
				kept = append(kept, int32(i))
			}
		}
		start = append(start, len(kept))
	}
	out := *ev
	out.Start, out.Times, out.recorded = start, pick(ev.Times, kept), nil
	out.Columns, out.measures = make([]frame.Column, len(ev.Columns)), make([]measure, len(ev.measures))
	for i, c := range ev.Columns {
		c.Numbers, c.Codes = picked(c.Numbers, kept), picked(c.Codes, kept)
		out.Columns[i] = c
	}
	out.value, out.distinct, out.match, out.groups = picked(ev.value, kept), picked(ev.distinct, kept), picked(ev.match, kept), picked(ev.groups, kept)
	for i, m := range ev.measures {
		out.measures[i] = measure{value: picked(m.value, kept), codes: picked(m.codes, kept), match: picked(m.match, kept)}
	}
	return &out
}

// picked is pick that leaves nil what is nil.
func picked[T any](from []T, rows []int32) []T {
	if from == nil {
		return nil
	}
	return pick(from, rows)
}

// late reports whether events of any table were recorded after they happened.
func (t *Tables) late() bool {
	return t.Events.recorded != nil || slices.ContainsFunc(t.Sides, func(s Side) bool { return s.Events.recorded != nil })
}

// KnownAt gives the tables as they were known at an instant: without events of before that were recorded at or after it.
func (t *Tables) KnownAt(cutoff int64) *Tables {
	if !t.late() {
		return t
	}
	out := *t
	out.Events = t.Events.knownAt(cutoff)
	out.Sides = slices.Clone(t.Sides)
	for i := range out.Sides {
		out.Sides[i].Events = out.Sides[i].Events.knownAt(cutoff)
	}
	return &out
}

// eachCutoff calls do for the points of each cutoff with the tables as known at it, and with the places of these points.
// Where nothing is late, that is one call for all.
func (t *Tables) eachCutoff(points []Point, do func(t *Tables, points []Point, places []int) error) error {
	if !t.late() {
		return do(t, points, nil)
	}
	places := map[int64][]int{}
	var cutoffs []int64
	for i, p := range points {
		if places[p.Cutoff] == nil {
			cutoffs = append(cutoffs, p.Cutoff)
		}
		places[p.Cutoff] = append(places[p.Cutoff], i)
	}
	for _, c := range cutoffs {
		some := make([]Point, len(places[c]))
		for i, at := range places[c] {
			some[i] = points[at]
		}
		if err := do(t.KnownAt(c), some, places[c]); err != nil {
			return err
		}
	}
	return nil
}

// Compute gives the features of each point, in the order of the points, from events strictly before its cutoff that were
// recorded before it too. Training and serving both call it: a point has the same bits whatever other points, entities or
// later events are given with it, and whatever the number of threads. Without attributes in t they are missing.
func (s *Spec) Compute(ctx context.Context, t *Tables, points []Point) (*frame.Frame, error) {
	var out *frame.Frame
	err := t.eachCutoff(points, func(known *Tables, some []Point, places []int) error {
		part, err := s.compute(ctx, known, some)
		if err != nil || places == nil {
			out = part
			return err
		}
		if out == nil {
			out = newFrame(s.Features(), len(points))
		}
		scatter(out, part, places)
		return nil
	})
	if out == nil && err == nil {
		out = newFrame(s.Features(), 0)
	}
	return out, err
}

// scatter writes the rows of a part to their places.
func scatter(out, part *frame.Frame, places []int) {
	for c := range out.Columns {
		to, from := &out.Columns[c], &part.Columns[c]
		to.Levels = from.Levels
		for i, at := range places {
			if from.Codes != nil {
				to.Codes[at] = from.Codes[i]
			} else {
				to.Numbers[at] = from.Numbers[i]
			}
		}
	}
}
