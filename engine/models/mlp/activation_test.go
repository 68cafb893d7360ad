package mlp

import (
	"math"
	"math/rand/v2"
	"testing"
)

func TestTanhIsExactToFloat32(t *testing.T) {
	for x := float32(-20); x < 20; x += .001 {
		v := []float32{x}
		tanh.apply(v)
		if want := math.Tanh(float64(x)); math.Abs(float64(v[0])-want) > 6e-8 {
			t.Fatalf("tanh(%v) = %v, want %v", x, v[0], want)
		}
	}
	for x, want := range map[float32]float32{-1e30: -1, 1e30: 1, 0: 0} {
		v := []float32{x}
		if tanh.apply(v); v[0] != want {
			t.Errorf("tanh(%v) = %v", x, v[0])
		}
	}
}

func BenchmarkTanh(b *testing.B) {
	x, y := make([]float32, 4096), make([]float32, 4096)
	rng := rand.New(rand.NewPCG(1, 1))
	for i := range x {
		x[i] = float32(rng.NormFloat64())
	}
	b.Run("by exp", func(b *testing.B) {
		for b.Loop() {
			copy(y, x)
			tanh.apply(y)
		}
	})
	b.Run("math.Tanh", func(b *testing.B) {
		for b.Loop() {
			for i, v := range x {
				y[i] = float32(math.Tanh(float64(v)))
			}
		}
	})
}
