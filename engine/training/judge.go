package training

import (
	"fmt"
	"math"
	"sort"

	"cvp/engine/metrics"
	"cvp/engine/model"
)

// judge puts the candidates and the best rule to the test part.
func (r *run) judge(best *candidate, all, rules []*candidate) (*Result, error) {
	out := &Result{Algorithm: best.algorithm.Name(), Model: best.model, Metric: r.metric, Baseline: math.NaN(), Steps: r.steps}
	rule, err := r.bestRule(rules)
	if err != nil {
		return nil, err
	}
	if rule != nil {
		out.Baseline = rule.Value
	}
	sort.SliceStable(all, func(i, j int) bool { return metrics.Better(r.metric, all[i].choice, all[j].choice) })
	for _, c := range all {
		value, err := r.value(c.model, r.Test)
		if err != nil {
			return nil, err
		}
		row := Row{Algorithm: c.algorithm.Name(), Chosen: c == best, Metric: r.metric, Value: value, Baseline: out.Baseline,
			Validation: c.choice, Rows: c.rows, FitSeconds: c.seconds}
		if c == best {
			out.Value = value
		}
		out.Leaderboard = append(out.Leaderboard, row)
	}
	if rule != nil {
		out.Leaderboard = append(out.Leaderboard, *rule)
	}
	out.BeatsBaseline = rule == nil || metrics.Better(r.metric, out.Value, out.Baseline)
	out.Why = r.why(best, all)
	return out, r.measureAll(out)
}

// bestRule is the baseline row: the rule that does best on the test part itself, so that no rule that one could
// have used is passed over.
func (r *run) bestRule(rules []*candidate) (*Row, error) {
	var best *Row
	for _, c := range rules {
		value, err := r.value(c.model, r.Test)
		if err != nil {
			return nil, err
		}
		if best == nil || metrics.Better(r.metric, value, best.Value) {
			best = &Row{Algorithm: "baseline: " + c.algorithm.Name(), Metric: r.metric, Value: value, Baseline: value,
				Validation: c.choice, Rows: c.rows, FitSeconds: c.seconds}
		}
	}
	return best, nil
}

func (r *run) why(best *candidate, all []*candidate) string {
	if len(all) == 1 {
		return best.algorithm.Name() + " was asked for"
	}
	second := all[1]
	return fmt.Sprintf("%s has the best %s on the validation part: %.4g, then %s with %.4g",
		best.algorithm.Name(), r.metric, best.choice, second.algorithm.Name(), second.choice)
}

// measureAll fills in every metric of the chosen model on every part.
func (r *run) measureAll(out *Result) error {
	for _, part := range []struct {
		name string
		on   *model.Examples
	}{{"train", r.Train}, {"validate", r.Validate}, {"test", r.Test}} {
		if part.on == nil {
			continue
		}
		all, err := r.measure(out.Model, part.on)
		if err != nil {
			return err
		}
		for _, m := range all {
			out.Metrics = append(out.Metrics, Measured{part.name, m})
		}
	}
	return nil
}
