package features

import "slices"

// Stream fixes the features of one event table.
type Stream struct {
	Name       string   `json:"name,omitempty"`   // begins the names of its features; "" for the table of the target
	Amount     string   `json:"amount,omitempty"` // the column that says what a purchase was worth
	Grouped    bool     `json:"grouped"`          // events have a group: purchases have several lines
	Matched    bool     `json:"matched"`          // the question has a condition on events
	FirstEvent int64    `json:"first_event"`      // of all entities when it was learned, microseconds
	Windows    []int    `json:"windows"`          // days, ascending
	HalfLives  []int    `json:"half_lives"`       // days, ascending
	Numbers    []string `json:"numbers"`          // columns summed per window
	Distinct   []string `json:"distinct"`         // columns whose distinct values are counted per wide window
	Mixes      []Levels `json:"mixes"`            // columns with the levels that get a share
	Related    []Levels `json:"related"`          // columns with the levels that go with the matching events
	Returns    bool     `json:"returns"`          // amounts are sometimes negative
	Hours      bool     `json:"hours"`            // times have an hour of the day

	// Version 2 and later.
	Portions []string  `json:"portions,omitempty"` // number columns set against the amount
	Ends     []Levels  `json:"ends,omitempty"`     // columns of which the first and the last level is told, with these levels
	Sessions bool      `json:"sessions,omitempty"` // events follow each other within minutes
	Cohorts  []float64 `json:"cohorts,omitempty"`  // share of the entities that began in each month from that of FirstEvent on
}

// Levels are the levels of a category column that the spec tells apart, in a fixed order.
type Levels struct {
	Column string   `json:"column"`
	Levels []string `json:"levels"`
}

// wideWindows are the windows for features that need many events to mean something: about the horizon, three times
// that, and the longest.
func (b *binding) wideWindows() []int {
	windows := b.stream.Windows
	if len(windows) == 0 {
		return nil
	}
	horizon := b.horizonDays()
	out := []int{nearest(windows, horizon), nearest(windows, 3*horizon), len(windows) - 1}
	slices.Sort(out)
	return slices.Compact(out)
}

// horizonDays is the length of the target's window.
func (b *binding) horizonDays() float64 {
	return daysBetween(0, b.spec.Target.Horizon.Microseconds())
}

// nearest gives the index of the window closest to that many days by ratio.
func nearest(windows []int, days float64) int {
	best := 0
	for i, w := range windows {
		if apart(float64(w), days) < apart(float64(windows[best]), days) {
			best = i
		}
	}
	return best
}

func apart(a, b float64) float64 { return max(a/b, b/a) }
