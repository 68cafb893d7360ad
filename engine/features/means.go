package features

import "fmt"

// means gives the mean of every number column of another table: how long a page is looked at.
type means struct {
	b      *binding
	next   int // events before this one are in the sums
	sums   []float64
	values []float64 // how many are not missing
}

var _ block = (*means)(nil)

func (m *means) features() []Feature {
	var n namer
	for _, c := range m.b.stream.Numbers {
		n.add("mean_"+c, fmt.Sprintf("mean %s of the events so far", c))
	}
	return n
}

func (m *means) begin(*trace) {
	m.next = 0
	m.sums = append(m.sums[:0], make([]float64, len(m.b.numbers))...)
	m.values = append(m.values[:0], make([]float64, len(m.b.numbers))...)
}

func (m *means) write(dst []float32, t *trace) {
	for c, values := range m.b.numbers {
		for _, v := range values[t.base+m.next : t.base+t.hi] {
			if v == v {
				m.sums[c] += float64(v)
				m.values[c]++
			}
		}
		dst[c] = ratio(m.sums[c], m.values[c])
	}
	m.next = t.hi
}
