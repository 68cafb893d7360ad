package features

import "fmt"

// portions sets every number column against the amount: what share of it was discount, coupon, shipping.
type portions struct {
	b      *binding
	window []int       // the one window, about the horizon long, as mix has it
	prefix [][]float64 // of the amount, then of each column: sum of the entity's first i values
}

var _ block = (*portions)(nil)

func (p *portions) features() []Feature {
	var n namer
	for _, c := range p.b.stream.Portions {
		for _, w := range p.b.mixWindows() {
			days := p.b.stream.Windows[w]
			n.add(fmt.Sprintf("ratio_%s_%dd", c, days), fmt.Sprintf("Σ %s ÷ Σ %s over events of the last %d days", c, p.b.stream.Amount, days))
		}
		n.add("ratio_"+c, fmt.Sprintf("Σ %s ÷ Σ %s over events so far", c, p.b.stream.Amount))
	}
	return n
}

func (p *portions) begin(t *trace) {
	if len(p.b.portions) == 0 {
		return
	}
	if p.prefix == nil {
		p.window, p.prefix = p.b.mixWindows(), make([][]float64, 1+len(p.b.portions))
	}
	p.prefix[0] = runningSums(p.prefix[0], p.b.amount[t.base:t.base+len(t.times)])
	for c, values := range p.b.portions {
		p.prefix[1+c] = runningSums(p.prefix[1+c], values[t.base:t.base+len(t.times)])
	}
}

func (p *portions) write(dst []float32, t *trace) {
	at := 0
	for c := range p.b.portions {
		part, whole := p.prefix[1+c], p.prefix[0]
		for _, w := range p.window {
			dst[at] = ratio(part[t.hi]-part[t.lo[w]], whole[t.hi]-whole[t.lo[w]])
			at++
		}
		dst[at] = ratio(part[t.hi], whole[t.hi])
		at++
	}
}
