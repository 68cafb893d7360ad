package linear

import (
	"context"
	"math"
	"slices"
)

// history is how many steps the curvature is estimated from.
const history = 10

// orthantwise minimises f + l1·‖β‖₁ by OWL-QN: L-BFGS steps that stay in the orthant in which the penalty is
// linear (Andrew and Gao, Scalable Training of L1-Regularized Log-Linear Models, ICML 2007).
func orthantwise(ctx context.Context, f objective, start []float64, p penalty, lim limits) ([]float64, error) {
	n := len(start)
	o := &owlqn{beta: slices.Clone(start), grad: make([]float64, n), pseudo: make([]float64, n), l1: p.l1}
	cost := f(o.grad, o.beta) + p.absolute(o.beta)
	next, nextGrad := make([]float64, n), make([]float64, n)
	for range lim.iterations {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if o.steepest() <= lim.tolerance {
			break
		}
		direction := o.direction()
		step, found := 1.0, false
		if len(o.steps) == 0 {
			step = min(1, 1/norm(direction))
		}
		for range 40 {
			o.move(next, direction, step)
			nextCost := f(nextGrad, next) + p.absolute(next)
			if err := ctx.Err(); err != nil {
				return nil, err
			}
			if nextCost <= cost+1e-4*o.gain(next) {
				o.remember(next, nextGrad)
				cost, found = nextCost, true
				break
			}
			step /= 2
		}
		if !found {
			if len(o.steps) == 0 {
				break // nothing lower along the steepest descent either: the rounding of the cost is reached
			}
			o.steps = nil
		}
	}
	return o.beta, ctx.Err()
}

// owlqn is where the search stands.
type owlqn struct {
	beta, grad, pseudo []float64
	l1                 float64
	steps              []curvature
}

// curvature is one step taken and the change of the gradient along it.
type curvature struct {
	s, y []float64
	sy   float64
}

// steepest sets pseudo to the steepest of the one-sided gradients and gives its largest component.
func (o *owlqn) steepest() float64 {
	var largest float64
	for j, g := range o.grad {
		switch {
		case j == 0: // the intercept bears no penalty
		case o.beta[j] > 0:
			g += o.l1
		case o.beta[j] < 0:
			g -= o.l1
		case g > o.l1:
			g -= o.l1
		case g < -o.l1:
			g += o.l1
		default:
			g = 0
		}
		o.pseudo[j] = g
		largest = max(largest, math.Abs(g))
	}
	return largest
}

// direction is the L-BFGS step from the pseudo-gradient, less the components that would climb.
func (o *owlqn) direction() []float64 {
	d := slices.Clone(o.pseudo)
	alphas := make([]float64, len(o.steps))
	for i := len(o.steps) - 1; i >= 0; i-- {
		c := o.steps[i]
		alphas[i] = inner(c.s, d) / c.sy
		axpy(d, -alphas[i], c.y)
	}
	if k := len(o.steps); k > 0 {
		c := o.steps[k-1]
		scale := c.sy / inner(c.y, c.y)
		for j := range d {
			d[j] *= scale
		}
	}
	for i, c := range o.steps {
		axpy(d, alphas[i]-inner(c.y, d)/c.sy, c.s)
	}
	for j := range d {
		d[j] = -d[j]
		if d[j]*o.pseudo[j] >= 0 {
			d[j] = 0
		}
	}
	return d
}

// move writes the place a step away; a coefficient that would change its sign stops at 0.
func (o *owlqn) move(next, direction []float64, step float64) {
	for j, b := range o.beta {
		next[j] = b + step*direction[j]
		orthant := b
		if b == 0 {
			orthant = -o.pseudo[j]
		}
		if j > 0 && next[j]*orthant <= 0 {
			next[j] = 0
		}
	}
}

// gain is the linear forecast of the change of cost.
func (o *owlqn) gain(next []float64) float64 {
	var sum float64
	for j := range next {
		sum += o.pseudo[j] * (next[j] - o.beta[j])
	}
	return sum
}

// remember moves to next and keeps the step's curvature where it is positive.
func (o *owlqn) remember(next, nextGrad []float64) {
	c := curvature{s: slices.Clone(next), y: slices.Clone(nextGrad)}
	axpy(c.s, -1, o.beta)
	axpy(c.y, -1, o.grad)
	copy(o.beta, next)
	copy(o.grad, nextGrad)
	if c.sy = inner(c.s, c.y); c.sy <= 1e-12*inner(c.y, c.y) {
		return
	}
	if o.steps = append(o.steps, c); len(o.steps) > history {
		o.steps = o.steps[1:]
	}
}

func inner(a, b []float64) float64 {
	var sum float64
	for j, v := range a {
		sum += v * b[j]
	}
	return sum
}

func norm(a []float64) float64 { return math.Sqrt(inner(a, a)) }

func axpy(dst []float64, s float64, x []float64) {
	for j, v := range x {
		dst[j] += s * v
	}
}
