package sqlfuncs

import (
	"fmt"
	"strconv"
	"time"

	"cvp/engine/features"
	"cvp/engine/frame"
	"cvp/sqlfuncs/pull"
	"cvp/sqlfuncs/question"
	"cvp/sqlfuncs/schema"
	"cvp/sqlfuncs/source"
)

// asking turns a question into what the engine computes, given where its rows are.
type asking struct {
	q     *question.Question
	found *schema.EventSource
}

// events fixes what training and serving read and compute.
func (a *asking) events() (*source.Events, error) {
	q, s := a.q, a.found
	e := &source.Events{
		Key: s.Key.Name, Integer: pull.Integer(s.Key.Base), Entities: int64(max(s.Entity.Rows, 0)), Last: s.LastSQL().SQL, Flags: s.Flags(),
		EventTable: tableOf(s),
	}
	for _, side := range s.Sides {
		e.Sides = append(e.Sides, source.SideTable{Name: side.Name, EventTable: tableOf(side.EventSource)})
	}
	if len(s.Attributes) > 0 || len(e.Flags) > 0 || s.HasTarget() {
		e.Attributes, e.AttributesKeyed = s.AttributesSQL(false).SQL, s.AttributesSQL(true).SQL
	}
	for _, k := range q.Keys {
		if _, err := strconv.ParseInt(k.Literal(), 10, 64); err != nil && e.Integer {
			return nil, inText(failure("22P02", fmt.Sprintf("%s is no key of %s, which is of type %s", k.Text, q.Entity, s.Key.TypeName), ""), q.Text, q.Character(k.Pos))
		}
		e.Keys = append(e.Keys, k.Literal())
	}
	switch target := q.Target.(type) {
	case *question.Name:
		e.Attribute = target.String()
	case *question.Condition:
		e.Attribute = target.SQL
	}
	if a.recommends() {
		e.Top = a.top()
	}
	var err error
	if e.Target, err = a.target(); err != nil {
		return nil, err
	}
	if q.Where != nil {
		if e.Where, err = a.condition(q.Where); err != nil {
			return nil, err
		}
	}
	if q.Assuming != nil {
		if err = a.assumption(e); err != nil {
			return nil, err
		}
	}
	if a.recommends() {
		e.KeepRead()
	}
	return e, err
}

// tableOf gives the queries of one event table and what their columns mean.
func tableOf(s *schema.EventSource) source.EventTable {
	r := features.Roles{Entity: "cvp_entity", Time: "cvp_time"}
	if s.Group != "" {
		r.Group = "cvp_group"
	}
	if s.HasRecorded() {
		r.Recorded = "cvp_recorded"
	}
	for n, m := range s.Measures() {
		of := features.Measure{Value: m.Value, Match: m.Match}
		if m.Kind == frame.Category {
			of.Value, of.Distinct = "", m.Value
		}
		if n == 0 {
			r.Value, r.Distinct, r.Match = of.Value, of.Distinct, of.Match
			continue
		}
		r.Measures = append(r.Measures, of)
	}
	out := source.EventTable{Roles: r, All: s.EventsSQL(true, false).SQL, Keyed: s.EventsSQL(true, true).SQL}
	if apart := s.Dimensions(); len(apart) > 0 {
		out.Facts = &source.Facts{SQL: s.FactsSQL().SQL, Columns: s.ResultColumns()}
		for _, d := range apart {
			out.Facts.Dimensions = append(out.Facts.Dimensions, source.Dimension{Reference: d.Reference, SQL: d.SQL})
		}
	}
	return out
}

// aggregates are the engine's names of the functions.
var aggregates = map[question.Function]features.Aggregate{
	question.Count: features.Count, question.CountDistinct: features.CountDistinct, question.Sum: features.Sum, question.Exists: features.Exists,
	question.Avg: features.Avg, question.Min: features.Min, question.Max: features.Max, question.First: features.First, question.Last: features.Last,
	question.ListDistinct: features.CountDistinct,
}

// target gives the engine's form of what is predicted.
func (a *asking) target() (t features.Target, err error) {
	if a.found.HasTarget() {
		// The answer is not of events: a window says which features describe a customer.
		return features.Target{Aggregate: features.Exists, Horizon: 30 * 24 * time.Hour}, nil
	}
	main := a.q.Main()
	if a.q.Rank != nil && a.q.Rank.Classify {
		return t, a.refuse(a.q.Rank.Pos, "Use RANK TOP: cvp_recommend gives the items with their scores.", "CLASSIFY is not supported")
	}
	t = features.Target{Aggregate: aggregates[main.Function], Delay: span(main.Window.Gap)}
	length := span(main.Window.Length)
	t.Horizon, t.Months = length.Longest(), length.Months
	switch e := a.q.Target.(type) {
	case *question.Aggregate:
	case *question.Comparison:
		t.Compare, t.Constant = comparison(e), constant(e.Constant)
	case *question.Logic:
		t.Label, err = a.condition(e)
	}
	return t, err
}

// condition gives the engine's form of a condition.
func (a *asking) condition(e question.Expression) (*features.Condition, error) {
	switch e := e.(type) {
	case *question.Condition:
		flag := a.found.FlagOf(e)
		if flag == "" {
			return nil, a.refuse(e.Pos, "An attribute has no history: only aggregates of events can lie ahead.", "a condition on attributes cannot be part of what is predicted")
		}
		return &features.Condition{Flag: flag}, nil
	case *question.Aggregate:
		return a.leaf(e), nil
	case *question.Comparison:
		leaf := a.leaf(e.Of)
		leaf.Compare, leaf.Constant = comparison(e), constant(e.Constant)
		return leaf, nil
	case *question.Logic:
		out := &features.Condition{Operator: operators[e.Operator]}
		for _, operand := range e.Operands {
			of, err := a.condition(operand)
			if err != nil {
				return nil, err
			}
			out.Operands = append(out.Operands, of)
		}
		return out, nil
	}
	return nil, fmt.Errorf("a condition is a %T", e)
}

var operators = map[question.Operator]string{question.And: features.And, question.Or: features.Or, question.Not: features.Not}

func (a *asking) leaf(of *question.Aggregate) *features.Condition {
	w, m := of.Window, a.found.MeasureOf(of)
	return &features.Condition{Events: m.Side, Measure: m.Number, Aggregate: aggregates[of.Function],
		Period: features.Period{Past: w.Past, Length: span(w.Length), Gap: span(w.Gap)}}
}

func (a *asking) refuse(at question.Pos, hint, format string, args ...any) error {
	return inText(failure("0A000", fmt.Sprintf(format, args...), hint), a.q.Text, a.q.Character(at))
}

// comparison is the engine's operator; of a text the value is whether it is such a one.
func comparison(c *question.Comparison) string {
	switch c.Operator {
	case "LIKE":
		return "="
	case "NOT LIKE":
		return "<>"
	}
	return c.Operator
}

// constant is what a value is compared with; a text is one that the value is or is not.
func constant(c question.Constant) float64 {
	if c.Quoted {
		return 1
	}
	return c.Value
}

// span gives the engine's form of a length of time.
func span(s question.Span) features.Span {
	if s.Unit == question.Months {
		return features.Span{Months: s.N}
	}
	start := time.Unix(0, 0)
	return features.Span{Length: s.From(start).Sub(start)}
}
