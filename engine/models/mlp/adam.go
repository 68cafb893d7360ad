package mlp

import (
	"math"

	"cvp/engine/internal/chunks"
)

// Adam's constants as Kingma and Ba (2015) give them.
const (
	beta1 = 0.9
	beta2 = 0.999
	eps   = 1e-8
)

// adamPiece is how many weights one goroutine updates at a time: about 20 µs of work.
const adamPiece = 4096

// adam takes gradient steps. One fused pass over the weights: gorgonia's AdamSolver makes ten passes and
// clones four tensors per step (see BenchmarkAdam).
type adam struct {
	rate    float64
	l1, l2  float64
	threads int
	steps   int
	moments [][2][]float32 // per parameter: running mean of the gradient and of its square
}

func newAdam(o options, params []parameter, threads int) *adam {
	a := &adam{rate: o.learningRate, l1: o.l1, l2: o.l2, threads: threads}
	for _, p := range params {
		n := len(p.values)
		a.moments = append(a.moments, [2][]float32{make([]float32, n), make([]float32, n)})
	}
	return a
}

// parameter is a weight matrix or a bias beside its gradient.
type parameter struct {
	values []float32
	decays bool // weights shrink, biases do not
}

// step moves every parameter against its gradient. Decay is decoupled from the gradient (Loshchilov and
// Hutter 2019): weights are multiplied with 1−rate·l2 and pulled towards zero, not past it, by rate·l1.
func (a *adam) step(params []parameter, gradients [][]float32) {
	a.steps++
	correct1 := 1 - math.Pow(beta1, float64(a.steps))
	correct2 := 1 - math.Pow(beta2, float64(a.steps))
	rate := float32(a.rate / correct1)
	scale := float32(1 / correct2)
	for k, p := range params {
		shrink, pull := float32(1), float32(0)
		if p.decays {
			shrink, pull = float32(1-a.rate*a.l2), float32(a.rate*a.l1)
		}
		n := len(p.values)
		chunks.Do(a.threads, chunks.Count(n, adamPiece), func(i int) {
			from, to := chunks.Bounds(i, adamPiece, n)
			m, v := a.moments[k][0][from:to], a.moments[k][1][from:to]
			adamUpdate(p.values[from:to], gradients[k][from:to], m, v, rate, scale, shrink, pull)
		})
	}
}

func adamUpdate(w, g, m, v []float32, rate, scale, shrink, pull float32) {
	g, m, v = g[:len(w)], m[:len(w)], v[:len(w)]
	for i, gi := range g {
		mi := beta1*m[i] + (1-beta1)*gi
		vi := beta2*v[i] + (1-beta2)*gi*gi
		m[i], v[i] = mi, vi
		wi := w[i] * shrink
		if pull > 0 {
			wi = max(wi-pull, 0) + min(wi+pull, 0)
		}
		w[i] = wi - rate*mi/(float32(math.Sqrt(float64(vi*scale)))+eps)
	}
}
