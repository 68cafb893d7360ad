package blas_test

import (
	"math"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"

	"cvp/engine/blas"

	gonumblas "gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/blas32"
	"gonum.org/v1/gonum/blas/blas64"
)

func TestNameSaysWhichLibraryIsUsed(t *testing.T) {
	name, implementation := blas.Name(), implementationName()
	if !strings.HasPrefix(name, implementation) {
		t.Errorf("name %q, built with %s", name, implementation)
	}
}

func TestProductsEqualThePlainLoop(t *testing.T) {
	const m, n, k = 37, 65, 130
	rng := rand.New(rand.NewPCG(1, 2))
	a64, b64 := make([]float64, m*k), make([]float64, k*n)
	a32, b32 := make([]float32, m*k), make([]float32, k*n)
	for i := range a64 {
		a64[i] = rng.NormFloat64()
		a32[i] = float32(a64[i])
	}
	for i := range b64 {
		b64[i] = rng.NormFloat64()
		b32[i] = float32(b64[i])
	}
	c64, c32 := make([]float64, m*n), make([]float32, m*n)
	blas64.Gemm(gonumblas.NoTrans, gonumblas.NoTrans, 1,
		blas64.General{Rows: m, Cols: k, Stride: k, Data: a64}, blas64.General{Rows: k, Cols: n, Stride: n, Data: b64},
		0, blas64.General{Rows: m, Cols: n, Stride: n, Data: c64})
	blas32.Gemm(gonumblas.NoTrans, gonumblas.NoTrans, 1,
		blas32.General{Rows: m, Cols: k, Stride: k, Data: a32}, blas32.General{Rows: k, Cols: n, Stride: n, Data: b32},
		0, blas32.General{Rows: m, Cols: n, Stride: n, Data: c32})
	for i := range m {
		for j := range n {
			var want float64
			for l := range k {
				want += a64[i*k+l] * b64[l*n+j]
			}
			if got := c64[i*n+j]; math.Abs(got-want) > 1e-12*k {
				t.Fatalf("float64 product at %d,%d is %v, want %v", i, j, got, want)
			}
			if got := float64(c32[i*n+j]); math.Abs(got-want) > 1e-5*k {
				t.Fatalf("float32 product at %d,%d is %v, want %v", i, j, got, want)
			}
		}
	}
}

// BenchmarkGemmThreads multiplies a batch of 1,024 rows by a 120×64 layer in one call, and in row blocks of
// 128 on as many goroutines.
func BenchmarkGemmThreads(b *testing.B) {
	const m, n, k, block = 1024, 64, 120, 128
	x := blas32.General{Rows: m, Cols: k, Stride: k, Data: make([]float32, m*k)}
	w := blas32.General{Rows: k, Cols: n, Stride: n, Data: make([]float32, k*n)}
	c := blas32.General{Rows: m, Cols: n, Stride: n, Data: make([]float32, m*n)}
	for i := range x.Data {
		x.Data[i] = float32(i%7) + 1
	}
	for i := range w.Data {
		w.Data[i] = float32(i%5) + 1
	}
	report := func(b *testing.B) {
		b.ReportMetric(2*m*n*k*float64(b.N)/b.Elapsed().Seconds()/1e9, "GFLOP/s")
	}
	b.Run("one call", func(b *testing.B) {
		for b.Loop() {
			blas32.Gemm(gonumblas.NoTrans, gonumblas.NoTrans, 1, x, w, 0, c)
		}
		report(b)
	})
	b.Run("row blocks", func(b *testing.B) {
		for b.Loop() {
			var wg sync.WaitGroup
			for from := 0; from < m; from += block {
				wg.Go(func() {
					xb := blas32.General{Rows: block, Cols: k, Stride: k, Data: x.Data[from*k:]}
					cb := blas32.General{Rows: block, Cols: n, Stride: n, Data: c.Data[from*n:]}
					blas32.Gemm(gonumblas.NoTrans, gonumblas.NoTrans, 1, xb, w, 0, cb)
				})
			}
			wg.Wait()
		}
		report(b)
	})
}
