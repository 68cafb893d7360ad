package features

import "time"

// Span is a length of time: calendar months in UTC, or a duration.
type Span struct {
	Months int           `json:"months,omitempty"`
	Length time.Duration `json:"length,omitempty"` // in nanoseconds
}

// from gives the instant n spans after another, or before it for a negative n. Months are kept within the month: one
// after 31 January is the last of February.
func (s Span) from(t int64, n int) int64 {
	if s.Months == 0 {
		return t + int64(n)*s.Length.Microseconds()
	}
	at := time.UnixMicro(t).UTC()
	moved := at.AddDate(0, n*s.Months, 0)
	if moved.Day() != at.Day() {
		moved = moved.AddDate(0, 0, -moved.Day())
	}
	return moved.UnixMicro()
}

// plus joins two spans of one kind, so that 1 month and 2 months are 3: their ends may differ at the end of a month.
func (s Span) plus(o Span) (Span, bool) {
	if s == (Span{}) || o == (Span{}) || (s.Months == 0) == (o.Months == 0) {
		return Span{Months: s.Months + o.Months, Length: s.Length + o.Length}, true
	}
	return Span{}, false
}

// Longest is how long the span can be.
func (s Span) Longest() time.Duration {
	longest := s.Length
	for month := range 48 * min(s.Months, 1) { // a leap year is among them
		start := time.Date(2000, time.Month(1+month), 1, 0, 0, 0, 0, time.UTC)
		longest = max(longest, start.AddDate(0, s.Months, 0).Sub(start))
	}
	return longest
}

// Period is a time from or up to a cutoff: its first instant belongs to it, its last does not.
type Period struct {
	Past bool `json:"past,omitempty"` // it ends at or before the cutoff, else it begins there or later
	// Length is zero for a Past without a beginning.
	Length Span `json:"length,omitzero"`
	Gap    Span `json:"gap,omitzero"` // between the cutoff and the period
}

// bounds gives the period of a cutoff: [from, to).
func (p Period) bounds(cutoff int64) (from, to int64) {
	n := 1
	if p.Past {
		n = -1
	}
	near := p.Gap.from(cutoff, n)
	far := p.Length.from(near, n)
	if whole, ok := p.Gap.plus(p.Length); ok {
		far = whole.from(cutoff, n)
	}
	switch {
	case p.Past && p.Length == (Span{}):
		return -1 << 63, near
	case p.Past:
		return far, near
	}
	return near, far
}

// reach is the longest time from a cutoff to the end of the period.
func (p Period) reach() time.Duration { return p.Gap.Longest() + p.Length.Longest() }
