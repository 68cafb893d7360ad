package schema

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"cvp/sqlfuncs/question"
)

// Side is a table of other events of the same entities: page views, campaigns, redemptions. It has no value and no match.
type Side struct {
	Name string // the table's own, with its schema's where that is taken
	*EventSource
}

const (
	// sideHops bounds the way from other events to the entities: deeper ones say little of an entity.
	sideHops = 2
	// maxSides bounds how many tables are read that nobody asked for; the largest are.
	maxSides = 8
)

// findSides finds the other events of the entities: of tables that lead to theirs by foreign keys or given links and say
// when their rows happened. What the question's own events are joined with is no other event.
func (s *sourcing) findSides() error {
	if !s.out.ownEntity() {
		return nil
	}
	if s.o.Sides != nil {
		return s.findNamedSides()
	}
	for _, r := range s.catalog.order {
		if !s.other(r) || r.check() != nil {
			continue
		}
		side, err := s.side(r)
		if err != nil && s.asked(r) {
			return err
		}
		if err != nil {
			if refused := (*pgconn.PgError)(nil); errors.As(err, &refused) && refused.Code == ambiguous {
				s.note(fmt.Sprintf("events of %s are not used: %s", question.Quote(r.Name), refused.Message))
			}
			continue
		}
		s.out.Sides = append(s.out.Sides, side)
	}
	s.keepLargest()
	for _, side := range s.out.Sides {
		s.note(fmt.Sprintf("events of %s describe the entities too (time %s)", question.Quote(side.Name), side.Time))
	}
	return nil
}

// ambiguous is the SQLSTATE of a choice that the schema leaves open.
const ambiguous = "42702"

// findNamedSides finds those that an option names; what is wrong with one is an error then.
func (s *sourcing) findNamedSides() error {
	for _, name := range s.o.Sides {
		n, err := question.ParseName(name + ".x")
		if err != nil {
			return option("sides", err)
		}
		r := s.catalog.around(n)
		switch {
		case r == nil:
			return option("sides", fmt.Errorf("no table %s leads to %s by a foreign key of its own or of the table between", name, question.Quote(s.out.Entity.Name)))
		case !s.other(r):
			return option("sides", fmt.Errorf("rows of %s are no other events: the question reads them already", name))
		}
		if err := r.check(); err != nil {
			return err
		}
		side, err := s.side(r)
		if err != nil {
			return err
		}
		s.out.Sides = append(s.out.Sides, side)
	}
	return s.findAskedSides()
}

// findAskedSides finds the events that the question names and the option does not.
func (s *sourcing) findAskedSides() error {
	for _, r := range s.catalog.order {
		read := slices.ContainsFunc(s.out.Sides, func(side Side) bool { return side.Events == r })
		if read || r == s.out.Events || !s.asked(r) || !s.other(r) {
			continue
		}
		side, err := s.side(r)
		if err != nil {
			return err
		}
		s.out.Sides = append(s.out.Sides, side)
	}
	return nil
}

// other reports whether the rows of a relation may be other events: neither the question's own, nor what they are joined
// with, nor the entities, nor what says more about these row for row; an aggregate of the question may be of joined rows.
func (s *sourcing) other(r *Relation) bool {
	joined := !s.asked(r) || r == s.out.Events
	if r == s.out.Entity || joined && slices.ContainsFunc(s.out.plan.items, func(i *item) bool { return i.relation == r }) ||
		slices.ContainsFunc(s.out.extras, func(i *item) bool { return i.relation == r }) {
		return false
	}
	ways := s.graph.paths(r, s.out.Entity)
	return len(ways) > 0 && len(ways[0]) <= sideHops
}

// side finds where the rows of other events are.
func (s *sourcing) side(r *Relation) (Side, error) {
	of := &sourcing{q: s.q, main: &question.Aggregate{Function: question.Exists, Of: question.Name{Schema: r.Schema, Table: r.Name}},
		catalog: s.catalog, graph: s.graph, out: &EventSource{Events: r, Entity: s.out.Entity, Key: s.out.Key}}
	for _, step := range []func() error{of.findPath, of.findTime, of.findRecorded, of.findGroup, of.findMeasures, of.findMain, of.findColumns} {
		if err := step(); err != nil {
			return Side{}, err
		}
	}
	name := r.Name
	if slices.ContainsFunc(s.out.Sides, func(other Side) bool { return other.Name == name }) {
		name = r.Schema + "." + r.Name
	}
	return Side{name, of.out}, nil
}

// keepLargest drops the smallest tables where there are too many.
func (s *sourcing) keepLargest() {
	if len(s.out.Sides) <= maxSides {
		return
	}
	slices.SortStableFunc(s.out.Sides, func(a, b Side) int {
		if asked := s.asked(a.Events); asked != s.asked(b.Events) {
			return map[bool]int{true: -1, false: 1}[asked]
		}
		return cmp.Compare(b.Events.Rows, a.Events.Rows)
	})
	var dropped []string
	for _, side := range s.out.Sides[maxSides:] {
		dropped = append(dropped, question.Quote(side.Name))
	}
	s.out.Sides = s.out.Sides[:maxSides]
	slices.SortFunc(s.out.Sides, func(a, b Side) int { return strings.Compare(a.Name, b.Name) })
	s.note(fmt.Sprintf(`events of %s are not used: there are more than %d such tables; name those to use with options => '{"sides": ["…"]}'`,
		strings.Join(dropped, ", "), maxSides))
}
