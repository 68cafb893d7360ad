package schema

import (
	"fmt"
	"slices"

	"cvp/engine/frame"
	"cvp/sqlfuncs/question"
)

// attribute is what a question asks of the entities themselves: a column, or whether a condition on columns holds.
type attribute struct {
	column    *column
	kind      frame.Kind
	condition *condition
}

// HasTarget says that the attribute query has the column cvp_target: what is predicted is an attribute.
func (s *EventSource) HasTarget() bool { return s.target != nil }

// chooseEvents takes the largest table of events of the entities for a question that is not about events.
func (s *sourcing) chooseEvents() error {
	if s.main != nil {
		return nil
	}
	var best *Relation
	for _, r := range s.catalog.order {
		ways := s.graph.paths(r, s.out.Entity)
		if r == s.out.Entity || r.check() != nil || len(ways) == 0 || len(ways[0]) > sideHops || best != nil && r.Rows <= best.Rows {
			continue
		}
		if _, err := s.side(r); err == nil {
			best = r
		}
	}
	if best == nil {
		e := failure("0A000", "no events lead to %s", s.q.Entity)
		e.Hint = fmt.Sprintf("Train on the table itself: relation => '%s', target => '…'.", s.q.Entity.Relation())
		return at(s.q, s.q.Entity.Pos, e)
	}
	s.out.Events = best
	s.main = &question.Aggregate{Function: question.Exists, Of: question.Name{Schema: best.Schema, Table: best.Name}}
	return nil
}

// findTarget finds the attribute that is predicted; it is no feature, nor is what the condition on it reads.
func (s *sourcing) findTarget() error {
	var pos question.Pos
	switch e := s.q.Target.(type) {
	case *question.Name:
		pos = e.Pos
	case *question.Condition:
		pos = e.Pos
	default:
		return nil
	}
	if !s.out.ownEntity() {
		return at(s.q, pos, failure("0A000", "predicting an attribute needs a table with one row for each %s", s.q.Entity))
	}
	p := s.entityPlan()
	switch e := s.q.Target.(type) {
	case *question.Name:
		c, err := s.attribute(e, p)
		if err != nil {
			return err
		}
		s.out.target = c
		s.out.Attributes = slices.DeleteFunc(s.out.Attributes, func(d Description) bool {
			return d.column.item.relation == c.column.item.relation && d.column.Name == c.column.Name
		})
	case *question.Condition:
		c := &condition{number: len(s.q.Conditions()) - 1, column: targetColumn, open: true}
		c.read(e, p)
		s.out.target = &attribute{kind: frame.Number, condition: c}
		s.out.Attributes = slices.DeleteFunc(s.out.Attributes, func(d Description) bool { return slices.Contains(c.names, d.column.Name) })
	}
	return nil
}

// attribute finds a column of the entity table or of one that says more about it row for row.
func (s *sourcing) attribute(n *question.Name, p *plan) (*attribute, error) {
	for _, i := range p.items {
		if !i.relation.named(*n) {
			continue
		}
		c, err := i.relation.Column(n.Column)
		if err != nil {
			return nil, at(s.q, n.ColumnPos, err)
		}
		a := &attribute{column: &column{i, c}, kind: frame.Category}
		switch {
		case c.Category == "B" || c.Category == "T" || c.Category == "N" && c.isNumber():
			a.kind = frame.Number
		case c.Category == "D":
			e := failure("0A000", "%s is a date", n)
			e.Hint = fmt.Sprintf("Ask whether it lies before some day: PREDICT %s < '2025-01-01'.", n)
			return nil, at(s.q, n.ColumnPos, e)
		}
		return a, nil
	}
	e := failure("42P01", "%s is not of the entities of %s", n, s.q.Entity)
	e.Hint = "An attribute is a column of the table in FOR EACH, or of one that refers to it row for row."
	return nil, at(s.q, n.Pos, e)
}

// selectedTarget gives the target's column of the attribute query.
func (s *EventSource) selectedTarget() []string {
	switch {
	case s.target == nil:
		return nil
	case s.target.condition != nil:
		return []string{as(s.target.condition.sql(), targetColumn)}
	}
	return []string{as(s.target.column.value(s.target.kind), targetColumn)}
}

// conditions are those that the attribute query evaluates.
func (s *EventSource) conditions() []*condition {
	out := slices.Clone(s.flags)
	if s.target != nil && s.target.condition != nil {
		out = append(out, s.target.condition)
	}
	return out
}

// readsExtra reports whether the attribute query reads a one-to-one table of the entity.
func (s *EventSource) readsExtra(i *item) bool {
	return slices.ContainsFunc(s.Attributes, func(d Description) bool { return d.column.item == i }) ||
		slices.ContainsFunc(s.conditions(), func(c *condition) bool { return c.reads(i) }) ||
		s.target != nil && s.target.column != nil && s.target.column.item == i
}
