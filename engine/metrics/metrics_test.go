package metrics

import (
	"encoding/json"
	"math"
	"os"
	"testing"

	"cvp/engine/model"
)

type reference struct {
	Name      string             `json:"name"`
	Y         []float32          `json:"y"`
	P         []float64          `json:"p"`
	LooseGini bool               `json:"loose_gini"`
	Want      map[string]float64 `json:"want"`
}

func references(t *testing.T, file string) []reference {
	t.Helper()
	b, err := os.ReadFile("testdata/" + file)
	if err != nil {
		t.Fatal(err)
	}
	var out []reference
	if err := json.Unmarshal(b, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

func TestMetricsEqualScikitLearnAndScipy(t *testing.T) {
	for task, file := range map[model.Task]string{model.Class: "class.json", model.Value: "value.json"} {
		for _, ref := range references(t, file) {
			t.Run(string(task)+" "+ref.Name, func(t *testing.T) {
				got := Evaluate(task, ref.Y, ref.P)
				if len(got) != len(ref.Want) {
					t.Fatalf("%d metrics, want %d", len(got), len(ref.Want))
				}
				for _, m := range got {
					want, tolerance := ref.Want[m.Name], 1e-6
					if m.Name == Gini && ref.LooseGini {
						tolerance = 1e-2
					}
					if math.Abs(m.Value-want) > tolerance*max(1, math.Abs(want)) || math.IsNaN(m.Value) {
						t.Errorf("%s = %.9g, want %.9g", m.Name, m.Value, want)
					}
				}
			})
		}
	}
}

func TestUndefinedMetricsAreNaNAndNothingElseIs(t *testing.T) {
	nan := math.NaN()
	tests := []struct {
		name string
		task model.Task
		y    []float32
		p    []float64
		want map[string]bool // the metrics that are undefined
	}{
		{"no positive label", model.Class, []float32{0, 0, 0}, []float64{.1, .2, .3},
			map[string]bool{Recall: true, F1: true, ROCAUC: true, AveragePrecision: true}},
		{"no positive label, one predicted", model.Class, []float32{0, 0, 0}, []float64{.1, .2, .7},
			map[string]bool{Recall: true, ROCAUC: true, AveragePrecision: true}},
		{"no negative label", model.Class, []float32{1, 1}, []float64{.1, .2}, map[string]bool{ROCAUC: true}},
		{"certain and wrong", model.Class, []float32{1, 0}, []float64{0, 1}, nil},
		{"a constant label", model.Value, []float32{2, 2, 2}, []float64{1, 2, 3},
			map[string]bool{R2: true, Spearman: true, Gini: true}},
		{"a label of zeros", model.Value, []float32{0, 0}, []float64{1, 2},
			map[string]bool{R2: true, Spearman: true, Gini: true}},
		{"a label that sums to zero", model.Value, []float32{-1, 1}, []float64{1, 2}, map[string]bool{Gini: true}},
		{"a constant prediction", model.Value, []float32{1, 2, 4}, []float64{2, 2, 2}, map[string]bool{Spearman: true}},
		{"huge predictions", model.Value, []float32{1, 2, 4}, []float64{1e30, 2e30, 3e30}, nil},
		{"a prediction that is NaN", model.Value, []float32{1, 2}, []float64{nan, 1},
			map[string]bool{MAE: true, RMSE: true, R2: true, Spearman: true, Gini: true}},
		{"no rows", model.Class, nil, nil, map[string]bool{Accuracy: true, Precision: true, Recall: true, F1: true,
			ROCAUC: true, AveragePrecision: true, LogLoss: true, Brier: true}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for _, m := range Evaluate(tt.task, tt.y, tt.p) {
				if math.IsInf(m.Value, 0) || math.IsNaN(m.Value) != tt.want[m.Name] {
					t.Errorf("%s = %v, undefined %v", m.Name, m.Value, tt.want[m.Name])
				}
			}
		})
	}
}

func TestAConstantPredictionHasNoGiniWhateverTheOrderOfRows(t *testing.T) {
	for _, y := range [][]float32{{9, 1, 0, 0}, {0, 0, 1, 9}} {
		if got := gini(y, []float64{5, 5, 5, 5}); math.Abs(got) > 1e-15 {
			t.Errorf("gini(%v) = %g, want 0", y, got)
		}
	}
}

func TestBetterKnowsEachDirectionAndRanksUndefinedLast(t *testing.T) {
	nan := math.NaN()
	tests := []struct {
		metric string
		a, b   float64
		want   bool
	}{
		{ROCAUC, .8, .7, true}, {ROCAUC, .7, .8, false}, {ROCAUC, .7, .7, false},
		{MAE, 1, 2, true}, {MAE, 2, 1, false}, {RMSE, 1, 2, true}, {LogLoss, .1, .2, true}, {Brier, .1, .2, true},
		{Gini, nan, .1, false}, {Gini, .1, nan, true}, {MAE, nan, 1, false}, {MAE, 1, nan, true}, {MAE, nan, nan, false},
	}
	for _, tt := range tests {
		if got := Better(tt.metric, tt.a, tt.b); got != tt.want {
			t.Errorf("Better(%s, %v, %v) = %v", tt.metric, tt.a, tt.b, got)
		}
	}
}

func BenchmarkEvaluateMillionRows(b *testing.B) {
	const n = 1_000_000
	y, p := make([]float32, n), make([]float64, n)
	state := uint64(1)
	for i := range p {
		state = state*6364136223846793005 + 1442695040888963407
		p[i] = float64(state>>11) / (1 << 53)
		if state>>60 < 5 {
			y[i] = 1
		}
	}
	for b.Loop() {
		Evaluate(model.Class, y, p)
	}
}
