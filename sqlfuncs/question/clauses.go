package question

// predict reads PREDICT target.
func (p *parser) predict(q *Question) *Error {
	if err := p.expect("PREDICT", "A question reads: PREDICT COUNT(orders.*) OVER NEXT 30 DAYS FOR EACH customers.customer_id."); err != nil {
		return err
	}
	var err *Error
	if p.atAttribute() {
		q.Target, err = p.attribute()
		return err
	}
	if !p.isWord("NOT") && !p.isMark("(") && !p.atAggregate(p.at) {
		a, err := p.aggregate(clause{stop: p.atTargetEnd}) // or rather says what is wrong with it
		q.Target = a
		return err
	}
	q.Target, err = p.either(clause{stop: p.atTargetEnd}, 0)
	if _, value := q.Target.(*Aggregate); err != nil || value {
		return err
	}
	return p.checkHolds(q.Target)
}

// atTargetEnd reports whether the token ahead begins what may follow a target.
func (p *parser) atTargetEnd() bool {
	if p.at > 0 && p.markAt(p.at-1, ".") {
		return false
	}
	for _, keyword := range []string{"FOR", "OVER", "RANK", "TOP", "CLASSIFY"} {
		if p.isWord(keyword) {
			return true
		}
	}
	return false
}

// atAttribute reports whether a target without aggregates is ahead: it begins with a name.
func (p *parser) atAttribute() bool {
	named := p.kind() == quoted || p.kind() == word && p.markAt(p.at+1, ".")
	if !named {
		return false
	}
	first := p.at
	defer func() { p.at = first }()
	return p.expression(p.atTargetEnd) != nil || p.aggregateIn(first, p.at) < 0
}

// attribute reads an attribute of the entity, or an SQL condition on its attributes.
func (p *parser) attribute() (Expression, *Error) {
	first := p.at
	n, err := p.column()
	if err != nil {
		return nil, err
	}
	if p.kind() == end || p.atTargetEnd() {
		return &n, nil
	}
	if err := p.expression(p.atTargetEnd); err != nil {
		return nil, err
	}
	return p.condition(first), nil
}

// targetWindow reads [RANK TOP n | CLASSIFY] and [OVER NEXT n unit], in any order; the window is that of the aggregates
// that have none of their own.
func (p *parser) targetWindow(q *Question) *Error {
	if err := p.rank(q); err != nil {
		return err
	}
	if err := p.sharedWindow(Aggregates(q.Target)); err != nil {
		return err
	}
	if err := p.rank(q); err != nil {
		return err
	}
	a, _ := q.Target.(*Aggregate)
	if q.Rank != nil && (a == nil || a.Function != ListDistinct) {
		return fail(p.src, int(q.Rank.Pos), "Ask for the items: LIST_DISTINCT(orders.product_id).", "only the items of a LIST_DISTINCT can be ranked")
	}
	return nil
}

func (p *parser) sharedWindow(all []*Aggregate) *Error {
	open := false
	for _, a := range all {
		open = open || a.Window.Length == Span{}
	}
	switch {
	case !open && !p.isWord("OVER"):
		return nil
	case !open && len(all) == 0:
		return p.failHere("It is predicted as it is now: leave the window out.", "an attribute has no window")
	case !open:
		return p.failHere("Give it either inside the aggregate or after OVER NEXT.", "the window is given twice")
	}
	w, err := p.window(false)
	if err != nil {
		return err
	}
	for _, a := range all {
		if (a.Window.Length == Span{}) {
			a.Window = w
		}
	}
	return nil
}

// rank reads RANK [TOP n], CLASSIFY [TOP n] or TOP n.
func (p *parser) rank(q *Question) *Error {
	r := Rank{Pos: p.position()}
	switch {
	case p.takeWord("CLASSIFY"):
		r.Classify = true
	case !p.takeWord("RANK") && !p.isWord("TOP"):
		return nil
	}
	if q.Rank != nil {
		return fail(p.src, int(r.Pos), "", "RANK is given twice")
	}
	if p.takeWord("TOP") {
		n, err := p.constant(Count)
		if err != nil {
			return err
		}
		if r.Top = int(n.Value); n.Value < 1 || n.Value > maxTop || float64(r.Top) != n.Value {
			return fail(p.src, int(n.Pos), "", "TOP takes a whole number from 1 to %d", maxTop)
		}
	} else if !r.Classify {
		return p.unexpected("Say how many: RANK TOP 10.")
	}
	q.Rank = &r
	return nil
}

// maxTop bounds how many items are asked for.
const maxTop = 1000

// forEach reads FOR EACH column, or FOR [EACH] column = key, or FOR [EACH] column IN (key, …).
func (p *parser) forEach(q *Question) (err *Error) {
	const hint = "Say for whom: FOR EACH customers.customer_id."
	if err = p.expect("FOR", hint); err != nil {
		return err
	}
	all := p.isWord("EACH") && !p.markAt(p.at+1, ".") && p.takeWord("EACH")
	if p.kind() == word && !all && !p.markAt(p.at+1, ".") {
		return p.expect("EACH", hint)
	}
	if !all && p.kind() == end {
		return p.unexpected(hint)
	}
	if q.Entity, err = p.column(); err != nil {
		return err
	}
	switch {
	case p.takeMark("="):
		k, err := p.key()
		q.Keys = append(q.Keys, k)
		return err
	case p.takeWord("IN"):
		return p.keys(q)
	case !all:
		return p.unexpected("Say FOR EACH, or for which: FOR customers.customer_id IN (1, 2).")
	}
	return nil
}

// keys reads (key, …).
func (p *parser) keys(q *Question) *Error {
	const hint = "Keys are listed in parentheses: IN (1, 2)."
	if !p.takeMark("(") {
		return p.unexpected(hint)
	}
	for {
		k, err := p.key()
		if err != nil {
			return err
		}
		q.Keys = append(q.Keys, k)
		if p.takeMark(")") {
			return nil
		}
		if !p.takeMark(",") {
			return p.unexpected(hint)
		}
	}
}

// clauses reads [WHERE condition] [ASSUMING condition].
func (p *parser) clauses(q *Question) (err *Error) {
	atAssuming := func() bool { return p.isWord("ASSUMING") && !p.markAt(p.at-1, ".") && !p.markAt(p.at+1, ".") }
	if p.takeWord("WHERE") {
		if q.Where, err = p.logic(clause{past: true, stop: func() bool { return atAssuming() || p.atAsOf() }}, "WHERE"); err != nil {
			return err
		}
	}
	if !p.takeWord("ASSUMING") {
		return nil
	}
	if q.Assuming, err = p.logic(clause{stop: func() bool { return p.isWord("WHERE") || p.atAsOf() }}, "ASSUMING"); err != nil {
		return err
	}
	for _, a := range Aggregates(q.Assuming) {
		if (a.Window.Length == Span{}) {
			return fail(p.src, int(a.Pos), "Say over which time: COUNT(visits.*) OVER NEXT 7 DAYS > 0.", "an assumption about events needs a window")
		}
	}
	return nil
}
