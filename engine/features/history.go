package features

import (
	"fmt"
	"math"
	"slices"
)

// lags is how many earlier windows of the horizon's length the target is looked up in.
const lags = 6

// history is the target's own past: the same aggregate over the windows of the horizon's length before the cutoff.
// A window that ends before the entity's first event is missing.
type history struct{ b *binding }

var _ block = (*history)(nil)

func (h *history) features() []Feature {
	var n namer
	what := string(h.past().Aggregate)
	for k := 1; k <= lags; k++ {
		n.add(fmt.Sprintf("own_%s_lag%d", what, k), fmt.Sprintf("the target's %s over [cutoff - %d horizons, cutoff - %d)", what, k, k-1))
	}
	n.add("own_"+what+"_mean", "mean of the lags")
	n.add("own_"+what+"_median", "median of the lags")
	n.add("own_"+what+"_trend", "(mean of lags 1-2 − mean of lags 3-4) ÷ (their sum), of absolute values")
	if h.b.spec.Target.Compare != "" {
		n.add("own_share", "share of the lags for which the target's comparison held")
	}
	return n
}

func (h *history) begin(*trace) {}

// past is the target as it is looked up: how often says more than whether.
func (h *history) past() Target {
	t := h.b.spec.Target
	if t.Aggregate == Exists {
		t.Aggregate = Count
	}
	return t
}

func (h *history) write(dst []float32, t *trace) {
	past := h.past()
	var known []float64
	var buffer [lags]float64
	known = buffer[:0]
	held, hi := 0.0, t.hi
	for k := range lags {
		dst[k] = missing
		from := past.back(t.cutoff, k+1)
		lo := firstAtOrAfter(t.times[:hi], from)
		if hi > 0 {
			v := past.over(h.b.ev, t.base+lo, t.base+hi)
			dst[k] = number(v)
			if v == v {
				known = append(known, v)
				held += past.holds(v)
			}
		}
		hi = lo
	}
	h.summarise(dst[lags:], known, held)
}

// holds is 1 where the target's comparison is true of v.
func (t Target) holds(v float64) float64 {
	if t.Compare == "" {
		return 0
	}
	return t.compare(v)
}

func (h *history) summarise(dst []float32, known []float64, held float64) {
	for i := range dst {
		dst[i] = missing
	}
	if len(known) == 0 {
		return
	}
	var sum float64
	for _, v := range known {
		sum += v
	}
	dst[0] = number(sum / float64(len(known)))
	if len(known) >= 4 {
		a, b := math.Abs(known[0])+math.Abs(known[1]), math.Abs(known[2])+math.Abs(known[3])
		dst[2] = ratio(a-b, a+b)
	}
	if h.b.spec.Target.Compare != "" {
		dst[3] = number(held / float64(len(known)))
	}
	slices.Sort(known)
	dst[1] = number((known[(len(known)-1)/2] + known[len(known)/2]) / 2)
}
