package linear

import "math"

// loss is the cost of one row as a function of its linear predictor z. All are convex in z.
type loss struct {
	name string
	// at gives the cost and its slope by z for label y.
	at func(z, y float64) (cost, slope float64)
	// mean turns a linear predictor into an expected label.
	mean func(z float64) float64
	// start is the best constant predictor for a mean label.
	start func(mean float64) float64
	// logLink says that the mean is exp(z), never below 0; positive that no label may be either.
	logLink, positive bool
}

// Losses by their name in SQL. Logistic is the only one for a class.
const (
	lossLogistic = "logistic"
	lossSquared  = "squared"
	lossHuber    = "huber"
	lossPoisson  = "poisson"
	lossTweedie  = "tweedie"
)

// tweediePower lies in the middle of the compound Poisson-gamma family: a number of purchases, each of a
// gamma-distributed amount (Jørgensen, The Theory of Dispersion Models, 1997).
const tweediePower = 1.5

// huberKnee is where squared cost becomes absolute, in standard deviations of the label.
const huberKnee = 1

func lossOf(name string) (loss, bool) {
	identity := func(v float64) float64 { return v }
	logMean := func(m float64) float64 { return math.Log(max(m, 1e-12)) }
	switch name {
	case lossLogistic:
		return loss{name: name, at: logistic, mean: sigmoid, start: logit}, true
	case lossSquared:
		return loss{name: name, at: squared, mean: identity, start: identity}, true
	case lossHuber:
		return loss{name: name, at: huber, mean: identity, start: identity}, true
	case lossPoisson:
		return loss{name: name, at: poisson, mean: math.Exp, start: logMean, logLink: true}, true
	case lossTweedie:
		return loss{name: name, at: tweedie, mean: math.Exp, start: logMean, logLink: true, positive: true}, true
	}
	return loss{}, false
}

func sigmoid(z float64) float64 {
	if z >= 0 {
		return 1 / (1 + math.Exp(-z))
	}
	e := math.Exp(z)
	return e / (1 + e)
}

func logit(p float64) float64 {
	p = min(max(p, 1e-12), 1-1e-12)
	return math.Log(p / (1 - p))
}

// logistic is log(1+exp(z)) − y·z with one exponential, of −|z|, so that it cannot overflow.
func logistic(z, y float64) (cost, slope float64) {
	e := math.Exp(-math.Abs(z))
	cost = math.Log(1+e) - y*z
	p := 1 / (1 + e)
	if z > 0 {
		cost += z
	} else {
		p = e * p
	}
	return cost, p - y
}

func squared(z, y float64) (cost, slope float64) {
	d := z - y
	return d * d / 2, d
}

func huber(z, y float64) (cost, slope float64) {
	d := z - y
	if a := math.Abs(d); a > huberKnee {
		return huberKnee * (a - huberKnee/2.0), math.Copysign(huberKnee, d)
	}
	return d * d / 2, d
}

// poisson is the negative log-likelihood up to a constant, with log link. As a quasi-likelihood it asks only
// that means are above 0: single labels may be below (a customer who returned more than he bought), and the
// predictions still add up to the labels.
func poisson(z, y float64) (cost, slope float64) {
	mu := math.Exp(z)
	return mu - y*z, mu - y
}

// tweedie is half the deviance of power 1.5 up to a constant, with log link: 2(y/√μ + √μ).
func tweedie(z, y float64) (cost, slope float64) {
	root := math.Exp(z * (2 - tweediePower))
	return (y/root + root) / (2 - tweediePower), root - y/root
}
