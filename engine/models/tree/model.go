package tree

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"

	"cvp/engine/frame"
	"cvp/engine/internal/chunks"
	"cvp/engine/internal/packed"
	"cvp/engine/model"
	"cvp/engine/prep"
)

// Model is a fitted tree.
type Model struct {
	bins      *prep.Bins
	nodes     []decision
	criterion string
	prune     float64
}

// decision is one node as predictions read it. Children come after their parent.
type decision struct {
	feature     int32 // -1: a leaf
	left, right int32
	split       uint8
	missingLeft bool
	rows        int32 // of the training part
	score       float64
}

var _ model.Model = (*Model)(nil)

// chunkRows is how many rows are binned and scored at a time.
const chunkRows = 4096

// newModel keeps what is left of a pruned tree: nodes that can be reached, features and cuts they use.
func newModel(nodes []node, scores []float64, bins *prep.Bins) *Model {
	splits := make([][]uint8, bins.Width())
	order := []int{0}
	for i := 0; i < len(order); i++ {
		if n := nodes[order[i]]; n.feature >= 0 {
			order = append(order, n.left, n.right)
			splits[n.feature] = append(splits[n.feature], n.split)
		}
	}
	for f := range splits {
		slices.Sort(splits[f])
		splits[f] = slices.Compact(splits[f])
	}
	kept, place := bins.Keep(splits)
	m := &Model{bins: kept, nodes: make([]decision, len(order))}
	next := int32(1) // breadth-first: the children of each inner node follow in order
	for i, at := range order {
		n := nodes[at]
		d := decision{feature: -1, rows: int32(n.rows), score: scores[at]}
		if n.feature >= 0 {
			k, _ := slices.BinarySearch(splits[n.feature], n.split)
			d.feature, d.split, d.missingLeft = int32(place[n.feature]), uint8(k+1), n.missingLeft
			d.left, d.right = next, next+1
			next += 2
		}
		m.nodes[i] = d
	}
	return m
}

// Predict writes the score of each row's leaf.
func (m *Model) Predict(dst []float64, x *frame.Frame) error {
	batch, err := m.bins.Bind(x)
	if err != nil {
		return err
	}
	count := chunks.Count(x.Rows, chunkRows)
	errs := make([]error, count)
	chunks.Do(0, count, func(i int) {
		from, to := chunks.Bounds(i, chunkRows, x.Rows)
		errs[i] = m.score(dst[from:to], batch, from, to)
	})
	return errors.Join(errs...)
}

func (m *Model) score(dst []float64, batch *prep.BinBatch, from, to int) error {
	n := to - from
	binned := make([]uint8, n*m.bins.Width())
	for f := range m.bins.Width() {
		if err := batch.Feature(binned[f*n:(f+1)*n], f, from, to); err != nil {
			return err
		}
	}
	for row := range dst {
		d := &m.nodes[0]
		for d.feature >= 0 {
			if goesLeft(binned[int(d.feature)*n+row], d.split, d.missingLeft) {
				d = &m.nodes[d.left]
			} else {
				d = &m.nodes[d.right]
			}
		}
		dst[row] = d.score
	}
	return nil
}

// Rounds is 0: a tree is grown once.
func (m *Model) Rounds() int { return 0 }

// Hyperparameters are what the fit chose: a refit with them prunes as strongly.
func (m *Model) Hyperparameters() map[string]any {
	return map[string]any{"prune": m.prune, "criterion": m.criterion}
}

// Leaves is the number of leaves.
func (m *Model) Leaves() int { return (len(m.nodes) + 1) / 2 }

// stored is the model in JSON. The nodes are arrays, breadth-first; the children of the i-th inner node are
// nodes 2i+1 and 2i+2.
type stored struct {
	Criterion   string          `json:"criterion"`
	Prune       float64         `json:"prune"`
	Bins        *prep.Bins      `json:"bins"`
	Feature     packed.Int32s   `json:"feature"`
	Split       []byte          `json:"split"`
	MissingLeft []byte          `json:"missing_left"`
	Rows        packed.Int32s   `json:"rows"`
	Score       packed.Float64s `json:"score"`
}

// Encode gives the model as JSON.
func (m *Model) Encode() ([]byte, error) {
	s := stored{Criterion: m.criterion, Prune: m.prune, Bins: m.bins}
	for _, d := range m.nodes {
		s.Feature = append(s.Feature, d.feature)
		s.Split = append(s.Split, d.split)
		missingLeft := byte(0)
		if d.missingLeft {
			missingLeft = 1
		}
		s.MissingLeft = append(s.MissingLeft, missingLeft)
		s.Rows = append(s.Rows, d.rows)
		s.Score = append(s.Score, d.score)
	}
	return json.Marshal(s)
}

// model checks what was stored: every feature known, every child there, so that no prediction can go astray.
func (s *stored) model() (*Model, error) {
	n := len(s.Feature)
	if n == 0 || n > math.MaxInt32 || len(s.Split) != n || len(s.MissingLeft) != n || len(s.Rows) != n || len(s.Score) != n {
		return nil, fmt.Errorf("%d nodes, arrays of other lengths", n)
	}
	m := &Model{bins: s.Bins, nodes: make([]decision, n), criterion: s.Criterion, prune: s.Prune}
	next := int32(1)
	for i, f := range s.Feature {
		if f < -1 || int(f) >= s.Bins.Width() {
			return nil, fmt.Errorf("node %d asks for feature %d of %d", i, f, s.Bins.Width())
		}
		d := decision{feature: f, split: s.Split[i], missingLeft: s.MissingLeft[i] == 1, rows: s.Rows[i], score: s.Score[i]}
		if f >= 0 {
			d.left, d.right = next, next+1
			next += 2
			if d.left <= int32(i) || int(d.right) >= n {
				return nil, fmt.Errorf("node %d has no children", i)
			}
		}
		m.nodes[i] = d
	}
	if int(next) != n {
		return nil, fmt.Errorf("%d nodes are not reached", n-int(next))
	}
	return m, nil
}
