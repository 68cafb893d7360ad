package features

// rhythm says when in the week and the day the entity's purchases begin, in UTC.
type rhythm struct{ b *binding }

var _ block = (*rhythm)(nil)

func (r *rhythm) features() []Feature {
	var n namer
	n.add("weekend_share", "share of purchases begun on Saturday or Sunday (UTC)")
	if r.b.stream.Hours {
		n.add("hour_mean", "mean hour of the day of purchases (UTC)")
		n.add("night_share", "share of purchases begun from 22 to 6 h (UTC)")
		n.add("morning_share", "share of purchases begun from 6 to 12 h (UTC)")
		n.add("evening_share", "share of purchases begun from 17 to 22 h (UTC)")
	}
	return n
}

func (r *rhythm) begin(*trace) {}

func (r *rhythm) write(dst []float32, t *trace) {
	var weekend, hours, night, morning, evening float64
	for i := range t.purchases {
		at := t.purchases[i].time
		day := dayOf(at)
		if d := weekdayOf(day); d == 0 || d == 6 {
			weekend++
		}
		hour := float64(at-day*microsPerDay) / microsPerHour
		hours += hour
		switch {
		case hour < 6 || hour >= 22:
			night++
		case hour < 12:
			morning++
		case hour >= 17:
			evening++
		}
	}
	n := float64(len(t.purchases))
	dst[0] = ratio(weekend, n)
	if r.b.stream.Hours {
		dst[1], dst[2], dst[3], dst[4] = ratio(hours, n), ratio(night, n), ratio(morning, n), ratio(evening, n)
	}
}
