package linear

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"

	"cvp/engine/frame"
	"cvp/engine/internal/chunks"
	"cvp/engine/internal/packed"
	"cvp/engine/model"
	"cvp/engine/prep"
)

// Model is a fitted regression.
type Model struct {
	encoder *prep.Encoder
	loss    loss
	unit    unit
	beta    []float64 // intercept, then one coefficient per output of the encoder
	penalty penalty
}

var _ model.Model = (*Model)(nil)

// predictRows is how many rows one buffer holds while they are scored.
const predictRows = 512

// Predict writes the probability or expected value of each row.
func (m *Model) Predict(dst []float64, x *frame.Frame) error {
	batch, err := m.encoder.Bind(x)
	if err != nil {
		return err
	}
	count := chunks.Count(x.Rows, chunkRows)
	errs := make([]error, count)
	chunks.Do(0, count, func(i int) {
		from, to := chunks.Bounds(i, chunkRows, x.Rows)
		errs[i] = m.score(dst, batch, from, to)
	})
	return errors.Join(errs...)
}

func (m *Model) score(dst []float64, batch *prep.Batch, from, to int) error {
	width := m.encoder.Width()
	rows := make([]float32, min(predictRows, to-from)*width)
	for ; from < to; from += predictRows {
		end := min(from+predictRows, to)
		if err := batch.Rows(rows, from, end); err != nil {
			return err
		}
		for i := range end - from {
			dst[from+i] = m.output(m.beta[0] + dot(rows[i*width:(i+1)*width], m.beta[1:]))
		}
	}
	return nil
}

// output is the prediction for a linear predictor.
func (m *Model) output(z float64) float64 {
	p := m.unit.Shift + m.unit.Factor*m.loss.mean(z)
	if m.unit.Low != nil {
		p = max(p, *m.unit.Low)
	}
	if m.unit.High != nil {
		p = min(p, *m.unit.High)
	}
	return p
}

// Rounds is 0: a regression is fitted to its optimum.
func (m *Model) Rounds() int { return 0 }

// Hyperparameters are what the fit chose: a refit with them follows no path.
func (m *Model) Hyperparameters() map[string]any {
	chosen := map[string]any{"l2": m.penalty.l2}
	if m.loss.name != lossLogistic {
		chosen["loss"] = m.loss.name
	}
	return chosen
}

// Coefficient is what one output of the encoder adds to the linear predictor per unit.
type Coefficient struct {
	Name   string // the output, e.g. "country = FR"
	Source string // its column
	Value  float64
}

// Coefficients gives the intercept and the coefficients. Numbers are standardised: a coefficient is per
// standard deviation of the (where its tail was heavy, logged) column.
func (m *Model) Coefficients() (intercept float64, list []Coefficient) {
	names, sources := m.encoder.Names(), m.encoder.Sources()
	for i, b := range m.beta[1:] {
		list = append(list, Coefficient{names[i], sources[i], b})
	}
	return m.beta[0], list
}

// stored is the model in JSON.
type stored struct {
	Loss    string          `json:"loss"`
	L1      float64         `json:"l1"`
	L2      float64         `json:"l2"`
	Unit    unit            `json:"unit"`
	Encoder *prep.Encoder   `json:"encoder"`
	Beta    packed.Float64s `json:"beta"`
}

// Encode gives the model as JSON.
func (m *Model) Encode() ([]byte, error) {
	return json.Marshal(stored{m.loss.name, m.penalty.l1, m.penalty.l2, m.unit, m.encoder, m.beta})
}

func decode(b []byte) (*Model, error) {
	var s stored
	if err := json.Unmarshal(b, &s); err != nil {
		return nil, fmt.Errorf("decode linear model: %w", err)
	}
	l, ok := lossOf(s.Loss)
	switch {
	case !ok:
		return nil, fmt.Errorf("decode linear model: unknown loss %q", s.Loss)
	case s.Encoder == nil:
		return nil, errors.New("decode linear model: no encoder")
	case len(s.Beta) != s.Encoder.Width()+1:
		return nil, fmt.Errorf("decode linear model: %d coefficients for %d columns", len(s.Beta), s.Encoder.Width())
	case s.Unit.Factor <= 0 || math.IsInf(s.Unit.Factor, 0):
		return nil, errors.New("decode linear model: no unit of the label")
	}
	return &Model{encoder: s.Encoder, loss: l, unit: s.Unit, beta: s.Beta, penalty: penalty{s.L1, s.L2}}, nil
}
