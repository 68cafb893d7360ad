package gbdt

import (
	"context"
	"math/rand/v2"
	"slices"
	"testing"

	"cvp/engine/prep"
)

// TestHistogramsAreTheSumsOfTheRows compares counting by row and by column with a slow sum.
func TestHistogramsAreTheSumsOfTheRows(t *testing.T) {
	const rows, columns = 20_000, 77 // two planes, words that are not full
	e := numbers(rows, columns, 3, func(_ *rand.Rand, x []float64) float64 { return x[0] })
	bins, err := prep.FitBins(e.X, e.Y, nil)
	if err != nil {
		t.Fatal(err)
	}
	m, err := newMatrix(context.Background(), bins, e.X, 2)
	if err != nil {
		t.Fatal(err)
	}
	counts := make([]int, columns)
	for f := range counts {
		counts[f] = bins.Count(f)
	}
	c := newCounter(m, counts, 3)
	rng := rand.New(rand.NewPCG(1, 1))
	g, h := make([]float32, rows), make([]float32, rows)
	for i := range g {
		g[i], h[i] = float32(rng.NormFloat64()), float32(rng.ExpFloat64())
	}
	c.packing = newPacking(false, peak(g), peak(h))
	c.packing.pack(c.packed, g, h, 0, rows, 1)
	for _, drawn := range []int{columns, columns / 2, 2} {
		c.want(drawFeatures(columns, drawn, rng))
		var some []int32
		for row := range int32(rows) {
			if rng.IntN(3) > 0 {
				some = append(some, row)
			}
		}
		want := make([]cell, c.offsets[columns])
		for _, f := range c.features {
			for _, row := range some {
				c.packing.unpack(c.cells(want, f)[m.columns[f][row]:][:1], c.packed[row:row+1])
			}
		}
		byColumn, byRow := c.take(), c.take()
		c.countColumns(byColumn, some)
		for p := range m.planes {
			for from := 0; from < len(some); from += rowChunk {
				c.countPlane(byRow, p, some[from:min(from+rowChunk, len(some))])
			}
		}
		if !slices.Equal(want, byColumn) {
			t.Errorf("%d columns: counting by column differs", drawn)
		}
		if !slices.Equal(want, byRow) {
			t.Errorf("%d columns: counting by row differs", drawn)
		}
	}
}
