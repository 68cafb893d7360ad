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
	// Of an attribute that is predicted: which of two texts counts as 1, and the seed of the split.
	Positive string
	Seed     uint64
}

// lesson is what the examples of a question are made of.
type lesson struct {
	*pulled
	events *Events
	end    int64 // nothing at or after it is read
	first  int64 // time of the first event
	plan   features.Plan
	share  float64 // of the entities, 1 for all: the others' events are more than memory should hold
}

// Learn pulls the events once, fixes the features and builds the examples of every cutoff.
func (e *Events) Learn(ctx context.Context, conn *pgconn.PgConn, o EventsOptions) (*Data, error) {
	if e.Attribute != "" {
		return e.learnAttribute(ctx, conn, o)
	}
	l, err := e.lesson(ctx, conn, o)
	if err != nil {
		return nil, err
	}
	if err := l.learn(o); err != nil {
		return nil, err
	}
	d := &Data{Task: e.Target.Task(), Notes: append(l.plan.Notes, e.Spec.Notes...),
		Baselines: e.baselines(), Holdout: "window from " + date(l.plan.Test), TestCutoff: l.plan.Test}
	if l.Attributes != nil {
		d.Leaks = leaks.LaterThan(l.Attributes.Frame(), l.plan.Test)
	}
	if dropped := l.Events.Dropped; dropped > 0 {
		d.Notes = append(d.Notes, fmt.Sprintf("%d events have no entity or no time and are left out", dropped))
	}
	o.Progress(fmt.Sprintf("computing %d features of %d events as of %d dates", len(e.Spec.Features()), l.Events.Rows(), len(l.plan.Cutoffs())+1))
	if err := l.fill(ctx, conn, d); err != nil {
		return nil, err
	}
	if d.Plan.Train.X.Rows == 0 && e.Where != nil {
		return nil, invalid("nobody meets the question's WHERE as of the %d training dates", len(l.plan.Train))("Widen the condition.")
	}
	return d, training.Check(d.Plan.Train, d.Task, "the question's answer")
}

// opened pulls the events.
func (e *Events) opened(ctx context.Context, conn *pgconn.PgConn, o EventsOptions) (*lesson, error) {
	end, err := e.end(ctx, conn, o.AsOf)
	if err != nil {
		return nil, err
	}
	o.Progress("pulling events")
	l := &lesson{events: e, end: end}
	if err := l.sample(ctx, conn); err != nil {
		return nil, err
	}
	if l.pulled, err = e.pull(ctx, conn, end, selection{share: l.share}); err != nil {
		return nil, err
	}
	if l.Events.Rows() == 0 {
		return nil, invalid("there are no events before %s", date(end))("Check the time column and as_of.")
	}
	if err := e.Target.Check(l.Events); err != nil {
		return nil, invalid("%v", err)("")
	}
	return l, nil
}

// lesson pulls the events and places the cutoffs.
func (e *Events) lesson(ctx context.Context, conn *pgconn.PgConn, o EventsOptions) (*lesson, error) {
	l, err := e.opened(ctx, conn, o)
	if err != nil {
		return nil, err
	}
	end := l.end
	if l.share == 1 {
		l.first, _, _ = l.Events.Span()
	}
	reach := e.reach()
	if o.Test != 0 && e.Target.End(o.Test) <= end {
		// The months behind this very cutoff may be shorter than months can be.
		end = max(end, o.Test+reach.Microseconds())
	}
	l.plan, err = features.PlanCutoffs(l.first, end, reach, features.PlanOptions{Step: o.Step, First: o.First, Test: o.Test})
	if err != nil {
		return nil, invalid("%v", err)("Ask about a shorter time, or train when there are more events.")
	}
	if l.share < 1 {
		l.plan.Notes = append(l.plan.Notes, fmt.Sprintf("events need more than cvp.work_mem: the features are learned from %.2g %% of the entities", 100*l.share))
	}
	return l, nil
}

// learn fixes the features.
func (l *lesson) learn(o EventsOptions) (err error) {
	if l.events.Spec, err = features.Learn(l.Tables, l.events.Target, l.plan.Cutoffs(), features.Options{First: l.first}); err != nil {
		return invalid("%v", err)("")
	}
	l.events.Spec.Threads = o.Threads
	notes, err := l.events.checkAssumed()
	l.events.Spec.Notes = append(l.events.Spec.Notes, notes...)
	return err
}

// reach is the longest time behind a cutoff that an example looks at.
func (e *Events) reach() time.Duration {
	reach := e.Target.Reach()
	if e.Assuming != nil {
		reach = max(reach, e.Assuming.Reach())
	}
	return reach
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

// answers are the entities that the question is about as of the cutoffs, and its answer for each: NaN where there is none.
func (l *lesson) answers(cutoffs []int64) (points []features.Point, labels []float32, err error) {
	if points, err = l.asked(cutoffs); err != nil {
		return nil, nil, err
	}
	if labels, err = l.events.Target.LabelsOf(l.Tables, points); err != nil {
		return nil, nil, fmt.Errorf("answer the question: %w", err)
	}
	return points, labels, nil
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
