package training

import (
	"fmt"
	"slices"

	"cvp/engine/frame"
	"cvp/engine/model"
)

// join copies two sets of examples of the same columns into one.
func join(a, b *model.Examples) (*model.Examples, error) {
	out := &model.Examples{X: &frame.Frame{Rows: a.X.Rows + b.X.Rows}, Y: slices.Concat(a.Y, b.Y)}
	for i := range a.X.Columns {
		first := &a.X.Columns[i]
		second := b.X.Column(first.Name)
		if second == nil || second.Kind != first.Kind {
			return nil, fmt.Errorf("join parts: column %q is not in both", first.Name)
		}
		c := frame.Column{Name: first.Name, Kind: first.Kind}
		switch c.Kind {
		case frame.Category:
			c.Levels, c.Codes = joinLevels(first, second)
		case frame.Time:
			c.Times = slices.Concat(first.Times, second.Times)
		default:
			c.Numbers = slices.Concat(first.Numbers, second.Numbers)
		}
		out.X.Columns = append(out.X.Columns, c)
	}
	if a.Weights != nil || b.Weights != nil {
		out.Weights = slices.Concat(weightsOf(a), weightsOf(b))
	}
	return out, nil
}

// joinLevels numbers the levels of both anew: those of the first keep their codes.
func joinLevels(a, b *frame.Column) (levels []string, codes []int32) {
	levels = slices.Clone(a.Levels)
	at := make(map[string]int32, len(levels))
	for i, l := range levels {
		at[l] = int32(i)
	}
	remap := make([]int32, len(b.Levels))
	for i, l := range b.Levels {
		code, known := at[l]
		if !known {
			code = int32(len(levels))
			levels, at[l] = append(levels, l), code
		}
		remap[i] = code
	}
	codes = slices.Concat(a.Codes, b.Codes)
	for i := len(a.Codes); i < len(codes); i++ {
		if codes[i] != frame.NoCode {
			codes[i] = remap[codes[i]]
		}
	}
	return levels, codes
}

func weightsOf(e *model.Examples) []float32 {
	if e.Weights != nil {
		return e.Weights
	}
	out := make([]float32, len(e.Y))
	for i := range out {
		out[i] = 1
	}
	return out
}
