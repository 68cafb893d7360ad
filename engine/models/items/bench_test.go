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

func BenchmarkRecommendToOneCustomer(b *testing.B) {
	log := retail()
	m := Fit(log, 600*day, Weights{90, 1, 0.3})
	for n := range log.Items {
		log.Items[n] = string(rune('a' + n))
	}
	m.number()
	var bought []string
	var at []int64
	for _, p := range log.Of[7] {
		bought, at = append(bought, log.Items[p.Item]), append(at, p.At)
	}
	for b.Loop() {
		m.Recommender().Recommend(bought, at, 600*day, 10)
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
