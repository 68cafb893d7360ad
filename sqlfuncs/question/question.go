package question

import (
	"fmt"
	"strings"
	"time"
)

// Question is what to predict, for whom and over which time.
type Question struct {
	Aggregate Aggregate
	Compare   *Comparison // nil: predict the aggregate's value, or for EXISTS whether there is one
	Window    Window
	Entity    Name // table and key column: one prediction for each key
	// Where restricts the entities, nil for all.
	Where *Condition
	// AsOf is the last moment that may be known, nil for now.
	AsOf *Date
	// Text is what was parsed; all positions refer to it.
	Text string
}

// Function says how the events of a window become one value.
type Function string

// The functions, as they are written.
const (
	Count         Function = "COUNT"
	CountDistinct Function = "COUNT DISTINCT"
	Sum           Function = "SUM"
	Avg           Function = "AVG"
	Min           Function = "MIN"
	Max           Function = "MAX"
	Exists        Function = "EXISTS"
)

// Aggregate is a function of the events that meet a condition.
type Aggregate struct {
	Function Function
	Of       Name // Column is empty for table.*: only for COUNT and EXISTS
	// Where is nil where all events count.
	Where *Condition
	Pos   Pos
}

// Condition is an SQL expression over rows, for Postgres to read.
type Condition struct {
	SQL string // verbatim, without comments around it
	Pos Pos    // of its first byte
}

// Comparison makes a class of a value: whether it stands so to the constant.
type Comparison struct {
	Operator string // =, <>, <, <=, > or >=
	Constant Constant
	Pos      Pos
}

// Constant is what a value is compared with; TRUE and FALSE count as 1 and 0.
type Constant struct {
	Text  string // as written, without a plus sign
	Value float64
	Pos   Pos
}

// Holds reports whether the comparison is true of the value.
func (c *Comparison) Holds(value float64) bool {
	switch c.Operator {
	case "=":
		return value == c.Constant.Value
	case "<>":
		return value != c.Constant.Value
	case "<":
		return value < c.Constant.Value
	case "<=":
		return value <= c.Constant.Value
	case ">":
		return value > c.Constant.Value
	}
	return value >= c.Constant.Value
}

// Unit is a unit of time.
type Unit string

// The units, as they are written.
const (
	Hours  Unit = "HOURS"
	Days   Unit = "DAYS"
	Weeks  Unit = "WEEKS"
	Months Unit = "MONTHS"
)

// Window is the time from a cutoff over which the question looks.
type Window struct {
	N    int
	Unit Unit
	Pos  Pos
}

// String gives the window as it is written.
func (w Window) String() string { return fmt.Sprintf("%d %s", w.N, w.Unit) }

// End is where the window ends that begins at the cutoff. Days and weeks are of 24 hours; months are those of
// the calendar in UTC, kept within the month: one month after 31 January is the last of February.
func (w Window) End(cutoff time.Time) time.Time {
	switch w.Unit {
	case Hours:
		return cutoff.Add(time.Duration(w.N) * time.Hour)
	case Days:
		return cutoff.Add(time.Duration(w.N) * 24 * time.Hour)
	case Weeks:
		return cutoff.Add(time.Duration(w.N) * 7 * 24 * time.Hour)
	}
	return addMonths(cutoff.UTC(), w.N)
}

func addMonths(t time.Time, n int) time.Time {
	moved := t.AddDate(0, n, 0)
	if moved.Day() != t.Day() {
		moved = moved.AddDate(0, 0, -moved.Day())
	}
	return moved
}

// Date is a moment in UTC, to the microsecond as Postgres keeps it.
type Date struct {
	Time time.Time
	Pos  Pos
}

// String gives the moment as it is written in a question, without quotes.
func (d Date) String() string {
	t := d.Time.UTC()
	switch {
	case t.Equal(t.Truncate(24 * time.Hour)):
		return t.Format("2006-01-02")
	default:
		return t.Format("2006-01-02 15:04:05.999999") + "+00"
	}
}

// Character is the 1-based character of the question's text at a position, as errors count.
func (q *Question) Character(at Pos) int { return characterAt(q.Text, at) }

// String gives the question in its one canonical form; parsing that gives an equal question.
func (q *Question) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "PREDICT %s(%s", q.Aggregate.Function, q.Aggregate.Of)
	writeWhere(&b, q.Aggregate.Where)
	b.WriteByte(')')
	if c := q.Compare; c != nil {
		fmt.Fprintf(&b, " %s %s", c.Operator, c.Constant.Text)
	}
	fmt.Fprintf(&b, " OVER NEXT %s FOR EACH %s", q.Window, q.Entity)
	writeWhere(&b, q.Where)
	if q.AsOf != nil {
		fmt.Fprintf(&b, " AS OF '%s'", q.AsOf)
	}
	return b.String()
}

func writeWhere(b *strings.Builder, c *Condition) {
	if c != nil {
		b.WriteString(" WHERE ")
		b.WriteString(c.SQL)
	}
}
