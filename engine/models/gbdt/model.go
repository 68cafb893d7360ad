package gbdt

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"

	"cvp/engine/frame"
	"cvp/engine/internal/packed"
	"cvp/engine/model"
	"cvp/engine/prep"
)

// Model is a fitted sum of trees.
type Model struct {
	bins    *prep.Bins // the features in use
	trees   [][]node
	scorers []scorer
	loss    loss
	base    float64 // score before the first tree
	unit    float64 // of the label
	within  bounds  // a value is predicted within the labels of training
}

var _ model.Model = (*Model)(nil)

// prepared has what predictions read made from the trees.
func (m *Model) prepared() *Model {
	for _, t := range m.trees {
		m.scorers = append(m.scorers, newScorer(t))
	}
	return m
}

// output is the prediction for a score.
func (m *Model) output(score float64) float64 { return m.within.clip(m.loss.mean(score) * m.unit) }

// Rounds is the number of trees.
func (m *Model) Rounds() int { return len(m.trees) }

// Hyperparameters are what the fit chose.
func (m *Model) Hyperparameters() map[string]any {
	if m.loss.name == lossLogistic {
		return nil
	}
	return map[string]any{"loss": m.loss.name}
}

// Gain is how much the splits on a column lessened the loss in training.
type Gain struct {
	Column string
	Gain   float64
	Splits int
}

// Importance gives the gain of every column in use, in the order of the features.
func (m *Model) Importance() []Gain {
	var out []Gain
	at := map[string]int{}
	sources := m.bins.Sources()
	for _, name := range sources {
		if _, seen := at[name]; !seen {
			at[name] = len(out)
			out = append(out, Gain{Column: name})
		}
	}
	for _, t := range m.trees {
		for _, n := range t {
			if n.feature >= 0 {
				g := &out[at[sources[n.feature]]]
				g.Gain += n.gain
				g.Splits++
			}
		}
	}
	return out
}

// stored is the model in JSON: the nodes of all trees one after the other, of inner nodes the limit where leaves have
// their value.
type stored struct {
	Loss    string          `json:"loss"`
	Base    float64         `json:"base"`
	Unit    float64         `json:"unit"`
	Low     float64         `json:"low"`
	High    float64         `json:"high"`
	Bins    *prep.Bins      `json:"bins"`
	Sizes   packed.Int32s   `json:"sizes"`
	Feature packed.Int32s   `json:"feature"` // -1: a leaf
	Number  packed.Float64s `json:"number"`
	Missing []byte          `json:"missing"` // 1: missing values go left
	Rows    packed.Float64s `json:"rows"`
	Gain    packed.Float64s `json:"gain"`
	Levels  []byte          `json:"levels"` // 32 bytes, little-endian, for each inner node that asks for a category
}

// Encode gives the model as JSON.
func (m *Model) Encode() ([]byte, error) {
	s := stored{Loss: m.loss.name, Base: m.base, Unit: m.unit, Low: m.within.low, High: m.within.high, Bins: m.bins}
	for _, t := range m.trees {
		s.Sizes = append(s.Sizes, int32(len(t)))
		for _, n := range t {
			s.add(n)
		}
	}
	return json.Marshal(s)
}

func (s *stored) add(n node) {
	number, missing := n.value, byte(0)
	if n.feature >= 0 {
		number = float64(n.limit)
	}
	if n.missingLeft {
		missing = 1
	}
	s.Feature = append(s.Feature, n.feature)
	s.Number = append(s.Number, number)
	s.Missing = append(s.Missing, missing)
	s.Rows = append(s.Rows, n.rows)
	s.Gain = append(s.Gain, n.gain)
	if n.levels != nil {
		s.Levels = n.levels.append(s.Levels)
	}
}

// decode reads a stored model and checks it: every feature known, every child there, so that no prediction can go
// astray.
func decode(b []byte) (*Model, error) {
	var s stored
	if err := json.Unmarshal(b, &s); err != nil {
		return nil, err
	}
	n := len(s.Feature)
	if s.Bins == nil {
		return nil, errors.New("no bins")
	}
	if len(s.Number) != n || len(s.Missing) != n || len(s.Rows) != n || len(s.Gain) != n {
		return nil, fmt.Errorf("%d nodes, arrays of other lengths", n)
	}
	if !(s.Unit > 0) || math.IsInf(s.Unit, 0) {
		return nil, errors.New("no unit of the label")
	}
	if s.Low > s.High {
		return nil, errors.New("bounds in the wrong order")
	}
	l, ok := lossOf(s.Loss, .5, 1.5) // predictions read its link alone
	if !ok {
		return nil, fmt.Errorf("unknown loss %q", s.Loss)
	}
	r := reader{stored: &s}
	trees := make([][]node, len(s.Sizes))
	for i, size := range s.Sizes {
		var err error
		if trees[i], err = r.tree(int(size)); err != nil {
			return nil, fmt.Errorf("tree %d: %w", i+1, err)
		}
	}
	if r.at != n || len(s.Levels) != 0 {
		return nil, errors.New("nodes or levels are left over")
	}
	return (&Model{bins: s.Bins, trees: trees, loss: l, base: s.Base, unit: s.Unit, within: bounds{s.Low, s.High}}).prepared(), nil
}

// reader takes trees off the arrays.
type reader struct {
	*stored
	at int
}

func (r *reader) tree(size int) ([]node, error) {
	if size < 1 || size > len(r.Feature)-r.at {
		return nil, fmt.Errorf("%d nodes of %d that are left", size, len(r.Feature)-r.at)
	}
	out, next := make([]node, size), 1
	for i := range out {
		k := r.at + i
		f := r.Feature[k]
		n := node{feature: f, missingLeft: r.Missing[k] == 1, rows: r.Rows[k], gain: r.Gain[k]}
		switch {
		case f < -1 || int(f) >= r.Bins.Width():
			return nil, fmt.Errorf("node %d asks for feature %d of %d", i, f, r.Bins.Width())
		case f < 0:
			n.value = r.Number[k]
			out[i] = n
			continue
		case next <= i || next+1 >= size:
			return nil, fmt.Errorf("node %d has no children", i)
		case r.Bins.Kind(int(f)) == frame.Category:
			if n.levels = takeLevels(&r.Levels); n.levels == nil {
				return nil, fmt.Errorf("node %d has no levels", i)
			}
		default:
			if n.limit = float32(r.Number[k]); math.IsInf(float64(n.limit), 0) {
				return nil, fmt.Errorf("node %d has no limit that a value could be compared with", i)
			}
		}
		n.left = int32(next)
		next += 2
		out[i] = n
	}
	if next != size {
		return nil, fmt.Errorf("%d nodes are not reached", size-next)
	}
	r.at += size
	return out, nil
}
