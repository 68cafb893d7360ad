package gbdt

import (
	"testing"

	"cvp/engine/model/modeltest"
)

func TestConformance(t *testing.T) {
	modeltest.Run(t, Boosting{}, modeltest.Options{Params: map[string]any{"trees": 120, "learning_rate": .1}})
}

func TestConformanceOfTheForest(t *testing.T) {
	modeltest.Run(t, Forest{}, modeltest.Options{Params: map[string]any{"trees": 60}})
}
