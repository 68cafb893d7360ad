package training

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"

	"cvp/engine/metrics"
	"cvp/engine/model"
)

func (r *run) value(list []metrics.Metric) float64 { return metrics.Find(list, r.metric) }

// choose gives the candidate that is best on the validation rows. Candidates for a value that are worse there
// than the mean (R² at most 0) come last, however well they order. Of equal ones the earlier, quicker one wins.
func (r *run) choose() *candidate {
	slices.SortStableFunc(r.candidates, func(a, b *candidate) int {
		if ua, ub := r.useless(a), r.useless(b); ua != ub {
			if ua {
				return 1
			}
			return -1
		}
		va, vb := r.value(a.validate), r.value(b.validate)
		switch {
		case metrics.Better(r.metric, va, vb):
			return -1
		case metrics.Better(r.metric, vb, va):
			return 1
		}
		return 0
	})
	return r.candidates[0]
}

func (r *run) useless(c *candidate) bool {
	return r.req.Task == model.Value && !(metrics.Find(c.validate, metrics.R2) > 0)
}

// judge scores the chosen model and the rules on the test rows and writes the leaderboard.
func (r *run) judge(ctx context.Context, chosen *candidate) (*Result, error) {
	r.tell(StageEvaluate, chosen.algorithm.Name(), model.Step{})
	for _, c := range append(slices.Clone(r.baselines), chosen) {
		var err error
		if c.test, err = r.score(c, r.plan.Test); err != nil {
			return nil, err
		}
		if err := ctx.Err(); err != nil {
			return nil, err
		}
	}
	best := r.bestBaseline()
	out := &Result{Model: chosen.model, Algorithm: chosen.algorithm.Name(), Metric: r.metric, Steps: r.steps, Failed: r.failed,
		BeatsBaseline: r.beats(chosen, best)}
	for _, c := range r.candidates {
		out.Leaderboard = append(out.Leaderboard, r.row(c, best))
	}
	out.Leaderboard[0].Chosen = true
	for _, c := range r.baselines {
		row := r.row(c, best)
		row.IsBaseline = true
		out.Leaderboard = append(out.Leaderboard, row)
	}
	for _, part := range []struct {
		split string
		list  []metrics.Metric
	}{{"train", chosen.train}, {"validate", chosen.validate}, {"test", chosen.test}} {
		for _, m := range part.list {
			out.Metrics = append(out.Metrics, Measure{part.split, m.Name, m.Value})
		}
	}
	out.Why = r.why(chosen, best, out.BeatsBaseline)
	return out, nil
}

// bestBaseline is the rule to beat: the best on the test rows themselves.
func (r *run) bestBaseline() *candidate {
	best := r.baselines[0]
	for _, c := range r.baselines[1:] {
		if metrics.Better(r.metric, r.value(c.test), r.value(best.test)) {
			best = c
		}
	}
	return best
}

func (r *run) beats(c, best *candidate) bool {
	if !metrics.Better(r.metric, r.value(c.test), r.value(best.test)) {
		return false
	}
	if r.req.Task == model.Class {
		return true
	}
	constant := r.baselines[0] // baseline.All begins with it
	return metrics.Better(metrics.RMSE, metrics.Find(c.test, metrics.RMSE), metrics.Find(constant.test, metrics.RMSE))
}

func (r *run) row(c, best *candidate) Row {
	return Row{Algorithm: c.algorithm.Name(), Metric: r.metric, Value: r.value(c.test), Baseline: r.value(best.test),
		ValidateValue: r.value(c.validate), Rows: c.rows, FitSeconds: c.seconds}
}

// why words the choice.
func (r *run) why(chosen, best *candidate, beats bool) string {
	var b strings.Builder
	name := chosen.algorithm.Name()
	if len(r.candidates) == 1 {
		fmt.Fprintf(&b, "%s was the only candidate, with %s %s on the validation rows", name, r.metric, shown(r.value(chosen.validate)))
	} else {
		fmt.Fprintf(&b, "%s had the best %s on the validation rows, %s", name, r.metric, shown(r.value(chosen.validate)))
		for i, c := range r.candidates[1:] {
			lead := ", "
			if i == 0 {
				lead = " before "
			}
			fmt.Fprintf(&b, "%s%s with %s", lead, c.algorithm.Name(), shown(r.value(c.validate)))
		}
	}
	verdict := "does not beat"
	if beats {
		verdict = "beats"
	}
	fmt.Fprintf(&b, "; refitted on %d rows it has %s on the test rows and %s the baseline %s with %s",
		chosen.rows, shown(r.value(chosen.test)), verdict, best.algorithm.Name(), shown(r.value(best.test)))
	return b.String()
}

func shown(v float64) string {
	if math.IsNaN(v) {
		return "no value"
	}
	return fmt.Sprintf("%.4g", v)
}
