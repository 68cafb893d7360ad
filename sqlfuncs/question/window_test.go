package question

import (
	"testing"
	"time"
)

func TestSpansEnd(t *testing.T) {
	for _, c := range []struct {
		name, from string
		span       Span
		want       string
	}{
		{"hours", "2020-01-31T10:00:00Z", Span{N: 36, Unit: Hours}, "2020-02-01T22:00:00Z"},
		{"days", "2020-01-31T10:00:00Z", Span{N: 30, Unit: Days}, "2020-03-01T10:00:00Z"},
		{"weeks", "2020-01-31T10:00:00Z", Span{N: 2, Unit: Weeks}, "2020-02-14T10:00:00Z"},
		{"a month stays within the month", "2020-01-31T10:00:00Z", Span{N: 1, Unit: Months}, "2020-02-29T10:00:00Z"},
		{"months over the year", "2020-11-15T10:00:00Z", Span{N: 14, Unit: Months}, "2022-01-15T10:00:00Z"},
		{"months count in UTC", "2020-03-01T01:00:00+02:00", Span{N: 1, Unit: Months}, "2020-03-29T23:00:00Z"},
	} {
		t.Run(c.name, func(t *testing.T) {
			from, err := time.Parse(time.RFC3339, c.from)
			if err != nil {
				t.Fatal(err)
			}
			if got := c.span.From(from).UTC().Format(time.RFC3339); got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}
