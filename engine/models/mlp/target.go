package mlp

import (
	"fmt"
	"math"
	"slices"

	"cvp/engine/model"
)

// logLabels is the choice of Huber's loss on the standardised logarithm of the label.
const logLabels = "log"

// link says how labels become the network's targets and scores become predictions.
type link string

const (
	logitLink  link = "logit"  // prediction 1/(1+e⁻ᶻ), target the label
	linearLink link = "linear" // prediction Center + Scale·z, target (y−Center)/Scale
	expLink    link = "exp"    // prediction Scale·eᶻ, target y/Scale
	// logLink has target (slog(y/Unit)−Center)/Scale with slog(v) = sign(v)·log(1+|v|). The mean of y given z
	// is that of the inverse over the residuals (Duan's smearing estimate, 1983), not the inverse of z.
	logLink link = "log"
)

// target is a link with what it learned from the training labels.
type target struct {
	Link   link    `json:"link"`
	Unit   float64 `json:"unit"`
	Center float64 `json:"center"`
	Scale  float64 `json:"scale"`
	// Correction multiplies predictions so that on the training rows they add up to the labels (exp, log).
	Correction float64 `json:"correction"`
	// Residuals are quantiles of target − z on the training rows (log).
	Residuals []float64 `json:"residuals,omitempty"`

	loss loss
}

// smearing is how many quantiles of the residuals stand for their distribution.
const smearing = 32

// newTarget chooses link and loss and learns their scales.
func newTarget(task model.Task, choice string, e *model.Examples) (target, error) {
	t := target{Unit: 1, Scale: 1, Correction: 1}
	if task == model.Class {
		t.Link, t.loss = logitLink, logistic
		return t, nil
	}
	negative := slices.Min(e.Y) < 0
	if choice == autoLoss {
		choice = string(tweedie)
		if negative {
			choice = logLabels
		}
	}
	switch choice {
	case string(tweedie):
		if negative {
			return t, fmt.Errorf("loss tweedie needs labels of at least 0, the least is %g: choose loss log", slices.Min(e.Y))
		}
		t.Link, t.loss = expLink, tweedie
		mean, _ := momentsOf(e, func(y float64) float64 { return y })
		t.Scale = positive(mean)
	case logLabels:
		t.Link, t.loss = logLink, huber
		unit, _ := momentsOf(e, math.Abs)
		t.Unit = positive(unit)
		mean, deviation := momentsOf(e, func(y float64) float64 { return signedLog(y / t.Unit) })
		t.Center, t.Scale = mean, positive(deviation)
	default:
		t.Link, t.loss = linearLink, loss(choice)
		mean, deviation := momentsOf(e, func(y float64) float64 { return y })
		t.Center, t.Scale = mean, positive(deviation)
	}
	return t, nil
}

// momentsOf gives the weighted mean and standard deviation of f of the labels.
func momentsOf(e *model.Examples, f func(float64) float64) (mean, deviation float64) {
	var sum, square, total float64
	for i, y := range e.Y {
		sum += weight(e, i) * f(float64(y))
		total += weight(e, i)
	}
	mean = sum / total
	for i, y := range e.Y {
		d := f(float64(y)) - mean
		square += weight(e, i) * d * d
	}
	return mean, math.Sqrt(square / total)
}

// positive is v, or 1 where nothing can be divided by it.
func positive(v float64) float64 {
	if v > 0 && !math.IsInf(v, 1) {
		return v
	}
	return 1
}

func weight(e *model.Examples, i int) float64 {
	if e.Weights == nil {
		return 1
	}
	return float64(e.Weights[i])
}

// encode gives the network's targets of labels.
func (t *target) encode(y []float32) []float32 {
	out := make([]float32, len(y))
	for i, v := range y {
		v := float64(v)
		switch t.Link {
		case linearLink:
			v = (v - t.Center) / t.Scale
		case expLink:
			v = max(v, 0) / t.Scale
		case logLink:
			v = (signedLog(v/t.Unit) - t.Center) / t.Scale
		}
		out[i] = float32(v)
	}
	return out
}

// start is the score before anything is learned: the one that is best for all rows alike, or near it.
func (t *target) start(e *model.Examples) float64 {
	mean, _ := momentsOf(e, func(y float64) float64 { return y })
	switch {
	case t.Link == logitLink:
		mean = min(max(mean, 1e-6), 1-1e-6)
		return math.Log(mean / (1 - mean))
	case t.Link == expLink && mean == 0:
		return -maxLogMean
	}
	return 0 // targets are centred, or divided by their mean
}

// decode gives the prediction of a score.
func (t *target) decode(z float64) float64 {
	switch t.Link {
	case logitLink:
		return 1 / (1 + math.Exp(-z))
	case expLink:
		return t.Correction * t.Scale * math.Exp(min(max(z, -maxLogMean), maxLogMean))
	case logLink:
		return t.Correction * t.smear(z)
	}
	return t.Center + t.Scale*z
}

// smear is the mean of the inverse transform over the residuals.
func (t *target) smear(z float64) float64 {
	if len(t.Residuals) == 0 {
		return t.inverse(z)
	}
	var sum float64
	for _, r := range t.Residuals {
		sum += t.inverse(z + r)
	}
	return sum / float64(len(t.Residuals))
}

func (t *target) inverse(z float64) float64 {
	return t.Unit * signedExp(min(max(t.Center+t.Scale*z, -maxLogMean), maxLogMean))
}

// calibrate learns from the training rows' scores what decode needs beside the scales.
func (t *target) calibrate(z, targets []float32, e *model.Examples) {
	if t.Link == logLink {
		t.Residuals = residuals(z, targets, e)
	}
	if t.Link != expLink && t.Link != logLink {
		return
	}
	var predicted, actual float64
	for i := range z {
		predicted += weight(e, i) * t.decode(float64(z[i]))
		actual += weight(e, i) * float64(e.Y[i])
	}
	// Beyond these bounds the ratio says that the totals cancel out, not how to scale.
	if c := actual / predicted; c > .2 && c < 5 {
		t.Correction = c
	}
}

// residuals gives evenly spaced quantiles of target − score over the rows that count.
func residuals(z, targets []float32, e *model.Examples) []float64 {
	var all []float64
	for i := range z {
		if weight(e, i) > 0 {
			all = append(all, float64(targets[i])-float64(z[i]))
		}
	}
	slices.Sort(all)
	out := make([]float64, smearing)
	for k := range out {
		out[k] = all[(2*k+1)*len(all)/(2*smearing)]
	}
	return out
}

func signedLog(v float64) float64 { return math.Copysign(math.Log1p(math.Abs(v)), v) }

func signedExp(v float64) float64 { return math.Copysign(math.Expm1(math.Abs(v)), v) }
