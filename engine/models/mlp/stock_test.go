package mlp

import (
	"math"
	"math/rand/v2"
	"testing"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// stock is the same training step in gorgonia's own operators: a reference for values and for speed.
type stock struct {
	vm     gorgonia.VM
	cost   *gorgonia.Node
	params gorgonia.Nodes
	grads  gorgonia.Nodes
}

// newStock builds the log loss of a network over batches as g holds them; memory is shared with g.
func newStock(tb testing.TB, net network, g *graph) *stock {
	tb.Helper()
	eg := gorgonia.NewGraph()
	node := func(n *gorgonia.Node, err error) *gorgonia.Node {
		if err != nil {
			tb.Fatal(err)
		}
		return n
	}
	input := func(name string, values []float32, shape ...int) *gorgonia.Node {
		t := tensor.New(tensor.WithShape(shape...), tensor.WithBacking(values))
		return gorgonia.NewTensor(eg, tensor.Float32, len(shape), gorgonia.WithShape(shape...), gorgonia.WithName(name), gorgonia.WithValue(t))
	}
	s := &stock{}
	at := input("x", g.x, g.rows, net[0].in)
	for i := range net {
		l := &net[i]
		w := input("w"+string(rune('0'+i)), l.w, l.out, l.in)
		b := input("b"+string(rune('0'+i)), l.b, 1, l.out)
		s.params = append(s.params, w, b)
		at = node(gorgonia.BroadcastAdd(node(gorgonia.Mul(at, node(gorgonia.Transpose(w, 1, 0)))), b, nil, []byte{0}))
		switch l.act {
		case relu:
			at = node(gorgonia.Rectify(at))
		case sigmoid:
			at = node(gorgonia.Sigmoid(at))
		case tanh:
			at = node(gorgonia.Tanh(at))
		}
		if i < len(net)-1 && g.masks != nil {
			at = node(gorgonia.HadamardProd(at, input("m"+string(rune('0'+i)), g.masks[i], g.rows, l.out)))
		}
	}
	// −log p = softplus(z) − t·z for labels t.
	y, weights := input("y", g.targets, g.rows, 1), input("weights", g.weights, g.rows, 1)
	each := node(gorgonia.Sub(node(gorgonia.Softplus(at)), node(gorgonia.HadamardProd(at, y))))
	s.cost = node(gorgonia.Sum(node(gorgonia.HadamardProd(each, weights))))
	var err error
	if s.grads, err = gorgonia.Grad(s.cost, s.params...); err != nil {
		tb.Fatal(err)
	}
	s.vm = gorgonia.NewTapeMachine(eg, gorgonia.BindDualValues(s.params...))
	return s
}

// filled is a graph whose inputs are random, on a network whose biases are not zero.
func filled(tb testing.TB, width int, hidden []int, act activation, l loss, rows int, dropout float64) (network, *graph) {
	tb.Helper()
	rng := rand.New(rand.NewPCG(7, 7))
	net := newNetwork(width, hidden, act, rng)
	for i := range net {
		for j := range net[i].b {
			net[i].b[j] = float32(rng.NormFloat64() * .3)
		}
	}
	g, err := newGraph(net, l, rows, dropout > 0, 2)
	if err != nil {
		tb.Fatal(err)
	}
	for i := range g.x {
		g.x[i] = float32(rng.NormFloat64())
	}
	for i := range g.targets {
		g.targets[i] = float32(rng.IntN(2))
		g.weights[i] = rng.Float32() / float32(rows)
	}
	g.weights[rows-1] = 0
	for i := range g.masks {
		drawMask(g.masks[i], dropout, rng)
	}
	return net, g
}

func TestGradientsEqualThoseOfGorgoniasOwnOperators(t *testing.T) {
	for _, act := range []activation{relu, sigmoid, tanh} {
		for _, dropout := range []float64{0, .3} {
			net, g := filled(t, 9, []int{8, 5}, act, logistic, 70, dropout)
			s := newStock(t, net, g)
			cost, err := g.run()
			if err != nil {
				t.Fatal(err)
			}
			if err := s.vm.RunAll(); err != nil {
				t.Fatal(err)
			}
			if want := float64(s.cost.Value().Data().(float32)); math.Abs(cost-want) > 1e-5 {
				t.Errorf("%s, dropout %g: cost %v, gorgonia's %v", act, dropout, cost, want)
			}
			for i, n := range s.grads {
				want := n.Value().Data().([]float32)
				for j, got := range g.dst[i] {
					if math.Abs(float64(got-want[j])) > 1e-6+1e-4*math.Abs(float64(want[j])) {
						t.Fatalf("%s, dropout %g: gradient %d of parameter %d is %v, gorgonia's %v", act, dropout, j, i, got, want[j])
					}
				}
			}
		}
	}
}

// BenchmarkStep is one training step of 50-256-128-1 on 1,024 rows with Adam: our kernels and fused update
// against gorgonia's operators and solver.
func BenchmarkStep(b *testing.B) {
	const rows = 1024
	b.Run("fused kernels", func(b *testing.B) {
		net, g := filled(b, 50, []int{256, 128}, relu, logistic, rows, 0)
		_ = net
		a := newAdam(options{learningRate: 1e-3}, g.params, 2)
		b.ReportAllocs()
		for b.Loop() {
			if _, err := g.run(); err != nil {
				b.Fatal(err)
			}
			a.step(g.params, g.dst)
		}
		b.ReportMetric(float64(b.N*rows)/b.Elapsed().Seconds(), "rows/s")
	})
	b.Run("stock gorgonia", func(b *testing.B) {
		net, g := filled(b, 50, []int{256, 128}, relu, logistic, rows, 0)
		s := newStock(b, net, g)
		solver := gorgonia.NewAdamSolver(gorgonia.WithLearnRate(1e-3))
		model := gorgonia.NodesToValueGrads(s.params)
		b.ReportAllocs()
		for b.Loop() {
			if err := s.vm.RunAll(); err != nil {
				b.Fatal(err)
			}
			if err := solver.Step(model); err != nil {
				b.Fatal(err)
			}
			s.vm.Reset()
		}
		b.ReportMetric(float64(b.N*rows)/b.Elapsed().Seconds(), "rows/s")
	})
}

// BenchmarkAdam is the update of the weights of 50-256-128-1.
func BenchmarkAdam(b *testing.B) {
	net, g := filled(b, 50, []int{256, 128}, relu, logistic, 64, 0)
	if _, err := g.run(); err != nil {
		b.Fatal(err)
	}
	b.Run("fused", func(b *testing.B) {
		a := newAdam(options{learningRate: 1e-3}, g.params, 2)
		b.ReportAllocs()
		for b.Loop() {
			a.step(g.params, g.dst)
		}
	})
	b.Run("gorgonia", func(b *testing.B) {
		s := newStock(b, net, g)
		if err := s.vm.RunAll(); err != nil {
			b.Fatal(err)
		}
		solver, model := gorgonia.NewAdamSolver(gorgonia.WithLearnRate(1e-3)), gorgonia.NodesToValueGrads(s.params)
		b.ReportAllocs()
		for b.Loop() {
			if err := solver.Step(model); err != nil {
				b.Fatal(err)
			}
		}
	})
}
