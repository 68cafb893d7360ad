package features

import "fmt"

// conversion sets the events of another table against the purchases: do views lead to orders?
type conversion struct {
	b    *binding
	wide []int
	next int
	all  []session
}

var _ block = (*conversion)(nil)

// convertedWithin is how long after a session's begin a purchase counts as its outcome, in microseconds.
const convertedWithin = microsPerDay

func (c *conversion) features() []Feature {
	var n namer
	n.add("since_last_purchase", "events after the latest purchase of the target's table")
	n.add("purchase_share", "share of the sessions so far within 24 hours of whose begin a purchase began; a session ends where nothing follows within 30 minutes")
	for _, w := range c.b.wideWindows() {
		d := c.b.stream.Windows[w]
		n.add(fmt.Sprintf("purchase_share_%dd", d), fmt.Sprintf("the same of the sessions begun in the last %d days", d))
		n.add(fmt.Sprintf("per_purchase_%dd", d), fmt.Sprintf("events ÷ purchases of the last %d days", d))
	}
	return n
}

func (c *conversion) begin(*trace) {
	c.next, c.all = 0, c.all[:0]
	if c.wide == nil {
		c.wide = c.b.wideWindows()
	}
}

func (c *conversion) write(dst []float32, t *trace) {
	c.all, c.next = extend(c.all, t, c.next), t.hi
	bought := t.main.purchases
	since := t.hi
	if n := len(bought); n > 0 {
		since = t.hi - firstAtOrAfter(t.times[:t.hi], bought[n-1].time+1)
	}
	dst[0], dst[1] = float32(since), c.share(t, 0)
	at := 2
	for k, w := range c.wide {
		from := t.windowStart(c.b.stream.Windows[w])
		dst[at] = c.share(t, begunSince(c.all, from))
		dst[at+1] = ratio(float64(t.hi-t.lo[c.wide[k]]), float64(len(bought)-t.main.firstPurchase(from)))
		at += 2
	}
}

// share is the share of the sessions from the given one on that a purchase followed. Both are in order of time.
func (c *conversion) share(t *trace, first int) float32 {
	led, next := 0.0, 0
	bought := t.main.purchases
	if first < len(c.all) {
		next = t.main.firstPurchase(c.all[first].start)
	}
	for _, s := range c.all[first:] {
		for next < len(bought) && bought[next].time < s.start {
			next++
		}
		if next < len(bought) && bought[next].time < s.start+convertedWithin {
			led++
		}
	}
	return ratio(led, float64(len(c.all)-first))
}
