package features

import "fmt"

// acceleration says whether the entity's activity changes faster of late: the change of its rate between the short and
// the middle of the three wide windows, less that between the middle and the long.
type acceleration struct {
	b      *binding
	wide   []int
	prefix []float64 // of the amount column
}

var _ block = (*acceleration)(nil)

func (a *acceleration) features() []Feature {
	wide := a.b.wideWindows()
	if len(wide) < 3 {
		return nil
	}
	var n namer
	for _, what := range a.measured() {
		formula := "(r%[2]d − r%[3]d) ÷ (|r%[2]d| + |r%[3]d|) − (r%[3]d − r%[4]d) ÷ (|r%[3]d| + |r%[4]d|), where rN is %[1]s a day over the last N days"
		days := a.b.stream.Windows
		n.add("acceleration_"+what, fmt.Sprintf(formula, what, days[wide[0]], days[wide[1]], days[wide[2]]))
	}
	return n
}

// measured are the names of the rates.
func (a *acceleration) measured() []string {
	if a.b.stream.Amount == "" {
		return []string{"purchases"}
	}
	return []string{"purchases", a.b.stream.Amount}
}

func (a *acceleration) begin(t *trace) {
	if a.wide == nil {
		a.wide = a.b.wideWindows()
	}
	if a.b.amount != nil && len(a.wide) == 3 {
		a.prefix = runningSums(a.prefix, a.b.amount[t.base:t.base+len(t.times)])
	}
}

func (a *acceleration) write(dst []float32, t *trace) {
	if len(a.wide) < 3 {
		return
	}
	var purchases, amounts [3]float64
	for i, w := range a.wide {
		days := a.b.stream.Windows[w]
		purchases[i] = float64(len(t.purchases)-t.firstPurchase(t.windowStart(days))) / float64(days)
		if a.b.amount != nil {
			amounts[i] = (a.prefix[t.hi] - a.prefix[t.lo[w]]) / float64(days)
		}
	}
	dst[0] = number(change(purchases[0], purchases[1]) - change(purchases[1], purchases[2]))
	if a.b.amount != nil {
		dst[1] = number(change(amounts[0], amounts[1]) - change(amounts[1], amounts[2]))
	}
}

// change is how far x is from y, from -1 to 1; NaN where both are 0.
func change(x, y float64) float64 { return (x - y) / (max(x, -x) + max(y, -y)) }
