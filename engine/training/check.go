package training

import (
	"fmt"
	"math"
	"strings"

	"cvp/engine/frame"
	"cvp/engine/model"
)

const (
	// MinRows is the least number of rows with a target.
	MinRows = 50
	// MinPerClass is the least number of rows of each class: with fewer, the fifth of the rows that tests the
	// model may have none.
	MinPerClass = 10
)

// DataError is data that cannot be learned from. Message names column and count, Hint is a sentence with the
// remedy.
type DataError struct {
	Message string
	Hint    string
}

func (e *DataError) Error() string { return e.Message }

// Usable gives the rows whose label is not missing (NaN): e itself where that is all of them.
func Usable(e *model.Examples) *model.Examples {
	var rows []int
	for i, y := range e.Y {
		if y == y {
			rows = append(rows, i)
		}
	}
	if len(rows) == len(e.Y) {
		return e
	}
	return take(e, rows)
}

func take(e *model.Examples, rows []int) *model.Examples {
	out := &model.Examples{X: e.X.Take(rows), Y: make([]float32, len(rows))}
	for i, r := range rows {
		out.Y[i] = e.Y[r]
	}
	if e.Weights != nil {
		out.Weights = make([]float32, len(rows))
		for i, r := range rows {
			out.Weights[i] = e.Weights[r]
		}
	}
	return out
}

// Check says why examples cannot be learned from, as a *DataError. Labels may be missing (NaN) here; target is
// what they are called.
func Check(e *model.Examples, task model.Task, target string) error {
	if err := checkTarget(e.Y, task, target); err != nil {
		return err
	}
	return checkColumns(e.X, target)
}

func checkTarget(y []float32, task model.Task, target string) error {
	counts := map[float32]int{} // of the first few distinct labels
	usable, infinite := 0, 0
	for _, v := range y {
		if v != v {
			continue
		}
		usable++
		if math.IsInf(float64(v), 0) {
			infinite++
		}
		if _, seen := counts[v]; seen || len(counts) < 3 {
			counts[v]++
		}
	}
	switch {
	case len(y) == 0:
		return &DataError{"there are no rows to train on", fmt.Sprintf("At least %d rows are needed; row-level security and conditions count too.", MinRows)}
	case usable == 0:
		return &DataError{fmt.Sprintf("target %q is NULL in all %d rows", target, len(y)), "Name a column that is known for past rows, or fill it in."}
	case usable < MinRows:
		return &DataError{fmt.Sprintf("only %d of %d rows have a target %q, at least %d are needed", usable, len(y), target, MinRows), "Train on more rows: a longer period, more entities or a wider condition."}
	case infinite > 0:
		return &DataError{fmt.Sprintf("target %q is infinite in %d rows", target, infinite), "Exclude those rows or set them to NULL."}
	}
	if task == model.Class {
		return checkClasses(counts, usable, target)
	}
	if len(counts) == 1 {
		return &DataError{fmt.Sprintf("target %q is %g in all %d rows with a target", target, only(counts), usable), "There is nothing to predict in a constant: choose another target, or rows in which it varies."}
	}
	return nil
}

func checkClasses(counts map[float32]int, usable int, target string) error {
	negative, positive := counts[0], counts[1]
	switch {
	case negative+positive < usable:
		return &DataError{fmt.Sprintf("target %q has values other than 0 and 1", target), "A class is a boolean, or has two values; for a number train a value model."}
	case positive == 0 || negative == 0:
		return &DataError{fmt.Sprintf("target %q is %g in all %d rows with a target: only one class", target, only(counts), usable), "Both outcomes must occur: change the condition or the horizon, or take in more rows."}
	case min(positive, negative) < MinPerClass:
		return &DataError{fmt.Sprintf("target %q has %d rows of class 0 and %d of class 1, at least %d of each are needed", target, negative, positive, MinPerClass), "Take in more rows of the rare class: a longer period or a wider condition."}
	}
	return nil
}

func only(counts map[float32]int) float32 {
	for v := range counts {
		return v
	}
	return 0
}

// checkColumns rejects infinite values, and a frame in which no column varies.
func checkColumns(x *frame.Frame, target string) error {
	var same []string
	for i := range x.Columns {
		c := &x.Columns[i]
		if n := infiniteRows(c); n > 0 {
			return &DataError{fmt.Sprintf("column %q is infinite in %d of %d rows", c.Name, n, x.Rows), "Exclude those rows or set them to NULL."}
		}
		if !varies(c) {
			same = append(same, fmt.Sprintf("%q", c.Name))
		}
	}
	if len(same) < len(x.Columns) {
		return nil
	}
	if len(same) == 0 {
		return &DataError{fmt.Sprintf("there is no column to predict %q from", target), "Add columns that are known before the target is."}
	}
	const shown = 5
	list := strings.Join(same[:min(shown, len(same))], ", ")
	if len(same) > shown {
		list += ", …"
	}
	return &DataError{fmt.Sprintf("none of %d columns varies over %d rows: %s", len(same), x.Rows, list), "A column that is constant or all NULL says nothing: add columns that differ between rows."}
}

func infiniteRows(c *frame.Column) int {
	n := 0
	for _, v := range c.Numbers {
		if v > math.MaxFloat32 || v < -math.MaxFloat32 {
			n++
		}
	}
	return n
}

// varies reports whether any row differs from the first, in value or in having one.
func varies(c *frame.Column) bool {
	for i := range c.Len() {
		switch {
		case c.Missing(i) != c.Missing(0):
			return true
		case c.Missing(i):
		case c.Kind == frame.Category && c.Codes[i] != c.Codes[0],
			c.Kind == frame.Time && c.Times[i] != c.Times[0],
			c.Kind == frame.Number && c.Numbers[i] != c.Numbers[0]:
			return true
		}
	}
	return false
}
