package sqlfuncs

import (
	"context"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"cvp/engine/model"
	"cvp/sqlfuncs/question"
	"cvp/sqlfuncs/rewrite"
	"cvp/sqlfuncs/schema"
	"cvp/sqlfuncs/source"
)

// explainQuestion runs cvp_explain_question(question, options): what cvp_train would learn from, without learning.
func (w *work) explainQuestion(ctx context.Context, c *rewrite.Call) error {
	nodes, err := c.Arguments("question", "options")
	if err != nil {
		return err
	}
	t := &trainingCall{work: w}
	if t.args, err = w.constants(ctx, c, nodes); err != nil {
		return err
	}
	items := &itemised{}
	if t.args["question"] == "" || w.explain.dry() {
		return c.Table(items.columns(w))
	}
	if t.options, err = readOptions(t.args["options"]); err != nil {
		return err
	}
	if err := t.locateQuestion(ctx); err != nil {
		return err
	}
	events := t.source.(*source.Events)
	study, err := events.Study(ctx, w.conn, t.events)
	if err != nil {
		return err
	}
	items.question(t.asked)
	items.study(study)
	items.notes(append(t.asked.found.Notes, study.Notes...))
	items.queries(events)
	return c.Table(items.columns(w))
}

// itemised are the rows of cvp_explain_question.
type itemised struct{ items, values []string }

func (i *itemised) add(item, format string, args ...any) {
	i.items, i.values = append(i.items, item), append(i.values, fmt.Sprintf(format, args...))
}

// question tells what the question was taken for.
func (i *itemised) question(a *asking) {
	i.add("question", "%s", a.q)
	i.add("entity", "%s", a.q.Entity)
	i.add("events", "%s", a.found.Events.SQL())
	i.add("time", "%s", a.found.Time)
	if a.found.Group != "" {
		i.add("purchase", "%s", a.found.Group)
	}
	for _, hop := range a.found.Path {
		i.add("path", "%s", hop)
	}
	for _, side := range a.found.Sides {
		i.add("other events", "%s by %s, %s", side.Events.SQL(), side.Time, strings.Join(side.Path, ", "))
	}
	i.list("columns", a.found.Columns)
	i.list("attributes", a.found.Attributes)
	i.add("found by index", "%t", a.found.Indexed)
}

func (i *itemised) list(item string, columns []schema.Description) {
	names := make([]string, len(columns))
	for n, c := range columns {
		names[n] = question.Quote(c.Name)
	}
	if len(names) > 0 {
		i.add(item, "%s", strings.Join(names, ", "))
	}
}

// study tells what the examples are.
func (i *itemised) study(s *source.Study) {
	i.add("task", "%s", s.Task)
	i.add("event rows", "%d", s.Events)
	if s.Features > 0 {
		i.add("features", "%d", s.Features)
	}
	for _, part := range []struct {
		name string
		lot  source.Lot
	}{{"train", s.Train}, {"validate", s.Validate}, {"test", s.Test}} {
		if len(part.lot.Cutoffs) > 0 {
			i.lot(part.name, part.lot, s.Task)
		}
	}
	i.add("predict as of", "%s", shown(s.PredictAsOf))
}

func (i *itemised) lot(name string, l source.Lot, task model.Task) {
	cutoffs := make([]string, len(l.Cutoffs))
	for n, c := range l.Cutoffs {
		cutoffs[n] = shown(c)
	}
	i.add(name+" cutoffs", "%s", strings.Join(cutoffs, ", "))
	i.add(name+" examples", "%d", l.Examples)
	i.add(name+" entities", "%d", l.Entities)
	if l.Unknown > 0 {
		i.add(name+" without an answer", "%d", l.Unknown)
	}
	item := name + " mean"
	if task == model.Class {
		item = name + " rate"
	}
	if !math.IsNaN(l.Mean) {
		i.add(item, "%s", strconv.FormatFloat(l.Mean, 'g', 6, 64))
	}
}

func (i *itemised) notes(notes []string) {
	for _, n := range notes {
		i.add("note", "%s", n)
	}
}

// queries shows the SQL that is pulled; $1 is the moment before which events are read.
func (i *itemised) queries(e *source.Events) {
	i.add("sql of events", "%s", e.All)
	for _, side := range e.Sides {
		i.add("sql of "+side.Name, "%s", side.All)
	}
	if e.Attributes != "" {
		i.add("sql of attributes", "%s", e.Attributes)
	}
}

// columns gives the rows as a FROM item.
func (i *itemised) columns(w *work) []rewrite.Column {
	return []rewrite.Column{w.texts("item", i.items), w.texts("value", i.values)}
}

// shown gives an instant in UTC as Postgres reads it.
func shown(micros int64) string {
	return time.UnixMicro(micros).UTC().Format("2006-01-02 15:04:05.999999-07")
}
