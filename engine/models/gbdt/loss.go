package gbdt

import (
	"math"

	"cvp/engine/model"
)

// Losses by their name in SQL. Logistic is the only one for a class.
const (
	lossAuto     = "auto"
	lossLogistic = "logistic"
	lossSquared  = "squared"
	lossAbsolute = "absolute"
	lossQuantile = "quantile"
	lossPoisson  = "poisson"
	lossTweedie  = "tweedie"
)

// loss is what boosting lessens: the cost of a row as a function of its score.
type loss struct {
	name string
	// slopes writes the first and second derivative of the cost by the score; h is nil where the second is taken as 1.
	slopes func(g, h []float32, scores []float64, y []float32)
	cost   func(score, y float64) float64
	// mean turns a score into a prediction, start a mean label into a score.
	mean, start func(float64) float64
	// quantile is above 0 where the leaves' values are that quantile of the residuals, as the second derivative says
	// nothing.
	quantile float64
	// logLink says that the prediction is the exponential of the score; positive that no label may be below 0.
	logLink, positive bool
	// maxStep bounds the value of a leaf.
	maxStep float64
}

// unit reports that every second derivative is 1.
func (l *loss) unit() bool { return l.name == lossSquared || l.quantile > 0 }

func identity(v float64) float64 { return v }

// maxScore keeps the exponential of a score finite and its square too.
const maxScore = 60

func exp(v float64) float64 { return math.Exp(min(max(v, -maxScore), maxScore)) }

func logOf(mean float64) float64 { return math.Log(max(mean, 1e-9)) }

// lossOf gives the loss of that name.
func lossOf(name string, quantile, power float64) (loss, bool) {
	switch name {
	case lossLogistic:
		return logistic(), true
	case lossSquared:
		return squared(), true
	case lossAbsolute:
		return pinball(lossAbsolute, .5), true
	case lossQuantile:
		return pinball(lossQuantile, quantile), true
	case lossPoisson:
		return poisson(), true
	case lossTweedie:
		return tweedie(power), true
	}
	return loss{}, false
}

func logistic() loss {
	mean := func(z float64) float64 { return 1 / (1 + math.Exp(-z)) }
	return loss{
		name: lossLogistic, mean: mean, maxStep: math.Inf(1),
		start: func(p float64) float64 {
			p = min(max(p, 1e-9), 1-1e-9)
			return math.Log(p / (1 - p))
		},
		slopes: func(g, h []float32, scores []float64, y []float32) {
			for i, z := range scores {
				p := mean(z)
				g[i], h[i] = float32(p-float64(y[i])), float32(p*(1-p))
			}
		},
		cost: func(z, y float64) float64 {
			return math.Log1p(math.Exp(-math.Abs(z))) + max(z, 0) - y*z
		},
	}
}

func squared() loss {
	return loss{
		name: lossSquared, mean: identity, start: identity, maxStep: math.Inf(1),
		slopes: func(g, _ []float32, scores []float64, y []float32) {
			for i, z := range scores {
				g[i] = float32(z - float64(y[i]))
			}
		},
		cost: func(z, y float64) float64 { return (z - y) * (z - y) / 2 },
	}
}

// pinball is least for the quantile (Koenker and Bassett, Regression Quantiles, 1978).
func pinball(name string, quantile float64) loss {
	above, below := float32(1-quantile), float32(-quantile)
	return loss{
		name: name, mean: identity, start: identity, quantile: quantile, maxStep: math.Inf(1),
		slopes: func(g, _ []float32, scores []float64, y []float32) {
			for i, z := range scores {
				g[i] = below
				if z >= float64(y[i]) {
					g[i] = above
				}
			}
		},
		cost: func(z, y float64) float64 { return max(quantile*(y-z), (1-quantile)*(z-y)) },
	}
}

// poisson is the deviance of a count, up to a constant and half.
func poisson() loss {
	return loss{
		name: lossPoisson, mean: exp, start: logOf, logLink: true, maxStep: 2,
		slopes: func(g, h []float32, scores []float64, y []float32) {
			for i, z := range scores {
				e := exp(z)
				g[i], h[i] = float32(e-float64(y[i])), float32(e)
			}
		},
		cost: func(z, y float64) float64 { return exp(z) - y*z },
	}
}

// tweedie is the deviance, up to a constant and half, of a sum of a Poisson number of gamma amounts (Jørgensen, The
// Theory of Dispersion Models, 1997): zeros and a long tail in one. The power is between 1 and 2.
func tweedie(power float64) loss {
	a, b := 1-power, 2-power
	return loss{
		name: lossTweedie, mean: exp, start: logOf, logLink: true, positive: true, maxStep: 3,
		slopes: func(g, h []float32, scores []float64, y []float32) {
			for i, z := range scores {
				v := float64(y[i])
				ea := exp(a * z)
				eb := ea * exp(z)
				g[i], h[i] = float32(eb-v*ea), float32(b*eb-a*v*ea)
			}
		},
		cost: func(z, y float64) float64 { return exp(b*z)/b - y*exp(a*z)/a },
	}
}

// suitable is the loss for labels of that shape.
func suitable(task model.Task, y []float32) string {
	if task == model.Class {
		return lossLogistic
	}
	if !model.MoneyLike(y) {
		return lossSquared
	}
	for _, v := range y {
		if v < 0 {
			return lossPoisson
		}
	}
	return lossTweedie
}
