// Package baseline has the rules that anybody would use without a model: what a model must beat to be worth its keep.
// They are models themselves, so the same code judges them.
package baseline

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"slices"

	"cvp/engine/frame"
	"cvp/engine/model"
)

// Constant predicts the same for everybody: the rate of a class, the median of a value (which minimises the mean
// absolute error).
type Constant struct{}

// LastValue predicts that a value stays what the column says it was.
type LastValue struct{ Column string }

// Recency predicts a class from one column, by logistic regression on its signed logarithm: an order by that column
// alone, with probabilities that fit.
type Recency struct{ Column string }

var (
	_ model.Algorithm = Constant{}
	_ model.Algorithm = LastValue{}
	_ model.Algorithm = Recency{}
)

// Name is "constant".
func (Constant) Name() string { return "constant" }

// Name is "last value".
func (LastValue) Name() string { return "last value" }

// Name is "recency".
func (Recency) Name() string { return "recency" }

// Serves reports true: a constant fits any task.
func (Constant) Serves(model.Task) bool { return true }

// Serves reports true for a value.
func (LastValue) Serves(t model.Task) bool { return t == model.Value }

// Serves reports true for a class.
func (Recency) Serves(t model.Task) bool { return t == model.Class }

// Params is empty.
func (Constant) Params() []model.Param { return nil }

// Params is empty.
func (LastValue) Params() []model.Param { return nil }

// Params is empty.
func (Recency) Params() []model.Param { return nil }

// Fit finds the constant.
func (Constant) Fit(_ context.Context, train, _ *model.Examples, s model.Settings) (model.Model, error) {
	if s.Task == model.Class {
		return &rule{Intercept: mean(train.Y)}, nil
	}
	return &rule{Intercept: middle(train.Y)}, nil
}

// Fit learns nothing but what stands for a missing value: the median label.
func (l LastValue) Fit(_ context.Context, train, _ *model.Examples, _ model.Settings) (model.Model, error) {
	return &rule{Column: l.Column, Slope: 1, Absent: middle(train.Y)}, nil
}

// Fit finds slope and intercept by Newton's method on the log-likelihood.
func (r Recency) Fit(ctx context.Context, train, _ *model.Examples, _ model.Settings) (model.Model, error) {
	out := &rule{Column: r.Column, Log: true, Logit: true}
	c := train.X.Column(r.Column)
	if c == nil || c.Kind != frame.Number {
		return nil, fmt.Errorf("fit recency rule: %q is not a column of numbers", r.Column)
	}
	var x, y []float64
	var absent, absentPositive float64
	for i, v := range c.Numbers {
		if v != v {
			absent++
			absentPositive += float64(train.Y[i])
			continue
		}
		x, y = append(x, signedLog(float64(v))), append(y, float64(train.Y[i]))
	}
	out.Absent = logit((absentPositive + mean(train.Y)) / (absent + 1)) // one imagined row of the average rate
	out.Intercept, out.Slope = newton(x, y)
	return out, ctx.Err()
}

// newton fits P(y=1) = 1/(1+exp(-(a+b·x))) with a slight ridge that keeps separable rows finite.
func newton(x, y []float64) (a, b float64) {
	const ridge, steps = 1e-3, 50
	for range steps {
		ga, gb, haa, hab, hbb := -ridge*a, -ridge*b, ridge, 0.0, ridge
		for i := range x {
			p := sigmoid(a + b*x[i])
			e, w := y[i]-p, p*(1-p)
			ga, gb = ga+e, gb+e*x[i]
			haa, hab, hbb = haa+w, hab+w*x[i], hbb+w*x[i]*x[i]
		}
		det := haa*hbb - hab*hab
		if det <= 0 {
			break
		}
		da, db := (ga*hbb-gb*hab)/det, (gb*haa-ga*hab)/det
		a, b = a+da, b+db
		if math.Abs(da)+math.Abs(db) < 1e-9 {
			break
		}
	}
	return a, b
}

// rule is intercept + slope · column, through a logarithm before and a sigmoid behind where it says so.
type rule struct {
	Column    string  `json:"column,omitempty"`
	Slope     float64 `json:"slope,omitempty"`
	Intercept float64 `json:"intercept"`
	Absent    float64 `json:"absent,omitempty"` // stands for slope and intercept where the column is missing
	Log       bool    `json:"log,omitempty"`
	Logit     bool    `json:"logit,omitempty"`
}

var _ model.Model = (*rule)(nil)

// Predict applies the rule.
func (r *rule) Predict(dst []float64, x *frame.Frame) error {
	c := x.Column(r.Column)
	if c != nil && c.Kind != frame.Number {
		return fmt.Errorf("column %q is a %s, the rule reads a number", r.Column, c.Kind)
	}
	for i := range dst {
		v := r.Intercept
		switch {
		case r.Column == "":
		case c == nil || c.Missing(i):
			v = r.Absent
		case r.Log:
			v += r.Slope * signedLog(float64(c.Numbers[i]))
		default:
			v += r.Slope * float64(c.Numbers[i])
		}
		if r.Logit {
			v = sigmoid(v)
		}
		dst[i] = v
	}
	return nil
}

// Encode gives the rule as JSON.
func (r *rule) Encode() ([]byte, error) { return json.Marshal(r) }

// Rounds is 0.
func (r *rule) Rounds() int { return 0 }

// Decode reads a rule.
func (Constant) Decode(b []byte) (model.Model, error) { return decode(b) }

// Decode reads a rule.
func (LastValue) Decode(b []byte) (model.Model, error) { return decode(b) }

// Decode reads a rule.
func (Recency) Decode(b []byte) (model.Model, error) { return decode(b) }

func decode(b []byte) (model.Model, error) {
	r := &rule{}
	if err := json.Unmarshal(b, r); err != nil {
		return nil, fmt.Errorf("decode rule: %w", err)
	}
	return r, nil
}

func mean(y []float32) float64 {
	var sum float64
	for _, v := range y {
		sum += float64(v)
	}
	return sum / float64(max(len(y), 1))
}

func middle(y []float32) float64 {
	if len(y) == 0 {
		return 0
	}
	s := slices.Clone(y)
	slices.Sort(s)
	return (float64(s[(len(s)-1)/2]) + float64(s[len(s)/2])) / 2
}

func signedLog(v float64) float64 { return math.Copysign(math.Log1p(math.Abs(v)), v) }
func sigmoid(z float64) float64   { return 1 / (1 + math.Exp(-z)) }
func logit(p float64) float64 {
	p = min(max(p, 1e-6), 1-1e-6)
	return math.Log(p / (1 - p))
}
