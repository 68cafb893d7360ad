package question

// where reads [WHERE condition] of events; the condition goes on until stop says, outside of all brackets, that the token
// ahead is not part of it.
func (p *parser) where(stop func() bool) (*Condition, *Error) {
	if !p.takeWord("WHERE") {
		return nil, nil
	}
	first := p.at
	if err := p.expression(stop); err != nil {
		return nil, err
	}
	if p.at == first {
		return nil, p.unexpected("A condition is expected after WHERE, such as category = 'BEER'.")
	}
	return p.condition(first), nil
}

// closing gives the bracket that closes an opening one.
var closing = map[string]string{"(": ")", "[": "]", "{": "}"}

// expression passes the tokens of one SQL expression.
func (p *parser) expression(stop func() bool) *Error {
	var open []int // tokens of the brackets not yet closed
	for ; p.kind() != end; p.at++ {
		if len(open) == 0 && stop() {
			return nil
		}
		if p.kind() != mark {
			continue
		}
		switch s := p.spelling(); s {
		case "(", "[", "{":
			open = append(open, p.at)
		case ")", "]", "}":
			if len(open) == 0 || closing[p.textOf(open[len(open)-1])] != s {
				return p.unexpected("The brackets of a condition must be balanced.")
			}
			open = open[:len(open)-1]
		case ";":
			return p.unexpected("A condition is one expression without a semicolon.")
		case ",":
			if len(open) == 0 {
				return p.unexpected("A condition is one expression; join several with AND or OR.")
			}
		}
	}
	if len(open) > 0 {
		at := p.tokens[open[len(open)-1]].from
		return fail(p.src, at, "The brackets of a condition must be balanced.", "bracket is never closed")
	}
	return nil
}

func (p *parser) textOf(at int) string {
	t := p.tokens[at]
	return p.src[t.from:t.to]
}

// Names gives the identifiers that occur in the condition, as SQL reads them, each once and in order: columns,
// tables and functions, with keywords among them.
func (c *Condition) Names() []string {
	p, err := newParser(c.SQL)
	if err != nil {
		return nil // only a condition that was not parsed here
	}
	var names []string
	seen := map[string]bool{}
	for ; p.kind() != end; p.at++ {
		if p.kind() != word && p.kind() != quoted {
			continue
		}
		at := p.at
		name, err := p.identifier()
		p.at = at // the loop moves on
		if err != nil || seen[name] {
			continue
		}
		seen[name] = true
		names = append(names, name)
	}
	return names
}
