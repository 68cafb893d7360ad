package mlp

import (
	"math"
	"runtime"
	"testing"
)

// plainCost is the cost of g's batch by loops in float64.
func plainCost(net network, g *graph, l loss) float64 {
	var cost float64
	for i := range g.rows {
		at := make([]float64, net[0].in)
		for j := range at {
			at[j] = float64(g.x[i*net[0].in+j])
		}
		for k, layer := range net {
			next := make([]float64, layer.out)
			for j := range next {
				next[j] = float64(layer.b[j])
				for h, v := range at {
					next[j] += v * float64(layer.w[j*layer.in+h])
				}
				switch layer.act {
				case relu:
					next[j] = math.Max(next[j], 0)
				case sigmoid:
					next[j] = 1 / (1 + math.Exp(-next[j]))
				case tanh:
					next[j] = math.Tanh(next[j])
				}
				if k < len(net)-1 && g.masks != nil {
					next[j] *= float64(g.masks[k][i*layer.out+j])
				}
			}
			at = next
		}
		value, _ := l.at(at[0], float64(g.targets[i]))
		cost += float64(g.weights[i]) * value
	}
	return cost
}

func TestGradientsEqualFiniteDifferences(t *testing.T) {
	for _, act := range []activation{relu, sigmoid, tanh} {
		for _, l := range []loss{logistic, squared, huber, tweedie} {
			for _, dropout := range []float64{0, .4} {
				net, g := filled(t, 6, []int{7, 4}, act, l, 70, dropout)
				cost, err := g.run()
				if err != nil {
					t.Fatal(err)
				}
				if want := plainCost(net, g, l); math.Abs(cost-want) > 1e-5*max(1, want) {
					t.Errorf("%s, %s, dropout %g: cost %v, want %v", act, l, dropout, cost, want)
				}
				checkDifferences(t, net, g, l)
			}
		}
	}
}

// checkDifferences compares every gradient with central differences of the plain cost. The step is one that
// float32 weights can take; it crosses a kink of ReLU or Huber now and then, which a few may show.
func checkDifferences(t *testing.T, net network, g *graph, l loss) {
	t.Helper()
	const step = 1.0 / 4096
	off, all := 0, 0
	for i, p := range g.params {
		for j, w := range p.values {
			p.values[j] = w + step
			up, upper := plainCost(net, g, l), p.values[j]
			p.values[j] = w - step
			down, lower := plainCost(net, g, l), p.values[j]
			p.values[j] = w
			want := (up - down) / float64(upper-lower)
			all++
			if got := float64(g.dst[i][j]); math.Abs(got-want) > 1e-4+2e-3*math.Abs(want) {
				off++
				t.Logf("%s: gradient %d of parameter %d is %v, by differences %v", l, j, i, got, want)
			}
		}
	}
	if off*50 > all {
		t.Errorf("%s, %s: %d of %d gradients are off", net[0].act, l, off, all)
	}
}

func TestLossesHaveTheirSlope(t *testing.T) {
	for _, l := range []loss{logistic, squared, huber, tweedie} {
		for _, z := range []float64{-20, -3, -.7, 0, .4, 2, 25} {
			for _, y := range []float64{0, 1, 7} {
				const step = 1e-5
				up, _ := l.at(z+step, y)
				down, _ := l.at(z-step, y)
				value, slope := l.at(z, y)
				if want := (up - down) / (2 * step); math.Abs(slope-want) > 1e-4*max(1, math.Abs(want)) {
					t.Errorf("%s at z %g, y %g: slope %v, by differences %v", l, z, y, slope, want)
				}
				if l != logistic && value < 0 || math.IsNaN(value) {
					t.Errorf("%s at z %g, y %g is %v", l, z, y, value)
				}
			}
		}
	}
}

func TestAStepAllocatesNoMatrix(t *testing.T) {
	_, g := filled(t, 100, []int{64, 32}, relu, logistic, 1024, .2)
	a := newAdam(options{learningRate: 1e-3}, g.params, 2)
	step := func() {
		if _, err := g.run(); err != nil {
			t.Fatal(err)
		}
		a.step(g.params, g.dst)
	}
	step()
	const steps = 50
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range steps {
		step()
	}
	runtime.ReadMemStats(&after)
	// The least matrix of the step, the weights of the second layer, has 8 KiB; the inputs have 400 KiB.
	if each := (after.TotalAlloc - before.TotalAlloc) / steps; each > 64<<10 {
		t.Errorf("a step allocates %d bytes", each)
	}
}

func TestL1PullsWeightsToZeroAndNotPastIt(t *testing.T) {
	w := []float32{.5, -.5, .001, -.001}
	zero := make([]float32, len(w))
	adamUpdate(w, zero, zero, make([]float32, len(w)), .01, 1, 1, .01)
	for i, want := range []float32{.49, -.49, 0, 0} {
		if math.Abs(float64(w[i]-want)) > 1e-6 {
			t.Errorf("weight %d is %v, want %v", i, w[i], want)
		}
	}
}
