package metrics

import "math"

// leastProbability keeps the logarithm of a probability of 0 finite: the spacing of float64 at 1, as in
// scikit-learn's log_loss.
const leastProbability = 2.220446049250313e-16

// confusion counts rows by label and prediction at Threshold.
type confusion struct{ truePos, falsePos, trueNeg, falseNeg float64 }

func confuse(y []float32, p []float64) confusion {
	var c confusion
	for i, q := range p {
		switch positive := q >= Threshold; {
		case positive && y[i] > 0:
			c.truePos++
		case positive:
			c.falsePos++
		case y[i] > 0:
			c.falseNeg++
		default:
			c.trueNeg++
		}
	}
	return c
}

// precision is 0 where no row is predicted positive, as in scikit-learn.
func (c confusion) precision() float64 {
	if c.truePos == 0 {
		return 0
	}
	return c.truePos / (c.truePos + c.falsePos)
}

// recall is NaN where no label is positive.
func (c confusion) recall() float64 { return c.truePos / (c.truePos + c.falseNeg) }

// f1 is NaN where nothing is positive, neither label nor prediction.
func (c confusion) f1() float64 {
	return 2 * c.truePos / (2*c.truePos + c.falsePos + c.falseNeg)
}

func class(y []float32, p []float64) []Metric {
	if len(p) == 0 || hasNaN(p) {
		return undefined(Accuracy, Precision, Recall, F1, ROCAUC, AveragePrecision, LogLoss, Brier)
	}
	c, n := confuse(y, p), float64(len(p))
	auc, ap := curves(y, p)
	return []Metric{
		{Accuracy, (c.truePos + c.trueNeg) / n},
		{Precision, c.precision()},
		{Recall, c.recall()},
		{F1, c.f1()},
		{ROCAUC, auc},
		{AveragePrecision, ap},
		{LogLoss, logLoss(y, p)},
		{Brier, meanSquare(y, p)},
	}
}

func logLoss(y []float32, p []float64) float64 {
	var sum float64
	for i, q := range p {
		q = min(max(q, leastProbability), 1-leastProbability)
		if y[i] > 0 {
			sum -= math.Log(q)
		} else {
			sum -= math.Log1p(-q)
		}
	}
	return sum / float64(len(p))
}

// curves gives the area under the ROC curve and the average precision in one walk from the highest
// prediction down. Rows of equal prediction move together: half a win each in the area, one threshold in the
// precision. Both are NaN without a positive label, the area also without a negative one.
func curves(y []float32, p []float64) (auc, ap float64) {
	rows := descending(y, p)
	var pos, seenPos, seenNeg, area float64
	for _, r := range rows {
		if r.y > 0 {
			pos++
		}
	}
	for from := 0; from < len(rows); {
		var tiePos, tieNeg float64
		to := from
		for ; to < len(rows) && rows[to].p == rows[from].p; to++ {
			if rows[to].y > 0 {
				tiePos++
			} else {
				tieNeg++
			}
		}
		area += tieNeg * (seenPos + tiePos/2)
		seenPos += tiePos
		seenNeg += tieNeg
		ap += tiePos / pos * seenPos / (seenPos + seenNeg)
		from = to
	}
	return area / (pos * seenNeg), ap
}
