package mlp_test

import (
	"context"
	"math"
	"strings"
	"testing"

	"cvp/engine/model"
	"cvp/engine/models/mlp"
)

func TestWrongOptionsAreReportedTogether(t *testing.T) {
	train := examples(100, 2, 1, moons)
	for _, test := range []struct {
		name   string
		params map[string]any
		want   []string
	}{
		{"unknown name", map[string]any{"hiden": 3}, []string{`"hiden"`, "hidden"}},
		{"wrong types", map[string]any{"hidden": "64", "dropout": "much", "activation": 3}, []string{"option hidden", "option dropout", "option activation"}},
		{"out of range", map[string]any{"dropout": 1.0, "learning_rate": -1.0, "hidden": []int{0}}, []string{"option dropout", "option learning_rate", "option hidden"}},
		{"not whole", map[string]any{"epochs": 1.5}, []string{"option epochs"}},
		{"not a number", map[string]any{"l2": math.NaN()}, []string{"option l2"}},
		{"unknown choice", map[string]any{"loss": "mse"}, []string{"option loss", "tweedie"}},
		{"too deep", map[string]any{"hidden": make([]int, 17)}, []string{"option hidden"}},
		{"decay that overturns", map[string]any{"learning_rate": 1.0, "l2": 1.0}, []string{"learning_rate * l2"}},
	} {
		_, err := mlp.New().Fit(context.Background(), train, nil, model.Settings{Task: model.Class, Params: test.params})
		if err == nil {
			t.Errorf("%s: no error", test.name)
			continue
		}
		for _, want := range test.want {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%s: error %q lacks %q", test.name, err, want)
			}
		}
	}
}

func TestNumbersFromJSONAreTaken(t *testing.T) {
	params := map[string]any{"hidden": []any{8.0, 4.0}, "epochs": 2.0, "batch_size": 64.0}
	fit(t, examples(100, 2, 1, moons), nil, settings(model.Class, params))
}

func TestExamplesThatCannotTeachAreRefused(t *testing.T) {
	good := examples(50, 2, 1, moons)
	nan := float32(math.NaN())
	for _, test := range []struct {
		name string
		task model.Task
		e    model.Examples
		want string
	}{
		{"no rows", model.Class, model.Examples{X: good.X.Slice(0, 0)}, "at least one row"},
		{"a label short", model.Class, model.Examples{X: good.X, Y: good.Y[1:]}, "49 labels"},
		{"a label that is no class", model.Class, model.Examples{X: good.X, Y: replaced(good.Y, 3, 2)}, "row 4"},
		{"a label that is no number", model.Value, model.Examples{X: good.X, Y: replaced(good.Y, 0, nan)}, "row 1"},
		{"a weight below zero", model.Value, model.Examples{X: good.X, Y: good.Y, Weights: replaced(good.Y, 7, -1)}, "weight of row 8"},
		{"no weight at all", model.Value, model.Examples{X: good.X, Y: good.Y, Weights: make([]float32, 50)}, "weight 0"},
	} {
		_, err := mlp.New().Fit(context.Background(), &test.e, nil, settings(test.task, nil))
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: error %v, want %q in it", test.name, err, test.want)
		}
	}
	negative := &model.Examples{X: good.X, Y: replaced(good.Y, 0, -1)}
	_, err := mlp.New().Fit(context.Background(), negative, nil, settings(model.Value, map[string]any{"loss": "tweedie"}))
	if err == nil || !strings.Contains(err.Error(), "log") {
		t.Errorf("tweedie with a negative label: error %v", err)
	}
}

func replaced(v []float32, i int, by float32) []float32 {
	out := append([]float32(nil), v...)
	out[i] = by
	return out
}

func TestParamsDescribeThemselves(t *testing.T) {
	for _, p := range mlp.New().Params() {
		if p.Help == "" || p.Default == nil {
			t.Errorf("option %q is not described", p.Name)
		}
	}
}
