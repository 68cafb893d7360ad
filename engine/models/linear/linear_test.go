package linear

import (
	"testing"

	"cvp/engine/model/modeltest"
)

func TestConformance(t *testing.T) {
	t.Run("logistic", func(t *testing.T) { modeltest.Run(t, Logistic{}, modeltest.Options{}) })
	t.Run("linear", func(t *testing.T) { modeltest.Run(t, Linear{}, modeltest.Options{}) })
	t.Run("squared", func(t *testing.T) {
		modeltest.Run(t, Linear{}, modeltest.Options{Params: map[string]any{"loss": "squared"}})
	})
	t.Run("with l1", func(t *testing.T) {
		modeltest.Run(t, Logistic{}, modeltest.Options{Params: map[string]any{"l1": .01}})
	})
}
