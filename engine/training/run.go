package training

import (
	"context"
	"fmt"
	"math"
	"time"

	"cvp/engine/metrics"
	"cvp/engine/model"
)

// Plan holds the parts of the labelled rows. Validate may be nil: then the choice falls on the training part, which
// favours what overfits, so callers avoid it where they can.
type Plan struct {
	Train, Validate, Test *model.Examples
}

// Request says what to try.
type Request struct {
	Task       model.Task
	Algorithms []model.Algorithm
	Rules      []model.Algorithm         // the baselines
	Params     map[string]map[string]any // checked hyperparameters by algorithm
	Seed       uint64
	Threads    int
	// Progress, where not nil, is told of each step; it may be called from several goroutines.
	Progress func(Event)
}

// Event is one step of one fit.
type Event struct {
	Algorithm string
	model.Step
}

// String says it in a line.
func (e Event) String() string {
	s := fmt.Sprintf("%s: step %d of %d", e.Algorithm, e.Done, e.Of)
	if !math.IsNaN(e.Validate) && e.Validate != 0 {
		s += fmt.Sprintf(", validation loss %.4g", e.Validate)
	}
	return s
}

// Row is one line of the leaderboard. Value and Baseline are on the test part.
type Row struct {
	Algorithm       string
	Chosen          bool
	Metric          string
	Value, Baseline float64
	Validation      float64 // what the choice was made by
	Rows            int     // fitted on
	FitSeconds      float64
}

// Measured is one metric on one part.
type Measured struct {
	Split string // train, validate or test
	metrics.Metric
}

// Result is what a training gives.
type Result struct {
	Leaderboard     []Row // candidates, best on validation first, then the baseline
	Algorithm       string
	Model           model.Model
	Metric          string
	Value, Baseline float64 // of the chosen model and of the best rule, on the test part
	BeatsBaseline   bool
	Metrics         []Measured // of the chosen model
	Steps           []Event
	Why             string
}

// Primary is the metric that models are chosen and compared by: the area under the ROC curve for a class, which
// judges the order and needs no threshold; the mean absolute error for a value, since a few large customers would
// decide a squared one alone.
func Primary(task model.Task) string {
	if task == model.Class {
		return metrics.ROCAUC
	}
	return metrics.MAE
}

// candidate is one algorithm on its way through Run.
type candidate struct {
	algorithm model.Algorithm
	model     model.Model
	choice    float64 // the primary metric on the validation part
	rows      int
	seconds   float64
}

// Run fits, chooses and judges. It returns ctx's error soon after ctx is done.
func Run(ctx context.Context, p Plan, r Request) (*Result, error) {
	run := &run{Plan: p, Request: r, metric: Primary(r.Task)}
	best, all, err := run.choose(ctx, r.Algorithms)
	if err != nil {
		return nil, err
	}
	_, rules, err := run.choose(ctx, r.Rules)
	if err != nil {
		return nil, err
	}
	if err := run.refit(ctx, best); err != nil {
		return nil, err
	}
	return run.judge(best, all, rules)
}

type run struct {
	Plan
	Request
	metric string
	steps  []Event
}

// choose fits each algorithm on the training part and gives the best on the validation part.
func (r *run) choose(ctx context.Context, algorithms []model.Algorithm) (best *candidate, all []*candidate, err error) {
	for _, a := range algorithms {
		c, err := r.fit(ctx, a, r.Train, r.Validate, r.settings(a))
		if err != nil {
			return nil, nil, err
		}
		on := r.Validate
		if on == nil {
			on = r.Train
		}
		if c.choice, err = r.value(c.model, on); err != nil {
			return nil, nil, err
		}
		if best == nil || metrics.Better(r.metric, c.choice, best.choice) {
			best = c
		}
		all = append(all, c)
	}
	if best == nil && len(algorithms) == 0 {
		return nil, nil, nil
	}
	return best, all, nil
}

func (r *run) settings(a model.Algorithm) model.Settings {
	s := model.Settings{Task: r.Task, Seed: r.Seed, Threads: r.Threads, Params: map[string]any{}}
	for k, v := range r.Params[a.Name()] {
		s.Params[k] = v
	}
	s.Progress = func(step model.Step) {
		e := Event{Algorithm: a.Name(), Step: step}
		r.steps = append(r.steps, e)
		if r.Progress != nil {
			r.Progress(e)
		}
	}
	return s
}

func (r *run) fit(ctx context.Context, a model.Algorithm, train, validate *model.Examples, s model.Settings) (*candidate, error) {
	start := time.Now()
	m, err := a.Fit(ctx, train, validate, s)
	if err != nil {
		return nil, fmt.Errorf("fit %s: %w", a.Name(), err)
	}
	return &candidate{algorithm: a, model: m, rows: len(train.Y), seconds: time.Since(start).Seconds()}, nil
}

// refit fits the chosen algorithm again on training and validation together, as long as it was fitted before.
func (r *run) refit(ctx context.Context, c *candidate) error {
	if r.Validate == nil {
		return nil
	}
	s := r.settings(c.algorithm)
	for k, v := range chosenParams(c.model) {
		s.Params[k] = v
	}
	if n := c.model.Rounds(); n > 0 {
		s.Params["rounds"] = n
	}
	again, err := r.fit(ctx, c.algorithm, join(r.Train, r.Validate), nil, s)
	if err != nil {
		return err
	}
	c.model, c.rows, c.seconds = again.model, again.rows, c.seconds+again.seconds
	return nil
}

// Tuned is a model that chose hyperparameters by its validation part; a refit without one keeps them.
type Tuned interface {
	Hyperparameters() map[string]any
}

func chosenParams(m model.Model) map[string]any {
	if t, ok := m.(Tuned); ok {
		return t.Hyperparameters()
	}
	return nil
}

// value is the primary metric of a model on a part.
func (r *run) value(m model.Model, on *model.Examples) (float64, error) {
	all, err := r.measure(m, on)
	return metrics.Find(all, r.metric), err
}

func (r *run) measure(m model.Model, on *model.Examples) ([]metrics.Metric, error) {
	p := make([]float64, on.X.Rows)
	if err := m.Predict(p, on.X); err != nil {
		return nil, fmt.Errorf("judge model: %w", err)
	}
	return metrics.Evaluate(r.Task, on.Y, p), nil
}
