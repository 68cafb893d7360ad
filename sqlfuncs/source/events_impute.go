package source

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5/pgconn"

	"cvp/engine/features"
	"cvp/engine/frame"
	"cvp/engine/model"
	"cvp/engine/training"
)

// columnTarget holds what is predicted where that is an attribute (package schema writes it so).
const columnTarget = "cvp_target"

// learnAttribute learns an attribute of the entities from their other attributes and their events, as they are now:
// attributes have no history. The parts are split by key.
func (e *Events) learnAttribute(ctx context.Context, conn *pgconn.PgConn, o EventsOptions) (*Data, error) {
	k, err := e.known(ctx, conn, o)
	if err != nil {
		return nil, err
	}
	o.Progress(fmt.Sprintf("computing %d features of %d entities", len(e.Spec.Features()), len(k.points)))
	x, err := e.Spec.Compute(ctx, k.Tables, k.points)
	if err != nil {
		return nil, err
	}
	keys := make([]string, len(k.points))
	for i, p := range k.points {
		keys[i] = k.Events.Keys[p.Entity]
	}
	return split(x, keys, k.labels, e.Target.Impute, append(k.notes, e.Spec.Notes...), RelationOptions{Target: e.Attribute, Seed: o.Seed})
}

// known is a lesson about an attribute.
type known struct {
	*lesson
	points []features.Point
	labels []float32 // NaN where the attribute is not known
	notes  []string
}

// known reads the attribute of all entities that the question is about.
func (e *Events) known(ctx context.Context, conn *pgconn.PgConn, o EventsOptions) (*known, error) {
	l, err := e.opened(ctx, conn, o)
	if err != nil {
		return nil, err
	}
	l.plan = features.Plan{Train: []int64{l.end}, Test: l.end}
	k := &known{lesson: l}
	if l.share < 1 {
		k.notes = append(k.notes, fmt.Sprintf("events need more than cvp.work_mem: %.2g %% of the entities are learnt from", 100*l.share))
	}
	if k.points, err = e.points(l.pulled, l.end); err != nil {
		return nil, err
	}
	column := l.flags.Of(columnTarget, l.Tables, k.points)
	if column == nil {
		return nil, fmt.Errorf("the attribute query has no column %s", columnTarget)
	}
	if column.Kind == frame.Category && len(column.Levels) > 2 {
		return nil, invalid("%s has %d values", e.Attribute, len(column.Levels))(fmt.Sprintf("Ask for one of them: PREDICT %s = '%s'.", e.Attribute, column.Levels[0]))
	}
	var notes []string
	k.labels, e.Target.Impute, notes, err = labels(column, RelationOptions{Target: e.Attribute, Positive: o.Positive})
	if err != nil {
		return nil, err
	}
	k.notes = append(k.notes, notes...)
	return k, l.learn(o)
}

// part is one of a split's, as a lot.
func (k *known) part(rows []int, usable []int) Lot {
	points := make([]features.Point, len(rows))
	answers := make([]float32, len(rows))
	for i, r := range rows {
		points[i], answers[i] = k.points[usable[r]], k.labels[usable[r]]
	}
	return lotOf([]int64{k.end}, points, answers)
}

// studyAttribute tells what learnAttribute would learn from.
func (e *Events) studyAttribute(ctx context.Context, conn *pgconn.PgConn, o EventsOptions) (*Study, error) {
	k, err := e.known(ctx, conn, o)
	if err != nil {
		return nil, err
	}
	var usable []int
	var keys []string
	var classes []float32
	for i, y := range k.labels {
		if y != y {
			continue
		}
		usable, keys = append(usable, i), append(keys, k.Events.Keys[k.points[i].Entity])
		if e.Target.Impute == model.Class {
			classes = append(classes, y)
		}
	}
	parts := training.Split(keys, classes, o.Seed)
	s := &Study{Task: e.Target.Impute, Events: k.Events.Rows(), Features: len(e.Spec.Features()), Notes: append(k.notes, e.Spec.Notes...),
		Train: k.part(parts.Train, usable), Validate: k.part(parts.Validate, usable), Test: k.part(parts.Test, usable)}
	s.Train.Unknown = len(k.labels) - len(usable)
	s.PredictAsOf, err = e.instant(ctx, conn)
	return s, err
}
