package sqlfuncs

import (
	"math"
	"time"

	"cvp/catalog"
	"cvp/engine/training"
)

// measured, candidates and steps give a training's result the form in which the registry stores it.

func measured(r *training.Result) []catalog.Metric {
	out := make([]catalog.Metric, len(r.Metrics))
	for i, m := range r.Metrics {
		out[i] = catalog.Metric{Split: m.Split, Metric: m.Metric, Value: m.Value}
	}
	return out
}

func candidates(r *training.Result) []catalog.Candidate {
	out := make([]catalog.Candidate, len(r.Leaderboard))
	for i, c := range r.Leaderboard {
		out[i] = catalog.Candidate{Algorithm: c.Algorithm, Chosen: c.Chosen, Metric: c.Metric, Value: c.Value, Baseline: c.Baseline,
			Rows: int64(c.Rows), Fit: time.Duration(math.Round(c.FitSeconds * float64(time.Second)))}
	}
	return out
}

func steps(r *training.Result) []catalog.Step {
	out := make([]catalog.Step, len(r.Steps))
	for i, s := range r.Steps {
		out[i] = catalog.Step{Algorithm: s.Algorithm, Trial: 1, Step: s.Done, Train: s.Train, Validation: s.Validate, Elapsed: s.Elapsed}
	}
	return out
}
