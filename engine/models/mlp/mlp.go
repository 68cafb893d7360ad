package mlp

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"

	"cvp/engine/internal/chunks"
	"cvp/engine/model"
	"cvp/engine/prep"
)

// Algorithm is the multilayer perceptron.
type Algorithm struct{}

var _ model.Algorithm = Algorithm{}

// New returns the algorithm.
func New() Algorithm { return Algorithm{} }

// Name is what SQL calls it.
func (Algorithm) Name() string { return "mlp" }

// Serves reports that it does both tasks.
func (Algorithm) Serves(t model.Task) bool { return t == model.Class || t == model.Value }

// Fit trains a network; see model.Algorithm.
func (Algorithm) Fit(ctx context.Context, train, valid *model.Examples, s model.Settings) (model.Model, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	o, err := newOptions(s.Params)
	if err != nil {
		return nil, err
	}
	for _, e := range []*model.Examples{train, valid} {
		if err := check(e, s.Task); err != nil {
			return nil, err
		}
	}
	encoder, err := prep.Fit(train.X, prep.Options{Log: true, Scale: true})
	if err != nil {
		return nil, fmt.Errorf("prepare the inputs of mlp: %w", err)
	}
	t, err := newTarget(s.Task, o.loss, train)
	if err != nil {
		return nil, err
	}
	run, err := newTrainer(ctx, o, encoder, &t, train, valid, s)
	if err != nil {
		return nil, err
	}
	rounds, err := run.run(ctx)
	if err != nil {
		return nil, err
	}
	z := make([]float32, run.train.n)
	if err := run.net.scores(ctx, z, run.train.x, s.Threads); err != nil {
		return nil, err
	}
	t.calibrate(z, run.train.targets, train)
	return newFitted(encoder, run.net, t, rounds), nil
}

// check refuses examples that cannot teach: none, or labels and weights that are no numbers.
func check(e *model.Examples, task model.Task) error {
	if e == nil {
		return nil
	}
	if e.X.Rows == 0 || len(e.Y) != e.X.Rows {
		return fmt.Errorf("mlp needs a label for each of at least one row, got %d rows and %d labels", e.X.Rows, len(e.Y))
	}
	if e.Weights != nil && len(e.Weights) != len(e.Y) {
		return fmt.Errorf("mlp got %d weights for %d rows", len(e.Weights), len(e.Y))
	}
	var total float64
	for i, y := range e.Y {
		if math.IsNaN(float64(y)) || math.IsInf(float64(y), 0) {
			return fmt.Errorf("the label of row %d is %v", i+1, y)
		}
		if task == model.Class && y != 0 && y != 1 {
			return fmt.Errorf("the label of row %d is %v, a class is 0 or 1", i+1, y)
		}
		w := weight(e, i)
		if !(w >= 0) || math.IsInf(w, 1) {
			return fmt.Errorf("the weight of row %d is %v", i+1, w)
		}
		total += w
	}
	if total == 0 {
		return errors.New("all rows have weight 0")
	}
	return nil
}

// newTrainer encodes the examples and draws the first weights.
func newTrainer(ctx context.Context, o options, encoder *prep.Encoder, t *target, train, valid *model.Examples, s model.Settings) (*trainer, error) {
	rng := rand.New(rand.NewPCG(s.Seed, 0x6d6c70)) // a stream of its own for this family
	run := &trainer{options: o, loss: t.loss, rng: rng, threads: s.Threads, progress: s.Progress}
	var err error
	if run.train, err = encode(ctx, encoder, t, train, s.Threads); err != nil {
		return nil, err
	}
	if valid != nil {
		if run.valid, err = encode(ctx, encoder, t, valid, s.Threads); err != nil {
			return nil, err
		}
	}
	run.net = newNetwork(run.train.width, o.hidden, o.activation, rng)
	run.net[len(run.net)-1].b[0] = float32(t.start(train))
	return run, nil
}

// encode makes rows of examples.
func encode(ctx context.Context, encoder *prep.Encoder, t *target, e *model.Examples, threads int) (*rows, error) {
	batch, err := encoder.Bind(e.X)
	if err != nil {
		return nil, err
	}
	r := &rows{n: e.X.Rows, width: inputs(encoder), targets: t.encode(e.Y), weights: unitMean(e.Weights)}
	r.x = make([]float32, r.n*r.width)
	if encoder.Width() == 0 {
		return r, nil
	}
	errs := make([]error, chunks.Count(r.n, scorePiece))
	err = chunks.DoContext(ctx, threads, len(errs), func(i int) {
		from, to := chunks.Bounds(i, scorePiece, r.n)
		errs[i] = batch.Rows(r.x[from*r.width:to*r.width], from, to)
	})
	return r, errors.Join(append(errs, err)...)
}

// inputs is the width of the network's inputs. Where no column says anything there is still one, always zero.
func inputs(encoder *prep.Encoder) int { return max(1, encoder.Width()) }

// unitMean scales weights to mean 1, nil stays nil.
func unitMean(w []float32) []float32 {
	if w == nil {
		return nil
	}
	var sum float64
	for _, v := range w {
		sum += float64(v)
	}
	out := make([]float32, len(w))
	for i, v := range w {
		out[i] = float32(float64(v) * float64(len(w)) / sum)
	}
	return out
}
