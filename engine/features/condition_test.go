package features

import (
	"encoding/json"
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"cvp/engine/frame"
)

// told are events of three customers, with a second measure of amounts of range r1 and a third of products.
func told(t *testing.T) *Tables {
	t.Helper()
	rows := []shopRow{
		{customer: "a", at: 5 * day, amount: 1, product: "p1", match: 1},
		{customer: "a", at: 7 * day, amount: 2, product: "p1", match: 0},
		{customer: "a", at: 9*day + 1, amount: 4, product: "p2", match: 1},
		{customer: "a", at: 10 * day, amount: 1000, product: "p3", match: 1},
		{customer: "b", at: 9 * day, amount: missing, product: "p1", match: 1},
		{customer: "c", at: 20 * day, amount: 8, product: "p1", match: 1},
	}
	f := shopFrame(rows)
	ev, err := NewEvents(f, Roles{Entity: "customer", Time: "at", Measures: []Measure{{Value: "amount", Match: "match"}, {Distinct: "product"}}})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range ev.Columns {
		if c.Name == "amount" || c.Name == "match" || c.Name == "product" {
			t.Errorf("column %s of a measure is an event column", c.Name)
		}
	}
	return NewTables(ev, nil)
}

func flags(t *testing.T, keys []string, values []float32) *Attributes {
	t.Helper()
	f := &frame.Frame{Rows: len(keys), Columns: []frame.Column{
		{Name: "key", Kind: frame.Category, Levels: keys}, {Name: "vip", Kind: frame.Number, Numbers: values}}}
	for i := range keys {
		f.Columns[0].Codes = append(f.Columns[0].Codes, int32(i))
	}
	a, err := NewAttributes(f, "key")
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func lastDays(n int64) Period {
	return Period{Past: true, Length: Span{Length: time.Duration(n) * 24 * time.Hour}}
}

func TestConditionsHoldAsInSQL(t *testing.T) {
	tables := told(t)
	vip := flags(t, []string{"b", "a", "d"}, []float32{missing, 1, 1})
	count := func(period Period, compare string, constant float64) *Condition {
		return &Condition{Aggregate: Count, Compare: compare, Constant: constant, Period: period}
	}
	all := Period{Past: true}
	unknown, yes := &Condition{Measure: 1, Aggregate: Max, Compare: ">", Constant: 3, Period: lastDays(2)}, &Condition{Flag: "vip"}
	logic := func(operator string, operands ...*Condition) *Condition {
		return &Condition{Operator: operator, Operands: operands}
	}
	nan := math.NaN()
	for _, c := range []struct {
		name string
		c    *Condition
		want [3]float64 // of a, b and c as of 10 d
	}{
		{"the past ends right before the cutoff", count(all, "=", 3), [3]float64{1, 0, 0}},
		{"a window of the past begins at its first instant", count(lastDays(5), "=", 3), [3]float64{1, 0, 0}},
		{"and not before", count(lastDays(4), "=", 2), [3]float64{1, 0, 0}},
		{"a window that ends earlier", count(Period{Past: true, Length: Span{Length: 48 * time.Hour}, Gap: Span{Length: 24 * time.Hour}}, "=", 1), [3]float64{1, 0, 0}},
		{"all of the past that ends earlier", count(Period{Past: true, Gap: Span{Length: 72 * time.Hour}}, "=", 1), [3]float64{1, 0, 0}},
		{"the future begins at the cutoff", count(Period{Length: Span{Length: time.Hour}}, "=", 1), [3]float64{1, 0, 0}},
		{"another measure has its own condition", &Condition{Measure: 1, Aggregate: Sum, Compare: "=", Constant: 5, Period: all}, [3]float64{1, 0, 0}},
		{"different values", &Condition{Measure: 2, Aggregate: CountDistinct, Compare: "=", Constant: 2, Period: all}, [3]float64{1, 0, 0}},
		{"existence", &Condition{Aggregate: Exists, Period: lastDays(1)}, [3]float64{1, 1, 0}},
		{"a maximum of nothing is unknown", unknown, [3]float64{1, nan, nan}},
		{"a flag, missing and of nobody", yes, [3]float64{1, nan, nan}},
		{"not", logic(Not, unknown), [3]float64{0, nan, nan}},
		{"false and unknown", logic(And, unknown, count(all, "=", 1)), [3]float64{0, nan, 0}},
		{"unknown and false", logic(And, count(all, "=", 1), unknown), [3]float64{0, nan, 0}},
		{"true or unknown", logic(Or, unknown, count(all, "=", 1)), [3]float64{1, 1, nan}},
		{"unknown or true", logic(Or, count(all, "=", 1), unknown), [3]float64{1, 1, nan}},
		{"nested", logic(Or, logic(And, yes, logic(Not, count(all, "=", 3))), count(all, "=", 0)), [3]float64{0, nan, 1}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var points []Point
			for e := range int32(3) {
				points = append(points, Point{Entity: e, Cutoff: 10 * day})
			}
			got, err := c.c.Holds(tables, vip, points)
			if err != nil {
				t.Fatal(err)
			}
			if fmt.Sprint(got) != fmt.Sprint([]float32{float32(c.want[0]), float32(c.want[1]), float32(c.want[2])}) {
				t.Errorf("got %v, want %v", got, c.want)
			}
			encoded, err := json.Marshal(c.c)
			var again Condition
			if err != nil || json.Unmarshal(encoded, &again) != nil || cmp.Diff(*c.c, again) != "" {
				t.Errorf("%s gave %+v, %v", encoded, again, err)
			}
			selected, err := c.c.Select(tables, vip, points)
			if err != nil {
				t.Fatal(err)
			}
			n := 0
			for _, w := range c.want {
				if w == 1 {
					n++
				}
			}
			if len(selected) != n {
				t.Errorf("%v were selected, want %d", selected, n)
			}
		})
	}
}

func TestConditionsThatCannotBeWeighedAreErrors(t *testing.T) {
	tables := told(t)
	for want, c := range map[string]*Condition{
		`there are no events "visits"`:                          {Events: "visits", Aggregate: Count},
		`events have no measure 3`:                              {Measure: 3, Aggregate: Count},
		`unknown comparison "~"`:                                {Aggregate: Count, Compare: "~"},
		`aggregate sum needs a number column`:                   {Aggregate: Sum},
		`aggregate count_distinct needs a category column`:      {Aggregate: CountDistinct},
		`flag "vip" is not a number column of the attributes`:   {Flag: "vip"},
		`flag "other" is not a number column of the attributes`: {Operator: Not, Operands: []*Condition{{Flag: "other"}}},
	} {
		if _, err := c.Select(tables, nil, tables.Events.SeenBefore(10*day)); err == nil || err.Error() != want {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

func TestPeriodsFollowTheCalendar(t *testing.T) {
	at := func(s string) int64 {
		v, err := time.Parse("2006-01-02 15:04", s)
		if err != nil {
			t.Fatal(err)
		}
		return v.UnixMicro()
	}
	hours := func(n int) Span { return Span{Length: time.Duration(n) * time.Hour} }
	for _, c := range []struct {
		name             string
		period           Period
		cutoff, from, to string
		reach            int // days
	}{
		{"hours", Period{Length: hours(36)}, "2020-02-28 12:00", "2020-02-28 12:00", "2020-03-01 00:00", 1},
		{"a month", Period{Length: Span{Months: 1}}, "2020-01-15 12:00", "2020-01-15 12:00", "2020-02-15 12:00", 31},
		{"a month from the last of one", Period{Length: Span{Months: 1}}, "2020-01-31 12:00", "2020-01-31 12:00", "2020-02-29 12:00", 31},
		{"months after months are counted from the cutoff", Period{Length: Span{Months: 2}, Gap: Span{Months: 1}}, "2020-01-31 00:00", "2020-02-29 00:00", "2020-04-30 00:00", 93},
		{"days after months", Period{Length: hours(48), Gap: Span{Months: 1}}, "2020-01-31 00:00", "2020-02-29 00:00", "2020-03-02 00:00", 33},
		{"the last three months", Period{Past: true, Length: Span{Months: 3}}, "2020-05-31 00:00", "2020-02-29 00:00", "2020-05-31 00:00", 92},
	} {
		t.Run(c.name, func(t *testing.T) {
			from, to := c.period.bounds(at(c.cutoff))
			if from != at(c.from) || to != at(c.to) {
				t.Errorf("got %s to %s", time.UnixMicro(from).UTC(), time.UnixMicro(to).UTC())
			}
			if got := int(c.period.reach().Hours() / 24); got != c.reach {
				t.Errorf("reach of %d days, want %d", got, c.reach)
			}
		})
	}
}

func TestLabelsOfLaterWindowsAndSeveralComparisons(t *testing.T) {
	tables := told(t)
	points := tables.Events.SeenBefore(10 * day)
	delayed := Target{Aggregate: Count, Horizon: 24 * time.Hour, Delay: Span{Length: 4 * 24 * time.Hour}}
	got := delayed.Labels(tables.Events, []Point{{Entity: 0, Cutoff: 5 * day}, {Entity: 0, Cutoff: 3 * day}, {Entity: 0, Cutoff: 6 * day}})
	if fmt.Sprint(got) != "[1 1 1]" {
		t.Errorf("window behind a delay: %v", got)
	}
	if delayed.Reach() != 5*24*time.Hour || delayed.End(0) != 5*day {
		t.Errorf("reach %v, end %d", delayed.Reach(), delayed.End(0))
	}
	two := Target{Aggregate: Count, Horizon: 24 * time.Hour, Label: &Condition{Operator: Or, Operands: []*Condition{
		{Aggregate: Count, Compare: ">", Constant: 5, Period: Period{Length: Span{Length: 24 * time.Hour}}},
		{Measure: 1, Aggregate: Sum, Compare: ">", Constant: 100, Period: Period{Length: Span{Length: 48 * time.Hour}}},
	}}}
	if got, err := two.LabelsOf(tables, points); err != nil || fmt.Sprint(got) != "[1 0]" {
		t.Errorf("either of two: %v, %v", got, err)
	}
	if two.Task() != "class" || two.Reach() != 48*time.Hour {
		t.Errorf("task %s, reach %v", two.Task(), two.Reach())
	}
}

func TestTheFirstTheLastAndDifferentValues(t *testing.T) {
	ev := mustEvents(t, []shopRow{
		{customer: "a", at: 10 * day, amount: missing, product: "x"}, {customer: "a", at: 11 * day, amount: 3, product: "y"},
		{customer: "a", at: 11*day + 5, amount: 9, product: "x"}, {customer: "a", at: 11*day + 6, amount: missing}, {customer: "b", at: 1 * day, amount: 4},
	}, Roles{Entity: "customer", Time: "at", Value: "amount", Distinct: "product"})
	points := []Point{{Entity: 0, Cutoff: 10 * day}, {Entity: 1, Cutoff: 10 * day}}
	for aggregate, want := range map[Aggregate]string{First: "[3 NaN]", Last: "[9 NaN]", CountDistinct: "[2 0]"} {
		if got := (Target{Aggregate: aggregate, Horizon: 48 * time.Hour}).Labels(ev, points); fmt.Sprint(got) != want {
			t.Errorf("%s: %v, want %s", aggregate, got, want)
		}
	}
}
