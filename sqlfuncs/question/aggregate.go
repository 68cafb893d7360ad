package question

import (
	"fmt"
	"strings"
)

// functions are the words that begin an aggregate.
var functions = []struct {
	word     string
	function Function
}{
	{"COUNT", Count}, {"SUM", Sum}, {"EXISTS", Exists}, {"AVG", Avg}, {"MIN", Min}, {"MAX", Max},
	{"COUNT_DISTINCT", CountDistinct},
}

// aggregate reads function ( [DISTINCT] name [WHERE condition] [, 0, n [, unit]] ).
func (p *parser) aggregate(q *Question) *Error {
	a := &q.Aggregate
	a.Pos = p.position()
	var err *Error
	if a.Function, err = p.function(); err != nil {
		return err
	}
	open := int(p.position())
	if !p.takeMark("(") {
		return p.unexpected(fmt.Sprintf("Write what to aggregate in parentheses: %s(orders.%s).", a.Function, sample(a.Function)))
	}
	// A table may be called distinct: then a dot follows.
	if a.Function == Count && p.isWord("DISTINCT") && !p.markAt(p.at+1, ".") {
		p.at++
		a.Function = CountDistinct
	}
	if a.Of, err = p.aggregated(a.Function); err != nil {
		return err
	}
	if a.Where, err = p.where(func() bool { return p.isMark(")") || p.isMark(",") }); err != nil {
		return err
	}
	if p.isMark(",") {
		if q.Window, err = p.windowInside(); err != nil {
			return err
		}
	}
	if p.kind() == end {
		return fail(p.src, open, "Close the parenthesis after what is aggregated.", "parenthesis is never closed")
	}
	if !p.takeMark(")") {
		return p.unexpected("After the name stands WHERE and a condition, or the closing parenthesis.")
	}
	return nil
}

// function reads the aggregate's function.
func (p *parser) function() (Function, *Error) {
	if p.kind() != word {
		return "", p.unexpected("Say what to predict, one of " + functionList() + ".")
	}
	var words []string
	for _, f := range functions {
		if !p.takeWord(f.word) {
			words = append(words, f.word)
			continue
		}
		if f.function == Count && p.isWord("DISTINCT") {
			p.at++
			return CountDistinct, nil
		}
		return f.function, nil
	}
	hint := "The aggregates are " + functionList() + "."
	if near, ok := Nearest(p.spelling(), words); ok {
		hint = "Did you mean " + near + "?"
	}
	return "", p.failHere(hint, "unknown aggregate \"%s\"", p.spelling())
}

func functionList() string {
	return join([]string{"COUNT", "SUM", "EXISTS", "AVG", "MIN", "MAX", "COUNT DISTINCT"})
}

// join lists words for a sentence.
func join(words []string) string {
	last := len(words) - 1
	return strings.Join(words[:last], ", ") + " and " + words[last]
}

// sample is what an example of the function aggregates.
func sample(f Function) string {
	if f == Count || f == Exists {
		return "*"
	}
	return "amount"
}

// aggregated reads the name that a function is of.
func (p *parser) aggregated(f Function) (Name, *Error) {
	if p.isMark("*") {
		return Name{}, p.failHere("Name the table of the events: COUNT(orders.*).", "the events of %s need a table", f)
	}
	n, err := p.name()
	switch {
	case err != nil:
		return Name{}, err
	case n.Table == "":
		hint := fmt.Sprintf("Write table.%s, or %s.* for all rows of a table.", Quote(n.Column), Quote(n.Column))
		return Name{}, fail(p.src, int(n.Pos), hint, "column %s needs its table", Quote(n.Column))
	case n.Column == "" && f != Count && f != Exists:
		return Name{}, fail(p.src, int(n.ColumnPos), fmt.Sprintf("Name the column: %s(%s.amount).", f, n.Relation()),
			"%s is of one column, not of all", f)
	}
	return n, nil
}

// windowInside reads Kumo's window: , start, end [, unit].
func (p *parser) windowInside() (Window, *Error) {
	const hint = "After a comma stands a window (0, 90, days); conditions are joined by AND or OR."
	p.at++
	if p.kind() == number && p.spelling() != "0" {
		return Window{}, p.failHere("Let the window start at 0.", "a window that starts later is not supported")
	}
	if p.kind() != number {
		return Window{}, p.unexpected(hint)
	}
	p.at++
	if !p.takeMark(",") {
		return Window{}, p.unexpected(hint)
	}
	at := p.position()
	n, err := p.count(hint)
	if err != nil {
		return Window{}, err
	}
	if !p.takeMark(",") {
		return checkWindow(p.src, Window{N: n, Unit: Days, Pos: at})
	}
	return p.windowOf(n, at)
}

// operators are the comparisons and their one spelling in the tree.
var operators = map[string]string{"=": "=", "<>": "<>", "!=": "<>", "<": "<", "<=": "<=", ">": ">", ">=": ">="}

// compare reads [operator constant].
func (p *parser) compare(q *Question) *Error {
	if p.kind() != mark {
		return nil
	}
	operator, ok := operators[p.spelling()]
	if !ok {
		return p.unexpected("A comparison is one of =, <>, <, <=, > and >=.")
	}
	c := &Comparison{Operator: operator, Pos: p.position()}
	p.at++
	var err *Error
	if c.Constant, err = p.constant(q.Aggregate.Function); err != nil {
		return err
	}
	if q.Aggregate.Function == Exists && operator != "=" && operator != "<>" {
		return fail(p.src, int(c.Pos), "To compare a number of events, use COUNT.", "EXISTS is TRUE or FALSE")
	}
	q.Compare = c
	return nil
}
