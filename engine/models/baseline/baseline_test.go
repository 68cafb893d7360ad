package baseline

import (
	"context"
	"math"
	"slices"
	"testing"

	"cvp/engine/frame"
	"cvp/engine/model"
	"cvp/engine/model/modeltest"
)

func TestConformance(t *testing.T) {
	for _, alg := range All() {
		opts := modeltest.Options{Instant: true, LeastAUC: .5, LeastR2: -1}
		if alg.Name() != "constant" {
			opts.Params = map[string]any{"column": "orders"}
			opts.LeastAUC, opts.Bound = .7, true
		}
		if alg.Name() == "last_value" {
			opts.LeastR2 = -100
		}
		t.Run(alg.Name(), func(t *testing.T) { modeltest.Run(t, alg, opts) })
	}
}

func examples(y []float32, v ...float32) *model.Examples {
	return &model.Examples{X: &frame.Frame{Rows: len(y), Columns: []frame.Column{{Name: "v", Kind: frame.Number, Numbers: v}}}, Y: y}
}

func TestEachRuleScoresAsItSays(t *testing.T) {
	nan := float32(math.NaN())
	e := examples([]float32{0, 1, 1, 4}, 7, 8, nan, -1)
	tests := []struct {
		alg  model.Algorithm
		want []float64
	}{
		{Constant{}, []float64{1.5, 1.5, 1.5, 1.5}},
		{LastValue{}, []float64{7, 8, 0, -1}},
	}
	for _, tt := range tests {
		m, err := tt.alg.Fit(context.Background(), e, nil, model.Settings{Task: model.Value, Params: map[string]any{"column": "v"}})
		if err != nil {
			t.Fatal(err)
		}
		got := make([]float64, 4)
		if err := m.Predict(got, e.X); err != nil || !slices.Equal(got, tt.want) {
			t.Errorf("%s: %v, want %v (error %v)", tt.alg.Name(), got, tt.want, err)
		}
	}
}

func TestTheRecencyCurveOrdersRowsAsTheColumnDoes(t *testing.T) {
	var y, v []float32
	for i := range 200 {
		v = append(v, float32(i))
		y = append(y, float32((i*7%200)/(i+1)%2))
	}
	e := examples(y, v...)
	m, err := Recency{}.Fit(context.Background(), e, nil, model.Settings{Task: model.Class, Params: map[string]any{"column": "v"}})
	if err != nil {
		t.Fatal(err)
	}
	p := make([]float64, len(y))
	if err := m.Predict(p, e.X); err != nil {
		t.Fatal(err)
	}
	if down := slices.IsSortedFunc(p, func(a, b float64) int { return int(math.Copysign(1, b-a)) }); !down || p[0] <= p[199] {
		t.Errorf("scores do not fall from %v to %v", p[0], p[199])
	}
}

func TestAColumnThatIsNotThereIsAnError(t *testing.T) {
	e := examples([]float32{0, 1}, 1, 2)
	for _, alg := range []model.Algorithm{LastValue{}, Recency{}} {
		for _, task := range []model.Task{model.Class, model.Value} {
			if _, err := alg.Fit(context.Background(), e, nil, model.Settings{Task: task, Params: map[string]any{"column": "w"}}); err == nil {
				t.Errorf("%s for a %s fits without its column", alg.Name(), task)
			}
		}
	}
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte(`{"constant":1}`))
	f.Add([]byte(`{"column":"v"}`))
	f.Add([]byte(`{"task":"class","curve":{}}`))
	e := examples([]float32{0, 1}, 1, 2)
	f.Fuzz(func(t *testing.T, b []byte) {
		if m, err := decode(b); err == nil {
			_ = m.Predict(make([]float64, 2), e.X)
		}
	})
}
