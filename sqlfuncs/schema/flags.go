package schema

import (
	"slices"

	"cvp/sqlfuncs/question"
)

// findFlags reads the conditions on what the entity itself is.
func (s *sourcing) findFlags() error {
	s.out.flagged = map[*question.Condition]string{}
	var wheres []*question.Condition
	for _, root := range []question.Expression{s.q.Where} {
		question.Walk(root, func(e question.Expression) {
			if c, ok := e.(*question.Condition); ok {
				wheres = append(wheres, c)
			}
		})
	}
	if len(wheres) == 0 {
		return nil
	}
	if !s.out.ownEntity() {
		e := failure("0A000", "a condition on %s needs a table with one row for each", s.q.Entity)
		e.Hint = "Name the table of the entities in FOR EACH, or let an aggregate of the events be the condition: COUNT(orders.*) OVER LAST 90 DAYS > 0."
		return at(s.q, wheres[0].Pos, e)
	}
	p := s.entityPlan()
	for n, where := range wheres {
		c := &condition{number: n, column: numbered(flagColumn, n), open: true}
		c.read(where, p)
		s.out.flags = append(s.out.flags, c)
		s.out.flagged[where] = c.column
	}
	return nil
}

// entityPlan is what the attribute query may join.
func (s *sourcing) entityPlan() *plan {
	p := &plan{conditions: len(s.q.Conditions())}
	if s.out.own == nil {
		s.out.own = p.add(&item{relation: s.out.Entity})
	} else {
		p.items = append(p.items, s.out.own)
	}
	for _, extra := range s.out.extras {
		extra.parent, extra.distance = s.out.own, 1
		p.items = append(p.items, extra)
	}
	return p
}

// FlagOf gives the column of the attribute query that says whether a condition on the entity holds.
func (s *EventSource) FlagOf(c *question.Condition) string { return s.flagged[c] }

// Flags are the columns of the attribute query that FlagOf gives.
func (s *EventSource) Flags() []string {
	var out []string
	for _, c := range s.flags {
		out = append(out, c.column)
	}
	return out
}

// selectedFlags gives the flags' columns of the attribute query.
func (s *EventSource) selectedFlags() []string {
	var out []string
	for _, c := range s.flags {
		out = append(out, as(c.sql(), c.column))
	}
	return out
}

// reads reports whether the condition mentions an item.
func (c *condition) reads(i *item) bool { return slices.Contains(c.items, i) }
