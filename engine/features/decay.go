package features

import (
	"fmt"
	"math"
)

// decay weighs every purchase and every amount by 2^(-age ÷ half-life).
type decay struct {
	b       *binding
	at      int64 // the sums below are as of this instant, that of the latest event taken in
	events  int   // how many events are in the sums
	opened  int   // how many purchases are in the sums
	opening []float64
	amounts []float64
}

var _ block = (*decay)(nil)

func (d *decay) features() []Feature {
	var n namer
	for _, h := range d.b.spec.HalfLives {
		n.add(fmt.Sprintf("purchases_decay_%dd", h), fmt.Sprintf("Σ over purchases of 2^(-age in days ÷ %d)", h))
		if d.b.spec.Amount != "" {
			n.add(fmt.Sprintf("%s_decay_%dd", d.b.spec.Amount, h), fmt.Sprintf("Σ over events of %s · 2^(-age in days ÷ %d)", d.b.spec.Amount, h))
		}
	}
	return n
}

func (d *decay) begin(*trace) {
	n := len(d.b.spec.HalfLives)
	if d.opening == nil {
		d.opening, d.amounts = make([]float64, n), make([]float64, n)
	}
	clear(d.opening)
	clear(d.amounts)
	d.events, d.opened = 0, 0
}

func (d *decay) write(dst []float32, t *trace) {
	d.take(t)
	step := 1
	if d.b.spec.Amount != "" {
		step = 2
	}
	for k, h := range d.b.spec.HalfLives {
		fade := 0.0
		if t.hi > 0 {
			fade = fading(d.at, t.cutoff, h)
		}
		dst[step*k] = number(d.opening[k] * fade)
		if step == 2 {
			dst[step*k+1] = number(d.amounts[k] * fade)
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
			for k, h := range d.b.spec.HalfLives {
				fade := fading(d.at, t.times[i], h)
				d.opening[k] *= fade
				d.amounts[k] *= fade
			}
		}
		d.at = t.times[i]
		for d.opened < len(t.purchases) && t.purchases[d.opened].time == d.at {
			for k := range d.opening {
				d.opening[k]++
			}
			d.opened++
		}
		if amount != nil && amount[t.base+i] == amount[t.base+i] {
			for k := range d.amounts {
				d.amounts[k] += float64(amount[t.base+i])
			}
		}
	}
}

func fading(from, to int64, halfLife int) float64 {
	return math.Exp2(-daysBetween(from, to) / float64(halfLife))
}
