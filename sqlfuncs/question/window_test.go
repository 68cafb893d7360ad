package question

import (
	"testing"
	"time"
)

func TestWindowEnds(t *testing.T) {
	for _, c := range []struct {
		name, from string
		window     Window
		want       string
	}{
		{"hours", "2020-01-31T10:00:00Z", Window{N: 36, Unit: Hours}, "2020-02-01T22:00:00Z"},
		{"days", "2020-01-31T10:00:00Z", Window{N: 30, Unit: Days}, "2020-03-01T10:00:00Z"},
		{"weeks", "2020-01-31T10:00:00Z", Window{N: 2, Unit: Weeks}, "2020-02-14T10:00:00Z"},
		{"a month stays within the month", "2020-01-31T10:00:00Z", Window{N: 1, Unit: Months}, "2020-02-29T10:00:00Z"},
		{"months over the year", "2020-11-15T10:00:00Z", Window{N: 14, Unit: Months}, "2022-01-15T10:00:00Z"},
		{"months count in UTC", "2020-03-01T01:00:00+02:00", Window{N: 1, Unit: Months}, "2020-03-29T23:00:00Z"},
	} {
		t.Run(c.name, func(t *testing.T) {
			from, err := time.Parse(time.RFC3339, c.from)
			if err != nil {
				t.Fatal(err)
			}
			if got := c.window.End(from).UTC().Format(time.RFC3339); got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}

func TestComparisonHolds(t *testing.T) {
	for operator, want := range map[string][3]bool{
		"=": {false, true, false}, "<>": {true, false, true}, "<": {true, false, false},
		"<=": {true, true, false}, ">": {false, false, true}, ">=": {false, true, true},
	} {
		c := Comparison{Operator: operator, Constant: Constant{Value: 2}}
		for i, value := range []float64{1, 2, 3} {
			if got := c.Holds(value); got != want[i] {
				t.Errorf("%v %s 2 is %v", value, operator, got)
			}
		}
	}
}
