package gbdt

import (
	"math/rand/v2"
	"testing"

	"cvp/engine/model"
)

// boosted fits 100 trees of 31 leaves to rows of 50 columns.
func boosted(b *testing.B, rows int) (*Model, *model.Examples) {
	b.Helper()
	e := numbers(rows, 50, 1, func(rng *rand.Rand, x []float64) float64 {
		if x[0]+x[1]*x[2]+rng.NormFloat64()/3 > 1 {
			return 1
		}
		return 0
	})
	m, err := Boosting{}.Fit(b.Context(), e, nil, model.Settings{Task: model.Class, Seed: 1,
		Params: map[string]any{"trees": 100, "learning_rate": .1, "max_leaves": 31, "row_share": 1.0, "column_share": 1.0}})
	if err != nil {
		b.Fatal(err)
	}
	return m.(*Model), e
}

func BenchmarkScoreRowsByAHundredTrees(b *testing.B) {
	m, e := boosted(b, 20_000)
	dst := make([]float64, e.X.Rows)
	for b.Loop() {
		if err := m.Predict(dst, e.X); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N*e.X.Rows)/b.Elapsed().Seconds(), "rows/s")
}

func BenchmarkExplainRowsByAHundredTrees(b *testing.B) {
	m, e := boosted(b, 20_000)
	x := e.X.Slice(0, 100)
	dst := make([]float64, x.Rows*(len(m.Columns())+1))
	for b.Loop() {
		if err := m.Contributions(dst, x); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N*x.Rows)/b.Elapsed().Seconds(), "rows/s")
}
