package features

import (
	"fmt"

	"cvp/engine/frame"
)

// ends says what the entity's first and latest events were: per category column the level with most of the amount (of
// the events, without one) among the events of the first and of the latest instant.
type ends struct {
	b     *binding
	first []float32 // per column, of the present entity
	known bool      // first is
	sums  []float64 // by slot, all 0 between calls
}

var _ block = (*ends)(nil)

func (e *ends) features() []Feature {
	var out []Feature
	what := e.b.stream.measure()
	for _, l := range e.b.stream.Ends {
		for _, end := range []string{"first", "last"} {
			out = append(out, Feature{Name: end + "_" + l.Column, Kind: frame.Category, levels: l.Levels,
				Formula: fmt.Sprintf("the level of %s with the greatest Σ |%s| among the events of the %s instant; missing where that is a rare one", l.Column, what, end)})
		}
	}
	return out
}

func (e *ends) begin(*trace) { e.known = false }

func (e *ends) write(dst []float32, t *trace) {
	for k, column := range e.b.ends {
		dst[2*k], dst[2*k+1] = float32(frame.NoCode), float32(frame.NoCode)
		if t.hi == 0 {
			continue
		}
		if e.first == nil {
			e.first = make([]float32, len(e.b.ends))
		}
		if !e.known {
			e.first[k] = e.greatest(column, len(e.b.stream.Ends[k].Levels), t, 0, e.instant(t, 0))
		}
		last := t.hi - 1
		for last > 0 && t.times[last-1] == t.times[t.hi-1] {
			last--
		}
		dst[2*k], dst[2*k+1] = e.first[k], e.greatest(column, len(e.b.stream.Ends[k].Levels), t, last, t.hi)
	}
	e.known = e.known || t.hi > 0
}

// instant gives the end of the events of the same instant as event i.
func (e *ends) instant(t *trace, i int) int {
	j := i + 1
	for j < t.hi && t.times[j] == t.times[i] {
		j++
	}
	return j
}

// greatest gives the slot of the level with the greatest sum in [lo, hi), the first of equal ones. All rare levels count
// as one, whose slot is none.
func (e *ends) greatest(c mixColumn, levels int, t *trace, lo, hi int) float32 {
	if len(e.sums) < levels+1 {
		e.sums = make([]float64, levels+1)
	}
	for i := lo; i < hi; i++ {
		if code := c.codes[t.base+i]; code >= 0 {
			e.sums[e.slot(c, code, levels)] += e.weight(t.base + i)
		}
	}
	best, most := frame.NoCode, 0.0
	for i := lo; i < hi; i++ {
		code := c.codes[t.base+i]
		if code < 0 {
			continue
		}
		slot := e.slot(c, code, levels)
		if v := e.sums[slot]; v > most || v == most && v > 0 && int32(slot) < best {
			best, most = int32(slot), v
		}
	}
	for i := lo; i < hi; i++ {
		if code := c.codes[t.base+i]; code >= 0 {
			e.sums[e.slot(c, code, levels)] = 0
		}
	}
	if int(best) == levels {
		best = frame.NoCode
	}
	return float32(best)
}

func (e *ends) slot(c mixColumn, code int32, levels int) int {
	if s := c.slots[code]; s >= 0 {
		return int(s)
	}
	return levels
}

// weight is how much a row counts.
func (e *ends) weight(row int) float64 {
	if e.b.amount == nil {
		return 1
	}
	v := float64(e.b.amount[row])
	if v != v {
		return 0
	}
	return max(v, -v)
}
