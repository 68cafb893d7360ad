package features

import "math"

// recency says how long ago and how regularly the entity was active. Gaps are days between consecutive active days.
type recency struct{ b *binding }

var _ block = (*recency)(nil)

func (r *recency) features() []Feature {
	var n namer
	n.add("days_since_last", "days from the latest event to the cutoff")
	n.add("days_since_first", "days from the first event to the cutoff")
	n.add("tenure_share", "days_since_first ÷ days from the first event of any entity to the cutoff")
	n.add("purchases", "purchases so far")
	n.add("active_days", "distinct days with an event so far")
	n.add("active_days_per_30d", "30 × active_days ÷ max(days_since_first, 1)")
	n.add("gap_mean", "mean gap")
	n.add("gap_sd", "standard deviation of the gaps")
	n.add("gap_max", "longest gap")
	n.add("gap_last", "latest gap")
	n.add("gap_mean_last5", "mean of the latest 5 gaps")
	n.add("gap_ratio", "days_since_last ÷ gap_mean")
	n.add("gap_ratio_last5", "days_since_last ÷ gap_mean_last5")
	n.add("gap_last_ratio", "gap_last ÷ gap_mean")
	n.add("gap_longer_share", "(gaps longer than days_since_last + 1) ÷ (gaps + 2)")
	n.add("gap_horizon_share", "(gaps longer than the horizon + 1) ÷ (gaps + 2)")
	return n
}

func (r *recency) begin(*trace) {}

func (r *recency) write(dst []float32, t *trace) {
	for i := range dst {
		dst[i] = missing
	}
	if t.hi == 0 {
		dst[3], dst[4] = 0, 0
		return
	}
	since := daysBetween(t.times[t.hi-1], t.cutoff)
	tenure := daysBetween(t.times[0], t.cutoff)
	dst[0], dst[1] = number(since), number(tenure)
	dst[2] = ratio(tenure, daysBetween(r.b.stream.FirstEvent, t.cutoff))
	dst[3], dst[4] = number(float64(len(t.purchases))), number(float64(len(t.days)))
	dst[5] = number(30 * float64(len(t.days)) / math.Max(tenure, 1))
	horizon := r.b.horizonDays()
	g := gapsOf(t.days, since, horizon)
	dst[14] = number((g.longer + 1) / (g.n + 2))
	dst[15] = number((g.beyond + 1) / (g.n + 2))
	if g.n == 0 {
		return
	}
	mean := g.sum / g.n
	dst[6] = number(mean)
	if g.n > 1 {
		dst[7] = number(math.Sqrt(math.Max(0, (g.squares-g.sum*mean)/(g.n-1))))
	}
	dst[8], dst[9], dst[10] = number(g.most), number(g.last), number(g.recent)
	dst[11], dst[12], dst[13] = ratio(since, mean), ratio(since, g.recent), ratio(g.last, mean)
}

// gaps sums up the days between consecutive active days.
type gaps struct {
	n, sum, squares, most, last float64
	recent                      float64 // mean of the latest 5
	longer, beyond              float64 // how many exceed the time since the last event, and the horizon
}

func gapsOf(days []int64, since, horizon float64) (g gaps) {
	for i := 1; i < len(days); i++ {
		gap := float64(days[i] - days[i-1])
		g.sum += gap
		g.squares += gap * gap
		g.most = math.Max(g.most, gap)
		if gap > since {
			g.longer++
		}
		if gap > horizon {
			g.beyond++
		}
		g.last = gap
	}
	g.n = float64(max(0, len(days)-1))
	if n := min(5, len(days)-1); n > 0 {
		g.recent = float64(days[len(days)-1]-days[len(days)-1-n]) / float64(n)
	}
	return g
}
