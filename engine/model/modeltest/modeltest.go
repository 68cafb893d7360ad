// Package modeltest holds what every model.Algorithm must satisfy. Each family's tests call Run.
package modeltest

import (
	"context"
	"testing"

	"cvp/engine/frame"
	"cvp/engine/model"
)

// Options adapt the suite to a family.
type Options struct {
	// Params make a fit of a few thousand rows quick; they are used in every case.
	Params map[string]any
	// Least is the quality to reach on held-out rows of the suite's own data: the area under the ROC curve
	// (0 is taken as 0.8) and the share of the label's variance explained (0 is taken as 0.3).
	LeastAUC, LeastR2 float64
	// Instant says that a fit is done before it could be cancelled in its middle.
	Instant bool
	// Bound says that the fit goes by a column named in Params and cannot do without it.
	Bound bool
}

func (o Options) defaults() Options {
	if o.LeastAUC == 0 {
		o.LeastAUC = 0.8
	}
	if o.LeastR2 == 0 {
		o.LeastR2 = 0.3
	}
	return o
}

// Run checks the algorithm's contract for every task it serves.
func Run(t *testing.T, alg model.Algorithm, opts Options) {
	t.Helper()
	served := 0
	for _, task := range []model.Task{model.Class, model.Value} {
		if !alg.Serves(task) {
			continue
		}
		served++
		s := suite{alg: alg, task: task, opts: opts.defaults()}
		t.Run(string(task), s.run)
	}
	if served == 0 {
		t.Fatalf("algorithm %q serves no task", alg.Name())
	}
}

type suite struct {
	alg  model.Algorithm
	task model.Task
	opts Options
}

func (s suite) run(t *testing.T) {
	t.Run("it learns what there is to learn", s.learns)
	t.Run("rows of weight zero teach nothing", s.weights)
	t.Run("saved and loaded it predicts the same bit for bit", s.saves)
	t.Run("the same seed gives the same bytes", s.repeats)
	t.Run("one row scores as it does among others", s.singles)
	t.Run("missing values give finite scores", s.missing)
	t.Run("a column missing at prediction counts as all missing", s.absent)
	t.Run("other columns and their order do not matter", s.reordered)
	t.Run("unknown levels are safe", s.unknownLevels)
	t.Run("constant and empty columns are safe", s.constant)
	t.Run("huge values give finite scores", s.huge)
	t.Run("nothing but useless columns still gives a model", s.useless)
	t.Run("it fits without a validation part", s.unvalidated)
	t.Run("it ends when the context does", s.cancels)
	t.Run("damaged bytes are an error", s.damaged)
	t.Run("steps are counted", s.progress)
}

// settings are the suite's settings with seed 1.
func (s suite) settings() model.Settings {
	params := map[string]any{}
	for k, v := range s.opts.Params {
		params[k] = v
	}
	return model.Settings{Task: s.task, Seed: 1, Threads: 2, Params: params}
}

func (s suite) fit(t *testing.T, train, valid *model.Examples) model.Model {
	t.Helper()
	m, err := s.alg.Fit(context.Background(), train, valid, s.settings())
	if err != nil {
		t.Fatalf("fit: %v", err)
	}
	if m == nil {
		t.Fatal("fit gave neither model nor error")
	}
	return m
}

func predict(t *testing.T, m model.Model, x *frame.Frame) []float64 {
	t.Helper()
	dst := make([]float64, x.Rows)
	if err := m.Predict(dst, x); err != nil {
		t.Fatalf("predict: %v", err)
	}
	return dst
}

// scores predicts and fails on anything that is no number, or for a class no probability.
func (s suite) scores(t *testing.T, m model.Model, x *frame.Frame) []float64 {
	t.Helper()
	dst := predict(t, m, x)
	for i, p := range dst {
		if !finite(p) || s.task == model.Class && (p < 0 || p > 1) {
			t.Fatalf("row %d scores %v", i, p)
		}
	}
	return dst
}
