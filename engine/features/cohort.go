package features

import "time"

// cohort says with whom the entity began: the month of its first event, in UTC, and how many began in the same month.
// A month that had not ended before the cutoff has no size yet.
type cohort struct{ b *binding }

var _ block = (*cohort)(nil)

func (c *cohort) features() []Feature {
	if len(c.b.stream.Cohorts) == 0 {
		return nil
	}
	var n namer
	n.add("cohort_month", "months from that of the first event of any entity to that of the entity's first event (UTC)")
	n.add("cohort_share", "entities whose first event lies in the same month ÷ all entities, when it was learned; missing where that month ended after the cutoff")
	return n
}

func (c *cohort) begin(*trace) {}

func (c *cohort) write(dst []float32, t *trace) {
	if len(c.b.stream.Cohorts) == 0 {
		return
	}
	dst[0], dst[1] = missing, missing
	if t.hi == 0 {
		return
	}
	month := monthOf(t.times[0])
	n := month - monthOf(c.b.stream.FirstEvent)
	dst[0] = float32(n)
	if n >= 0 && n < len(c.b.stream.Cohorts) && month < monthOf(t.cutoff) {
		dst[1] = float32(c.b.stream.Cohorts[n])
	}
}

// monthOf numbers the UTC month of an instant.
func monthOf(at int64) int {
	t := time.UnixMicro(at).UTC()
	return 12*t.Year() + int(t.Month()) - 1
}

const (
	cohortMonths = 3    // fewer months in which entities began tell nothing
	cohortLeast  = 0.02 // of the entities must begin in a month for it to count as one
)

// chooseCohorts counts the entities by the month of their first event before the end.
func (l *learner) chooseCohorts() {
	first, seen := monthOf(l.first), 0
	shares := make([]float64, monthOf(l.end)-first+1)
	for e := range l.ev.Keys {
		if lo := l.ev.Start[e]; lo < l.ev.Start[e+1] && l.ev.Times[lo] < l.end {
			shares[monthOf(l.ev.Times[lo])-first]++
			seen++
		}
	}
	months := 0
	for i := range shares {
		shares[i] /= float64(seen)
		if shares[i] >= cohortLeast {
			months++
		}
	}
	if months >= cohortMonths {
		l.stream.Cohorts = shares
	}
}
