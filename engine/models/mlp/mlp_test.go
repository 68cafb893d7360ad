package mlp_test

import (
	"testing"

	"cvp/engine/model/modeltest"
	"cvp/engine/models/mlp"
)

func TestConformance(t *testing.T) {
	modeltest.Run(t, mlp.New(), modeltest.Options{Params: map[string]any{"epochs": 20}})
}
