package gbdt

import (
	"context"
	"fmt"
	"math"
	"time"

	"cvp/engine/model"
)

// Forest is the algorithm "forest": the mean of trees, each grown deep over rows of its own (Breiman, Random Forests, 2001).
// Rows are drawn without replacement, a tree asks a share of the columns, and each split a share of these.
type Forest struct{}

var _ model.Algorithm = Forest{}

// Name is "forest".
func (Forest) Name() string { return "forest" }

// Serves reports true for a class and for a value.
func (Forest) Serves(t model.Task) bool { return t == model.Class || t == model.Value }

// Params lists the hyperparameters.
func (Forest) Params() []model.Param {
	return []model.Param{
		{Name: "trees", Default: 200, Min: 1, Max: 100000, Help: "number of trees"},
		{Name: "max_leaves", Default: 128, Min: 2, Max: 4096, Help: "greatest number of leaves of a tree"},
		{Name: "max_depth", Default: 0, Min: 0, Max: 1000, Help: "greatest number of questions to a leaf; 0: any"},
		{Name: "min_leaf", Default: 5, Min: 1, Max: 1e9, Help: "least number of training rows in a leaf"},
		{Name: "l2", Default: 1.0, Min: 0, Max: 1e6, Help: "number of rows of the common mean that are added to a leaf's own"},
		{Name: "row_share", Default: 0.632, Min: 0.01, Max: 1, Help: "share of the rows drawn for a tree"},
		{Name: "column_share", Default: 0.0, Min: 0, Max: 1, Help: "share of the columns drawn for a tree; 0: all, but no more than 40 or a tenth"},
		{Name: "split_share", Default: 0.4, Min: 0.01, Max: 1, Help: "share of the tree's columns drawn for a split"},
	}
}

// Fit grows the trees. Validation rows are of no use to it.
func (f Forest) Fit(ctx context.Context, train, _ *model.Examples, s model.Settings) (model.Model, error) {
	m, err := fitForest(ctx, train, s, f.options(s))
	if err != nil {
		return nil, err
	}
	return m, nil
}

func (f Forest) options(s model.Settings) options {
	number := numbersOf(f.Params(), s)
	return options{
		loss: lossSquared, trees: int(number("trees")), learningRate: 1 / number("trees"), rowEvery: 1,
		rowShare: number("row_share"), columnShare: number("column_share"), allColumns: true,
		shape: shape{maxLeaves: int(number("max_leaves")), maxDepth: int(number("max_depth")), splitShare: number("split_share"),
			limits: limits{minLeaf: int64(number("min_leaf")), l2: number("l2"), levelL2: number("l2"), levelSmooth: 10}},
	}
}

// Decode reads a stored model.
func (Forest) Decode(b []byte) (model.Model, error) {
	m, err := decode(b)
	if err != nil {
		return nil, fmt.Errorf("decode forest: %w", err)
	}
	return m, nil
}

// fitForest grows every tree on the residuals of the mean label: their sum over the number of trees is the mean of their
// own means. Of a class that is a share, within 0 and 1 as the labels are.
func fitForest(ctx context.Context, train *model.Examples, s model.Settings, o options) (*Model, error) {
	b := &booster{settings: s, options: o, began: time.Now()}
	if err := b.prepare(ctx, train, nil); err != nil {
		return nil, err
	}
	for round := range o.trees {
		if b.bins.Width() == 0 {
			break
		}
		b.pack(round) // the rounding is drawn anew
		if _, err := b.grow(ctx, round); err != nil {
			return nil, err
		}
		b.settleLeaves()
		b.trees = append(b.trees, b.grower.tree())
		b.tell(round+1, o.trees, math.NaN())
	}
	return b.model(), ctx.Err()
}
