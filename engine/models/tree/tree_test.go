package tree

import (
	"testing"

	"cvp/engine/model"
	"cvp/engine/model/modeltest"
)

// only is the tree for one task: a criterion serves one.
type only struct {
	Tree
	task model.Task
}

func (o only) Serves(t model.Task) bool { return t == o.task }

func TestConformance(t *testing.T) {
	tests := []struct {
		criterion string
		alg       model.Algorithm
	}{
		{criterionAuto, Tree{}},
		{criterionGini, only{task: model.Class}},
		{criterionSquared, only{task: model.Value}},
	}
	for _, tt := range tests {
		t.Run(tt.criterion, func(t *testing.T) {
			modeltest.Run(t, tt.alg, modeltest.Options{Params: map[string]any{"criterion": tt.criterion}, LeastAUC: .78, LeastR2: .2})
		})
	}
}
