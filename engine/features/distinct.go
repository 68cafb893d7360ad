package features

import (
	"fmt"
	"math"

	"cvp/engine/frame"
)

// distinct counts the different values of category columns in the wide windows.
type distinct struct {
	b     *binding
	wide  []int
	later [][]int32 // per column: the next event of the entity with the same value, else math.MaxInt32
	last  [][]int32 // per column and code: latest event seen with it; entries of other entities are told by their code
}

var _ block = (*distinct)(nil)

func (d *distinct) features() []Feature {
	var n namer
	for _, c := range d.b.stream.Distinct {
		for _, w := range d.b.wideWindows() {
			days := d.b.stream.Windows[w]
			n.add(fmt.Sprintf("distinct_%s_%dd", c, days), fmt.Sprintf("different values of %s in the last %d days", c, days))
		}
	}
	return n
}

func (d *distinct) begin(t *trace) {
	if d.later == nil {
		d.wide = d.b.wideWindows()
		d.later, d.last = make([][]int32, len(d.b.distinct)), make([][]int32, len(d.b.distinct))
		for c, col := range d.b.distinct {
			d.last[c] = make([]int32, len(col.Levels))
		}
	}
	for c, col := range d.b.distinct {
		d.later[c] = laterOccurrences(d.later[c], d.last[c], col.Codes[t.base:t.base+len(t.times)])
	}
}

// laterOccurrences puts into dst for each event the index of the next one with the same code, math.MaxInt32 where
// there is none. A missing code gets -1, so that write never counts it.
func laterOccurrences(dst, last, codes []int32) []int32 {
	dst = dst[:0]
	for i, code := range codes {
		if code == frame.NoCode {
			dst = append(dst, -1)
			continue
		}
		dst = append(dst, math.MaxInt32)
		if j := int(last[code]); j < i && codes[j] == code {
			dst[j] = int32(i)
		}
		last[code] = int32(i)
	}
	return dst
}

// write counts in each window the events whose value does not occur again before the cutoff: one per value.
func (d *distinct) write(dst []float32, t *trace) {
	at, hi := 0, int32(t.hi)
	for _, later := range d.later {
		count, i := 0, t.hi
		for _, w := range d.wide {
			for ; i > t.lo[w]; i-- {
				if later[i-1] >= hi {
					count++
				}
			}
			dst[at] = float32(count)
			at++
		}
	}
}
