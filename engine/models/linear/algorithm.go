// Package linear has the models that add up weighted columns: logistic regression for a class; for a value
// least squares, Huber, Poisson and Tweedie regression.
//
// Columns are cleaned by prep.Encoder (heavy tails logged, numbers standardised, levels one-hot). The fit
// minimises
//
//	mean over rows of loss(intercept + β·x, y)  +  l1·‖β‖₁  +  l2/2·‖β‖²
//
// where the label is in units of its standard deviation (squared, huber) or of its mean (poisson, tweedie), so
// that one penalty means the same on any label and any number of rows. In terms of scikit-learn's logistic
// regression, l2 is 1/(C·rows). gonum's L-BFGS finds the optimum, OWL-QN where l1 is above 0.
package linear

import (
	"context"
	"errors"
	"fmt"

	"cvp/engine/model"
)

// Logistic is the algorithm "logistic": the probability of a class.
type Logistic struct{}

// Linear is the algorithm "linear": the expected value.
type Linear struct{}

var (
	_ model.Algorithm = Logistic{}
	_ model.Algorithm = Linear{}
)

// Name is "logistic".
func (Logistic) Name() string { return "logistic" }

// Name is "linear".
func (Linear) Name() string { return "linear" }

// Serves reports true for a class.
func (Logistic) Serves(t model.Task) bool { return t == model.Class }

// Serves reports true for a value.
func (Linear) Serves(t model.Task) bool { return t == model.Value }

const (
	defaultL2        = 1e-3
	defaultTolerance = 1e-5
	defaultMaxIter   = 200
)

func penaltyParams() []model.Param {
	return []model.Param{
		{Name: "l1", Default: 0.0, Min: 0, Max: 1e6, Help: "weight of the sum of absolute coefficients, beside the mean loss: drops columns"},
		{Name: "l2", Default: defaultL2, Min: 0, Max: 1e6, Help: "weight of half the sum of squared coefficients, beside the mean loss; where it is not given, the best of 1 … 0.0001 on the validation rows is taken"},
		{Name: "max_iterations", Default: defaultMaxIter, Min: 1, Max: 100000, Help: "greatest number of steps of the solver"},
		{Name: "tolerance", Default: defaultTolerance, Min: 1e-12, Max: 1, Help: "the solver stops when no component of the gradient is above this"},
	}
}

// Params are the penalties and the solver's limits.
func (Logistic) Params() []model.Param { return penaltyParams() }

// Params are the loss, the penalties and the solver's limits.
func (Linear) Params() []model.Param {
	return append([]model.Param{{
		Name: "loss", Default: lossAuto,
		Choices: []string{lossAuto, lossSquared, lossHuber, lossPoisson, lossTweedie},
		Help: "squared: the mean, swayed by outliers; huber: between mean and median, too low in total on skewed labels; " +
			"poisson: the mean of labels that are seldom negative, effects multiply; tweedie: the same for labels never negative, with less weight on large ones; " +
			"auto: poisson for skewed labels that are seldom negative, else squared",
	}}, penaltyParams()...)
}

// Fit learns a logistic regression.
func (Logistic) Fit(ctx context.Context, train, valid *model.Examples, s model.Settings) (model.Model, error) {
	l, _ := lossOf(lossLogistic)
	return fit(ctx, train, valid, s, l)
}

// Fit learns a regression of the chosen loss.
func (Linear) Fit(ctx context.Context, train, valid *model.Examples, s model.Settings) (model.Model, error) {
	name := s.Text("loss", lossAuto)
	if name == lossAuto {
		name = suitable(train.Y)
	}
	l, ok := lossOf(name)
	if !ok || name == lossLogistic {
		return nil, fmt.Errorf("unknown loss %q", name)
	}
	if l.positive {
		for i, y := range train.Y {
			if y < 0 {
				return nil, fmt.Errorf("loss %q needs labels of at least 0, row %d has %g", name, i+1, y)
			}
		}
	}
	return fit(ctx, train, valid, s, l)
}

const lossAuto = "auto"

// suitable is the loss for labels of that shape.
func suitable(y []float32) string {
	if model.MoneyLike(y) {
		return lossPoisson
	}
	return lossSquared
}

// Decode reads a stored logistic regression.
func (Logistic) Decode(b []byte) (model.Model, error) {
	m, err := decode(b)
	if err != nil {
		return nil, err
	}
	if m.loss.name != lossLogistic {
		return nil, errors.New("decode logistic: stored model is of another loss")
	}
	return m, nil
}

// Decode reads a stored regression.
func (Linear) Decode(b []byte) (model.Model, error) {
	m, err := decode(b)
	if err != nil {
		return nil, err
	}
	if m.loss.name == lossLogistic {
		return nil, errors.New("decode linear: stored model is a logistic regression")
	}
	return m, nil
}
