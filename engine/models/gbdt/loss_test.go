package gbdt

import (
	"math"
	"math/rand/v2"
	"testing"
)

// TestSlopesAreDerivatives compares with differences of the cost.
func TestSlopesAreDerivatives(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	for _, name := range []string{lossLogistic, lossSquared, lossAbsolute, lossQuantile, lossPoisson, lossTweedie} {
		l, ok := lossOf(name, .8, 1.4)
		if !ok {
			t.Fatalf("no loss %q", name)
		}
		for range 500 {
			z, y := rng.NormFloat64()*2, float32(rng.IntN(4))
			if name == lossLogistic {
				y = float32(rng.IntN(2))
			}
			g, h := []float32{0}, []float32{1}
			l.slopes(g, h, []float64{z}, []float32{y})
			const d = 1e-3
			up, here, down := l.cost(z+d, float64(y)), l.cost(z, float64(y)), l.cost(z-d, float64(y))
			if l.quantile > 0 && math.Abs(z-float64(y)) < 2*d {
				continue // the kink
			}
			if want := (up - down) / (2 * d); math.Abs(float64(g[0])-want) > 1e-4*max(1, math.Abs(want)) {
				t.Errorf("%s: gradient at score %v, label %v is %v, want %v", name, z, y, g[0], want)
			}
			if l.quantile > 0 {
				continue // the second derivative is 0 and taken as 1
			}
			if want := (up - 2*here + down) / (d * d); math.Abs(float64(h[0])-want) > 1e-3*max(1, math.Abs(want)) {
				t.Errorf("%s: second derivative at score %v, label %v is %v, want %v", name, z, y, h[0], want)
			}
		}
	}
}

func TestTheStartIsTheBestConstant(t *testing.T) {
	y := []float64{0, 0, 1, 1, 1, 0, 1, 1}
	for _, name := range []string{lossLogistic, lossSquared, lossPoisson, lossTweedie} {
		l, _ := lossOf(name, .5, 1.3)
		var mean float64
		for _, v := range y {
			mean += v / float64(len(y))
		}
		cost := func(z float64) (sum float64) {
			for _, v := range y {
				sum += l.cost(z, v)
			}
			return sum
		}
		z := l.start(mean)
		if cost(z) > cost(z+.01) || cost(z) > cost(z-.01) {
			t.Errorf("%s: %v is not the best score of %v", name, z, y)
		}
		if got := l.mean(z); math.Abs(got-mean) > 1e-12 {
			t.Errorf("%s: a start at mean %v predicts %v", name, mean, got)
		}
	}
}

func TestQuantilesOfWeightedValues(t *testing.T) {
	tests := []struct {
		name       string
		v, weights []float64
		q, want    float64
	}{
		{"the median of three", []float64{3, 1, 2}, nil, .5, 2},
		{"the median of two lies between them", []float64{1, 2}, nil, .5, 1.5},
		{"one value is every quantile", []float64{7}, nil, .1, 7},
		{"a weight counts as so many values", []float64{1, 9}, []float64{1, 3}, .625, 9},
		{"weight 0 counts for nothing in the middle", []float64{1, 5, 9}, []float64{1, 0, 1}, .5, 5},
		{"the greatest", []float64{1, 2, 3}, nil, .999, 3},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := quantileOf(tt.v, tt.weights, tt.q); math.Abs(got-tt.want) > 1e-12 {
				t.Errorf("quantile %v of %v is %v, want %v", tt.q, tt.v, got, tt.want)
			}
		})
	}
}

func TestPackedSumsUnpackToTheSums(t *testing.T) {
	rng := rand.New(rand.NewPCG(2, 2))
	n := rowChunk
	for _, unit := range []bool{false, true} {
		g, h := make([]float32, n), make([]float32, n)
		var sumG, sumH float64
		for i := range g {
			g[i], h[i] = float32(rng.NormFloat64()*math.Exp(rng.NormFloat64())), float32(rng.ExpFloat64())
			if unit {
				h[i] = 1
			}
			sumG += float64(g[i])
			sumH += float64(h[i])
		}
		p := newPacking(unit, peak(g), peak(h))
		packed := make([]uint64, n)
		p.pack(packed, g, h, 0, n, 5)
		var sum uint64
		for _, v := range packed {
			sum += v
		}
		cells := make([]cell, 1)
		p.unpack(cells, []uint64{sum})
		c := cells[0]
		if c.rows != int64(n) {
			t.Errorf("%d rows, want %d", c.rows, n)
		}
		// The rounding of each row is off by less than 1, at random.
		if got := float64(c.gradient) * p.gradient; math.Abs(got-sumG) > 4*math.Sqrt(float64(n))*p.gradient {
			t.Errorf("gradients add up to %v, want %v", got, sumG)
		}
		if got := float64(c.hessian) * p.hessian; math.Abs(got-sumH) > 4*math.Sqrt(float64(n))*p.hessian {
			t.Errorf("second derivatives add up to %v, want %v", got, sumH)
		}
	}
}

func TestTheGreatestGradientsDoNotOverflow(t *testing.T) {
	for _, sign := range []float32{1, -1} {
		g, h := make([]float32, rowChunk), make([]float32, rowChunk)
		for i := range g {
			g[i], h[i] = sign*3, 2
		}
		for _, unit := range []bool{false, true} {
			p := newPacking(unit, 3, 2)
			packed := make([]uint64, rowChunk)
			p.pack(packed, g, h, 0, rowChunk, 1)
			var sum uint64
			for _, v := range packed {
				sum += v
			}
			cells := make([]cell, 1)
			p.unpack(cells, []uint64{sum})
			if got, want := float64(cells[0].gradient)*p.gradient, float64(sign)*3*rowChunk; math.Abs(got/want-1) > 1e-3 {
				t.Errorf("unit %v: gradients add up to %v, want %v", unit, got, want)
			}
			if cells[0].rows != rowChunk {
				t.Errorf("unit %v: %d rows", unit, cells[0].rows)
			}
		}
	}
}
