package features

import (
	"encoding/json"
	"fmt"
	"slices"

	"cvp/engine/frame"
)

// specVersion changes when a stored spec would no longer give the features it was learned with.
const specVersion = 1

// Spec fixes which features are computed and how. Learn makes it once per model; training and serving both compute
// from it, so they cannot differ. It holds nothing but numbers and names and encodes as JSON.
type Spec struct {
	Version    int         `json:"version"`
	Target     Target      `json:"target"`
	Value      string      `json:"value,omitempty"`  // the column that the target aggregates
	Amount     string      `json:"amount,omitempty"` // the column that says what a purchase was worth
	Grouped    bool        `json:"grouped"`          // events have a group: purchases have several lines
	Matched    bool        `json:"matched"`          // the question has a condition on events
	FirstEvent int64       `json:"first_event"`      // of all entities when it was learned, microseconds
	Windows    []int       `json:"windows"`          // days, ascending
	HalfLives  []int       `json:"half_lives"`       // days, ascending
	Numbers    []string    `json:"numbers"`          // columns summed per window
	Distinct   []string    `json:"distinct"`         // columns whose distinct values are counted per wide window
	Mixes      []Levels    `json:"mixes"`            // columns with the levels that get a share
	Related    []Levels    `json:"related"`          // columns with the levels that go with the matching events
	Returns    bool        `json:"returns"`          // amounts are sometimes negative
	Hours      bool        `json:"hours"`            // times have an hour of the day
	Calendar   bool        `json:"calendar"`         // enough cutoffs to learn a season from
	Attributes []Attribute `json:"attributes"`
	Notes      []string    `json:"notes,omitempty"` // what was left out and why

	// Threads bounds the goroutines of Compute; 0: all processors. It does not change the result.
	Threads int `json:"-"`
}

// Levels are the levels of a category column that the spec tells apart, in a fixed order.
type Levels struct {
	Column string   `json:"column"`
	Levels []string `json:"levels"`
}

// Attribute is one attribute column.
type Attribute struct {
	Column string     `json:"column"`
	Kind   frame.Kind `json:"kind"`
	Levels []string   `json:"levels,omitempty"` // Category: every other level counts as missing
}

// Feature describes one column of Compute's result.
type Feature struct {
	Name    string
	Kind    frame.Kind
	Formula string
}

// Features lists the columns that Compute gives, in order.
func (s *Spec) Features() []Feature {
	b := &binding{spec: s, ev: &Events{}}
	var out []Feature
	for _, bl := range b.blocks() {
		out = append(out, bl.features()...)
	}
	for _, a := range s.Attributes {
		out = append(out, a.feature())
	}
	taken := make(map[string]bool)
	for i := range out {
		out[i].Name = unused(out[i].Name, taken)
		taken[out[i].Name] = true
	}
	return out
}

func unused(name string, taken map[string]bool) string {
	for n, base := 2, name; taken[name]; n++ {
		name = fmt.Sprintf("%s_%d", base, n)
	}
	return name
}

// Encode gives the spec as JSON; the same spec gives the same bytes.
func (s *Spec) Encode() ([]byte, error) { return json.Marshal(s) }

// DecodeSpec reads what Encode wrote.
func DecodeSpec(b []byte) (*Spec, error) {
	var s Spec
	if err := json.Unmarshal(b, &s); err != nil {
		return nil, fmt.Errorf("decode feature spec: %w", err)
	}
	if s.Version != specVersion {
		return nil, fmt.Errorf("feature spec has version %d, this program reads %d", s.Version, specVersion)
	}
	ascending := func(days []int) bool {
		return slices.IsSorted(days) && (len(days) == 0 || days[0] > 0)
	}
	if !ascending(s.Windows) || !ascending(s.HalfLives) {
		return nil, fmt.Errorf("feature spec has windows or half-lives that do not ascend from 1 day")
	}
	return &s, nil
}

// wideWindows are the windows for features that need many events to mean something: about the horizon, three times
// that, and the longest.
func (s *Spec) wideWindows() []int {
	if len(s.Windows) == 0 {
		return nil
	}
	horizon := daysBetween(0, s.Target.Horizon.Microseconds())
	out := []int{nearest(s.Windows, horizon), nearest(s.Windows, 3*horizon), len(s.Windows) - 1}
	slices.Sort(out)
	return slices.Compact(out)
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
