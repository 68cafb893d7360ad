package training

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"time"

	"cvp/engine"
	"cvp/engine/metrics"
	"cvp/engine/model"
	"cvp/engine/models/baseline"
)

// Plan is the parts of the rows. TrainValidate is both parts together, for the refit; where it is nil they are
// copied together.
type Plan struct {
	Train, Validate, Test *model.Examples
	TrainValidate         *model.Examples
}

// Request says what to train.
type Request struct {
	Task model.Task
	// Algorithms are names; none, or "auto", stands for all that serve the task.
	Algorithms []string
	// Params are options by name as JSON gives them; each goes to the algorithms that have it.
	Params map[string]any
	// Metric chooses and judges; empty is taken as Primary of the training labels. A later version of a model
	// is given the first one's, so that they compare.
	Metric  string
	Seed    uint64
	Threads int // 0: all processors
	// Baselines are columns for the rules of thumb, by rule: "last_value" and "recency". The rule "constant"
	// needs none and is always there.
	Baselines map[string]string
	// Progress, where not nil, is told of every stage and step; it must not block.
	Progress func(Event)
}

// Stages of a run.
const (
	StageBaseline = "baseline"
	StageFit      = "fit"
	StageRefit    = "refit"
	StageEvaluate = "evaluate"
)

// Event is the begin of a stage (Step.Done is 0) or a step of it.
type Event struct {
	Stage     string
	Algorithm string
	Step      model.Step
	Elapsed   time.Duration // since the run began
}

// Step is one epoch, round or trial of a fit, kept for the record.
type Step struct {
	Stage     string // StageFit or StageRefit
	Algorithm string
	model.Step
}

// Row is one line of the leaderboard.
type Row struct {
	Algorithm string
	// IsBaseline marks a rule of thumb, which is never chosen.
	IsBaseline bool
	Chosen     bool
	Metric     string
	// Value is the metric on the test rows. The chosen model has been refitted on train and validate before.
	Value float64
	// Baseline is the best rule's value on the same rows.
	Baseline float64
	// ValidateValue is the metric on the validation rows, on which the choice fell.
	ValidateValue float64
	Rows          int // fitted on, the validation rows included for the chosen one
	FitSeconds    float64
}

// Measure is one metric on one part. On train and validate it is of the fit that saw train alone, on test of
// the model that is kept.
type Measure struct {
	Split  string // "train", "validate", "test"
	Metric string
	Value  float64
}

// Result is a chosen model and how it was judged.
type Result struct {
	Leaderboard []Row // the chosen one first, then the others by their value on the validation rows, then the rules
	Model       model.Model
	Algorithm   string
	Metric      string
	Metrics     []Measure
	Steps       []Step
	// Failed are the candidates that could not be fitted; the run goes on as long as one can.
	Failed []error
	// BeatsBaseline says that the model is better on the test rows than every rule of thumb by the metric,
	// and for a value that its squared error is below the constant's too: a good order of useless numbers
	// would pass the first alone.
	BeatsBaseline bool
	// Why is a sentence on the choice and its worth.
	Why string
}

// Tuned is a model whose fit chose some of its hyperparameters: the refit is given them.
type Tuned interface {
	Hyperparameters() map[string]any
}

// Run trains, chooses and judges. Candidates are fitted one after the other, each on all threads: that takes
// no longer than side by side, and only one needs its memory at a time.
func Run(ctx context.Context, plan Plan, req Request) (*Result, error) {
	r, err := newRun(plan, req)
	if err != nil {
		return nil, err
	}
	if err := r.fitBaselines(ctx); err != nil {
		return nil, err
	}
	if err := r.fitCandidates(ctx); err != nil {
		return nil, err
	}
	chosen := r.choose()
	if err := r.refit(ctx, chosen); err != nil {
		return nil, err
	}
	return r.judge(ctx, chosen)
}

// run is a training under way.
type run struct {
	plan       Plan
	req        Request
	metric     string
	algorithms []model.Algorithm
	params     map[string]map[string]any
	began      time.Time
	candidates []*candidate
	baselines  []*candidate
	steps      []Step
	failed     []error
}

// candidate is one algorithm's way through the run.
type candidate struct {
	algorithm model.Algorithm
	params    map[string]any
	model     model.Model
	validate  []metrics.Metric
	test      []metrics.Metric
	train     []metrics.Metric
	rows      int
	seconds   float64
}

func newRun(plan Plan, req Request) (*run, error) {
	for name, part := range map[string]*model.Examples{"train": plan.Train, "validate": plan.Validate, "test": plan.Test} {
		if part == nil || part.X.Rows == 0 {
			return nil, &DataError{Message: fmt.Sprintf("there are no rows to %s on", verb(name)), Hint: "Train on more rows or a longer period."}
		}
	}
	algorithms, err := engine.Select(req.Task, req.Algorithms)
	if err != nil {
		return nil, err
	}
	params, err := engine.CheckParamsOf(algorithms, req.Params)
	if err != nil {
		return nil, err
	}
	r := &run{plan: plan, req: req, metric: req.Metric, algorithms: algorithms, params: params, began: time.Now()}
	if r.metric == "" {
		r.metric = Primary(req.Task, plan.Train.Y)
	}
	return r, nil
}

func verb(part string) string {
	if part == "test" {
		return "test the model"
	}
	return part
}

// fit fits one algorithm and keeps its steps.
func (r *run) fit(ctx context.Context, stage string, c *candidate, train, valid *model.Examples) error {
	name := c.algorithm.Name()
	r.tell(stage, name, model.Step{})
	if err := ctx.Err(); err != nil {
		return err
	}
	s := model.Settings{Task: r.req.Task, Seed: r.req.Seed, Threads: r.req.Threads, Params: c.params,
		Progress: func(step model.Step) {
			if stage != StageBaseline {
				r.steps = append(r.steps, Step{stage, name, step})
			}
			r.tell(stage, name, step)
		}}
	began := time.Now()
	m, err := c.algorithm.Fit(ctx, train, valid, s)
	if err != nil {
		if ctxErr := ctx.Err(); ctxErr != nil {
			return ctxErr
		}
		return fmt.Errorf("%s %s: %w", stage, name, err)
	}
	c.model, c.rows = m, train.X.Rows
	c.seconds += time.Since(began).Seconds()
	return nil
}

func (r *run) tell(stage, algorithm string, step model.Step) {
	if r.req.Progress != nil {
		r.req.Progress(Event{stage, algorithm, step, time.Since(r.began)})
	}
}

// score evaluates a candidate's model on a part.
func (r *run) score(c *candidate, part *model.Examples) ([]metrics.Metric, error) {
	p := make([]float64, part.X.Rows)
	if err := c.model.Predict(p, part.X); err != nil {
		return nil, fmt.Errorf("score with %s: %w", c.algorithm.Name(), err)
	}
	return metrics.Evaluate(r.req.Task, part.Y, p), nil
}

// fitBaselines fits the rules on train and validate at once: they have nothing to choose.
func (r *run) fitBaselines(ctx context.Context) error {
	for _, alg := range baseline.All() {
		column, given := r.req.Baselines[alg.Name()]
		if !given && len(alg.Params()) > 0 {
			continue
		}
		c := &candidate{algorithm: alg, params: map[string]any{}}
		if given {
			c.params["column"] = column
		}
		err := r.fit(ctx, StageBaseline, c, r.plan.Train, nil)
		if err == nil {
			c.validate, err = r.score(c, r.plan.Validate)
		}
		if err != nil {
			return err
		}
		r.baselines = append(r.baselines, c)
	}
	return nil
}

// fitCandidates fits every algorithm on train. One that fails is left out as long as another succeeds.
func (r *run) fitCandidates(ctx context.Context) error {
	for _, alg := range r.algorithms {
		c := &candidate{algorithm: alg, params: r.params[alg.Name()]}
		err := r.fit(ctx, StageFit, c, r.plan.Train, r.plan.Validate)
		if err == nil {
			c.validate, err = r.score(c, r.plan.Validate)
		}
		if err == nil {
			c.train, err = r.score(c, r.plan.Train)
		}
		if ctxErr := ctx.Err(); ctxErr != nil {
			return ctxErr
		}
		if err != nil {
			r.failed = append(r.failed, err)
			continue
		}
		r.candidates = append(r.candidates, c)
	}
	if len(r.candidates) == 0 {
		return errors.Join(r.failed...)
	}
	return nil
}

// refit fits the chosen candidate on train and validate with what its first fit settled on.
func (r *run) refit(ctx context.Context, c *candidate) error {
	for _, o := range r.candidates {
		if o != c {
			var err error
			if o.test, err = r.score(o, r.plan.Test); err != nil {
				return err
			}
			o.model = nil // its memory is for the refit
		}
	}
	both := r.plan.TrainValidate
	if both == nil {
		var err error
		if both, err = join(r.plan.Train, r.plan.Validate); err != nil {
			return err
		}
	}
	c.params = maps.Clone(c.params)
	if t, ok := c.model.(Tuned); ok {
		maps.Copy(c.params, t.Hyperparameters())
	}
	if n := c.model.Rounds(); n > 0 {
		c.params["rounds"] = n
	}
	return r.fit(ctx, StageRefit, c, both, nil)
}
