package source

import (
	"context"

	"github.com/jackc/pgx/v5/pgconn"

	"cvp/engine/features"
	"cvp/engine/model"
)

// Study is what would be learnt from, before anything is.
type Study struct {
	Task                  model.Task
	Events                int
	Train, Validate, Test Lot
	Features              int
	// PredictAsOf is the instant of prediction, in microseconds since 1970 UTC.
	PredictAsOf int64
	Notes       []string
}

// Lot is the examples of some cutoffs.
type Lot struct {
	Cutoffs  []int64 // microseconds since 1970 UTC
	Examples int
	Entities int
	Unknown  int // examples without an answer, which are left out
	// Mean is that of the answers, for a class the share of those that are yes; NaN without any.
	Mean float64
}

// Study pulls the events and answers the question as of each cutoff.
func (e *Events) Study(ctx context.Context, conn *pgconn.PgConn, o EventsOptions) (*Study, error) {
	if e.Attribute != "" {
		return e.studyAttribute(ctx, conn, o)
	}
	if e.Top > 0 {
		return e.studyItems(ctx, conn, o)
	}
	l, err := e.lesson(ctx, conn, o)
	if err != nil {
		return nil, err
	}
	if err := l.learn(o); err != nil {
		return nil, err
	}
	s := &Study{Task: e.Target.Task(), Events: l.Events.Rows(), Features: len(e.Spec.Features()), Notes: append(l.plan.Notes, e.Spec.Notes...)}
	for _, part := range []struct {
		to      *Lot
		cutoffs []int64
	}{{&s.Train, l.plan.Train}, {&s.Validate, l.plan.Validate}, {&s.Test, []int64{l.plan.Test}}} {
		points, labels, err := l.answers(part.cutoffs)
		if err != nil {
			return nil, err
		}
		*part.to = lotOf(part.cutoffs, points, labels)
	}
	s.PredictAsOf, err = e.instant(ctx, conn)
	return s, err
}

func lotOf(cutoffs []int64, points []features.Point, labels []float32) Lot {
	lot := Lot{Cutoffs: cutoffs, Examples: len(points)}
	entities := map[int32]bool{}
	var sum float64
	for i, y := range labels {
		if y != y {
			lot.Unknown++
			continue
		}
		entities[points[i].Entity] = true
		sum += float64(y)
	}
	lot.Examples -= lot.Unknown
	lot.Entities = len(entities)
	lot.Mean = sum / float64(lot.Examples)
	return lot
}
