package source

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"cvp/engine/features"
	"cvp/engine/metrics"
	"cvp/engine/model"
	"cvp/engine/models/items"
	"cvp/engine/training"
	"cvp/sqlfuncs/pull"
)

// Algorithm of a model that recommends.
const itemItem = "item_item"

// Recommending is a model that recommends items, and how it was judged.
type Recommending struct {
	Model  *items.Model
	Result *training.Result
	Data   *Data
}

// LearnItems learns which items the entities will have next: weights chosen on the validation window, judged on the
// test window beside rules of thumb, and fitted on all there is.
func (e *Events) LearnItems(ctx context.Context, conn *pgconn.PgConn, o EventsOptions) (*Recommending, error) {
	l, err := e.lesson(ctx, conn, o)
	if err != nil {
		return nil, err
	}
	if len(l.plan.Validate) == 0 {
		return nil, invalid("history is too short to choose a model by a window of its own")("Ask about a shorter time.")
	}
	s := &shopping{lesson: l, log: l.log(), k: e.Top}
	valid, err := s.window(l.plan.Validate[0])
	if err != nil {
		return nil, err
	}
	test, err := s.window(l.plan.Test)
	if err != nil {
		return nil, err
	}
	o.Progress(fmt.Sprintf("learning from %d events which of %d items go together", l.Events.Rows(), len(s.log.Items)))
	began := time.Now()
	weights, trials, err := items.Choose(ctx, s.log, valid, s.k)
	if err != nil {
		return nil, err
	}
	r := &Recommending{Data: &Data{Notes: l.plan.Notes, Holdout: fmt.Sprintf("the %d best from %s", s.k, date(l.plan.Test)), TestCutoff: l.plan.Test}}
	if r.Result, err = s.judge(ctx, weights, test); err != nil {
		return nil, err
	}
	for n, t := range trials {
		step := training.Step{Stage: training.StageFit, Algorithm: itemItem}
		step.Done, step.Of, step.Validate = n+1, len(trials), t.MAP
		r.Result.Steps = append(r.Result.Steps, step)
	}
	r.Model = items.Fit(s.log, l.end, weights)
	r.Result.Leaderboard[0].FitSeconds = time.Since(began).Seconds()
	return r, nil
}

// KeepRead drops what only features are made of: items are recommended without.
func (e *Events) KeepRead() {
	var read []string
	for _, c := range []*features.Condition{e.Where, e.Assuming} {
		read = append(read, c.Sides()...)
	}
	e.Sides = slices.DeleteFunc(e.Sides, func(s SideTable) bool { return !slices.Contains(read, s.Name) })
	if len(e.Flags) == 0 {
		e.Attributes, e.AttributesKeyed = "", ""
	}
}

// studyItems tells what LearnItems would learn from.
func (e *Events) studyItems(ctx context.Context, conn *pgconn.PgConn, o EventsOptions) (*Study, error) {
	l, err := e.lesson(ctx, conn, o)
	if err != nil {
		return nil, err
	}
	s := &Study{Task: model.Items, Events: l.Events.Rows(), Notes: l.plan.Notes}
	shop := &shopping{lesson: l, log: l.log(), k: e.Top}
	for _, part := range []struct {
		to      *Lot
		cutoffs []int64
	}{{&s.Validate, l.plan.Validate}, {&s.Test, []int64{l.plan.Test}}} {
		if len(part.cutoffs) == 0 {
			continue
		}
		w, err := shop.window(part.cutoffs[0])
		if err != nil {
			return nil, err
		}
		*part.to = Lot{Cutoffs: part.cutoffs[:1], Examples: len(w.Customers), Entities: len(w.Customers)}
		for _, bought := range w.Bought {
			part.to.Mean += float64(len(bought)) / float64(len(w.Customers))
		}
	}
	s.PredictAsOf, err = e.instant(ctx, conn)
	return s, err
}

// shopping is a lesson about items.
type shopping struct {
	*lesson
	log *items.Log
	k   int
}

// log gives what each entity has had, by the entities' own index.
func (l *lesson) log() *items.Log {
	log := &items.Log{Items: l.Events.Levels(), Of: make([][]items.Purchase, l.Events.Entities())}
	for c := range log.Of {
		times, codes := l.Events.Picked(int32(c))
		for i := range times {
			log.Of[c] = append(log.Of[c], items.Purchase{Item: codes[i], At: times[i]})
		}
	}
	return log
}

// window is what the entities that the question is about had behind a cutoff; those who had nothing say nothing of the
// order of items.
func (s *shopping) window(cutoff int64) (items.Window, error) {
	w := items.Window{Cutoff: cutoff}
	points, err := s.asked([]int64{cutoff})
	if err != nil {
		return w, err
	}
	for _, p := range points {
		if bought := s.Events.DistinctIn(s.events.Target, p); len(bought) > 0 {
			w.Customers, w.Bought = append(w.Customers, p.Entity), append(w.Bought, bought)
		}
	}
	if len(w.Customers) < training.MinRows {
		return w, invalid("only %d entities have an item in the window from %s, at least %d are needed", len(w.Customers), date(cutoff), training.MinRows)(
			"Ask about a longer time or a wider condition.")
	}
	return w, nil
}

// judge measures the model as of the test window, and the rules of thumb on the same entities.
func (s *shopping) judge(ctx context.Context, w items.Weights, test items.Window) (*training.Result, error) {
	m := items.Fit(s.log, test.Cutoff, w)
	name := items.Metric(s.k)
	measured, err := items.Judge(ctx, m, s.log, test, s.k)
	if err != nil {
		return nil, err
	}
	out := &training.Result{Algorithm: itemItem, Metric: name, BeatsBaseline: true}
	row := training.Row{Algorithm: itemItem, Chosen: true, Metric: name, Value: metrics.Find(measured, name), Rows: len(test.Customers)}
	var rules []training.Row
	for _, rule := range items.Rules() {
		of, err := rule.Judge(ctx, m, s.log, test, s.k)
		if err != nil {
			return nil, err
		}
		value := metrics.Find(of, name)
		rules = append(rules, training.Row{Algorithm: rule.Name, IsBaseline: true, Metric: name, Value: value, Rows: len(test.Customers)})
		row.Baseline = max(row.Baseline, value)
		if value >= row.Value {
			out.BeatsBaseline = false
			out.Why = fmt.Sprintf("its %s on the test window is %.4g and does not beat %s with %.4g", name, row.Value, rule.Name, value)
		}
	}
	for i := range rules {
		rules[i].Baseline = row.Baseline
	}
	out.Leaderboard = append([]training.Row{row}, rules...)
	for _, metric := range measured {
		out.Metrics = append(out.Metrics, training.Measure{Split: "test", Metric: metric.Name, Value: metric.Value})
	}
	return out, nil
}

// Recommended are the best items of one entity.
type Recommended struct {
	Key   string
	Items []items.Recommendation
}

// Recommend gives the n best items as of the instant of prediction for a key, or for all where key is nil: nothing for
// one without any event before or that the question is not about.
func (e *Events) Recommend(ctx context.Context, conn *pgconn.PgConn, m *items.Model, key *pull.Keys, n int) ([]Recommended, error) {
	asOf, err := e.instant(ctx, conn)
	if err != nil {
		return nil, err
	}
	t, err := e.pull(ctx, conn, asOf, selected(key))
	if err != nil {
		return nil, err
	}
	points, err := e.points(t, asOf)
	if err != nil {
		return nil, err
	}
	r, levels := m.Recommender(), t.Events.Levels()
	out := make([]Recommended, len(points))
	for i, p := range points {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		times, codes := t.Events.Picked(p.Entity)
		bought := make([]string, len(codes))
		for j, code := range codes {
			bought[j] = levels[code]
		}
		out[i] = Recommended{t.Events.Keys[p.Entity], r.Recommend(bought, times, asOf, n)}
	}
	return out, nil
}

// asked are the entities that the question is about as of the cutoffs.
func (l *lesson) asked(cutoffs []int64) (points []features.Point, err error) {
	points = l.Events.PointsAt(cutoffs)
	if points, err = l.events.Where.Select(l.Tables, l.flags, points); err != nil {
		return nil, fmt.Errorf("choose entities: %w", err)
	}
	if points, err = l.events.Assuming.Select(l.Tables, nil, points); err != nil {
		return nil, fmt.Errorf("choose entities by what is assumed: %w", err)
	}
	return points, nil
}
