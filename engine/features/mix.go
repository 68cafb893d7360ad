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
func (s *Spec) measure() string {
	if s.Amount != "" {
		return s.Amount
	}
	return "events"
}

func (m *mix) features() []Feature {
	var n namer
	what := m.b.spec.measure()
	for _, l := range m.b.spec.Mixes {
		for _, w := range m.b.spec.mixWindows() {
			days := m.b.spec.Windows[w]
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
func (s *Spec) mixWindows() []int {
	if len(s.Windows) == 0 {
		return nil
	}
	return []int{nearest(s.Windows, 2*daysBetween(0, s.Target.Horizon.Microseconds()))}
}

func (m *mix) begin(*trace) {
	if m.wide == nil {
		m.wide = m.b.spec.mixWindows()
	}
}

func (m *mix) write(dst []float32, t *trace) {
	at := 0
	for k, column := range m.b.mixes {
		levels := len(m.b.spec.Mixes[k].Levels)
		m.sums = append(m.sums[:0], make([]float64, levels+1)...)
		i := t.hi
		for _, w := range m.wide {
			i = m.add(column, t, t.lo[w], i)
			at += putAll(dst[at:], m.sums[:levels])
		}
		m.add(column, t, 0, i)
		at += m.shares(dst[at:], levels)
	}
}

// add brings the events [lo, hi) into the sums by level and returns lo.
func (m *mix) add(column mixColumn, t *trace, lo, hi int) int {
	codes := column.codes[t.base+lo : t.base+hi]
	other := int32(len(m.sums) - 1)
	for i, code := range codes {
		slot := other
		if code >= 0 && column.slots[code] >= 0 {
			slot = column.slots[code]
		}
		if m.b.amount == nil {
			m.sums[slot]++
		} else if v := m.b.amount[t.base+lo+i]; v == v {
			m.sums[slot] += float64(v)
		}
	}
	return lo
}

func putAll(dst []float32, values []float64) int {
	for i, v := range values {
		dst[i] = number(v)
	}
	return len(values)
}

// shares turns the sums of each level into its share of the total, with the entropy after them.
func (m *mix) shares(dst []float32, levels int) int {
	var total, entropy float64
	for _, v := range m.sums {
		total += math.Abs(v)
	}
	for slot, v := range m.sums {
		if p := math.Abs(v) / total; p > 0 {
			entropy -= p * math.Log(p)
		}
		if slot < levels {
			dst[slot] = ratio(v, total)
		}
	}
	if dst[levels] = number(entropy); total == 0 {
		dst[levels] = missing
	}
	return levels + 1
}
