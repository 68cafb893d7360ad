package features

import "strings"

// weekdays says on which days of the week the entity's purchases begin, in UTC.
type weekdays struct {
	b      *binding
	taken  int // how many purchases are in the counts
	counts [7]float64
}

var _ block = (*weekdays)(nil)

func (w *weekdays) features() []Feature {
	var n namer
	for _, day := range []string{"sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"} {
		n.add(day+"_share", "share of purchases begun on a "+strings.ToUpper(day[:1])+day[1:]+" (UTC)")
	}
	return n
}

func (w *weekdays) begin(*trace) { w.taken, w.counts = 0, [7]float64{} }

func (w *weekdays) write(dst []float32, t *trace) {
	for ; w.taken < len(t.purchases); w.taken++ {
		w.counts[weekdayOf(dayOf(t.purchases[w.taken].time))]++
	}
	for i, n := range w.counts {
		dst[i] = ratio(n, float64(w.taken))
	}
}

// weekdayOf gives the day of the week of a day as dayOf numbers it, 0 for Sunday.
func weekdayOf(day int64) int64 { return (day%7 + 7 + 4) % 7 } // day 0 was a Thursday
