package features

import (
	"fmt"
	"math"
	"slices"
	"time"

	"cvp/engine/frame"
)

// Operators of conditions. A condition without one is a leaf.
const (
	And = "and"
	Or  = "or"
	Not = "not"
)

// Condition says for which entities something holds as of a cutoff. As in SQL it holds, does not hold, or is unknown.
type Condition struct {
	Operator string       `json:"operator,omitempty"`
	Operands []*Condition `json:"operands,omitempty"` // of Not one

	// A leaf is a flag: a column of what is known of the entities apart from events, 1 or 0 or missing …
	Flag string `json:"flag,omitempty"`
	// … or an aggregate that is compared.
	Events    string    `json:"events,omitempty"`  // name of the side whose events are aggregated, "" for those of the target
	Measure   int       `json:"measure,omitempty"` // of these events, 0 for that of the target
	Aggregate Aggregate `json:"aggregate,omitempty"`
	Compare   string    `json:"compare,omitempty"`
	Constant  float64   `json:"constant,omitempty"`
	Period    Period    `json:"period,omitzero"`
}

// leaves gives the parts without an operator.
func (c *Condition) leaves() []*Condition {
	if c.Operator == "" {
		return []*Condition{c}
	}
	var out []*Condition
	for _, o := range c.Operands {
		out = append(out, o.leaves()...)
	}
	return out
}

// Sides names the other events that the condition is about.
func (c *Condition) Sides() []string {
	var out []string
	if c == nil {
		return nil
	}
	for _, leaf := range c.leaves() {
		if leaf.Events != "" {
			out = append(out, leaf.Events)
		}
	}
	return out
}

// Reach is the longest time from a cutoff to the end of what the condition looks at, 0 where it looks back.
func (c *Condition) Reach() time.Duration {
	var reach time.Duration
	for _, leaf := range c.leaves() {
		if !leaf.Period.Past {
			reach = max(reach, leaf.Period.reach())
		}
	}
	return reach
}

// Holds gives for each point 1 where the condition holds, 0 where it does not and missing where that is unknown. flags are
// the attributes that hold the flags, nil where the condition has none.
func (c *Condition) Holds(t *Tables, flags *Attributes, points []Point) ([]float32, error) {
	out := make([]float32, len(points))
	err := t.eachCutoff(points, func(known *Tables, some []Point, places []int) error {
		w := &weighing{tables: known, columns: map[string]*frame.Column{}}
		for _, leaf := range c.leaves() {
			if err := w.check(leaf, flags); err != nil {
				return err
			}
		}
		if flags != nil {
			w.rows = flags.align(known.Events.Keys)
		}
		for i, p := range some {
			at := i
			if places != nil {
				at = places[i]
			}
			out[at] = number(w.weigh(c, p))
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// Select gives the points for which the condition holds; a nil condition holds for all.
func (c *Condition) Select(t *Tables, flags *Attributes, points []Point) ([]Point, error) {
	if c == nil {
		return points, nil
	}
	holds, err := c.Holds(t, flags, points)
	if err != nil {
		return nil, err
	}
	var out []Point
	for i, p := range points {
		if holds[i] == 1 {
			out = append(out, p)
		}
	}
	return out, nil
}

// weighing is one evaluation of a condition.
type weighing struct {
	tables  *Tables
	columns map[string]*frame.Column // of the flags
	rows    []int32                  // of the flags, by entity
}

// check finds what a leaf reads.
func (w *weighing) check(leaf *Condition, flags *Attributes) error {
	if leaf.Flag != "" {
		if flags != nil {
			w.columns[leaf.Flag] = flags.f.Column(leaf.Flag)
		}
		if c := w.columns[leaf.Flag]; c == nil || c.Kind != frame.Number {
			return fmt.Errorf("flag \"%s\" is not a number column of the attributes", leaf.Flag)
		}
		return nil
	}
	ev := w.tables.stream(leaf.Events)
	switch {
	case ev == nil:
		return fmt.Errorf("there are no events \"%s\"", leaf.Events)
	case leaf.Measure < 0 || leaf.Measure > len(ev.measures):
		return fmt.Errorf("events have no measure %d", leaf.Measure)
	case !slices.Contains(comparisons, leaf.Compare):
		return fmt.Errorf("unknown comparison \"%s\"", leaf.Compare)
	}
	return leaf.Aggregate.check(ev.measure(leaf.Measure))
}

// weigh gives 1, 0 or NaN for unknown, by the rules of SQL.
func (w *weighing) weigh(c *Condition, p Point) float64 {
	switch c.Operator {
	case "":
		return w.leaf(c, p)
	case Not:
		return 1 - w.weigh(c.Operands[0], p)
	}
	decisive := 0.0 // one such operand decides
	if c.Operator == Or {
		decisive = 1
	}
	out := 1 - decisive
	for _, o := range c.Operands {
		switch v := w.weigh(o, p); {
		case v == decisive:
			return v
		case v != v:
			out = v
		}
	}
	return out
}

func (w *weighing) leaf(c *Condition, p Point) float64 {
	if c.Flag != "" {
		row := w.rows[p.Entity]
		if row < 0 {
			return math.NaN()
		}
		return float64(w.columns[c.Flag].Numbers[row])
	}
	ev := w.tables.stream(c.Events)
	from, to := c.Period.bounds(p.Cutoff)
	lo, hi := ev.between(p.Entity, from, to)
	return compared(c.Aggregate.over(ev.measure(c.Measure), lo, hi), c.Compare, c.Constant)
}
