package features

import (
	"slices"

	"cvp/engine/frame"
)

// purchase is what is known of one purchase as of the cutoff: lines that came later are not in it.
type purchase struct {
	time    int64 // of its first line
	group   int32
	rows    int32
	matched bool
	amount  float64 // sum of the amount column
}

// trace walks one entity's events forward in time, from cutoff to cutoff. Blocks read it.
//
// Nothing in it depends on which earlier cutoffs it stopped at, so one cutoff alone gives the same bits as many.
type trace struct {
	b    *binding
	main *trace // that of the target's table, as of the same cutoff

	base   int     // first row of the entity in the event columns
	times  []int64 // the entity's events before its last cutoff
	cutoff int64
	hi     int   // events before the cutoff are [0, hi)
	lo     []int // first event of each window

	purchases []purchase
	lastOf    []int32 // group → index in purchases; an entry counts only if the purchase there has that group
	days      []int64 // distinct UTC days with an event, ascending
	dayOfRow  []int32 // index in days of each event in [0, hi)
}

func newTrace(b *binding) *trace {
	t := &trace{b: b, lo: make([]int, len(b.stream.Windows))}
	if b.stream.Grouped {
		t.lastOf = make([]int32, b.ev.numGroups)
	}
	return t
}

// begin moves to an entity of which no event at or after end will be asked for.
func (t *trace) begin(entity int32, end int64) {
	ev := t.b.ev
	t.base = ev.Start[entity]
	t.times = ev.Times[t.base:ev.Start[entity+1]]
	t.times = t.times[:firstAtOrAfter(t.times, end)]
	t.hi = 0
	t.purchases, t.days, t.dayOfRow = t.purchases[:0], t.days[:0], t.dayOfRow[:0]
}

// advance moves to a cutoff not before the present one.
func (t *trace) advance(cutoff int64) {
	t.cutoff = cutoff
	for t.hi < len(t.times) && t.times[t.hi] < cutoff {
		t.addDay(t.times[t.hi])
		t.addLine(t.hi)
		t.hi++
	}
	for w, days := range t.b.stream.Windows {
		t.lo[w] = firstAtOrAfter(t.times[:t.hi], cutoff-int64(days)*microsPerDay)
	}
}

func (t *trace) addDay(at int64) {
	if d := dayOf(at); len(t.days) == 0 || t.days[len(t.days)-1] != d {
		t.days = append(t.days, d)
	}
	t.dayOfRow = append(t.dayOfRow, int32(len(t.days)-1))
}

// addLine puts an event into its purchase: that of its group, or without a group that of its instant.
func (t *trace) addLine(i int) {
	p := t.purchaseOf(i)
	p.rows++
	if amount := t.b.amount; amount != nil && amount[t.base+i] == amount[t.base+i] {
		p.amount += float64(amount[t.base+i])
	}
	p.matched = p.matched || t.b.ev.match != nil && t.b.ev.matches(t.base+i)
}

func (t *trace) purchaseOf(i int) *purchase {
	group := frame.NoCode
	if t.b.stream.Grouped {
		group = t.b.ev.groups[t.base+i]
	}
	n := len(t.purchases)
	if group == frame.NoCode {
		if n > 0 && t.purchases[n-1].group == frame.NoCode && t.purchases[n-1].time == t.times[i] {
			return &t.purchases[n-1]
		}
	} else if at := int(t.lastOf[group]); at < n && t.purchases[at].group == group {
		return &t.purchases[at]
	} else {
		t.lastOf[group] = int32(n)
	}
	t.purchases = append(t.purchases, purchase{time: t.times[i], group: group})
	return &t.purchases[n]
}

// firstPurchase gives the index of the first purchase that began at or after an instant.
func (t *trace) firstPurchase(from int64) int {
	at, _ := slices.BinarySearchFunc(t.purchases, from, func(p purchase, from int64) int {
		if p.time < from {
			return -1
		}
		return 1
	})
	return at
}

// activeDays counts the distinct days with an event in rows [lo, hi).
func (t *trace) activeDays(lo int) int {
	if lo == t.hi {
		return 0
	}
	return int(t.dayOfRow[t.hi-1]-t.dayOfRow[lo]) + 1
}

// windowStart is the first instant inside a window of that many days.
func (t *trace) windowStart(days int) int64 { return t.cutoff - int64(days)*microsPerDay }
