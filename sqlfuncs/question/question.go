package question

import (
	"fmt"
	"strings"
	"time"
)

// Question is what to predict, for whom and over which time.
type Question struct {
	// Target is what is predicted: an *Aggregate its value, a *Name an entity's attribute, anything else whether it holds.
	Target Expression
	Rank   *Rank // only beside a LIST_DISTINCT
	Entity Name  // table and key column: one prediction for each key
	// Keys are those that predictions are for, nil for all.
	Keys []Constant
	// Where restricts the entities, nil for all.
	Where Expression
	// Assuming is taken to hold, nil for nothing.
	Assuming Expression
	// AsOf is the last moment that may be known, nil for now.
	AsOf *Date
	// Text is what was parsed; all positions refer to it.
	Text string
}

// Rank says how the items of a LIST_DISTINCT are given.
type Rank struct {
	Top      int  // that many, the likeliest first; 0 where the question does not say
	Classify bool // each item's probability by itself
	Pos      Pos
}

// Main is the aggregate whose events are read: the first of the target, else of WHERE. It is nil where there is none.
func (q *Question) Main() *Aggregate {
	for _, e := range []Expression{q.Target, q.Where} {
		if all := Aggregates(e); len(all) > 0 {
			return all[0]
		}
	}
	return nil
}

// Conditions are the SQL expressions in the question, for Postgres to read.
func (q *Question) Conditions() []*Condition {
	var out []*Condition
	for _, root := range []Expression{q.Target, q.Where, q.Assuming} {
		Walk(root, func(e Expression) {
			switch e := e.(type) {
			case *Condition:
				out = append(out, e)
			case *Aggregate:
				if e.Where != nil {
					out = append(out, e.Where)
				}
			}
		})
	}
	return out
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
	b.WriteString("PREDICT ")
	shared, isShared := q.sharedWindow()
	q.Target.write(&b, !isShared)
	if isShared {
		b.WriteString(" " + shared.String())
	}
	q.Rank.write(&b)
	fmt.Fprintf(&b, " FOR EACH %s", q.Entity)
	writeKeys(&b, q.Keys)
	for _, clause := range []struct {
		keyword string
		of      Expression
	}{{" WHERE ", q.Where}, {" ASSUMING ", q.Assuming}} {
		if clause.of != nil {
			b.WriteString(clause.keyword)
			clause.of.write(&b, true)
		}
	}
	if q.AsOf != nil {
		fmt.Fprintf(&b, " AS OF '%s'", q.AsOf)
	}
	return b.String()
}

// sharedWindow is the window that all aggregates of the target have.
func (q *Question) sharedWindow() (w Window, shared bool) {
	for i, a := range Aggregates(q.Target) {
		if i > 0 && !a.Window.same(w) {
			return w, false
		}
		w, shared = a.Window, true
	}
	return w, shared
}

func (r *Rank) write(b *strings.Builder) {
	switch {
	case r == nil:
		return
	case r.Classify:
		b.WriteString(" CLASSIFY")
	default:
		b.WriteString(" RANK")
	}
	if r.Top > 0 {
		fmt.Fprintf(b, " TOP %d", r.Top)
	}
}

func writeKeys(b *strings.Builder, keys []Constant) {
	for i, k := range keys {
		b.WriteString([]string{" IN (", ", "}[min(i, 1)] + k.Text)
	}
	if len(keys) > 0 {
		b.WriteByte(')')
	}
}
