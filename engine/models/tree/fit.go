package tree

import (
	"context"
	"errors"
	"math"
	"slices"
	"time"

	"cvp/engine/model"
	"cvp/engine/prep"
)

// fit bins the rows, grows the tree, prunes it and scores its leaves.
func fit(ctx context.Context, train, valid *model.Examples, s model.Settings, c criterion) (*Model, error) {
	began := time.Now()
	bins, err := prep.FitBins(train.X, train.Y, train.Weights)
	if err != nil {
		return nil, err
	}
	g := &grower{criterion: c, y: train.Y, weights: train.Weights, threads: s.Threads,
		maxDepth: int(s.Number("max_depth", defaultDepth)),
		minLeaf:  int(s.Number("min_leaf", defaultMinLeaf)),
	}
	if g.bins, err = bins.Transform(ctx, train.X); err != nil {
		return nil, err
	}
	if err := g.prepare(bins, train); err != nil {
		return nil, err
	}
	whole := impurity(c, train)
	g.leastGain = 1e-9 * whole
	nodes, err := g.grow(ctx)
	if err != nil {
		return nil, err
	}
	smoothing := s.Number("smoothing", defaultSmoothing)
	prune := s.Number("prune", defaultPrune)
	if _, given := s.Params["prune"]; !given && valid != nil && valid.X.Rows > 0 {
		binned, err := bins.Transform(ctx, valid.X)
		if err != nil {
			return nil, err
		}
		loss := validationLoss(nodes, scores(nodes, smoothing), binned, valid, c)
		prune = 0
		if whole > 0 {
			prune = newPruner(slices.Clone(nodes), loss).strongest() / whole
		}
	}
	newPruner(nodes, nil).cut(prune * whole * (1 + 1e-9)) // the share may have lost its last bit
	m := newModel(nodes, scores(nodes, smoothing), bins)
	m.criterion, m.prune = c.name, prune
	if s.Progress != nil {
		s.Progress(model.Step{Done: 1, Of: 1, Train: math.NaN(), Validate: math.NaN(), Elapsed: time.Since(began)})
	}
	return m, ctx.Err()
}

// prepare lays out the histogram and lists the rows that count.
func (g *grower) prepare(bins *prep.Bins, train *model.Examples) error {
	g.offsets = make([]int, bins.Width()+1)
	for f := range bins.Width() {
		g.offsets[f+1] = g.offsets[f] + bins.Count(f)
	}
	g.rows = make([]int32, 0, train.X.Rows)
	for i := range train.X.Rows {
		if g.weight(int32(i)) > 0 {
			g.rows = append(g.rows, int32(i))
		}
	}
	if len(g.rows) == 0 {
		return errors.New("no row has a weight above 0")
	}
	g.right = make([]int32, 0, len(g.rows))
	return nil
}

// impurity is the cost of the root less that of a perfect fit, the whole that a tree can explain.
func impurity(c criterion, e *model.Examples) float64 {
	var perfect, weight, sum float64
	for i, y := range e.Y {
		w := 1.0
		if e.Weights != nil {
			w = float64(e.Weights[i])
		}
		perfect += c.cost(w, w*float64(y))
		weight += w
		sum += w * float64(y)
	}
	return c.cost(weight, sum) - perfect
}

// scores gives each node its mean label, drawn towards its parent's score as by smoothing rows of it.
func scores(nodes []node, smoothing float64) []float64 {
	out := make([]float64, len(nodes))
	out[0] = nodes[0].sum / nodes[0].weight
	for i, n := range nodes {
		if n.feature < 0 {
			continue
		}
		for _, child := range []int{n.left, n.right} {
			out[child] = (nodes[child].sum + smoothing*out[i]) / (nodes[child].weight + smoothing)
		}
	}
	return out
}

// validationLoss gives for every node the summed loss of the rows that pass it, scored by it.
func validationLoss(nodes []node, scores []float64, binned [][]uint8, valid *model.Examples, c criterion) []float64 {
	loss := make([]float64, len(nodes))
	// A score of exactly 0 must not cost without end: as in a log loss, it is taken as very small.
	least := 1e-6 * math.Abs(scores[0])
	for row := range valid.X.Rows {
		w, y := 1.0, float64(valid.Y[row])
		if valid.Weights != nil {
			w = float64(valid.Weights[row])
		}
		for i := 0; ; {
			n := &nodes[i]
			p := scores[i]
			if c.name == criterionPoisson || c.name == criterionEntropy {
				p = max(p, least)
			}
			if c.name == criterionEntropy {
				p = min(p, 1-least)
			}
			loss[i] += w * c.row(p, y)
			if n.feature < 0 {
				break
			}
			i = n.right
			if goesLeft(binned[n.feature][row], n.split, n.missingLeft) {
				i = n.left
			}
		}
	}
	return loss
}
