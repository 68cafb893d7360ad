package features

import "fmt"

// windows counts and sums over the last w days before the cutoff, for every window of the spec.
type windows struct {
	b      *binding
	prefix [][]float64 // per number column: sum of the entity's first i values; missing values add nothing
}

var _ block = (*windows)(nil)

func (w *windows) features() []Feature {
	var n namer
	for _, d := range w.b.stream.Windows {
		if w.b.stream.Grouped {
			n.add(fmt.Sprintf("events_%dd", d), fmt.Sprintf("events in the last %d days", d))
		}
		n.add(fmt.Sprintf("purchases_%dd", d), fmt.Sprintf("purchases begun in the last %d days", d))
		n.add(fmt.Sprintf("active_days_%dd", d), fmt.Sprintf("distinct days with an event in the last %d days", d))
		for _, c := range w.b.stream.Numbers {
			n.add(fmt.Sprintf("sum_%s_%dd", c, d), fmt.Sprintf("Σ %s over events of the last %d days", c, d))
		}
	}
	return n
}

func (w *windows) begin(t *trace) {
	if w.prefix == nil {
		w.prefix = make([][]float64, len(w.b.numbers))
	}
	for c, values := range w.b.numbers {
		w.prefix[c] = runningSums(w.prefix[c], values[t.base:t.base+len(t.times)])
	}
}

// runningSums puts into dst the sum of the first i values for each i up to their number.
func runningSums(dst []float64, values []float32) []float64 {
	var sum float64
	dst = append(dst[:0], 0)
	for _, v := range values {
		if v == v {
			sum += float64(v)
		}
		dst = append(dst, sum)
	}
	return dst
}

func (w *windows) write(dst []float32, t *trace) {
	at := 0
	put := func(v float64) { dst[at] = number(v); at++ }
	for k, d := range w.b.stream.Windows {
		if w.b.stream.Grouped {
			put(float64(t.hi - t.lo[k]))
		}
		put(float64(len(t.purchases) - t.firstPurchase(t.windowStart(d))))
		put(float64(t.activeDays(t.lo[k])))
		for _, p := range w.prefix {
			put(p[t.hi] - p[t.lo[k]])
		}
	}
}

// trends compares recent activity with that of a longer time: the share of a wide window's purchases and amount that
// falls in the next shorter one. There are few of them on purpose: ratios of every pair of windows tell entities apart
// so well that trees learn them by heart (0.004 AUC lost on cat30 of the benchmark).
type trends struct {
	b      *binding
	wide   []int
	prefix []float64 // of the amount column
}

var _ block = (*trends)(nil)

func (r *trends) features() []Feature {
	var n namer
	wide, days := r.b.wideWindows(), r.b.stream.Windows
	for i := range max(0, len(wide)-1) {
		a, b := days[wide[i]], days[wide[i+1]]
		n.add(fmt.Sprintf("trend_purchases_%dd_%dd", a, b), fmt.Sprintf("purchases_%dd ÷ purchases_%dd", a, b))
		if r.b.stream.Amount != "" {
			n.add(fmt.Sprintf("trend_%s_%dd_%dd", r.b.stream.Amount, a, b), fmt.Sprintf("Σ %[1]s over %[2]d days ÷ Σ %[1]s over %[3]d days", r.b.stream.Amount, a, b))
		}
	}
	return n
}

func (r *trends) begin(t *trace) {
	if r.wide == nil {
		r.wide = r.b.wideWindows()
	}
	if r.b.amount != nil {
		r.prefix = runningSums(r.prefix, r.b.amount[t.base:t.base+len(t.times)])
	}
}

func (r *trends) write(dst []float32, t *trace) {
	at := 0
	put := func(v float32) { dst[at] = v; at++ }
	for i := range max(0, len(r.wide)-1) {
		a, b := r.wide[i], r.wide[i+1]
		put(ratio(r.purchases(t, a), r.purchases(t, b)))
		if r.b.amount != nil {
			put(ratio(r.prefix[t.hi]-r.prefix[t.lo[a]], r.prefix[t.hi]-r.prefix[t.lo[b]]))
		}
	}
}

func (r *trends) purchases(t *trace, window int) float64 {
	return float64(len(t.purchases) - t.firstPurchase(t.windowStart(r.b.stream.Windows[window])))
}
