package question

import (
	"fmt"
	"strings"
)

// Expression is what has a value for each entity: an *Aggregate, a *Comparison, a *Logic, a *Condition or a *Name.
type Expression interface {
	// write appends the canonical form. Windows of aggregates are part of it where each has its own.
	write(b *strings.Builder, windows bool)
}

var (
	_ Expression = (*Aggregate)(nil)
	_ Expression = (*Comparison)(nil)
	_ Expression = (*Logic)(nil)
	_ Expression = (*Condition)(nil)
	_ Expression = (*Name)(nil)
)

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
	First         Function = "FIRST"
	Last          Function = "LAST"
	Exists        Function = "EXISTS"
	ListDistinct  Function = "LIST_DISTINCT"
)

// Aggregate is a function of the events of a window that meet a condition.
type Aggregate struct {
	Function Function
	Of       Name // Column is empty for table.*: only for COUNT and EXISTS
	// Where is nil where all events count.
	Where  *Condition
	Window Window
	Pos    Pos
}

func (a *Aggregate) write(b *strings.Builder, windows bool) {
	fmt.Fprintf(b, "%s(%s", a.Function, a.Of)
	if a.Where != nil {
		b.WriteString(" WHERE " + a.Where.SQL)
	}
	b.WriteByte(')')
	if text := a.Window.String(); windows && text != "" {
		b.WriteString(" " + text)
	}
}

// Condition is an SQL expression over rows, for Postgres to read.
type Condition struct {
	SQL string // as it is written, without comments around it, but for Kumo's operators
	Pos Pos    // of its first byte
	// Shifts say where SQL is not what is written, in order.
	Shifts []Shift
}

// Shift says that from a byte of a condition's SQL on, it is what is written from a byte of the text on.
type Shift struct{ SQL, Text int }

// At gives where in the question a byte of the SQL stands.
func (c *Condition) At(offset int) Pos {
	text := offset
	for _, s := range c.Shifts {
		if offset < s.SQL {
			text = min(text, s.Text)
			break
		}
		text = s.Text + offset - s.SQL
	}
	return c.Pos + Pos(text)
}

func (c *Condition) write(b *strings.Builder, _ bool) { b.WriteString(c.SQL) }

func (n *Name) write(b *strings.Builder, _ bool) { b.WriteString(n.String()) }

// Comparison says whether the value of an aggregate stands so to a constant.
type Comparison struct {
	Of       *Aggregate
	Operator string // =, <>, <, <=, > or >=; of a text =, <>, LIKE or NOT LIKE
	Constant Constant
	Pos      Pos
}

func (c *Comparison) write(b *strings.Builder, windows bool) {
	c.Of.write(b, windows)
	fmt.Fprintf(b, " %s %s", c.Operator, c.Constant.Text)
}

// Constant is what a value is compared with; TRUE and FALSE count as 1 and 0.
type Constant struct {
	Text   string // as written, without a plus sign
	Value  float64
	Quoted bool // a text, of which Literal gives the content
	Pos    Pos
}

// Literal is a key or text without its quotes.
func (c Constant) Literal() string {
	if !c.Quoted {
		return c.Text
	}
	return strings.ReplaceAll(c.Text[1:len(c.Text)-1], "''", "'")
}

// Operator joins expressions.
type Operator string

// The operators, as they are written.
const (
	And Operator = "AND"
	Or  Operator = "OR"
	Not Operator = "NOT"
)

// Logic joins expressions that hold or do not.
type Logic struct {
	Operator Operator
	Operands []Expression // of NOT one; of AND no AND, of OR no OR
	Pos      Pos
}

func (l *Logic) write(b *strings.Builder, windows bool) {
	for i, e := range l.Operands {
		switch {
		case l.Operator == Not:
			b.WriteString("NOT ")
		case i > 0:
			fmt.Fprintf(b, " %s ", l.Operator)
		}
		inner, nested := e.(*Logic)
		nested = nested && (l.Operator == Not || inner.Operator != Not)
		if nested {
			b.WriteByte('(')
		}
		e.write(b, windows)
		if nested {
			b.WriteByte(')')
		}
	}
}

// join makes one expression of two, flat where the first is joined by the same operator.
func (o Operator) join(left, right Expression, at Pos) Expression {
	l, same := left.(*Logic)
	if !same || l.Operator != o {
		l = &Logic{Operator: o, Operands: o.flat(left), Pos: at}
	}
	l.Operands = append(l.Operands, o.flat(right)...)
	return l
}

func (o Operator) flat(e Expression) []Expression {
	if l, ok := e.(*Logic); ok && l.Operator == o {
		return l.Operands
	}
	return []Expression{e}
}

// Walk calls visit for an expression and all that it is made of, in order; nil has no parts.
func Walk(e Expression, visit func(Expression)) {
	if e == nil {
		return
	}
	visit(e)
	switch e := e.(type) {
	case *Comparison:
		visit(e.Of)
	case *Logic:
		for _, operand := range e.Operands {
			Walk(operand, visit)
		}
	}
}

// Aggregates gives the aggregates of an expression in order.
func Aggregates(e Expression) []*Aggregate {
	var out []*Aggregate
	Walk(e, func(e Expression) {
		if a, ok := e.(*Aggregate); ok {
			out = append(out, a)
		}
	})
	return out
}
