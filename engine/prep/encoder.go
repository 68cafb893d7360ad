// Package prep turns columns as they come from the database into the numbers that models take. What it needs
// to know (medians, bounds, levels, bins) is learned on the training rows and stored with the model, so that
// serving cannot differ from training.
//
// Encoder serves models of sums and products (linear, neural): one dense float32 matrix without gaps.
// Bins serve trees: one small integer per value, missing kept apart.
package prep

import (
	"context"
	"fmt"
	"math"

	"cvp/engine/frame"
	"cvp/engine/internal/chunks"
)

// Options say how an Encoder cleans. The zero value imputes, winsorises and one-hot encodes without scaling.
type Options struct {
	// Log takes sign(x)·log(1+|x|) of the numbers whose skewness that lessens.
	Log bool
	// Scale brings numbers to mean 0 and standard deviation 1. Indicators and levels stay 0 and 1.
	Scale bool
	// Winsorise is the share of training rows beyond each bound to which numbers are cut; 0 is taken as
	// 0.001, a negative value keeps the range of the training rows.
	Winsorise float64
	// MinCount is the number of training rows from which a level or the missing values of a column get an
	// output of their own; 0 is taken as 5 or a thousandth of the rows, whichever is more.
	MinCount int
	// MaxLevels is the greatest number of levels of one column with an output of their own; 0 is taken as 64.
	MaxLevels int
}

func (o Options) defaults(rows int) Options {
	if o.Winsorise == 0 {
		o.Winsorise = 0.001
	}
	if o.MinCount == 0 {
		o.MinCount = max(5, rows/1000)
	}
	if o.MaxLevels == 0 {
		o.MaxLevels = 64
	}
	return o
}

// Encoder writes rows of a frame as rows of numbers. It is immutable and safe for concurrent use.
type Encoder struct {
	columns []column
	width   int
}

// column is one column of the training frame that has outputs: its numbers, then its levels, then the rare
// level, then the missing indicator.
type column struct {
	Name    string     `json:"name"`
	Kind    frame.Kind `json:"kind"`
	Numbers []number   `json:"numbers,omitempty"`
	Levels  []string   `json:"levels,omitempty"`
	Rare    bool       `json:"rare,omitempty"`
	Missing bool       `json:"missing,omitempty"`
}

func (c *column) width() int {
	w := len(c.Numbers) + len(c.Levels)
	if c.Rare {
		w++
	}
	if c.Missing {
		w++
	}
	return w
}

// Fit learns an Encoder from training rows. Columns that say nothing (constant, empty, or with levels all too
// rare) have no output. An infinite number is an error that names its column.
func Fit(x *frame.Frame, opts Options) (*Encoder, error) {
	opts = opts.defaults(x.Rows)
	rows := sample(x.Rows, sampleRows)
	columns, errs := make([]column, len(x.Columns)), make([]error, len(x.Columns))
	chunks.Do(0, len(x.Columns), func(i int) {
		columns[i], errs[i] = fitColumn(&x.Columns[i], rows, opts)
	})
	e := &Encoder{}
	for i, c := range columns {
		if errs[i] != nil {
			return nil, errs[i]
		}
		if c.width() > 0 {
			e.columns = append(e.columns, c)
			e.width += c.width()
		}
	}
	return e, nil
}

func fitColumn(c *frame.Column, rows []int32, opts Options) (column, error) {
	out := column{Name: c.Name, Kind: c.Kind}
	if c.Kind == frame.Category {
		fitLevels(&out, c, opts)
		return out, nil
	}
	if err := rejectInfinite(c); err != nil {
		return out, err
	}
	missing := missingRows(c)
	out.Missing = missing >= opts.MinCount && c.Len()-missing >= opts.MinCount
	for _, part := range partsOf(c.Kind) {
		if n, ok := fitNumber(c, part, rows, opts); ok {
			out.Numbers = append(out.Numbers, n)
		}
	}
	return out, nil
}

func missingRows(c *frame.Column) int {
	n := 0
	for i := range c.Len() {
		if c.Missing(i) {
			n++
		}
	}
	return n
}

// rejectInfinite is the error of a number column with an infinite value: it has no place on any scale.
func rejectInfinite(c *frame.Column) error {
	for i, v := range c.Numbers {
		if infinite(v) {
			return infiniteError(c.Name, i)
		}
	}
	return nil
}

func infinite(v float32) bool { return v > math.MaxFloat32 || v < -math.MaxFloat32 }

func infiniteError(name string, row int) error {
	return fmt.Errorf("column %q has an infinite value in row %d", name, row+1)
}

// Width is the number of outputs per row.
func (e *Encoder) Width() int { return e.width }

// Names says what each output is, e.g. "amount", "amount is missing", "country = FR", "joined days".
func (e *Encoder) Names() []string {
	names := make([]string, 0, e.width)
	for _, c := range e.columns {
		for _, n := range c.Numbers {
			names = append(names, partName(c.Name, n.Part))
		}
		for _, level := range c.Levels {
			names = append(names, c.Name+" = "+level)
		}
		if c.Rare {
			names = append(names, c.Name+" is rare")
		}
		if c.Missing {
			names = append(names, c.Name+" is missing")
		}
	}
	return names
}

// Sources gives for each output the name of the column it comes from.
func (e *Encoder) Sources() []string {
	names := make([]string, 0, e.width)
	for _, c := range e.columns {
		for range c.width() {
			names = append(names, c.Name)
		}
	}
	return names
}

// Transform writes every row of x into dst [x.Rows × Width] row-major, on all processors.
func (e *Encoder) Transform(dst []float32, x *frame.Frame) error {
	return e.TransformContext(context.Background(), dst, x)
}

// TransformContext is Transform that ends soon after ctx does, with its error.
func (e *Encoder) TransformContext(ctx context.Context, dst []float32, x *frame.Frame) error {
	b, err := e.Bind(x)
	if err != nil {
		return err
	}
	n := chunks.Count(x.Rows, blockRows)
	errs := make([]error, n)
	err = chunks.DoContext(ctx, 0, n, func(i int) {
		from, to := chunks.Bounds(i, blockRows, x.Rows)
		errs[i] = b.Rows(dst[from*e.width:to*e.width], from, to)
	})
	if err != nil {
		return err
	}
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
