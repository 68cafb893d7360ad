// Package tree has the decision tree: CART on histograms (Breiman, Friedman, Olshen and Stone, Classification
// and Regression Trees, 1984).
//
// Columns are put into bins (prep.Bins), so that the best cut of a column is found by adding up one histogram.
// Missing values go to the side of each split that suits them better. The tree is grown to its limits and then
// cut back by cost-complexity pruning; with validation rows the strength of the pruning is the one that
// predicts them best. The score of a leaf is drawn towards those above it (hierarchical shrinkage: Agarwal et
// al., ICML 2022), so that a leaf of few rows never says 0 or 1.
package tree

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"cvp/engine/model"
)

// Tree is the algorithm "tree".
type Tree struct{}

var _ model.Algorithm = Tree{}

// Name is "tree".
func (Tree) Name() string { return "tree" }

// Serves reports true for a class and for a value.
func (Tree) Serves(t model.Task) bool { return t == model.Class || t == model.Value }

const (
	defaultDepth     = 8
	defaultMinLeaf   = 20
	defaultPrune     = 1e-3
	defaultSmoothing = 20.0
)

// Params are the criterion and the limits of growth.
func (Tree) Params() []model.Param {
	return []model.Param{
		{Name: "criterion", Default: criterionAuto, Choices: []string{criterionAuto, criterionGini, criterionEntropy, criterionSquared, criterionPoisson},
			Help: "what a split should lessen: gini or entropy for a class, squared error or poisson deviance for a value; auto: entropy, and poisson for skewed values that are never negative, else squared"},
		{Name: "max_depth", Default: defaultDepth, Min: 1, Max: 30, Help: "greatest number of questions to a leaf"},
		{Name: "min_leaf", Default: defaultMinLeaf, Min: 1, Max: 1e9, Help: "least number of training rows in a leaf"},
		{Name: "prune", Default: defaultPrune, Min: 0, Max: 1, Help: "least share of the whole impurity that a leaf must explain to stay; where it is not given, the best on the validation rows is taken"},
		{Name: "smoothing", Default: defaultSmoothing, Min: 0, Max: 1e9, Help: "number of rows of the node above that are added to a node's own when its score is computed"},
	}
}

// Fit grows and prunes a tree.
func (Tree) Fit(ctx context.Context, train, valid *model.Examples, s model.Settings) (model.Model, error) {
	c, err := criterionOf(s.Text("criterion", criterionAuto), s.Task, train.Y)
	if err != nil {
		return nil, err
	}
	m, err := fit(ctx, train, valid, s, c)
	if err != nil {
		return nil, err
	}
	return m, nil
}

// Decode reads a stored tree.
func (Tree) Decode(b []byte) (model.Model, error) {
	var s stored
	if err := json.Unmarshal(b, &s); err != nil {
		return nil, fmt.Errorf("decode tree: %w", err)
	}
	if s.Bins == nil {
		return nil, errors.New("decode tree: no bins")
	}
	m, err := s.model()
	if err != nil {
		return nil, fmt.Errorf("decode tree: %w", err)
	}
	return m, nil
}
