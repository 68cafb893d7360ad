package items

import (
	"math/rand/v2"
	"testing"
)

// retail draws a log of the size of the demo's shop: 5,000 customers, 4,000 items of which few are much bought.
func retail() *Log {
	r := rand.New(rand.NewPCG(1, 1))
	popular := rand.NewZipf(r, 1.2, 20, 3999)
	log := &Log{Items: make([]string, 4000)}
	for range 5000 {
		var history []Purchase
		for at := r.ExpFloat64() * 60; at < 600; at += r.ExpFloat64() * 60 {
			for range 1 + r.IntN(25) {
				history = append(history, Purchase{int32(popular.Uint64()), int64(at * day)})
			}
		}
		log.Of = append(log.Of, history)
	}
	return log
}

func BenchmarkFitAShop(b *testing.B) {
	log := retail()
	for b.Loop() {
		Fit(log, 600*day, Weights{HalfLifeDays: 90})
	}
}

func BenchmarkChooseWeightsForAShop(b *testing.B) {
	log := retail()
	w := window(log, 550*day, 580*day)
	for b.Loop() {
		if _, _, err := Choose(b.Context(), log, w, 10); err != nil {
			b.Fatal(err)
		}
	}
}
