package features

import "fmt"

// matches describes the events for which the question's condition holds: how long ago, how often, how much.
type matches struct {
	b      *binding
	rows   []float64 // number of matching events among the entity's first i
	amount []float64 // their sum of the amount column
}

var _ block = (*matches)(nil)

func (m *matches) features() []Feature {
	if !m.b.stream.Matched {
		return nil
	}
	var n namer
	n.add("match_days_since_last", "days from the latest matching event to the cutoff")
	n.add("match_days_since_first", "days from the first matching event to the cutoff")
	n.add("match_purchases", "purchases with a matching event so far")
	n.add("match_purchases_share", "match_purchases ÷ purchases")
	n.add("match_gap_mean", "mean days between consecutive purchases with a matching event")
	n.add("match_gap_ratio", "match_days_since_last ÷ match_gap_mean")
	for _, d := range m.b.stream.Windows {
		n.add(fmt.Sprintf("match_purchases_%dd", d), fmt.Sprintf("purchases begun in the last %d days with a matching event", d))
		n.add(fmt.Sprintf("match_events_%dd", d), fmt.Sprintf("matching events in the last %d days", d))
		if m.b.stream.Amount != "" {
			n.add(fmt.Sprintf("match_sum_%s_%dd", m.b.stream.Amount, d), fmt.Sprintf("Σ %s over matching events of the last %d days", m.b.stream.Amount, d))
		}
	}
	return n
}

func (m *matches) begin(t *trace) {
	if !m.b.stream.Matched {
		return
	}
	m.rows, m.amount = append(m.rows[:0], 0), append(m.amount[:0], 0)
	var rows, sum float64
	for i := range t.times {
		if m.b.ev.matches(t.base + i) {
			rows++
			if a := m.b.amount; a != nil && a[t.base+i] == a[t.base+i] {
				sum += float64(a[t.base+i])
			}
		}
		m.rows, m.amount = append(m.rows, rows), append(m.amount, sum)
	}
}

func (m *matches) write(dst []float32, t *trace) {
	if !m.b.stream.Matched {
		return
	}
	m.writeRegularity(dst[:6], t)
	at := 6
	put := func(v float64) { dst[at] = number(v); at++ }
	for k, d := range m.b.stream.Windows {
		var purchases int
		for _, p := range t.purchases[t.firstPurchase(t.windowStart(d)):] {
			if p.matched {
				purchases++
			}
		}
		put(float64(purchases))
		put(m.rows[t.hi] - m.rows[t.lo[k]])
		if m.b.stream.Amount != "" {
			put(m.amount[t.hi] - m.amount[t.lo[k]])
		}
	}
}

// writeRegularity gives recency, frequency and gaps of the purchases that match.
func (m *matches) writeRegularity(dst []float32, t *trace) {
	for i := range dst {
		dst[i] = missing
	}
	n, first, last := 0.0, int64(0), int64(0)
	for _, p := range t.purchases {
		if !p.matched {
			continue
		}
		if n == 0 {
			first = p.time
		}
		last = p.time
		n++
	}
	dst[2], dst[3] = number(n), ratio(n, float64(len(t.purchases)))
	if n == 0 {
		return
	}
	since := daysBetween(last, t.cutoff)
	dst[0], dst[1] = number(since), number(daysBetween(first, t.cutoff))
	if n > 1 {
		mean := daysBetween(first, last) / (n - 1)
		dst[4], dst[5] = number(mean), ratio(since, mean)
	}
}
