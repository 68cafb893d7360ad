package schema

import (
	"errors"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5/pgconn"

	"cvp/sqlfuncs/question"
)

// exclude drops the columns that are to be no features.
func (s *sourcing) exclude() error {
	for _, name := range s.o.Exclude {
		is := func(d Description) bool { return d.Name == name || d.String() == name }
		before := s.out.describing()
		s.out.Columns = slices.DeleteFunc(s.out.Columns, is)
		s.out.Attributes = slices.DeleteFunc(s.out.Attributes, is)
		for i := range s.out.Sides {
			// A column of this name that the question's own events have is another one.
			side := &s.out.Sides[i]
			side.Columns = slices.DeleteFunc(side.Columns, func(d Description) bool { return d.String() == name || side.Name+"."+d.Name == name })
		}
		if s.out.describing() == before {
			return s.unknownFeature(name)
		}
	}
	return nil
}

// describing counts the columns that describe events and entities.
func (s *EventSource) describing() int {
	n := len(s.Columns) + len(s.Attributes)
	for _, side := range s.Sides {
		n += len(side.Columns)
	}
	return n
}

func (s *sourcing) unknownFeature(name string) error {
	var names []string
	for _, d := range append(slices.Clone(s.out.Columns), s.out.Attributes...) {
		names = append(names, d.Name)
	}
	e := option("exclude", fmt.Errorf("no feature is named \"%s\"", name))
	var pgErr *pgconn.PgError
	if near, ok := question.Nearest(name, names); ok && errors.As(e, &pgErr) {
		pgErr.Hint = fmt.Sprintf("Perhaps you meant \"%s\".", near)
	}
	return e
}
