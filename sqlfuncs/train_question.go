package sqlfuncs

import (
	"context"
	"fmt"
	"time"

	"cvp/engine/features"
	"cvp/sqlfuncs/pull"
	"cvp/sqlfuncs/question"
	"cvp/sqlfuncs/schema"
	"cvp/sqlfuncs/source"
	"cvp/sqlfuncs/syntax"
)

// locateQuestion finds the events and entities of a question about raw tables.
func (t *trainingCall) locateQuestion(ctx context.Context) error {
	q, err := t.question()
	if err != nil {
		return err
	}
	target, err := targetOf(q)
	if err != nil {
		return err
	}
	o := schema.Options{Time: t.options.Time, Group: t.options.Group, Exclude: t.options.Exclude, Sides: t.options.Sides}
	if t.options.Link != "" {
		o.Links = []string{t.options.Link}
	}
	found, err := schema.Source(ctx, t.conn, q, o)
	if err != nil {
		return err
	}
	for _, note := range found.Notes {
		t.notices.say("", "%s", note)
	}
	all := found.EventsSQL(true, false)
	if _, err := pull.Describe(ctx, t.conn, all.SQL, all.Params); err != nil {
		return inQuestion(err, q, all)
	}
	e := newEvents(found, target)
	t.source, t.key, t.reads = e, found.Key.Name, []string{e.All, e.Attributes}
	for _, side := range e.Sides {
		t.reads = append(t.reads, side.All)
	}
	t.events, err = t.cutoffs(q)
	return err
}

// question parses the argument; what Postgres has to read of it must be one expression each.
func (t *trainingCall) question() (*question.Question, error) {
	text := t.args["question"]
	q, err := question.Parse(text)
	if err != nil {
		return nil, questionError(err, text)
	}
	for _, c := range q.Conditions() {
		if _, err := syntax.Expression("(" + c.SQL + ")"); err != nil {
			return nil, inText(failure("42601", "the condition is not an SQL expression", ""), text, q.Character(c.Pos))
		}
	}
	return q, supported(q)
}

// supported refuses what the language has and the engine does not have yet.
func supported(q *question.Question) error {
	refuse := func(at question.Pos, hint, format string, args ...any) error {
		return inText(failure("0A000", fmt.Sprintf(format, args...)+" not supported yet", hint), q.Text, q.Character(at))
	}
	main := q.Main()
	switch {
	case q.Where != nil:
		return refuse(q.Entity.Pos, "Train on everybody and filter the predictions with SQL.", "a condition on the entities is")
	case q.Assuming != nil:
		return refuse(q.Entity.Pos, "", "ASSUMING is")
	case q.Keys != nil:
		return refuse(q.Keys[0].Pos, "Ask FOR EACH and filter the predictions with SQL.", "a list of keys is")
	case main == nil:
		return refuse(q.Entity.Pos, "", "predicting an attribute is")
	case main.Window.Gap != question.Span{}:
		return refuse(main.Window.Pos, "", "a window that starts later is")
	}
	if _, several := q.Target.(*question.Logic); several {
		return refuse(main.Pos, "", "predicting several comparisons at once is")
	}
	return nil
}

// targetOf gives the engine's form of what a question asks.
func targetOf(q *question.Question) (features.Target, error) {
	t, main := features.Target{}, q.Main()
	switch main.Function {
	case question.Count:
		t.Aggregate = features.Count
	case question.Sum:
		t.Aggregate = features.Sum
	case question.Exists:
		t.Aggregate = features.Exists
	case question.Avg:
		t.Aggregate = features.Avg
	case question.Min:
		t.Aggregate = features.Min
	case question.Max:
		t.Aggregate = features.Max
	default:
		return t, inText(failure("0A000", fmt.Sprintf("%s is not supported yet", main.Function), "Use COUNT, SUM, AVG, MIN, MAX or EXISTS."), q.Text, q.Character(main.Pos))
	}
	if c, ok := q.Target.(*question.Comparison); ok {
		t.Compare, t.Constant = c.Operator, c.Constant.Value
	}
	if n := main.Window.Length; n.Unit == question.Months {
		return t, inText(failure("0A000", "a window in months is not supported yet", fmt.Sprintf("Write OVER NEXT %d DAYS.", 30*n.N)), q.Text, q.Character(main.Window.Pos))
	}
	start := time.Unix(0, 0)
	t.Horizon = main.Window.Length.From(start).Sub(start)
	return t, nil
}

// newEvents fixes the SQL that training and serving read.
func newEvents(s *schema.EventSource, target features.Target) *source.Events {
	e := &source.Events{
		Target: target, Key: s.Key.Name, Integer: pull.Integer(s.Key.Base), Entities: int64(max(s.Entity.Rows, 0)),
		EventTable: tableOf(s), Last: s.LastSQL().SQL,
	}
	for _, side := range s.Sides {
		e.Sides = append(e.Sides, source.SideTable{Name: side.Name, EventTable: tableOf(side.EventSource)})
	}
	if len(s.Attributes) > 0 {
		e.Attributes, e.AttributesKeyed = s.AttributesSQL(false).SQL, s.AttributesSQL(true).SQL
	}
	return e
}

// tableOf gives the queries of one event table and what their columns mean.
func tableOf(s *schema.EventSource) source.EventTable {
	t := source.EventTable{All: s.EventsSQL(true, false).SQL, Keyed: s.EventsSQL(true, true).SQL,
		Roles: features.Roles{Entity: "cvp_entity", Time: "cvp_time"}}
	if s.Group != "" {
		t.Roles.Group = "cvp_group"
	}
	if s.HasValue {
		t.Roles.Value = "cvp_value"
	}
	if s.HasMatch {
		t.Roles.Match = "cvp_match"
	}
	return t
}

// cutoffs reads the options that place cutoffs. The test window of earlier versions of the same question stays the
// test window, so that versions compare.
func (t *trainingCall) cutoffs(q *question.Question) (source.EventsOptions, error) {
	o := source.EventsOptions{Step: time.Duration(t.options.StepDays * 24 * float64(time.Hour)), Threads: t.threads(),
		Progress: func(s string) { t.notices.step("%s", s) }}
	var err error
	for _, at := range []struct {
		to   *int64
		text string
	}{{&o.AsOf, t.options.AsOf}, {&o.First, t.options.FirstCutoff}, {&o.Test, t.options.TestCutoff}} {
		if *at.to, err = instant(at.text); err != nil {
			return o, err
		}
	}
	if q.AsOf != nil {
		o.AsOf = q.AsOf.Time.UnixMicro()
	}
	same := t.previous != nil && t.previous.Question == t.args["question"]
	if same && o.Test == 0 && o.AsOf == 0 {
		o.Test = t.earlier.TestCutoff
	}
	return o, nil
}
