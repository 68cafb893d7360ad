package training

import (
	"cvp/engine/frame"
	"cvp/engine/model"
)

// join puts the rows of b behind those of a. Both have the same columns; levels of categories are merged.
func join(a, b *model.Examples) *model.Examples {
	out := &model.Examples{
		X: &frame.Frame{Rows: a.X.Rows + b.X.Rows, Columns: make([]frame.Column, len(a.X.Columns))},
		Y: append(append(make([]float32, 0, len(a.Y)+len(b.Y)), a.Y...), b.Y...),
	}
	for i := range a.X.Columns {
		out.X.Columns[i] = joinColumn(&a.X.Columns[i], b.X.Column(a.X.Columns[i].Name))
	}
	if a.Weights != nil && b.Weights != nil {
		out.Weights = append(append([]float32(nil), a.Weights...), b.Weights...)
	}
	return out
}

func joinColumn(a, b *frame.Column) frame.Column {
	out := frame.Column{Name: a.Name, Kind: a.Kind}
	switch a.Kind {
	case frame.Category:
		out.Levels = append([]string(nil), a.Levels...)
		index := make(map[string]int32, len(a.Levels))
		for i, l := range a.Levels {
			index[l] = int32(i)
		}
		out.Codes = append(make([]int32, 0, len(a.Codes)+len(b.Codes)), a.Codes...)
		for _, code := range b.Codes {
			out.Codes = append(out.Codes, recode(code, b.Levels, &out, index))
		}
	case frame.Time:
		out.Times = append(append(make([]int64, 0, len(a.Times)+len(b.Times)), a.Times...), b.Times...)
	default:
		out.Numbers = append(append(make([]float32, 0, len(a.Numbers)+len(b.Numbers)), a.Numbers...), b.Numbers...)
	}
	return out
}

func recode(code int32, levels []string, out *frame.Column, index map[string]int32) int32 {
	if code == frame.NoCode {
		return code
	}
	to, ok := index[levels[code]]
	if !ok {
		to = int32(len(out.Levels))
		index[levels[code]] = to
		out.Levels = append(out.Levels, levels[code])
	}
	return to
}
