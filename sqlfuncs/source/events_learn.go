package source

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"cvp/engine/features"
	"cvp/engine/frame"
	"cvp/engine/leaks"
	"cvp/engine/model"
	"cvp/engine/training"
)

// EventsOptions place the cutoffs. Zero values leave the choice to features.PlanCutoffs; times are microseconds
// since 1970 UTC.
type EventsOptions struct {
	AsOf, First, Test int64
	Step              time.Duration
	Exclude           []string // event and attribute columns that are not read
	Threads           int
	Progress          func(string)
}

// Learn pulls the events once, fixes the features and builds the examples of every cutoff.
func (e *Events) Learn(ctx context.Context, conn *pgconn.PgConn, o EventsOptions) (*Data, error) {
	end, err := e.end(ctx, conn, o.AsOf)
	if err != nil {
		return nil, err
	}
	o.Progress("pulling events")
	tables, err := e.pull(ctx, conn, end, nil)
	if err != nil {
		return nil, err
	}
	ev := tables.Events
	if ev.Rows() == 0 {
		return nil, invalid("there are no events before %s", date(end))("Check the time column and as_of.")
	}
	if err := e.Target.Check(ev); err != nil {
		return nil, invalid("%v", err)("")
	}
	first, _, _ := ev.Span()
	plan, err := features.PlanCutoffs(first, end, e.Target.Horizon, features.PlanOptions{Step: o.Step, First: o.First, Test: o.Test})
	if err != nil {
		return nil, invalid("%v", err)("Ask about a shorter time, or train when there are more events.")
	}
	if e.Spec, err = features.Learn(tables, e.Target, plan.Cutoffs(), features.Options{}); err != nil {
		return nil, invalid("%v", err)("")
	}
	e.Spec.Threads = o.Threads
	d := &Data{Task: e.Target.Task(), Notes: append(plan.Notes, e.Spec.Notes...),
		Baselines: e.baselines(), Holdout: "window from " + date(plan.Test), TestCutoff: plan.Test}
	if tables.Attributes != nil {
		d.Leaks = leaks.LaterThan(tables.Attributes.Frame(), plan.Test)
	}
	if ev.Dropped > 0 {
		d.Notes = append(d.Notes, fmt.Sprintf("%d events have no entity or no time and are left out", ev.Dropped))
	}
	o.Progress(fmt.Sprintf("computing %d features of %d events as of %d dates", len(e.Spec.Features()), ev.Rows(), len(plan.Cutoffs())+1))
	for _, part := range []struct {
		to      **model.Examples
		cutoffs []int64
	}{{&d.Plan.Train, plan.Train}, {&d.Plan.Validate, plan.Validate}, {&d.Plan.Test, []int64{plan.Test}}} {
		if *part.to, err = e.examples(ctx, tables, part.cutoffs); err != nil {
			return nil, err
		}
	}
	return d, training.Check(d.Plan.Train, d.Task, "the question's answer")
}

// end is the instant after which nothing is read: asked for, or right after the last event, but not after now.
func (e *Events) end(ctx context.Context, conn *pgconn.PgConn, asOf int64) (int64, error) {
	last, err := e.last(ctx, conn)
	if err != nil {
		return 0, err
	}
	if last == frame.NoTime {
		return 0, invalid("there are no events")("Load some rows first.")
	}
	end := min(last+1, time.Now().UnixMicro())
	if asOf != 0 && asOf <= end {
		end = asOf
		e.AsOf = asOf
	}
	e.DataEnd = last
	return end, nil
}

func (e *Events) examples(ctx context.Context, t *features.Tables, cutoffs []int64) (*model.Examples, error) {
	if len(cutoffs) == 0 {
		return nil, nil
	}
	points := t.Events.PointsAt(cutoffs)
	x, err := e.Spec.Compute(ctx, t, points)
	if err != nil {
		return nil, err
	}
	return training.Usable(&model.Examples{X: x, Y: e.Target.Labels(t.Events, points)}), nil
}

// baselines names the features that the rules of thumb read.
func (e *Events) baselines() map[string]string {
	out := map[string]string{}
	for rule, name := range map[string]string{"last_value": e.lastValue(), "recency": e.recency()} {
		if name != "" {
			out[rule] = name
		}
	}
	return out
}

// lastValue and recency are the features that the baseline's rules read.
func (e *Events) lastValue() string { return e.featureWith("own_", "_lag1") }

func (e *Events) recency() string {
	if name := e.featureWith("match_days_since_last", ""); name != "" {
		return name
	}
	return e.featureWith("days_since_last", "")
}

func (e *Events) featureWith(prefix, suffix string) string {
	for _, f := range e.Spec.Features() {
		if strings.HasPrefix(f.Name, prefix) && strings.HasSuffix(f.Name, suffix) {
			return f.Name
		}
	}
	return ""
}

func date(micros int64) string { return time.UnixMicro(micros).UTC().Format("2006-01-02 15:04:05") }
