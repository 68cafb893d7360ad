package metrics

import (
	"cmp"
	"math"
	"slices"
)

// scored is a label beside its prediction, sorted together for the ranking metrics.
type scored struct {
	p float64
	y float32
}

// descending gives the rows from the highest prediction down.
func descending(y []float32, p []float64) []scored {
	rows := make([]scored, len(p))
	for i, q := range p {
		rows[i] = scored{q, y[i]}
	}
	slices.SortFunc(rows, func(a, b scored) int { return cmp.Compare(b.p, a.p) })
	return rows
}

// ranks gives the rank of each value from 0, the mean rank to equal ones.
func ranks(v []float64) []float64 {
	order := make([]int32, len(v))
	for i := range order {
		order[i] = int32(i)
	}
	slices.SortFunc(order, func(a, b int32) int { return cmp.Compare(v[a], v[b]) })
	out := make([]float64, len(v))
	for from := 0; from < len(order); {
		to := from
		for to < len(order) && v[order[to]] == v[order[from]] {
			to++
		}
		for _, i := range order[from:to] {
			out[i] = float64(from+to-1) / 2
		}
		from = to
	}
	return out
}

func hasNaN(p []float64) bool { return slices.ContainsFunc(p, math.IsNaN) }

func undefined(names ...string) []Metric {
	out := make([]Metric, len(names))
	for i, n := range names {
		out[i] = Metric{n, math.NaN()}
	}
	return out
}
