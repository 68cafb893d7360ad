package schema

import (
	"fmt"
	"slices"
	"strings"

	"cvp/sqlfuncs/question"
)

// maxHops bounds the way from the events to the entities.
const maxHops = 3

// edge leads from a relation to the one whose row each of its rows belongs to.
type edge struct {
	from, to  *Relation
	columns   []*Column // of from
	toColumns []*Column
	equal     []string // operators "to = from"
	declared  bool     // a foreign key says so and all rows were checked
	given     bool     // an option names it
}

// String gives the edge as an option would name it.
func (e *edge) String() string {
	pairs := make([]string, len(e.columns))
	for i := range e.columns {
		pairs[i] = question.Link{
			From: question.Name{Table: e.from.Name, Column: e.columns[i].Name},
			To:   question.Name{Table: e.to.Name, Column: e.toColumns[i].Name},
		}.String()
	}
	return strings.Join(pairs, " AND ")
}

// same reports whether two edges pair the same columns.
func (e *edge) same(o *edge) bool {
	return e.from == o.from && e.to == o.to && slices.Equal(e.columns, o.columns) && slices.Equal(e.toColumns, o.toColumns)
}

// refersTo gives the column of from that holds the same value as the named column of to, nil where none does.
func (e *edge) refersTo(column string) *Column {
	for i, c := range e.toColumns {
		if c.Name == column {
			return e.columns[i]
		}
	}
	return nil
}

// graph is the relations and the edges between them.
type graph struct {
	edges    map[*Relation][]*edge
	declared map[*Relation]Declaration
}

// newGraph takes the foreign keys of the catalogue and the links that an option gives. A link between columns that
// a foreign key pairs marks that one.
func newGraph(c *catalog, links []*edge) *graph {
	g := &graph{edges: make(map[*Relation][]*edge)}
	for _, from := range c.order {
		for _, k := range from.ForeignKeys {
			if to := c.relations[k.To]; to != nil {
				g.add(&edge{from: from, to: to, columns: from.byNumber(k.Columns), toColumns: to.byNumber(k.ToColumns), equal: k.Equal, declared: k.Valid})
			}
		}
	}
	for _, l := range links {
		g.add(l)
	}
	return g
}

// add keeps an edge unless it is known already.
func (g *graph) add(e *edge) {
	for _, known := range g.edges[e.from] {
		// A link that names one column of a key of several means that key.
		if e.given && known.to == e.to && (known.same(e) || known.refersTo(e.toColumns[0].Name) == e.columns[0]) {
			known.given = true
			return
		}
		if known.same(e) {
			return
		}
	}
	g.edges[e.from] = append(g.edges[e.from], e)
}

// paths gives every way from one relation to another that visits none twice, shortest first.
func (g *graph) paths(from, to *Relation) [][]*edge {
	var out [][]*edge
	var walk func(at *Relation, way []*edge)
	walk = func(at *Relation, way []*edge) {
		if at == to {
			out = append(out, slices.Clone(way))
			return
		}
		if len(way) == maxHops {
			return
		}
		for _, e := range g.edges[at] {
			if e.to != from && !slices.ContainsFunc(way, func(w *edge) bool { return w.to == e.to }) {
				walk(e.to, append(way, e))
			}
		}
	}
	walk(from, nil)
	slices.SortStableFunc(out, func(a, b []*edge) int { return len(a) - len(b) })
	return out
}

// path gives the way from the events to the entities: the one with the most given links, then the shortest.
func (g *graph) path(events, entities *Relation, key *Column) (way []*edge, note string, err error) {
	ways := g.paths(events, entities)
	if len(ways) == 0 {
		ways, note = g.byName(events, entities, key)
	}
	if len(ways) == 0 {
		return nil, "", noPath(events, entities, key)
	}
	best := ways[:1]
	for _, w := range ways[1:] {
		switch d := given(w) - given(best[0]); {
		case d > 0:
			best = [][]*edge{w}
		case d == 0 && len(w) == len(best[0]):
			best = append(best, w)
		}
	}
	if len(best) > 1 {
		return nil, "", severalPaths(events, entities, best)
	}
	return best[0], note, nil
}

func given(way []*edge) int {
	n := 0
	for _, e := range way {
		if e.given {
			n++
		}
	}
	return n
}

// byName links the entities to the nearest relation that has a column named like their key.
func (g *graph) byName(events, entities *Relation, key *Column) (ways [][]*edge, note string) {
	prefixes := map[*Relation][][]*edge{events: {nil}}
	nearest := []*Relation{events}
	for range maxHops {
		var next []*Relation
		for _, r := range nearest {
			if c := r.find(key.Name); c != nil && comparable(c, key) {
				link := &edge{from: r, to: entities, columns: []*Column{c}, toColumns: []*Column{key}, equal: []string{"OPERATOR(pg_catalog.=)"}}
				for _, p := range prefixes[r] {
					ways = append(ways, append(slices.Clone(p), link))
				}
				note = fmt.Sprintf("no foreign key leads from %s to %s: rows are linked by %s", question.Quote(events.Name), question.Quote(entities.Name), link)
			}
			for _, e := range g.edges[r] {
				if _, seen := prefixes[e.to]; seen && !slices.Contains(next, e.to) || e.to == entities {
					continue
				}
				for _, p := range prefixes[r] {
					prefixes[e.to] = append(prefixes[e.to], append(slices.Clone(p), e))
				}
				if !slices.Contains(next, e.to) {
					next = append(next, e.to)
				}
			}
		}
		if len(ways) > 0 {
			return ways, note
		}
		nearest = next
	}
	return nil, ""
}

// comparable reports whether pg_catalog has an equality between the types of two columns.
func comparable(a, b *Column) bool {
	builtin := func(c *Column) bool { return strings.HasPrefix(c.BaseName, "pg_catalog.") }
	return a.Base == b.Base && (builtin(a) || a.Enum) || a.Category == b.Category && strings.Contains("NSD", a.Category) && builtin(a) && builtin(b)
}

// link makes an edge of an option.
func (c *catalog) link(l question.Link, from, to *Relation) (*edge, error) {
	fromColumn, err := from.Column(l.From.Column)
	if err != nil {
		return nil, err
	}
	toColumn, err := to.Column(l.To.Column)
	if err != nil {
		return nil, err
	}
	if !comparable(fromColumn, toColumn) {
		return nil, failure("42804", "link %s compares %s with %s", l, fromColumn.TypeName, toColumn.TypeName)
	}
	return &edge{from: from, to: to, columns: []*Column{fromColumn}, toColumns: []*Column{toColumn}, equal: []string{"OPERATOR(pg_catalog.=)"}}, nil
}

func noPath(events, entities *Relation, key *Column) error {
	e := failure("42830", "no foreign keys lead from \"%s\" to \"%s\"", events.Name, entities.Name)
	to := question.Name{Table: entities.Name, Column: key.Name}
	e.Hint = fmt.Sprintf(`Name the column that refers to it: options => '{"link": "%s.column = %s"}'.`, question.Quote(events.Name), to)
	return e
}

func severalPaths(events, entities *Relation, ways [][]*edge) error {
	e := failure("42702", "several foreign keys lead from \"%s\" to \"%s\"", events.Name, entities.Name)
	var lines []string
	var choice *edge
	for _, w := range ways {
		var hops []string
		for _, hop := range w {
			hops = append(hops, hop.String())
			if choice == nil && !inAll(ways, hop) {
				choice = hop
			}
		}
		lines = append(lines, strings.Join(hops, ", "))
	}
	e.Detail = "They are:\n" + strings.Join(lines, "\n")
	if choice == nil {
		choice = ways[0][0]
	}
	e.Hint = fmt.Sprintf(`Choose one: options => '{"link": "%s"}'.`, choice)
	return e
}

func inAll(ways [][]*edge, e *edge) bool {
	return !slices.ContainsFunc(ways, func(w []*edge) bool { return !slices.Contains(w, e) })
}
