package question

import (
	"fmt"
	"time"
)

// Unit is a unit of time.
type Unit string

// The units, as they are written.
const (
	Hours  Unit = "HOURS"
	Days   Unit = "DAYS"
	Weeks  Unit = "WEEKS"
	Months Unit = "MONTHS"
)

// Span is a length of time.
type Span struct {
	N    int
	Unit Unit
}

// String gives the span as it is written.
func (s Span) String() string { return fmt.Sprintf("%d %s", s.N, s.Unit) }

// From is the instant that lies the span after another. Days and weeks are of 24 hours; months are those of the
// calendar in UTC, kept within the month: one month after 31 January is the last of February.
func (s Span) From(t time.Time) time.Time {
	switch s.Unit {
	case Hours:
		return t.Add(time.Duration(s.N) * time.Hour)
	case Days:
		return t.Add(time.Duration(s.N) * 24 * time.Hour)
	case Weeks:
		return t.Add(time.Duration(s.N) * 7 * 24 * time.Hour)
	case Months:
		return addMonths(t.UTC(), s.N)
	}
	return t
}

func addMonths(t time.Time, n int) time.Time {
	moved := t.AddDate(0, n, 0)
	if moved.Day() != t.Day() {
		moved = moved.AddDate(0, 0, -moved.Day())
	}
	return moved
}

// Window is the time from or up to a cutoff over which an aggregate looks: the first instant belongs to it, the last
// does not.
type Window struct {
	Past bool // it ends at or before the cutoff, else it begins there or later
	// Length is zero for a Past without beginning.
	Length Span
	Gap    Span // between the cutoff and the window, zero for none
	Pos    Pos
}

// same reports whether two windows are the same time.
func (w Window) same(o Window) bool {
	w.Pos, o.Pos = 0, 0
	return w == o
}

// String gives the window as it is written, "" for all of the past.
func (w Window) String() string {
	gap := w.Gap != Span{}
	switch {
	case !w.Past && gap:
		return fmt.Sprintf("OVER NEXT %s STARTING IN %s", w.Length, w.Gap)
	case !w.Past:
		return fmt.Sprintf("OVER NEXT %s", w.Length)
	case w.Length == Span{} && gap:
		return fmt.Sprintf("OVER PAST ENDING %s AGO", w.Gap)
	case w.Length == Span{}:
		return ""
	case gap:
		return fmt.Sprintf("OVER LAST %s ENDING %s AGO", w.Length, w.Gap)
	}
	return fmt.Sprintf("OVER LAST %s", w.Length)
}
