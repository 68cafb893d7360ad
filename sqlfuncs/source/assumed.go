package source

import (
	"fmt"
	"slices"
	"strings"

	"cvp/engine/features"
)

// Assumed is the value that an attribute is taken to have when predictions are made, whatever the row says.
type Assumed struct {
	Column  string  `json:"column"`
	Number  float64 `json:"number,omitempty"`
	Level   string  `json:"level,omitempty"`
	Missing bool    `json:"missing,omitempty"`
}

// assume gives the tables with what is assumed of the entities.
func (e *Events) assume(t *features.Tables) *features.Tables {
	if len(e.Assumed) == 0 || t.Attributes == nil {
		return t
	}
	out := *t
	for _, a := range e.Assumed {
		out.Attributes = out.Attributes.With(a.Column, float32(a.Number), a.Level, a.Missing)
	}
	return &out
}

// checkAssumed says what of the assumptions the model has not learnt.
func (e *Events) checkAssumed() (notes []string, err error) {
	for _, a := range e.Assumed {
		at := slices.IndexFunc(e.Spec.Attributes, func(f features.Attribute) bool { return f.Column == a.Column })
		if at < 0 {
			return nil, invalid("attribute %s is no feature of the model", a.Column)("It is the same, or unknown, for everybody: nothing can be learnt of it.")
		}
		if levels := e.Spec.Attributes[at].Levels; len(levels) > 0 && !a.Missing && !slices.Contains(levels, a.Level) {
			return nil, invalid("nobody's %s is '%s'", a.Column, a.Level)("It is one of " + strings.Join(levels[:min(len(levels), 10)], ", ") + ".")
		}
		notes = append(notes, fmt.Sprintf("predictions take %s as assumed; what goes with it in the data need not be caused by it", a.Column))
	}
	return notes, nil
}
