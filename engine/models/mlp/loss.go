package mlp

import "math"

// loss compares the network's score z with a target t.
type loss string

const (
	// logistic is −log p of the label, p = 1/(1+e⁻ᶻ); t is 0 or 1.
	logistic loss = "logistic"
	// squared is (z−t)²/2.
	squared loss = "squared"
	// huber is squared near t and |z−t|−1/2 beyond 1 (Huber 1964).
	huber loss = "huber"
	// tweedie is half the deviance of the Tweedie distribution of power 1.5 and mean μ = eᶻ:
	// 2(√t−√μ)²/√μ, t ≥ 0. Its minimum is the mean, zeros and a heavy tail are what it expects.
	tweedie loss = "tweedie"
)

// maxLogMean bounds z where it is a logarithm: e³⁰ times the mean label is no forecast any more.
const maxLogMean = 30

// at gives the loss and its derivative by z.
func (l loss) at(z, t float64) (value, slope float64) {
	switch l {
	case logistic:
		// log(1+eᶻ) − t·z without overflow.
		e := math.Exp(-math.Abs(z))
		p := 1 / (1 + e)
		if z < 0 {
			p = e / (1 + e)
		}
		return max(z, 0) + math.Log1p(e) - t*z, p - t
	case huber:
		d := z - t
		if a := math.Abs(d); a > 1 {
			return a - .5, math.Copysign(1, d)
		}
		return d * d / 2, d
	case tweedie:
		root := math.Exp(min(max(z, -maxLogMean), maxLogMean) / 2)
		d := math.Sqrt(t) - root
		return 2 * d * d / root, root - t/root
	}
	d := z - t
	return d * d / 2, d
}

// mean is the weighted mean loss of scores against targets; equal weights where weights is nil.
func (l loss) mean(z, t, weights []float32) float64 {
	var sum, total float64
	for i := range z {
		w := 1.0
		if weights != nil {
			w = float64(weights[i])
		}
		value, _ := l.at(float64(z[i]), float64(t[i]))
		sum += w * value
		total += w
	}
	return sum / total
}
