package mlp

import (
	"context"
	"math/rand/v2"
	"testing"
	"time"

	"cvp/engine/blas"
	"cvp/engine/frame"
	"cvp/engine/model"
)

// gaussians makes n rows of d normal numbers whose label depends on some of them.
func gaussians(n, d int, seed uint64) *model.Examples {
	rng := rand.New(rand.NewPCG(seed, 0))
	e := &model.Examples{X: &frame.Frame{Rows: n}, Y: make([]float32, n)}
	for j := range d {
		c := frame.Column{Name: string(rune('a'+j%26)) + string(rune('a'+j/26)), Kind: frame.Number, Numbers: make([]float32, n)}
		for i := range c.Numbers {
			c.Numbers[i] = float32(rng.NormFloat64())
		}
		e.X.Columns = append(e.X.Columns, c)
	}
	for i := range e.Y {
		at := func(j int) float64 { return float64(e.X.Columns[j].Numbers[i]) }
		if at(0)+at(1)*at(2)+.5*at(3)*at(3)+rng.NormFloat64() > .5 {
			e.Y[i] = 1
		}
	}
	return e
}

// BenchmarkTrain50x256x128 is the network of the peers' comparison: 50-256-128-1, batches of 1,024, Adam.
func BenchmarkTrain50x256x128(b *testing.B) {
	e := gaussians(50_000, 50, 1)
	params := map[string]any{"hidden": []int{256, 128}, "batch_size": 1024, "dropout": 0.0, "rounds": 1}
	b.Logf("BLAS: %s", blas.Name())
	b.ReportAllocs()
	var training time.Duration
	epochs := 0
	for b.Loop() {
		s := model.Settings{Task: model.Class, Seed: 1, Params: params}
		s.Progress = func(step model.Step) { training += step.Elapsed; epochs++ }
		if _, err := New().Fit(context.Background(), e, nil, s); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(epochs*e.X.Rows)/training.Seconds(), "rows/s")
}

// BenchmarkFitDefaults is what a question on real customers costs: 40,000 examples of 120 features, a
// fifth as many to validate, all defaults.
func BenchmarkFitDefaults(b *testing.B) {
	train, valid := gaussians(40_000, 120, 1), gaussians(8_000, 120, 2)
	for b.Loop() {
		m, err := New().Fit(context.Background(), train, valid, model.Settings{Task: model.Class, Seed: 1})
		if err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(float64(m.Rounds()), "epochs")
	}
}

// BenchmarkPredict scores rows of the peers' network.
func BenchmarkPredict(b *testing.B) {
	e := gaussians(100_000, 50, 1)
	params := map[string]any{"hidden": []int{256, 128}, "batch_size": 1024, "rounds": 1}
	m, err := New().Fit(context.Background(), gaussians(5000, 50, 2), nil, model.Settings{Task: model.Class, Seed: 1, Params: params})
	if err != nil {
		b.Fatal(err)
	}
	dst := make([]float64, e.X.Rows)
	b.ReportAllocs()
	for b.Loop() {
		if err := m.Predict(dst, e.X); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N*e.X.Rows)/b.Elapsed().Seconds(), "rows/s")
}

// BenchmarkPredictOne scores a single customer of 120 features with the default network.
func BenchmarkPredictOne(b *testing.B) {
	e := gaussians(2000, 120, 1)
	m, err := New().Fit(context.Background(), e, nil, model.Settings{Task: model.Class, Seed: 1, Params: map[string]any{"rounds": 1}})
	if err != nil {
		b.Fatal(err)
	}
	one, dst := e.X.Slice(0, 1), make([]float64, 1)
	b.ReportAllocs()
	for b.Loop() {
		if err := m.Predict(dst, one); err != nil {
			b.Fatal(err)
		}
	}
}
