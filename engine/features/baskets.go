package features

import (
	"fmt"
	"math"
)

// baskets describes the entity's purchases so far: their worth, their size, what was given back.
type baskets struct{ b *binding }

var _ block = (*baskets)(nil)

func (k *baskets) features() []Feature {
	var n namer
	if a := k.b.stream.Amount; a != "" {
		n.add("purchase_"+a+"_mean", fmt.Sprintf("mean Σ %s of a purchase", a))
		n.add("purchase_"+a+"_sd", fmt.Sprintf("standard deviation of Σ %s of a purchase", a))
		n.add("purchase_"+a+"_max", fmt.Sprintf("greatest Σ %s of a purchase", a))
		n.add("purchase_"+a+"_last", fmt.Sprintf("Σ %s of the latest purchase", a))
		n.add("purchase_"+a+"_mean_last5", fmt.Sprintf("mean Σ %s of the latest 5 purchases", a))
	}
	if k.b.stream.Grouped {
		n.add("purchase_events_mean", "mean number of events of a purchase")
		n.add("purchase_events_last", "number of events of the latest purchase")
	}
	if k.b.stream.Returns {
		n.add("returns", "purchases with a negative sum so far")
		n.add("returns_amount", "the sum of negative purchases so far")
		n.add("returns_share", "returns ÷ purchases")
	}
	return n
}

func (k *baskets) begin(*trace) {}

func (k *baskets) write(dst []float32, t *trace) {
	n := float64(len(t.purchases))
	var sum, squares, recent, returns, returned float64
	most := math.Inf(-1)
	for i := range t.purchases {
		v := t.purchases[i].amount
		sum += v
		squares += v * v
		most = math.Max(most, v)
		if i >= len(t.purchases)-5 {
			recent += v
		}
		if v < 0 {
			returns++
			returned += v
		}
	}
	at := 0
	put := func(v float32) { dst[at] = v; at++ }
	if k.b.stream.Amount != "" {
		sd, last := missing, missing
		if n > 1 {
			sd = number(math.Sqrt(math.Max(0, (squares-sum*sum/n)/(n-1))))
		}
		if n == 0 {
			most = math.NaN()
		} else {
			last = number(t.purchases[len(t.purchases)-1].amount)
		}
		put(ratio(sum, n))
		put(sd)
		put(number(most))
		put(last)
		put(ratio(recent, math.Min(n, 5)))
	}
	if k.b.stream.Grouped {
		put(ratio(float64(t.hi), n))
		last := missing
		if n > 0 {
			last = float32(t.purchases[len(t.purchases)-1].rows)
		}
		put(last)
	}
	if k.b.stream.Returns {
		put(number(returns))
		put(number(returned))
		put(ratio(returns, n))
	}
}
