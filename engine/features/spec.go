package features

import (
	"encoding/json"
	"fmt"
	"slices"

	"cvp/engine/frame"
)

// specVersion is what Learn writes. A spec of an earlier version gives the features that it was learned with:
// version 1 had one event table and no families beyond those of firstFamilies.
const specVersion = 2

// Spec fixes which features are computed and how. Learn makes it once per model; training and serving both compute
// from it, so they cannot differ. It holds nothing but numbers and names and encodes as JSON.
type Spec struct {
	Version int    `json:"version"`
	Target  Target `json:"target"`
	Value   string `json:"value,omitempty"` // the column that the target aggregates
	Stream         // of the events that the target is about
	// Sides are the streams of other event tables, which the entity has events in too.
	Sides      []Stream    `json:"sides,omitempty"`
	Calendar   bool        `json:"calendar"` // enough cutoffs to learn a season from
	Attributes []Attribute `json:"attributes"`
	Notes      []string    `json:"notes,omitempty"` // what was left out and why

	// Threads bounds the goroutines of Compute; 0: all processors. It does not change the result.
	Threads int `json:"-"`

	layout *layout // kept where the spec changes no more
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

	levels []string // Category: the levels of a feature made of events
}

// Features lists the columns that Compute gives, in order.
func (s *Spec) Features() []Feature { return s.laidOut().features }

// layout is the columns of a spec.
type layout struct {
	features []Feature
	widths   [][]int // of each stream's blocks
}

// laidOut gives the layout: a decoded spec keeps it, since writing the formulas takes as long as computing an entity.
func (s *Spec) laidOut() *layout {
	if s.layout != nil {
		return s.layout
	}
	out := &layout{}
	for _, stream := range s.streams() {
		b := &binding{spec: s, stream: stream, ev: &Events{}}
		var widths []int
		for _, bl := range b.blocks() {
			features := bl.features()
			out.features, widths = append(out.features, b.named(features)...), append(widths, len(features))
		}
		out.widths = append(out.widths, widths)
	}
	for _, a := range s.Attributes {
		out.features = append(out.features, a.feature())
	}
	taken := make(map[string]bool)
	for i := range out.features {
		f := &out.features[i]
		f.Name = unused(f.Name, taken)
		taken[f.Name] = true
	}
	return out
}

// streams gives the stream of the target, then the sides.
func (s *Spec) streams() []*Stream {
	out := []*Stream{&s.Stream}
	for i := range s.Sides {
		out = append(out, &s.Sides[i])
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
	if s.Version < 1 || s.Version > specVersion {
		return nil, fmt.Errorf("feature spec has version %d, this program reads 1 to %d", s.Version, specVersion)
	}
	ascending := func(days []int) bool {
		return slices.IsSorted(days) && (len(days) == 0 || days[0] > 0)
	}
	for _, stream := range s.streams() {
		if !ascending(stream.Windows) || !ascending(stream.HalfLives) {
			return nil, fmt.Errorf("feature spec has windows or half-lives that do not ascend from 1 day")
		}
	}
	s.layout = s.laidOut()
	return &s, nil
}
