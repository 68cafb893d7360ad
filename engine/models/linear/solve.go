package linear

import (
	"context"
	"fmt"
	"slices"

	"gonum.org/v1/gonum/optimize"
)

// limits end a solution: no component of the gradient above tolerance, or so many iterations.
type limits struct {
	tolerance  float64
	iterations int
}

// solve minimises the penalised mean cost from start and gives the optimum.
func (m *design) solve(ctx context.Context, start []float64, p penalty, lim limits) ([]float64, error) {
	f := func(grad, beta []float64) float64 { return p.smooth(m.evaluate(ctx, grad, beta), grad, beta) }
	if p.l1 > 0 {
		return orthantwise(ctx, f, start, p, lim)
	}
	return smoothly(ctx, f, start, lim)
}

// objective gives a cost and writes its gradient.
type objective func(grad, beta []float64) float64

// smoothly runs gonum's L-BFGS.
func smoothly(ctx context.Context, f objective, start []float64, lim limits) ([]float64, error) {
	// gonum asks for cost and gradient of one place in two calls; one pass over the rows gives both.
	at, grad := []float64(nil), make([]float64, len(start))
	var cost float64
	visit := func(beta []float64) {
		if !slices.Equal(at, beta) {
			cost = f(grad, beta)
			at = append(at[:0], beta...)
		}
	}
	problem := optimize.Problem{
		Func: func(beta []float64) float64 { visit(beta); return cost },
		Grad: func(dst, beta []float64) { visit(beta); copy(dst, grad) },
		Status: func() (optimize.Status, error) {
			return optimize.NotTerminated, ctx.Err()
		},
	}
	result, err := optimize.Minimize(problem, start, &optimize.Settings{
		GradientThreshold: lim.tolerance,
		MajorIterations:   lim.iterations,
		Converger:         optimize.NeverTerminate{},
	}, &optimize.LBFGS{Store: 10})
	if ctxErr := ctx.Err(); ctxErr != nil {
		return nil, ctxErr
	}
	if result == nil {
		return nil, fmt.Errorf("minimise: %w", err)
	}
	// A line search that finds nothing lower has reached the rounding of the cost: the best place so far is
	// the optimum as far as it can be told.
	return slices.Clone(result.X), nil
}
