package question

// clause is where an expression stands.
type clause struct {
	past bool        // aggregates look back
	stop func() bool // the token ahead, outside of brackets, does not belong to it
}

// maxDepth bounds how deep parentheses nest around aggregates.
const maxDepth = 50

// logic reads a condition that may hold aggregates. Without any it is one SQL expression.
func (p *parser) logic(c clause, what string) (Expression, *Error) {
	first := p.at
	if err := p.expression(c.stop); err != nil {
		return nil, err
	}
	if p.at == first {
		return nil, p.unexpected("A condition is expected after " + what + ", such as country = 'France'.")
	}
	if p.aggregateIn(first, p.at) < 0 {
		return p.condition(first), nil
	}
	p.at = first
	e, err := p.either(c, 0)
	switch {
	case err != nil:
		return nil, err
	case p.kind() != end && !c.stop():
		return nil, p.unexpected("A comparison is one of =, <>, <, <=, > and >=; conditions are joined by AND or OR.")
	}
	return e, p.checkHolds(e)
}

// checkHolds refuses a value where it should be said whether something holds.
func (p *parser) checkHolds(e Expression) *Error {
	switch e := e.(type) {
	case *Logic:
		for _, operand := range e.Operands {
			if err := p.checkHolds(operand); err != nil {
				return err
			}
		}
	case *Aggregate:
		if e.Function != Exists {
			return fail(p.src, int(e.Pos), "Compare it: "+string(e.Function)+"(…) > 0.", "%s gives a value where a condition is expected", e.Function)
		}
	}
	return nil
}

// either reads operands joined by OR.
func (p *parser) either(c clause, depth int) (Expression, *Error) {
	return p.joined(Or, c, func() (Expression, *Error) { return p.all(c, depth) })
}

// all reads operands joined by AND. Without any aggregate they are one SQL expression.
func (p *parser) all(c clause, depth int) (Expression, *Error) {
	first := p.at
	e, err := p.joined(And, c, func() (Expression, *Error) { return p.operand(c, depth) })
	if err == nil && p.aggregateIn(first, p.at) < 0 {
		return p.condition(first), nil
	}
	return e, err
}

func (p *parser) joined(o Operator, c clause, operand func() (Expression, *Error)) (Expression, *Error) {
	left, err := operand()
	for err == nil && !c.stop() && p.isWord(string(o)) {
		at := p.position()
		p.at++
		var right Expression
		if right, err = operand(); err == nil {
			left = o.join(left, right, at)
		}
	}
	return left, err
}

// operand reads NOT, a group, an aggregate with its comparison, or SQL.
func (p *parser) operand(c clause, depth int) (Expression, *Error) {
	if depth > maxDepth {
		return nil, p.failHere("", "conditions are nested more than %d deep", maxDepth)
	}
	at := p.position()
	switch {
	case p.takeWord("NOT"):
		e, err := p.operand(c, depth+1)
		if err != nil {
			return nil, err
		}
		return &Logic{Operator: Not, Operands: []Expression{e}, Pos: at}, nil
	case p.atAggregate(p.at):
		return p.compared(c)
	case p.isMark("(") && p.aggregateIn(p.at, p.behind(p.at)) >= 0:
		p.at++
		inner := clause{past: c.past, stop: func() bool { return p.isMark(")") }}
		e, err := p.either(inner, depth+1)
		if err != nil {
			return nil, err
		}
		if !p.takeMark(")") {
			return nil, p.unexpected("Conditions are joined by AND or OR.")
		}
		return e, nil
	}
	return p.sqlOperand(c)
}

// sqlOperand reads an SQL expression up to the next AND or OR that is not part of it.
func (p *parser) sqlOperand(c clause) (Expression, *Error) {
	first, betweens, cases := p.at, 0, 0
	stop := func() bool {
		if c.stop() {
			return true
		}
		switch {
		case p.isWord("CASE"):
			cases++
		case p.isWord("END"):
			cases--
		case cases > 0:
		case p.isWord("BETWEEN"):
			betweens++
		case p.isWord("AND") && betweens > 0:
			betweens--
		case p.isWord("AND"), p.isWord("OR"):
			return true
		}
		return false
	}
	if err := p.expression(stop); err != nil {
		return nil, err
	}
	if p.at == first {
		return nil, p.unexpected("A condition is expected here.")
	}
	if at := p.aggregateIn(first, p.at); at >= 0 {
		p.at = at
		return nil, p.failHere("An aggregate stands left of a comparison with a constant: COUNT(orders.*) OVER LAST 90 DAYS > 2.",
			"an aggregate cannot be part of an SQL expression")
	}
	return p.condition(first), nil
}

// compared reads aggregate [compare].
func (p *parser) compared(c clause) (Expression, *Error) {
	a, err := p.aggregate(c)
	if err != nil {
		return nil, err
	}
	compare, err := p.compare(a)
	if err != nil || compare == nil {
		return a, err
	}
	return compare, nil
}

// behind gives the token behind the bracket that closes the one at a token; brackets are balanced.
func (p *parser) behind(at int) int {
	depth := 0
	for ; at < len(p.tokens)-1; at++ {
		for _, open := range []string{"(", "[", "{"} {
			if p.markAt(at, open) {
				depth++
			}
			if p.markAt(at, closing[open]) {
				depth--
			}
		}
		if depth == 0 {
			return at + 1
		}
	}
	return at
}

// aggregateIn gives the first token in [from, to) at which an aggregate begins, -1 where there is none. What stands in
// a subquery is SQL's own.
func (p *parser) aggregateIn(from, to int) int {
	for at := from; at < to; at++ {
		if p.markAt(at, "(") && p.atQuery(at+1) {
			at = p.behind(at) - 1
			continue
		}
		if p.atAggregate(at) {
			return at
		}
	}
	return -1
}

func (p *parser) atQuery(at int) bool {
	return p.wordAt(at, "SELECT") || p.wordAt(at, "WITH") || p.wordAt(at, "VALUES")
}

// atAggregate reports whether an aggregate of the question begins at a token, rather than an SQL function of its name.
func (p *parser) atAggregate(at int) bool {
	if at > 0 && p.markAt(at-1, ".") {
		return false
	}
	for _, f := range functions {
		if !p.wordAt(at, f.word) {
			continue
		}
		open := at + 1
		if f.function == Count && p.wordAt(open, "DISTINCT") {
			open++
		}
		if !p.markAt(open, "(") || p.atQuery(open+1) {
			return false
		}
		return f.function != First && f.function != Last || p.markAt(open+2, ".")
	}
	return false
}
