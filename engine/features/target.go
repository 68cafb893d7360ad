package features

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"cvp/engine/model"
)

// Aggregate is the function of a target.
type Aggregate string

// The aggregates of the question language. Over no rows Count, Sum and Exists are 0; Avg, Min and Max are missing.
const (
	Count  Aggregate = "count"  // rows; with a value column, rows where it is not NULL
	Sum    Aggregate = "sum"    // sum of the value column
	Exists Aggregate = "exists" // 1 if there is a row, else 0
	Avg    Aggregate = "avg"    // mean of the value column
	Min    Aggregate = "min"    // least of the value column
	Max    Aggregate = "max"    // greatest of the value column
)

var (
	aggregates  = []Aggregate{Count, Sum, Exists, Avg, Min, Max}
	comparisons = []string{"", "=", "<>", "<", "<=", ">", ">="}
)

// Target is what a question asks for: an aggregate of the matching events in [cutoff, cutoff+Horizon), or whether it
// compares to a constant.
type Target struct {
	Aggregate Aggregate     `json:"aggregate"`
	Compare   string        `json:"compare,omitempty"` // "", =, <>, <, <=, >, >=
	Constant  float64       `json:"constant,omitempty"`
	Horizon   time.Duration `json:"horizon"` // in nanoseconds
}

// Task is Class where the label is yes or no, else Value.
func (t Target) Task() model.Task {
	if t.Compare != "" || t.Aggregate == Exists {
		return model.Class
	}
	return model.Value
}

// Check reports what makes the target impossible on these events.
func (t Target) Check(ev *Events) error {
	if !slices.Contains(aggregates, t.Aggregate) {
		return fmt.Errorf("unknown aggregate \"%s\": use one of count, sum, exists, avg, min, max", t.Aggregate)
	}
	if !slices.Contains(comparisons, t.Compare) {
		return fmt.Errorf("unknown comparison \"%s\": use one of%s", t.Compare, strings.Join(comparisons, " "))
	}
	if t.Horizon < time.Second {
		return fmt.Errorf("horizon %v is shorter than a second", t.Horizon)
	}
	if t.needsValue() && ev.value == nil {
		return fmt.Errorf("aggregate %s needs a number column", t.Aggregate)
	}
	return nil
}

func (t Target) needsValue() bool {
	return t.Aggregate == Sum || t.Aggregate == Avg || t.Aggregate == Min || t.Aggregate == Max
}

// Labels gives the label of each point; NaN where SQL would give NULL (an average of nothing), all NaN where Check fails.
func (t Target) Labels(ev *Events, points []Point) []float32 {
	out := make([]float32, len(points))
	ok := t.Check(ev) == nil
	for i, p := range points {
		if !ok {
			out[i] = missing
			continue
		}
		lo, hi := ev.between(p.Entity, p.Cutoff, p.Cutoff+t.Horizon.Microseconds())
		out[i] = number(t.compare(t.over(ev, lo, hi)))
	}
	return out
}

// over aggregates the matching rows in [lo, hi).
func (t Target) over(ev *Events, lo, hi int) float64 {
	var rows, values int
	var sum float64
	least, most := math.Inf(1), math.Inf(-1)
	for i := lo; i < hi; i++ {
		if !ev.matches(i) {
			continue
		}
		rows++
		if ev.value == nil || ev.value[i] != ev.value[i] {
			continue
		}
		v := float64(ev.value[i])
		values++
		sum += v
		least, most = math.Min(least, v), math.Max(most, v)
	}
	switch t.Aggregate {
	case Count:
		if ev.value != nil {
			return float64(values)
		}
		return float64(rows)
	case Exists:
		return float64(min(rows, 1))
	case Sum:
		return sum
	}
	if values == 0 {
		return math.NaN()
	}
	switch t.Aggregate {
	case Min:
		return least
	case Max:
		return most
	}
	return sum / float64(values)
}

// compare turns an aggregate into the label: 0 or 1 where there is a comparison, NULL stays NULL.
func (t Target) compare(v float64) float64 {
	if t.Compare == "" || v != v {
		return v
	}
	var holds bool
	switch t.Compare {
	case "=":
		holds = v == t.Constant
	case "<>":
		holds = v != t.Constant
	case "<":
		holds = v < t.Constant
	case "<=":
		holds = v <= t.Constant
	case ">":
		holds = v > t.Constant
	case ">=":
		holds = v >= t.Constant
	}
	if holds {
		return 1
	}
	return 0
}
