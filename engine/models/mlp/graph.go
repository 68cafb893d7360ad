package mlp

import (
	"fmt"

	"cvp/engine/internal/chunks"

	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/blas32"
	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// rowPiece is how many rows of a batch one goroutine takes at a time. gonum multiplies blocks of 64×64 and
// spreads four blocks or more over goroutines itself, which pieces of this size leave to us.
const rowPiece = 64

// gradientPiece is how many weights' gradients one goroutine sums at a time: 16 KiB, which stay in the
// first-level cache while the batch streams by.
const gradientPiece = 4096

// graph is the gorgonia graph of one training step on a batch of fixed size: the network's layers, the loss,
// and the gradients that gorgonia derives from them. Inputs are filled in place, weights are the network's own.
type graph struct {
	rows    int
	x       []float32   // [rows×inputs]
	targets []float32   // [rows]
	weights []float32   // [rows], what each row's loss counts; 0 for padding
	masks   [][]float32 // per hidden layer [rows×out], 0 or 1/(1−dropout); nil without dropout

	params []parameter // W and b of each layer
	grads  gorgonia.Nodes
	cost   *gorgonia.Node
	vm     gorgonia.VM

	dst [][]float32 // gradients of the last step, one per parameter
}

// newGraph builds the graph for batches of the given number of rows.
func newGraph(net network, l loss, rows int, dropout bool, threads int) (*graph, error) {
	g := &graph{rows: rows}
	b := builder{graph: gorgonia.NewGraph(), rows: rows, threads: threads}
	g.x = make([]float32, rows*net[0].in)
	at := b.input("x", g.x, rows, net[0].in)
	var wrt gorgonia.Nodes
	for i := range net {
		var mask *gorgonia.Node
		if dropout && i < len(net)-1 {
			values := make([]float32, rows*net[i].out)
			g.masks = append(g.masks, values)
			mask = b.input(fmt.Sprintf("mask %d", i), values, rows, net[i].out)
		}
		w := b.input(fmt.Sprintf("w %d", i), net[i].w, net[i].out, net[i].in)
		bias := b.input(fmt.Sprintf("b %d", i), net[i].b, net[i].out)
		g.params = append(g.params, parameter{net[i].w, true}, parameter{net[i].b, false})
		wrt = append(wrt, w, bias)
		at = b.dense(&net[i], i, at, w, bias, mask)
	}
	g.targets, g.weights = make([]float32, rows), make([]float32, rows)
	g.cost = b.loss(l, at, b.input("targets", g.targets, rows), b.input("weights", g.weights, rows))
	if b.err != nil {
		return nil, fmt.Errorf("build the training graph: %w", b.err)
	}
	var err error
	if g.grads, err = gorgonia.Grad(g.cost, wrt...); err != nil {
		return nil, fmt.Errorf("derive the training graph: %w", err)
	}
	g.vm = gorgonia.NewTapeMachine(b.graph)
	g.dst = make([][]float32, len(g.grads))
	return g, nil
}

// run computes the batch's loss and gradients.
func (g *graph) run() (float64, error) {
	g.vm.Reset()
	if err := g.vm.RunAll(); err != nil {
		return 0, fmt.Errorf("run the training graph: %w", err)
	}
	for i, n := range g.grads {
		g.dst[i] = n.Value().Data().([]float32)
	}
	return float64(g.cost.Value().Data().(float32)), nil
}

func (g *graph) close() error { return g.vm.Close() }

// builder adds nodes to a graph and keeps the first error.
type builder struct {
	graph   *gorgonia.ExprGraph
	rows    int
	threads int
	err     error
}

// input is a node whose value is the given memory.
func (b *builder) input(name string, values []float32, shape ...int) *gorgonia.Node {
	t := tensor.New(tensor.WithShape(shape...), tensor.WithBacking(values))
	return gorgonia.NewTensor(b.graph, tensor.Float32, len(shape),
		gorgonia.WithShape(shape...), gorgonia.WithName(name), gorgonia.WithValue(t))
}

func (b *builder) apply(op gorgonia.Op, in ...*gorgonia.Node) *gorgonia.Node {
	if b.err != nil {
		return nil
	}
	var n *gorgonia.Node
	n, b.err = gorgonia.ApplyOp(op, in...)
	return n
}

// dense adds activation(x·Wᵀ + b) ⊙ mask; mask may be nil.
func (b *builder) dense(l *layer, number int, x, w, bias, mask *gorgonia.Node) *gorgonia.Node {
	in := []*gorgonia.Node{x, w, bias}
	shapes := []tensor.Shape{{b.rows, l.in}, {l.out, l.in}, {l.out}}
	wrt := []bool{number > 0, true, true}
	if mask != nil {
		in, shapes, wrt = append(in, mask), append(shapes, tensor.Shape{b.rows, l.out}), append(wrt, false)
	}
	result := tensor.Shape{b.rows, l.out}
	// The activation's derivative is taken from its output before the mask.
	unmasked := make([]float32, result.TotalSize())
	forward := newKernel(fmt.Sprintf("dense %d", number), result, shapes, func(dst []float32, in [][]float32) {
		b.overRows(func(from, to int) {
			y := dst[from*l.out : to*l.out]
			l.forward(y, in[0][from*l.in:to*l.in], to-from)
			if mask != nil {
				copy(unmasked[from*l.out:], y)
				multiply(y, in[3][from*l.out:to*l.out])
			}
		})
	})
	gradients := func(in gorgonia.Nodes, output, grad *gorgonia.Node) (gorgonia.Nodes, error) {
		if mask != nil {
			return b.denseGradients(l, number, unmasked, in, output, grad)
		}
		return b.denseGradients(l, number, nil, in, output, grad)
	}
	return b.apply(&differentiable{kernel: forward, wrt: wrt, gradients: gradients}, in...)
}

// denseGradients adds the layer's gradients by its input, weights and bias, given the one by its output.
func (b *builder) denseGradients(l *layer, number int, unmasked []float32, in gorgonia.Nodes, output, grad *gorgonia.Node) (gorgonia.Nodes, error) {
	rows, wide, matrix := tensor.Shape{b.rows, l.out}, tensor.Shape{b.rows, l.in}, tensor.Shape{l.out, l.in}
	name := func(what string) string { return fmt.Sprintf("%s gradient %d", what, number) }

	sum := newKernel(name("sum"), rows, []tensor.Shape{rows, rows}, func(dst []float32, v [][]float32) {
		b.overRows(func(from, to int) {
			from, to = from*l.out, to*l.out
			l.act.backward(dst[from:to], v[0][from:to], v[1][from:to])
		})
	})
	inputs := []*gorgonia.Node{output, grad}
	if unmasked != nil {
		sum = newKernel(name("masked sum"), rows, []tensor.Shape{rows, rows, rows}, func(dst []float32, v [][]float32) {
			b.overRows(func(from, to int) {
				from, to = from*l.out, to*l.out
				l.act.backward(dst[from:to], unmasked[from:to], v[1][from:to])
				multiply(dst[from:to], v[2][from:to])
			})
		})
		inputs = append(inputs, in[3])
	}
	s := b.apply(sum, inputs...)

	weights := newKernel(name("weight"), matrix, []tensor.Shape{wide, rows}, func(dst []float32, v [][]float32) {
		b.weightGradient(l, dst, v[0], v[1])
	})
	bias := newKernel(name("bias"), tensor.Shape{l.out}, []tensor.Shape{rows}, func(dst []float32, v [][]float32) {
		columnSums(dst, v[0])
	})
	grads := gorgonia.Nodes{nil, b.apply(weights, in[0], s), b.apply(bias, s)}
	if number > 0 {
		grads[0] = b.apply(newKernel(name("input"), wide, []tensor.Shape{rows, matrix}, func(dst []float32, v [][]float32) {
			b.inputGradient(l, dst, v[0], v[1])
		}), s, in[1])
	}
	if unmasked != nil {
		grads = append(grads, nil)
	}
	return grads, b.err
}

// weightGradient sets dst [out×in] to sᵀ·x. The work is split by rows of dst, never by rows of the batch, so
// that the order of every sum is the same for any number of threads.
func (b *builder) weightGradient(l *layer, dst, x, s []float32) {
	piece := max(4, min(gradientPiece/l.in, (l.out+3)/4))
	chunks.Do(b.threads, chunks.Count(l.out, piece), func(i int) {
		from, to := chunks.Bounds(i, piece, l.out)
		blas32.Gemm(blas.Trans, blas.NoTrans, 1,
			blas32.General{Rows: b.rows, Cols: to - from, Stride: l.out, Data: s[from:]},
			blas32.General{Rows: b.rows, Cols: l.in, Stride: l.in, Data: x},
			0, blas32.General{Rows: to - from, Cols: l.in, Stride: l.in, Data: dst[from*l.in : to*l.in]})
	})
}

// inputGradient sets dst [rows×in] to s·W.
func (b *builder) inputGradient(l *layer, dst, s, w []float32) {
	b.overRows(func(from, to int) {
		blas32.Gemm(blas.NoTrans, blas.NoTrans, 1,
			blas32.General{Rows: to - from, Cols: l.out, Stride: l.out, Data: s[from*l.out : to*l.out]},
			blas32.General{Rows: l.out, Cols: l.in, Stride: l.in, Data: w},
			0, blas32.General{Rows: to - from, Cols: l.in, Stride: l.in, Data: dst[from*l.in : to*l.in]})
	})
}

// loss adds Σ weight·loss(score, target), a scalar.
func (b *builder) loss(l loss, z, targets, weights *gorgonia.Node) *gorgonia.Node {
	column, vector := tensor.Shape{b.rows, 1}, tensor.Shape{b.rows}
	slopes := make([]float32, b.rows)
	cost := newKernel("cost", tensor.ScalarShape(), []tensor.Shape{column, vector, vector}, func(dst []float32, v [][]float32) {
		var sum float64
		for i, w := range v[2] {
			slopes[i] = 0
			if w == 0 {
				continue
			}
			value, slope := l.at(float64(v[0][i]), float64(v[1][i]))
			sum += float64(w) * value
			slopes[i] = w * float32(slope)
		}
		dst[0] = float32(sum)
	})
	gradients := func(in gorgonia.Nodes, output, grad *gorgonia.Node) (gorgonia.Nodes, error) {
		// The cost is an input only for the order: its kernel leaves the slopes.
		k := newKernel("cost gradient", column, []tensor.Shape{{}, {}}, func(dst []float32, v [][]float32) {
			for i, s := range slopes {
				dst[i] = s * v[1][0]
			}
		})
		return gorgonia.Nodes{b.apply(k, output, grad), nil, nil}, b.err
	}
	return b.apply(&differentiable{kernel: cost, wrt: []bool{true, false, false}, gradients: gradients}, z, targets, weights)
}

// overRows calls f on pieces of the batch's rows.
func (b *builder) overRows(f func(from, to int)) {
	chunks.Do(b.threads, chunks.Count(b.rows, rowPiece), func(i int) {
		f(chunks.Bounds(i, rowPiece, b.rows))
	})
}

func multiply(dst, by []float32) {
	by = by[:len(dst)]
	for i := range dst {
		dst[i] *= by[i]
	}
}

// columnSums sets dst [d] to the sums over the rows of x [n×d].
func columnSums(dst, x []float32) {
	clear(dst)
	for ; len(x) >= len(dst); x = x[len(dst):] {
		for i, v := range x[:len(dst)] {
			dst[i] += v
		}
	}
}
