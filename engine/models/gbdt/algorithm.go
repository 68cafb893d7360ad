package gbdt

import (
	"context"
	"fmt"

	"cvp/engine/model"
)

// Boosting is the algorithm "gbdt".
type Boosting struct{}

var _ model.Algorithm = Boosting{}

// Name is "gbdt".
func (Boosting) Name() string { return "gbdt" }

// Serves reports true for a class and for a value.
func (Boosting) Serves(t model.Task) bool { return t == model.Class || t == model.Value }

// Fit boosts trees. With validation rows it keeps as many as predict these best.
func (Boosting) Fit(ctx context.Context, train, valid *model.Examples, s model.Settings) (model.Model, error) {
	m, err := fit(ctx, train, valid, s)
	if err != nil {
		return nil, err
	}
	return m, nil
}

// Decode reads a stored model.
func (Boosting) Decode(b []byte) (model.Model, error) {
	m, err := decode(b)
	if err != nil {
		return nil, fmt.Errorf("decode gbdt: %w", err)
	}
	return m, nil
}
