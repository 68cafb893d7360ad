package schema

import (
	"slices"

	"cvp/sqlfuncs/question"
)

// Declaration says of a relation what its schema does not; names that it does not give are "".
type Declaration struct {
	Schema, Relation string
	Time             string // column of the time of its rows
	Group            string // column that says which of its rows are one purchase
	Recorded         string // column that says since when a row is known
	Links            []string
}

// readDeclaredLinks adds the links of declarations behind those of the options.
func (s *sourcing) readDeclaredLinks() error {
	for _, d := range s.o.Declared {
		for _, text := range d.Links {
			l, err := question.ParseLink(text)
			if err != nil {
				return option("links", err)
			}
			s.links = append(s.links, l)
		}
	}
	return nil
}

// declarations finds the relations that declarations are about.
func (s *sourcing) declarations() map[*Relation]Declaration {
	out := map[*Relation]Declaration{}
	for _, d := range s.o.Declared {
		i := slices.IndexFunc(s.catalog.order, func(r *Relation) bool { return r.Schema == d.Schema && r.Name == d.Relation })
		if i >= 0 {
			out[s.catalog.order[i]] = d
		}
	}
	return out
}

// declaredTime is the column that a declaration names as the time of the item's rows. One that is gone since, or that
// the role may not read, is none.
func (p *plan) declaredTime(i *item) (column, bool) {
	c := i.relation.find(p.declared[i.relation].Time)
	if c == nil || !c.isTime() || !c.Readable {
		return column{}, false
	}
	return column{i, c}, true
}
