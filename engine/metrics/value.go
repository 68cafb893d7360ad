package metrics

import "math"

func value(y []float32, p []float64) []Metric {
	if len(p) == 0 || hasNaN(p) {
		return undefined(MAE, RMSE, R2, Spearman, Gini)
	}
	square := meanSquare(y, p)
	return []Metric{
		{MAE, meanAbsolute(y, p)},
		{RMSE, math.Sqrt(square)},
		{R2, 1 - square/variance(y)},
		{Spearman, spearman(y, p)},
		{Gini, gini(y, p)},
	}
}

func meanAbsolute(y []float32, p []float64) float64 {
	var sum float64
	for i, q := range p {
		sum += math.Abs(q - float64(y[i]))
	}
	return sum / float64(len(p))
}

func meanSquare(y []float32, p []float64) float64 {
	var sum float64
	for i, q := range p {
		d := q - float64(y[i])
		sum += d * d
	}
	return sum / float64(len(p))
}

// variance is NaN for a constant label, of which nothing can be explained.
func variance(y []float32) float64 {
	mean, constant := 0.0, true
	for _, v := range y {
		mean += float64(v)
		constant = constant && v == y[0]
	}
	if constant {
		return math.NaN()
	}
	mean /= float64(len(y))
	var sum float64
	for _, v := range y {
		d := float64(v) - mean
		sum += d * d
	}
	return sum / float64(len(y))
}

// spearman is Pearson's correlation of the ranks, ties at their mean rank; NaN where either side is constant.
func spearman(y []float32, p []float64) float64 {
	labels := make([]float64, len(y))
	for i, v := range y {
		labels[i] = float64(v)
	}
	a, b := ranks(labels), ranks(p)
	mean := float64(len(y)-1) / 2
	var ab, aa, bb float64
	for i := range a {
		da, db := a[i]-mean, b[i]-mean
		ab += da * db
		aa += da * da
		bb += db * db
	}
	if aa == 0 || bb == 0 {
		return math.NaN()
	}
	return ab / math.Sqrt(aa*bb)
}

// gini is the area between the curve of the label's cumulative share, taken by falling prediction, and the
// diagonal, divided by the same area for the perfect order. Rows of equal prediction rise together along a
// straight line (the mean over their orders), so that the order of the input does not matter and a constant
// prediction has 0. It is NaN for a constant label or one that sums to 0.
func gini(y []float32, p []float64) float64 {
	labels := make([]float64, len(y))
	for i, v := range y {
		labels[i] = float64(v)
	}
	if math.IsNaN(variance(y)) {
		return math.NaN()
	}
	perfect := concentration(descending(y, labels))
	if perfect == 0 || math.IsNaN(perfect) || math.IsInf(perfect, 0) {
		return math.NaN()
	}
	return concentration(descending(y, p)) / perfect
}

// concentration is the mean over rows of (cumulative share of the label − share of rows).
func concentration(rows []scored) float64 {
	var total, seen, area float64
	for _, r := range rows {
		total += float64(r.y)
	}
	for from := 0; from < len(rows); {
		var tie float64
		to := from
		for ; to < len(rows) && rows[to].p == rows[from].p; to++ {
			tie += float64(rows[to].y)
		}
		n := float64(to - from)
		area += n*seen + tie*(n+1)/2
		seen += tie
		from = to
	}
	n := float64(len(rows))
	return area/total/n - (n+1)/(2*n)
}
