package features

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"cvp/engine/frame"
)

// Aggregate is the function of a target or condition.
type Aggregate string

// The aggregates of the question language. Over no rows Count, CountDistinct, Sum and Exists are 0; the others are missing.
const (
	Count         Aggregate = "count"          // rows; with a value column, rows where it is not NULL
	CountDistinct Aggregate = "count_distinct" // different values of a category column
	Sum           Aggregate = "sum"            // sum of the value column
	Exists        Aggregate = "exists"         // 1 if there is a row, else 0
	Avg           Aggregate = "avg"            // mean of the value column
	Min           Aggregate = "min"            // least of the value column
	Max           Aggregate = "max"            // greatest of the value column
	First         Aggregate = "first"          // earliest value that is not NULL
	Last          Aggregate = "last"           // latest value that is not NULL
)

var (
	aggregates  = []Aggregate{Count, CountDistinct, Sum, Exists, Avg, Min, Max, First, Last}
	comparisons = []string{"", "=", "<>", "<", "<=", ">", ">="}
)

// Measure names the columns that one aggregate reads, "" where it reads none.
type Measure struct {
	Value    string `json:"value,omitempty"`    // Number: what is aggregated
	Distinct string `json:"distinct,omitempty"` // Category: whose different values are counted
	Match    string `json:"match,omitempty"`    // Number: 1 where the aggregate's condition holds for the row, else 0 or missing
}

// measure is a Measure of events.
type measure struct {
	value []float32 // nil: rows are counted
	codes []int32   // of the distinct column, nil without one
	match []float32 // nil: every row counts
}

// boundMeasure is a Measure of a frame.
type boundMeasure struct{ value, distinct, match *frame.Column }

func (m boundMeasure) has(c *frame.Column) bool {
	return c == m.value || c == m.distinct || c == m.match
}

// bindMeasures finds the columns of the further measures.
func (r Roles) bindMeasures(f *frame.Frame) ([]boundMeasure, error) {
	out := make([]boundMeasure, len(r.Measures))
	for i, m := range r.Measures {
		for _, role := range []struct {
			what, name string
			kind       frame.Kind
			to         **frame.Column
		}{
			{"value", m.Value, frame.Number, &out[i].value}, {"distinct", m.Distinct, frame.Category, &out[i].distinct},
			{"match", m.Match, frame.Number, &out[i].match},
		} {
			if role.name == "" {
				continue
			}
			c := f.Column(role.name)
			if c == nil || c.Kind != role.kind {
				return nil, fmt.Errorf("%s column \"%s\" is not a %s column of the event rows", role.what, role.name, role.kind)
			}
			*role.to = c
		}
	}
	return out, nil
}

// gatherMeasures copies the measures in the order of o.
func (ev *Events) gatherMeasures(measures []boundMeasure, o *order) {
	for _, m := range measures {
		var out measure
		if m.value != nil {
			out.value = pick(m.value.Numbers, o.rows)
		}
		if m.distinct != nil {
			out.codes = pickRanks(m.distinct.Codes, o.ranks[m.distinct], o.rows)
		}
		if m.match != nil {
			out.match = pick(m.match.Numbers, o.rows)
		}
		ev.measures = append(ev.measures, out)
	}
}

// measure gives a measure by its number: 0 is that of the target.
func (ev *Events) measure(n int) measure {
	if n == 0 {
		return measure{value: ev.value, codes: ev.distinct, match: ev.match}
	}
	return ev.measures[n-1]
}

// check reports what makes the aggregate impossible on a measure.
func (a Aggregate) check(m measure) error {
	switch {
	case !slices.Contains(aggregates, a):
		names := make([]string, len(aggregates))
		for i, known := range aggregates {
			names[i] = string(known)
		}
		return fmt.Errorf("unknown aggregate \"%s\": use one of %s", a, strings.Join(names, ", "))
	case a == CountDistinct && m.codes == nil:
		return fmt.Errorf("aggregate %s needs a category column", a)
	case a != Count && a != Exists && a != CountDistinct && m.value == nil:
		return fmt.Errorf("aggregate %s needs a number column", a)
	}
	return nil
}

// matches reports whether row i counts.
func (m measure) matches(i int) bool { return m.match == nil || m.match[i] == 1 }

// over aggregates the rows in [lo, hi) that count.
func (a Aggregate) over(m measure, lo, hi int) float64 {
	if a == CountDistinct {
		return m.distinct(lo, hi)
	}
	var rows, values int
	var sum float64
	least, most := math.Inf(1), math.Inf(-1)
	first, last := math.NaN(), math.NaN()
	for i := lo; i < hi; i++ {
		if !m.matches(i) {
			continue
		}
		rows++
		if m.value == nil || m.value[i] != m.value[i] {
			continue
		}
		v := float64(m.value[i])
		if values == 0 {
			first = v
		}
		values, last = values+1, v
		sum += v
		least, most = math.Min(least, v), math.Max(most, v)
	}
	switch a {
	case Count:
		if m.value != nil {
			return float64(values)
		}
		return float64(rows)
	case Exists:
		return float64(min(rows, 1))
	case Sum:
		return sum
	case First:
		return first
	case Last:
		return last
	}
	if values == 0 {
		return math.NaN()
	}
	switch a {
	case Min:
		return least
	case Max:
		return most
	}
	return sum / float64(values)
}

// distinct counts the different values of the rows in [lo, hi) that count.
func (m measure) distinct(lo, hi int) float64 { return float64(len(m.distinctCodes(lo, hi))) }

// distinctCodes gives the different values of the rows in [lo, hi) that count, ascending.
func (m measure) distinctCodes(lo, hi int) []int32 {
	var seen []int32
	for i := lo; i < hi; i++ {
		if m.matches(i) && m.codes[i] != frame.NoCode {
			seen = append(seen, m.codes[i])
		}
	}
	slices.Sort(seen)
	return slices.Compact(seen)
}

// compared is 1 where an aggregate's value stands so to the constant, 0 where it does not, and missing where it is.
func compared(v float64, compare string, constant float64) float64 {
	if compare == "" || v != v {
		return v
	}
	var holds bool
	switch compare {
	case "=":
		holds = v == constant
	case "<>":
		holds = v != constant
	case "<":
		holds = v < constant
	case "<=":
		holds = v <= constant
	case ">":
		holds = v > constant
	case ">=":
		holds = v >= constant
	}
	if holds {
		return 1
	}
	return 0
}

// Levels are the different values of the target's distinct column, in ascending order of text.
func (ev *Events) Levels() []string { return ev.levels }

// Picked gives the events of an entity that count for the target and have a value in the distinct column: their times,
// ascending, and the values' places in Levels.
func (ev *Events) Picked(entity int32) (times []int64, codes []int32) {
	m := ev.measure(0)
	for i := ev.Start[entity]; i < ev.Start[entity+1]; i++ {
		if m.matches(i) && m.codes[i] != frame.NoCode {
			times, codes = append(times, ev.Times[i]), append(codes, m.codes[i])
		}
	}
	return times, codes
}

// DistinctIn gives the different values of the distinct column in the target's window behind a point, ascending.
func (ev *Events) DistinctIn(t Target, p Point) []int32 {
	from, to := t.period().bounds(p.Cutoff)
	lo, hi := ev.between(p.Entity, from, to)
	return ev.measure(0).distinctCodes(lo, hi)
}
