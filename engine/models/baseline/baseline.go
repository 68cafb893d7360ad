// Package baseline has the rules of thumb that a model must beat to be of use: the mean of the label, the last
// value of the same quantity, and a curve of one column such as the days since the last order.
package baseline

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"

	"cvp/engine/frame"
	"cvp/engine/model"
	"cvp/engine/models/linear"
)

// Constant is the rule "constant": the rate of the class or the mean of the value, the same for every row.
type Constant struct{}

// LastValue is the rule "last_value": what the column says is what will be, missing is 0. For a class, where
// the column is on another scale than a probability, it is the curve of the column as in Recency.
type LastValue struct{}

// Recency is the rule "recency": a regression on nothing but the column, which orders rows as the column does.
type Recency struct{}

var (
	_ model.Algorithm = Constant{}
	_ model.Algorithm = LastValue{}
	_ model.Algorithm = Recency{}
)

// All lists the rules.
func All() []model.Algorithm { return []model.Algorithm{Constant{}, LastValue{}, Recency{}} }

// Name is "constant".
func (Constant) Name() string { return "constant" }

// Name is "last_value".
func (LastValue) Name() string { return "last_value" }

// Name is "recency".
func (Recency) Name() string { return "recency" }

// Serves reports true for a class and for a value.
func (Constant) Serves(t model.Task) bool { return t == model.Class || t == model.Value }

// Serves reports true for a class and for a value.
func (LastValue) Serves(t model.Task) bool { return t == model.Class || t == model.Value }

// Serves reports true for a class and for a value.
func (Recency) Serves(t model.Task) bool { return t == model.Class || t == model.Value }

// Params is empty.
func (Constant) Params() []model.Param { return nil }

func columnParam() []model.Param {
	return []model.Param{{Name: "column", Default: "", Help: "the column to go by"}}
}

// Params has the column.
func (LastValue) Params() []model.Param { return columnParam() }

// Params has the column.
func (Recency) Params() []model.Param { return columnParam() }

// Fit takes the mean label.
func (Constant) Fit(ctx context.Context, train, _ *model.Examples, _ model.Settings) (model.Model, error) {
	var sum, total float64
	for i, y := range train.Y {
		w := 1.0
		if train.Weights != nil {
			w = float64(train.Weights[i])
		}
		sum += w * float64(y)
		total += w
	}
	if !(total > 0) {
		return nil, errors.New("no row has a weight above 0")
	}
	return constant{sum / total}, ctx.Err()
}

// Fit takes the column as it is for a value, and its curve for a class.
func (LastValue) Fit(ctx context.Context, train, valid *model.Examples, s model.Settings) (model.Model, error) {
	if s.Task == model.Class {
		return fitCurve(ctx, train, valid, s)
	}
	name, err := column(train, s)
	if err != nil {
		return nil, err
	}
	return lastValue{name}, ctx.Err()
}

// Fit regresses the label on the column.
func (Recency) Fit(ctx context.Context, train, valid *model.Examples, s model.Settings) (model.Model, error) {
	return fitCurve(ctx, train, valid, s)
}

// column gives the name of the column to go by.
func column(e *model.Examples, s model.Settings) (string, error) {
	name, _ := s.Params["column"].(string)
	switch c := e.X.Column(name); {
	case c == nil:
		return "", fmt.Errorf("no column %q to take as a baseline", name)
	case c.Kind != frame.Number:
		return "", fmt.Errorf("column %q is a %s: a baseline goes by a number", name, c.Kind)
	}
	return name, nil
}

func fitCurve(ctx context.Context, train, valid *model.Examples, s model.Settings) (model.Model, error) {
	name, err := column(train, s)
	if err != nil {
		return nil, err
	}
	alone := func(e *model.Examples) *model.Examples {
		if e == nil {
			return nil
		}
		x := &frame.Frame{Rows: e.X.Rows}
		if c := e.X.Column(name); c != nil {
			x.Columns = []frame.Column{*c}
		}
		return &model.Examples{X: x, Y: e.Y, Weights: e.Weights}
	}
	s.Params = nil
	m, err := family(s.Task).Fit(ctx, alone(train), alone(valid), s)
	if err != nil {
		return nil, err
	}
	return curve{m, s.Task}, nil
}

func family(t model.Task) model.Algorithm {
	if t == model.Class {
		return linear.Logistic{}
	}
	return linear.Linear{}
}

// Decode reads a stored rule.
func (Constant) Decode(b []byte) (model.Model, error) { return decode(b) }

// Decode reads a stored rule.
func (LastValue) Decode(b []byte) (model.Model, error) { return decode(b) }

// Decode reads a stored rule.
func (Recency) Decode(b []byte) (model.Model, error) { return decode(b) }

// stored is any of the rules in JSON: one of the fields is set.
type stored struct {
	Constant *float64        `json:"constant,omitempty"`
	Column   *string         `json:"column,omitempty"`
	Task     model.Task      `json:"task,omitempty"`
	Curve    json.RawMessage `json:"curve,omitempty"`
}

func decode(b []byte) (model.Model, error) {
	var s stored
	if err := json.Unmarshal(b, &s); err != nil {
		return nil, fmt.Errorf("decode baseline: %w", err)
	}
	switch {
	case s.Constant != nil:
		return constant{*s.Constant}, nil
	case s.Column != nil:
		return lastValue{*s.Column}, nil
	case s.Curve != nil && (s.Task == model.Class || s.Task == model.Value):
		m, err := family(s.Task).Decode(s.Curve)
		if err != nil {
			return nil, fmt.Errorf("decode baseline: %w", err)
		}
		return curve{m, s.Task}, nil
	}
	return nil, errors.New("decode baseline: none of constant, column and curve")
}

// constant scores every row the same.
type constant struct{ value float64 }

func (c constant) Predict(dst []float64, x *frame.Frame) error {
	for i := range dst {
		dst[i] = c.value
	}
	return nil
}

func (c constant) Encode() ([]byte, error) { return json.Marshal(stored{Constant: &c.value}) }

func (c constant) Rounds() int { return 0 }

// lastValue scores a row with the value of a column.
type lastValue struct{ column string }

func (l lastValue) Predict(dst []float64, x *frame.Frame) error {
	clear(dst)
	c := x.Column(l.column)
	if c == nil || c.Kind != frame.Number {
		return nil
	}
	for i, v := range c.Numbers {
		if !math.IsNaN(float64(v)) {
			dst[i] = float64(v)
		}
	}
	return nil
}

func (l lastValue) Encode() ([]byte, error) { return json.Marshal(stored{Column: &l.column}) }

func (l lastValue) Rounds() int { return 0 }

// curve is a regression on one column.
type curve struct {
	model.Model
	task model.Task
}

func (c curve) Encode() ([]byte, error) {
	b, err := c.Model.Encode()
	if err != nil {
		return nil, err
	}
	return json.Marshal(stored{Task: c.task, Curve: b})
}
