package linear

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"cvp/engine/model"
	"cvp/engine/prep"
)

// path is tried where l2 is not given, from the strongest down: each optimum starts the next search.
var path = []float64{1, 0.3, 0.1, 0.03, 0.01, 3e-3, 1e-3, 3e-4, 1e-4, 3e-5}

// pathTolerance is enough to tell one penalty from the next on the validation rows.
const pathTolerance = 1e-3

// patience is how many steps of the path may fail to improve on the validation rows before it ends.
const patience = 2

// fit learns the regression. With validation rows and no l2 given it follows the path.
func fit(ctx context.Context, train, valid *model.Examples, s model.Settings, l loss) (*Model, error) {
	began := time.Now()
	m := &Model{loss: l, unit: unitOf(l, train)}
	encoder, err := prep.Fit(train.X, prep.Options{Log: true, Scale: true})
	if err != nil {
		return nil, err
	}
	m.encoder = encoder
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	here, err := m.design(ctx, train, s.Threads)
	if err != nil {
		return nil, err
	}
	lim := limits{
		tolerance:  s.Number("tolerance", defaultTolerance),
		iterations: int(s.Number("max_iterations", defaultMaxIter)),
	}
	trials := []float64{s.Number("l2", defaultL2)}
	var there *design
	if _, given := s.Params["l2"]; valid != nil && valid.X.Rows > 0 {
		if there, err = m.design(ctx, valid, s.Threads); err != nil {
			return nil, err
		}
		if !given {
			trials = path
		}
	}
	search := search{design: here, valid: there, limits: lim, began: began, settings: s, trials: len(trials)}
	m.beta, m.penalty, err = search.follow(ctx, trials)
	if err != nil {
		return nil, err
	}
	return m, nil
}

// search follows a path of penalties.
type search struct {
	design, valid *design
	limits        limits
	began         time.Time
	settings      model.Settings
	trials        int // penalties to try
}

// follow gives the coefficients of the penalty with the least validation loss; the last one's without
// validation rows. The way is taken in rough steps, the last one to the tolerance.
func (f *search) follow(ctx context.Context, l2s []float64) (best []float64, chosen penalty, err error) {
	beta := make([]float64, f.design.d+1)
	beta[0] = f.design.loss.start(f.design.meanLabel())
	if len(l2s) == 1 {
		return f.settle(ctx, beta, l2s[0])
	}
	rough := limits{tolerance: max(pathTolerance, f.limits.tolerance), iterations: f.limits.iterations}
	least, since := math.Inf(1), 0
	for i, l2 := range l2s {
		p := penalty{l1: f.l1(), l2: l2}
		if beta, err = f.design.solve(ctx, beta, p, rough); err != nil {
			return nil, p, fmt.Errorf("solve for l2 %g: %w", l2, err)
		}
		loss, err := f.report(ctx, beta, i+1, len(l2s)+1)
		if err != nil {
			return nil, p, err
		}
		if loss < least {
			best, chosen, least, since = beta, p, loss, 0
		} else if since++; since >= patience {
			break
		}
	}
	if best == nil {
		return nil, chosen, errors.New("no penalty gives a finite loss on the validation rows")
	}
	return f.settle(ctx, best, chosen.l2)
}

func (f *search) l1() float64 { return f.settings.Number("l1", 0) }

// settle solves to the tolerance and reports the last step.
func (f *search) settle(ctx context.Context, start []float64, l2 float64) ([]float64, penalty, error) {
	p := penalty{l1: f.l1(), l2: l2}
	beta, err := f.design.solve(ctx, start, p, f.limits)
	if err != nil {
		return nil, p, fmt.Errorf("solve for l2 %g: %w", l2, err)
	}
	last := 1
	if f.trials > 1 {
		last = f.trials + 1
	}
	_, err = f.report(ctx, beta, last, last)
	return beta, p, err
}

// report gives the validation loss, NaN without validation rows, and tells Progress of it.
func (f *search) report(ctx context.Context, beta []float64, done, of int) (float64, error) {
	step := model.Step{Done: done, Of: of, Train: math.NaN(), Validate: math.NaN()}
	grad := make([]float64, len(beta))
	if f.valid != nil {
		step.Validate = f.valid.evaluate(ctx, grad, beta)
	}
	if f.settings.Progress != nil {
		step.Train = f.design.evaluate(ctx, grad, beta)
	}
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	if f.settings.Progress != nil {
		step.Elapsed = time.Since(f.began)
		f.settings.Progress(step)
	}
	return step.Validate, nil
}

// design encodes examples in the model's units.
func (m *Model) design(ctx context.Context, e *model.Examples, threads int) (*design, error) {
	d := &design{n: e.X.Rows, d: m.encoder.Width(), weights: e.Weights, loss: m.loss, threads: threads}
	d.x = make([]float32, d.n*d.d)
	if err := m.encoder.TransformContext(ctx, d.x, e.X); err != nil {
		return nil, err
	}
	d.y = make([]float32, d.n)
	for i, y := range e.Y {
		d.y[i] = float32((float64(y) - m.unit.Shift) / m.unit.Factor)
	}
	if d.total = float64(d.n); e.Weights != nil {
		d.total = 0
		for _, w := range e.Weights {
			d.total += float64(w)
		}
	}
	if !(d.total > 0) {
		return nil, errors.New("no row has a weight above 0")
	}
	return d, nil
}

func (m *design) meanLabel() float64 {
	var sum float64
	for i, y := range m.y {
		w := 1.0
		if m.weights != nil {
			w = float64(m.weights[i])
		}
		sum += w * float64(y)
	}
	return sum / m.total
}

// unit is the scale on which the label is fitted: (y − Shift) / Factor.
type unit struct {
	Shift  float64  `json:"shift"`
	Factor float64  `json:"factor"`
	Low    *float64 `json:"low,omitempty"`  // predictions are not below it
	High   *float64 `json:"high,omitempty"` // nor above it
}

// unitOf chooses the scale. Labels that are never negative are never predicted so; with a logarithmic link,
// where one odd row could multiply without end, nothing beyond the greatest label is predicted either.
func unitOf(l loss, e *model.Examples) unit {
	u := unit{Factor: 1}
	if l.name == lossLogistic {
		return u
	}
	var total, mean, square float64
	low, high := math.Inf(1), math.Inf(-1)
	weight := func(i int) float64 {
		if e.Weights == nil {
			return 1
		}
		return float64(e.Weights[i])
	}
	for i, y := range e.Y {
		if w := weight(i); w > 0 {
			total += w
			mean += w * float64(y)
			low, high = min(low, float64(y)), max(high, float64(y))
		}
	}
	mean /= total
	for i, y := range e.Y {
		d := float64(y) - mean
		square += weight(i) * d * d
	}
	zero := 0.0
	if low >= 0 {
		u.Low = &zero
	}
	if l.logLink {
		u.Low, u.High = &zero, &high
		if mean > 0 {
			u.Factor = mean
		}
		return u
	}
	u.Shift = mean
	if square > 0 {
		u.Factor = math.Sqrt(square / total)
	}
	return u
}
