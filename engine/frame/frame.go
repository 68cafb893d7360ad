// Package frame holds rows by column, the form in which the engine reads everything: relations pulled
// from Postgres, features of events, batches to score.
//
// Columns are float32 numbers, int32 category codes or int64 instants. Missing is NaN, NoCode and NoTime.
package frame

import (
	"fmt"
	"math"
)

// Kind says how a column's values are stored and what they mean to a model.
type Kind uint8

const (
	// Number is a measured quantity in Column.Numbers; booleans are 0 and 1.
	Number Kind = iota + 1
	// Category is one of Column.Levels, by its index in Column.Codes.
	Category
	// Time is an instant in Column.Times.
	Time
)

// String returns the kind's name as errors show it.
func (k Kind) String() string {
	switch k {
	case Number:
		return "number"
	case Category:
		return "category"
	case Time:
		return "time"
	}
	return fmt.Sprintf("kind(%d)", uint8(k))
}

const (
	// NoCode marks a missing category.
	NoCode int32 = -1
	// NoTime marks a missing instant.
	NoTime int64 = math.MinInt64
)

// Column is one named column; only the slice of its Kind is set, one value per row.
type Column struct {
	Name    string
	Kind    Kind
	Numbers []float32 // Number: NaN is missing, infinities are not allowed
	Codes   []int32   // Category: index into Levels, NoCode is missing
	Levels  []string  // Category: distinct texts in order of first appearance
	Times   []int64   // Time: microseconds since 1970-01-01 UTC, NoTime is missing
}

// Len is the number of rows of the column.
func (c *Column) Len() int {
	switch c.Kind {
	case Category:
		return len(c.Codes)
	case Time:
		return len(c.Times)
	}
	return len(c.Numbers)
}

// Missing reports whether the value of row i is missing.
func (c *Column) Missing(i int) bool {
	switch c.Kind {
	case Category:
		return c.Codes[i] == NoCode
	case Time:
		return c.Times[i] == NoTime
	}
	return c.Numbers[i] != c.Numbers[i]
}

// Frame is a table by column: every column has Rows values.
type Frame struct {
	Rows    int
	Columns []Column
}

// Column returns the column of that name, nil where there is none.
func (f *Frame) Column(name string) *Column {
	for i := range f.Columns {
		if f.Columns[i].Name == name {
			return &f.Columns[i]
		}
	}
	return nil
}

// Slice returns rows [from, to) as a view that shares memory with f.
func (f *Frame) Slice(from, to int) *Frame {
	out := &Frame{Rows: to - from, Columns: make([]Column, len(f.Columns))}
	for i, c := range f.Columns {
		switch c.Kind {
		case Category:
			c.Codes = c.Codes[from:to]
		case Time:
			c.Times = c.Times[from:to]
		default:
			c.Numbers = c.Numbers[from:to]
		}
		out.Columns[i] = c
	}
	return out
}

// Take returns a copy of the given rows, in the given order; levels are shared.
func (f *Frame) Take(rows []int) *Frame {
	out := &Frame{Rows: len(rows), Columns: make([]Column, len(f.Columns))}
	for i, c := range f.Columns {
		switch c.Kind {
		case Category:
			c.Codes = take(c.Codes, rows)
		case Time:
			c.Times = take(c.Times, rows)
		default:
			c.Numbers = take(c.Numbers, rows)
		}
		out.Columns[i] = c
	}
	return out
}

func take[T any](from []T, rows []int) []T {
	out := make([]T, len(rows))
	for i, r := range rows {
		out[i] = from[r]
	}
	return out
}
