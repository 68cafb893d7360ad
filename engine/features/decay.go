package features

import (
	"fmt"
	"math"

	"cvp/engine/frame"
)

// decay weighs every purchase, every amount and every matching event by 2^(-age ÷ half-life).
type decay struct {
	b         *binding
	at        int64       // the sums are as of this instant, that of the latest event taken in
	events    int         // how many events are in the sums
	opened    int         // how many purchases are in the sums
	matchedAt int64       // the latest instant with a matching event
	sums      [][]float64 // by half-life, in the order of kinds
}

// The places of a half-life's sums; those that the spec does not use stay 0.
const (
	decayedPurchases = iota
	decayedAmounts
	decayedMatches
	decayedMatchInstants
	decayedKinds
)

var _ block = (*decay)(nil)

func (d *decay) features() []Feature {
	var n namer
	for _, h := range d.b.stream.HalfLives {
		n.add(fmt.Sprintf("purchases_decay_%dd", h), fmt.Sprintf("Σ over purchases of 2^(-age in days ÷ %d)", h))
		if d.b.stream.Amount != "" {
			n.add(fmt.Sprintf("%s_decay_%dd", d.b.stream.Amount, h), fmt.Sprintf("Σ over events of %s · 2^(-age in days ÷ %d)", d.b.stream.Amount, h))
		}
		if d.b.stream.Matched {
			n.add(fmt.Sprintf("match_events_decay_%dd", h), fmt.Sprintf("Σ over matching events of 2^(-age in days ÷ %d)", h))
			n.add(fmt.Sprintf("match_instants_decay_%dd", h), fmt.Sprintf("Σ over distinct instants with a matching event of 2^(-age in days ÷ %d)", h))
		}
	}
	return n
}

func (d *decay) begin(*trace) {
	if d.sums == nil {
		for range d.b.stream.HalfLives {
			d.sums = append(d.sums, make([]float64, decayedKinds))
		}
	}
	for _, s := range d.sums {
		clear(s)
	}
	d.events, d.opened, d.matchedAt = 0, 0, frame.NoTime
}

func (d *decay) write(dst []float32, t *trace) {
	d.take(t)
	at := 0
	put := func(v float64) { dst[at] = number(v); at++ }
	for k, h := range d.b.stream.HalfLives {
		fade := 0.0
		if t.hi > 0 {
			fade = fading(d.at, t.cutoff, h)
		}
		put(d.sums[k][decayedPurchases] * fade)
		if d.b.stream.Amount != "" {
			put(d.sums[k][decayedAmounts] * fade)
		}
		if d.b.stream.Matched {
			put(d.sums[k][decayedMatches] * fade)
			put(d.sums[k][decayedMatchInstants] * fade)
		}
	}
}

// take brings the events before the cutoff into the sums, each at its own instant: where the cutoffs lie does not
// change the sums.
func (d *decay) take(t *trace) {
	amount := d.b.amount
	for ; d.events < t.hi; d.events++ {
		i := d.events
		if i > 0 && t.times[i] != d.at {
			d.age(t.times[i])
		}
		d.at = t.times[i]
		for d.opened < len(t.purchases) && t.purchases[d.opened].time == d.at {
			d.add(decayedPurchases, 1)
			d.opened++
		}
		if amount != nil && amount[t.base+i] == amount[t.base+i] {
			d.add(decayedAmounts, float64(amount[t.base+i]))
		}
		if d.b.stream.Matched && d.b.ev.matches(t.base+i) {
			d.add(decayedMatches, 1)
			if d.matchedAt != d.at {
				d.add(decayedMatchInstants, 1)
				d.matchedAt = d.at
			}
		}
	}
}

func (d *decay) add(kind int, v float64) {
	for _, s := range d.sums {
		s[kind] += v
	}
}

// age moves the sums from the latest event on to another.
func (d *decay) age(to int64) {
	for k, h := range d.b.stream.HalfLives {
		fade := fading(d.at, to, h)
		for i := range d.sums[k] {
			d.sums[k][i] *= fade
		}
	}
}

func fading(from, to int64, halfLife int) float64 {
	return math.Exp2(-daysBetween(from, to) / float64(halfLife))
}
