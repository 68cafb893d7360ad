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
	{"FIRST", First}, {"LAST", Last}, {"COUNT_DISTINCT", CountDistinct}, {"LIST_DISTINCT", ListDistinct},
}

// aggregate reads function ( [DISTINCT] name [WHERE condition] [, start, end [, unit]] ) [window].
func (p *parser) aggregate(c clause) (*Aggregate, *Error) {
	a := &Aggregate{Pos: p.position(), Window: Window{Past: c.past}}
	var err *Error
	if a.Function, err = p.function(); err != nil {
		return nil, err
	}
	open := int(p.position())
	if !p.takeMark("(") {
		return nil, p.unexpected(fmt.Sprintf("Write what to aggregate in parentheses: %s(orders.%s).", a.Function, sample(a.Function)))
	}
	// A table may be called distinct: then a dot follows.
	if a.Function == Count && p.isWord("DISTINCT") && !p.markAt(p.at+1, ".") {
		p.at++
		a.Function = CountDistinct
	}
	if a.Of, err = p.aggregated(a.Function); err != nil {
		return nil, err
	}
	if a.Where, err = p.where(func() bool { return p.isMark(")") || p.isMark(",") }); err != nil {
		return nil, err
	}
	if p.isMark(",") {
		if a.Window, err = p.windowInside(c.past); err != nil {
			return nil, err
		}
	}
	if p.kind() == end {
		return nil, fail(p.src, open, "Close the parenthesis after what is aggregated.", "parenthesis is never closed")
	}
	if !p.takeMark(")") {
		return nil, p.unexpected("After the name stands WHERE and a condition, or the closing parenthesis.")
	}
	return a, p.over(a)
}

// over reads the window behind an aggregate, if there is one.
func (p *parser) over(a *Aggregate) *Error {
	if !p.isWord("OVER") {
		return nil
	}
	if a.Window.Length != (Span{}) || a.Window.Gap != (Span{}) {
		return p.failHere("Give it either inside the aggregate or after OVER.", "the window is given twice")
	}
	w, err := p.window(a.Window.Past)
	a.Window = w
	return err
}

// function reads the aggregate's function.
func (p *parser) function() (Function, *Error) {
	if p.kind() != word {
		return "", p.unexpected("Say what to predict, one of " + functionList() + ", or an attribute such as customers.income.")
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
	return join([]string{"COUNT", "SUM", "EXISTS", "AVG", "MIN", "MAX", "FIRST", "LAST", "COUNT DISTINCT", "LIST_DISTINCT"})
}

// join lists words for a sentence.
func join(words []string) string {
	last := len(words) - 1
	return strings.Join(words[:last], ", ") + " and " + words[last]
}

// sample is what an example of the function aggregates.
func sample(f Function) string {
	switch f {
	case Count, Exists:
		return "*"
	case CountDistinct, ListDistinct:
		return "product_id"
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
		return Name{}, fail(p.src, int(n.ColumnPos), fmt.Sprintf("Name the column: %s(%s.%s).", f, n.Relation(), sample(f)),
			"%s is of one column, not of all", f)
	}
	return n, nil
}

// like reads [NOT] LIKE pattern, or one of Kumo's operators on texts.
func (p *parser) like(a *Aggregate) (*Comparison, *Error) {
	c := &Comparison{Of: a, Operator: "LIKE", Pos: p.position()}
	at := p.at
	if p.isWord("NOT") {
		c.Operator, at = "NOT LIKE", at+1
	}
	if p.wordAt(at, "LIKE") && p.plainText(at+1) {
		p.at = at + 1
		c.Constant = Constant{Text: p.spelling(), Quoted: true, Pos: p.position()}
		p.at++
		return c, nil
	}
	if sql, n := p.translated(at); n > 0 && strings.HasPrefix(sql, "LIKE ") {
		p.at = at + n - 1
		c.Constant = Constant{Text: strings.TrimPrefix(sql, "LIKE "), Quoted: true, Pos: p.position()}
		p.at++
		return c, nil
	}
	if at > p.at || p.isWord("LIKE") {
		p.at = at
		return nil, p.unexpected("A text is compared by LIKE and a pattern in single quotes, or by = or <>.")
	}
	return nil, nil
}

// operators are the comparisons and their one spelling in the tree.
var operators = map[string]string{"=": "=", "<>": "<>", "!=": "<>", "<": "<", "<=": "<=", ">": ">", ">=": ">="}

// compare reads [operator constant].
func (p *parser) compare(a *Aggregate) (*Comparison, *Error) {
	if a.Function == First || a.Function == Last {
		if c, err := p.like(a); c != nil || err != nil {
			return c, err
		}
	}
	if p.kind() != mark || p.isMark(")") {
		return nil, nil
	}
	operator, ok := operators[p.spelling()]
	if !ok {
		return nil, p.unexpected("A comparison is one of =, <>, <, <=, > and >=.")
	}
	c := &Comparison{Of: a, Operator: operator, Pos: p.position()}
	p.at++
	var err *Error
	switch {
	case a.Function == ListDistinct:
		return nil, fail(p.src, int(c.Pos), "", "LIST_DISTINCT gives items, which have no order")
	case a.Function == Exists && operator != "=" && operator != "<>":
		return nil, fail(p.src, int(c.Pos), "To compare a number of events, use COUNT.", "EXISTS is TRUE or FALSE")
	}
	if c.Constant, err = p.constant(a.Function); err != nil {
		return nil, err
	}
	if c.Constant.Quoted && operator != "=" && operator != "<>" {
		return nil, fail(p.src, int(c.Pos), "Use = or <>.", "texts are compared for being equal")
	}
	return c, nil
}
