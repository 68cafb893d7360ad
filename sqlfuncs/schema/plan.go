package schema

import (
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"cvp/sqlfuncs/question"
)

// item is a relation in the FROM clause of the event query.
type item struct {
	relation *Relation
	alias    string // the relation's own name unless that is taken
	parent   *item  // joined to it, nil for the event table
	by       *edge
	// distance from the event table in joins; names in the question's condition mean the nearest item.
	distance int
	// outer says that an event without this row is still an event.
	outer bool
	// last is the entity table: joined only where something of it is read.
	last bool
}

// column is a column of an item.
type column struct {
	item *item
	*Column
}

// sql refers to the column.
func (c column) sql() string { return pgx.Identifier{c.item.alias, c.Name}.Sanitize() }

// String gives the column as a question would name it.
func (c column) String() string {
	return question.Name{Table: c.item.relation.Name, Column: c.Name}.String()
}

// plan is all that the event query may join, the event table first.
type plan struct {
	items      []*item
	conditions int // how many names are kept for conditions
	declared   map[*Relation]Declaration
}

// newPlan joins the tables of the path and those that the event table refers to.
func newPlan(events, entities *Relation, path []*edge, g *graph, conditions int) *plan {
	p := &plan{conditions: conditions, declared: g.declared}
	at := p.add(&item{relation: events})
	for _, e := range path {
		at = p.add(&item{relation: e.to, parent: at, by: e, distance: at.distance + 1, last: e.to == entities})
	}
	for _, e := range g.edges[events] {
		// A table joined already is not joined again: its columns would be ambiguous to the question's condition.
		if e.to != entities && !slices.ContainsFunc(p.items, func(i *item) bool { return i.relation == e.to }) {
			p.add(&item{relation: e.to, parent: p.items[0], by: e, distance: 1, outer: true})
		}
	}
	return p
}

// add names an item and keeps it.
func (p *plan) add(i *item) *item {
	i.alias = i.relation.Name
	for n := 2; p.aliased(i.alias); n++ {
		i.alias = fmt.Sprintf("%s_%d", i.relation.Name, n)
	}
	p.items = append(p.items, i)
	return i
}

func (p *plan) aliased(alias string) bool {
	for n := range p.conditions {
		if alias == numbered(conditionAlias, n) {
			return true
		}
	}
	return slices.ContainsFunc(p.items, func(i *item) bool { return i.alias == alias })
}

// events is the item of the event table.
func (p *plan) events() *item { return p.items[0] }

// on gives the item's join condition.
func (i *item) on() string {
	pairs := make([]string, len(i.by.columns))
	for n := range i.by.columns {
		to, from := column{i, i.by.toColumns[n]}, column{i.parent, i.by.columns[n]}
		pairs[n] = fmt.Sprintf("%s %s %s", to.sql(), i.by.equal[n], from.sql())
	}
	return strings.Join(pairs, " AND ")
}

// from gives the item's relation, with its alias where it has one of its own.
func (i *item) from() string {
	if i.alias == i.relation.Name {
		// Without an alias the condition may name the table with its schema too.
		return i.relation.SQL()
	}
	return i.relation.SQL() + " AS " + pgx.Identifier{i.alias}.Sanitize()
}

// find gives the column that an option names: of the event table, the path or a table that the events refer to.
func (p *plan) find(n question.Name) (column, error) {
	var names []string
	for _, i := range p.items {
		if n.Table != "" && (n.Table != i.relation.Name || n.Schema != "" && n.Schema != i.relation.Schema) {
			continue
		}
		for j := range i.relation.Columns {
			c := &i.relation.Columns[j]
			if c.Name == n.Column {
				return column{i, c}, nil
			}
			names = append(names, question.Name{Table: i.relation.Name, Column: c.Name}.String())
		}
	}
	e := failure("42703", "column %s is not in \"%s\" or a table that it refers to", n, p.events().relation.Name)
	if near, ok := question.Nearest(n.String(), names); ok {
		e.Hint = fmt.Sprintf("Perhaps you meant %s.", near)
	}
	return column{}, e
}
