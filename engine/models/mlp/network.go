package mlp

import (
	"context"
	"math"
	"math/rand/v2"
	"slices"
	"sync"

	_ "cvp/engine/blas" // chooses the library behind blas32
	"cvp/engine/internal/chunks"

	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/blas32"
)

// layer computes activation(x·Wᵀ + b). W lies by output: gonum's products then work on rows as long as the
// inputs and skip what a ReLU has set to zero in the gradient: BenchmarkFitDefaults takes a quarter less time than
// with W by input (OpenBLAS does not care).
type layer struct {
	in, out int
	w       []float32 // [out×in] row-major
	b       []float32 // [out]
	act     activation
}

// network is the layers in order; the last has one output, the score z.
type network []layer

// newNetwork draws the weights of inputs → hidden… → 1. Layers before a ReLU take He's normal distribution
// (He et al. 2015), others Glorot's (Glorot and Bengio 2010), before a sigmoid four times as wide: its slope at 0
// is a quarter of tanh's, and without the factor two layers of it stay linear for many epochs. The output layer starts near zero, so that the
// first scores are its bias.
func newNetwork(inputs int, hidden []int, act activation, rng *rand.Rand) network {
	sizes := append(append([]int{inputs}, hidden...), 1)
	net := make(network, len(sizes)-1)
	for i := range net {
		l := layer{in: sizes[i], out: sizes[i+1], act: act}
		l.w, l.b = make([]float32, l.in*l.out), make([]float32, l.out)
		deviation := math.Sqrt(2 / float64(l.in+l.out))
		switch {
		case i == len(net)-1:
			l.act = identity
			deviation *= .1
		case act == relu:
			deviation = math.Sqrt(2 / float64(l.in))
		case act == sigmoid:
			deviation *= 4
		}
		for j := range l.w {
			l.w[j] = float32(rng.NormFloat64() * deviation)
		}
		net[i] = l
	}
	return net
}

// clone is a copy that shares no weights.
func (n network) clone() network {
	out := slices.Clone(n)
	for i := range out {
		out[i].w, out[i].b = slices.Clone(out[i].w), slices.Clone(out[i].b)
	}
	return out
}

// copyFrom takes over the weights of a network of the same shape.
func (n network) copyFrom(from network) {
	for i := range n {
		copy(n[i].w, from[i].w)
		copy(n[i].b, from[i].b)
	}
}

// finite reports whether every weight is a number.
func (n network) finite() bool {
	for _, l := range n {
		for _, part := range [][]float32{l.w, l.b} {
			for _, v := range part {
				if math.IsNaN(float64(v)) || math.IsInf(float64(v), 0) {
					return false
				}
			}
		}
	}
	return true
}

// forward writes the layer's outputs for rows of x [rows×in] into dst [rows×out]. Training and serving both
// come through here.
func (l *layer) forward(dst, x []float32, rows int) {
	for i := range rows {
		copy(dst[i*l.out:(i+1)*l.out], l.b)
	}
	blas32.Gemm(blas.NoTrans, blas.Trans, 1,
		blas32.General{Rows: rows, Cols: l.in, Stride: l.in, Data: x},
		blas32.General{Rows: l.out, Cols: l.in, Stride: l.in, Data: l.w},
		1, blas32.General{Rows: rows, Cols: l.out, Stride: l.out, Data: dst})
	l.act.apply(dst[:rows*l.out])
}

// activations is room for the outputs of every layer for a block of rows.
type activations [][]float32

func (n network) newActivations(rows int) activations {
	room := make(activations, len(n))
	for i, l := range n {
		room[i] = make([]float32, rows*l.out)
	}
	return room
}

// forward gives the scores z of rows of x [rows×inputs], which lie in room until its next use.
func (n network) forward(room activations, x []float32, rows int) []float32 {
	for i := range n {
		n[i].forward(room[i], x, rows)
		x = room[i]
	}
	return x[:rows]
}

// scorePiece is how many rows are scored at a time: their activations stay in the second-level cache.
const scorePiece = 256

// scores writes z of every row of x [len(dst)×inputs].
func (n network) scores(ctx context.Context, dst, x []float32, threads int) error {
	rooms := sync.Pool{New: func() any {
		room := n.newActivations(scorePiece)
		return &room
	}}
	width := n[0].in
	return chunks.DoContext(ctx, threads, chunks.Count(len(dst), scorePiece), func(i int) {
		room := rooms.Get().(*activations)
		defer rooms.Put(room)
		from, to := chunks.Bounds(i, scorePiece, len(dst))
		copy(dst[from:to], n.forward(*room, x[from*width:to*width], to-from))
	})
}
