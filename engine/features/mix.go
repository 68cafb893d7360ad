package features

import (
	"fmt"
	"math"
)

// mix says what the entity's activity is made of: per category column the amount by level, its share and the entropy.
type mix struct {
	b    *binding
	wide []int
	sums []float64 // per level, the last place is for all other levels
}

var _ block = (*mix)(nil)

// measure is what is summed per level: the amount, else the number of events.
func (s *Stream) measure() string {
	if s.Amount != "" {
		return s.Amount
	}
	return "events"
}

func (m *mix) features() []Feature {
	var n namer
	what := m.b.stream.measure()
	for _, l := range m.b.stream.Mixes {
		for _, w := range m.b.mixWindows() {
			days := m.b.stream.Windows[w]
			for _, level := range l.Levels {
				n.add(fmt.Sprintf("sum_%s_%s_%s_%dd", what, l.Column, level, days), fmt.Sprintf("Σ %s over events of the last %d days with %s = %s", what, days, l.Column, level))
			}
		}
		for _, level := range l.Levels {
			n.add(fmt.Sprintf("share_%s_%s_%s", what, l.Column, level), fmt.Sprintf("share of %s = %s in Σ |%s| so far", l.Column, level, what))
		}
		n.add("entropy_"+l.Column, fmt.Sprintf("−Σ p ln p over the shares of the levels of %s, all rare ones taken as one", l.Column))
	}
	return n
}

// mixWindows is the one window, about the horizon long, whose amounts are split by level.
func (b *binding) mixWindows() []int {
	if len(b.stream.Windows) == 0 {
		return nil
	}
	return []int{nearest(b.stream.Windows, 2*b.horizonDays())}
}

func (m *mix) begin(*trace) {
	if m.wide == nil {
		m.wide = m.b.mixWindows()
	}
}

func (m *mix) write(dst []float32, t *trace) {
	at := 0
	for k, column := range m.b.mixes {
		levels := len(m.b.stream.Mixes[k].Levels)
		m.sums = append(m.sums[:0], make([]float64, levels+1)...)
		hi := t.hi
		for _, w := range m.wide {
			column.add(m.sums, m.b.amount, t, t.lo[w], hi)
			at += putAll(dst[at:], m.sums[:levels])
			hi = t.lo[w]
		}
		column.add(m.sums, m.b.amount, t, 0, hi)
		dst[at+levels] = number(writeShares(dst[at:at+levels], m.sums))
		at += levels + 1
	}
}

// add sums the events [lo, hi) by slot of the column; the last place of sums is for all other levels.
func (c mixColumn) add(sums []float64, amount []float32, t *trace, lo, hi int) {
	other := int32(len(sums) - 1)
	for i, code := range c.codes[t.base+lo : t.base+hi] {
		slot := other
		if code >= 0 && c.slots[code] >= 0 {
			slot = c.slots[code]
		}
		if amount == nil {
			sums[slot]++
		} else if v := amount[t.base+lo+i]; v == v {
			sums[slot] += float64(v)
		}
	}
}

func putAll(dst []float32, values []float64) int {
	for i, v := range values {
		dst[i] = number(v)
	}
	return len(values)
}

// writeShares puts the share of each of the first len(dst) sums in the sum of all magnitudes into dst and returns
// the entropy of the shares, NaN where all are 0.
func writeShares(dst []float32, sums []float64) (entropy float64) {
	var total float64
	for _, v := range sums {
		total += math.Abs(v)
	}
	for slot, v := range sums {
		if p := math.Abs(v) / total; p > 0 {
			entropy -= p * math.Log(p)
		}
		if slot < len(dst) {
			dst[slot] = ratio(v, total)
		}
	}
	if total == 0 {
		return math.NaN()
	}
	return entropy
}
