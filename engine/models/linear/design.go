package linear

import (
	"context"
	"math"

	"cvp/engine/internal/chunks"
)

// chunkRows is the unit of parallel work: small enough to balance and to notice a cancelled context, large
// enough that starting it costs nothing.
const chunkRows = 4096

// design is what a fit reads: x [n×d] row-major, labels in the loss's units, weights that sum to 1.
type design struct {
	x       []float32
	n, d    int
	y       []float32
	weights []float32 // nil: equal
	total   float64   // sum of weights
	loss    loss
	threads int
}

// evaluate gives the mean cost at beta (the intercept first, then d coefficients) and writes its gradient,
// both without penalty. The sums are taken per chunk and added in order: the same on any number of threads.
func (m *design) evaluate(ctx context.Context, grad, beta []float64) float64 {
	count := chunks.Count(m.n, chunkRows)
	parts := make([]float64, count*(m.d+2))
	// A cancelled evaluation is never used: the solvers look at ctx after each.
	_ = chunks.DoContext(ctx, m.threads, count, func(i int) {
		from, to := chunks.Bounds(i, chunkRows, m.n)
		part := parts[i*(m.d+2) : (i+1)*(m.d+2)]
		part[m.d+1] = m.accumulate(part[:m.d+1], beta, from, to)
	})
	clear(grad)
	var cost float64
	for i := range count {
		part := parts[i*(m.d+2) : (i+1)*(m.d+2)]
		for j := range grad {
			grad[j] += part[j]
		}
		cost += part[m.d+1]
	}
	for j := range grad {
		grad[j] /= m.total
	}
	return cost / m.total
}

// accumulate adds the gradient of rows [from, to) to grad and gives their cost.
func (m *design) accumulate(grad, beta []float64, from, to int) float64 {
	var cost float64
	coef := beta[1:]
	for i := from; i < to; i++ {
		w := 1.0
		if m.weights != nil {
			if w = float64(m.weights[i]); w == 0 {
				continue
			}
		}
		row := m.x[i*m.d : (i+1)*m.d]
		c, slope := m.loss.at(beta[0]+dot(row, coef), float64(m.y[i]))
		cost += w * c
		slope *= w
		grad[0] += slope
		addScaled(grad[1:], slope, row)
	}
	return cost
}

// dot multiplies in float64 with four independent sums, which the processor overlaps.
func dot(x []float32, coef []float64) float64 {
	coef = coef[:len(x)]
	var a, b, c, d float64
	j := 0
	for ; j+4 <= len(x); j += 4 {
		a += float64(x[j]) * coef[j]
		b += float64(x[j+1]) * coef[j+1]
		c += float64(x[j+2]) * coef[j+2]
		d += float64(x[j+3]) * coef[j+3]
	}
	for ; j < len(x); j++ {
		a += float64(x[j]) * coef[j]
	}
	return a + b + (c + d)
}

func addScaled(dst []float64, s float64, x []float32) {
	dst = dst[:len(x)]
	for j, v := range x {
		dst[j] += s * float64(v)
	}
}

// penalty is l1·‖β‖₁ + l2/2·‖β‖², never on the intercept, beside a mean cost per row.
type penalty struct{ l1, l2 float64 }

// smooth adds the differentiable part to a cost and its gradient.
func (p penalty) smooth(cost float64, grad, beta []float64) float64 {
	for j := 1; j < len(beta); j++ {
		cost += p.l2 / 2 * beta[j] * beta[j]
		grad[j] += p.l2 * beta[j]
	}
	return cost
}

func (p penalty) absolute(beta []float64) float64 {
	var sum float64
	for _, b := range beta[1:] {
		sum += math.Abs(b)
	}
	return p.l1 * sum
}
