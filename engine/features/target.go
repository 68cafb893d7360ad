package features

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"cvp/engine/model"
)

// Target is what a question asks for: an aggregate of the matching events of a window behind the cutoff, whether it
// compares to a constant, or whether several such comparisons hold.
type Target struct {
	Aggregate Aggregate `json:"aggregate"`
	Compare   string    `json:"compare,omitempty"` // "", =, <>, <, <=, >, >=
	Constant  float64   `json:"constant,omitempty"`
	// Horizon is the length of the window, in nanoseconds; of a window in months the longest that it can be.
	Horizon time.Duration `json:"horizon"`
	Months  int           `json:"months,omitempty"` // 0: Horizon is the length
	Delay   Span          `json:"delay,omitzero"`   // between the cutoff and the window
	// Label, where not nil, is the answer in place of the comparison: it looks ahead, and the aggregate is that of
	// its first comparison.
	Label *Condition `json:"label,omitempty"`
	// Impute, where not empty, says that an attribute of the entities is asked for, and how it is predicted. Its
	// values are the labels; the rest says which events describe the entities best.
	Impute model.Task `json:"impute,omitempty"`
}

// Task is Class where the label is yes or no, else Value.
func (t Target) Task() model.Task {
	if t.Impute != "" {
		return t.Impute
	}
	if t.Compare != "" || t.Aggregate == Exists || t.Label != nil {
		return model.Class
	}
	return model.Value
}

// Length is the length of the window.
func (t Target) Length() Span {
	if t.Months > 0 {
		return Span{Months: t.Months}
	}
	return Span{Length: t.Horizon}
}

// period is the window behind a cutoff.
func (t Target) period() Period { return Period{Length: t.Length(), Gap: t.Delay} }

// periods are the windows of all parts.
func (t Target) periods() []Period {
	out := []Period{t.period()}
	if t.Label != nil {
		for _, leaf := range t.Label.leaves() {
			if leaf.Flag == "" {
				out = append(out, leaf.Period)
			}
		}
	}
	return out
}

// Reach is the longest time from a cutoff to the end of what the label looks at.
func (t Target) Reach() time.Duration {
	var reach time.Duration
	for _, p := range t.periods() {
		reach = max(reach, p.reach())
	}
	return reach
}

// End is where what the label of a cutoff looks at ends (microseconds).
func (t Target) End(cutoff int64) int64 {
	end := cutoff
	for _, p := range t.periods() {
		_, to := p.bounds(cutoff)
		end = max(end, to)
	}
	return end
}

// back gives the instant that lies n window lengths before a cutoff.
func (t Target) back(cutoff int64, n int) int64 { return t.Length().from(cutoff, -n) }

// Check reports what makes the target impossible on these events.
func (t Target) Check(ev *Events) error {
	m := ev.measure(0)
	if err := t.Aggregate.check(m); err != nil {
		return err
	}
	if !slices.Contains(comparisons, t.Compare) {
		return fmt.Errorf("unknown comparison \"%s\": use one of%s", t.Compare, strings.Join(comparisons, " "))
	}
	if t.Horizon < time.Second {
		return fmt.Errorf("horizon %v is shorter than a second", t.Horizon)
	}
	return nil
}

// Labels gives the label of each point; NaN where SQL would give NULL (an average of nothing), all NaN where Check fails.
func (t Target) Labels(ev *Events, points []Point) []float32 {
	out := make([]float32, len(points))
	ok := t.Check(ev) == nil
	m, period := ev.measure(0), t.period()
	for i, p := range points {
		if !ok {
			out[i] = missing
			continue
		}
		from, to := period.bounds(p.Cutoff)
		lo, hi := ev.between(p.Entity, from, to)
		out[i] = number(t.compare(t.Aggregate.over(m, lo, hi)))
	}
	return out
}

// LabelsOf is Labels for a target that may ask for several comparisons, of all event tables.
func (t Target) LabelsOf(tables *Tables, points []Point) ([]float32, error) {
	if t.Label == nil {
		return t.Labels(tables.Events, points), nil
	}
	return t.Label.Holds(tables, nil, points)
}

// over aggregates the matching rows in [lo, hi).
func (t Target) over(ev *Events, lo, hi int) float64 { return t.Aggregate.over(ev.measure(0), lo, hi) }

// compare turns an aggregate into the label: 0 or 1 where there is a comparison, NULL stays NULL.
func (t Target) compare(v float64) float64 { return compared(v, t.Compare, t.Constant) }
