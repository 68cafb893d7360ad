package schema

import (
	"context"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5/pgconn"

	"cvp/engine/frame"
	"cvp/sqlfuncs/question"
)

// Options choose where the schema leaves a choice or does not say. The zero value leaves all to the schema.
type Options struct {
	Time string // column of the events' time: orders.ordered_at
	// Recorded is a column that says since when an event is known: orders.loaded_at.
	Recorded string
	Group    string   // column that says which events are one purchase: lines.basket_id
	Links    []string // links that no foreign key declares, or the one to take of several: t.hh = households.household_id
	// Exclude are event columns and attributes that are no features, by the name of a Description or as table.column.
	Exclude []string
	// Sides are the tables whose events are read besides, nil for all that the schema shows.
	Sides []string
	// Declared say of relations what their schema does not; the other options go before them.
	Declared []Declaration
}

// EventSource says where the rows behind a question are. Its methods give the SQL that reads them.
type EventSource struct {
	Events *Relation // one row an event
	Entity *Relation // one row for each to predict for; the same relation where the question names it so
	Key    Column    // of Entity
	// Time, Group (empty where each event stands alone) and Path are for people to read.
	Time  string
	Group string
	Path  []string
	// HasValue and HasMatch say whether the event query has the columns cvp_value and cvp_match.
	HasValue, HasMatch bool
	// ValueKind is Category for COUNT DISTINCT, else Number.
	ValueKind frame.Kind
	// Columns describe an event, Attributes an entity. Whoever drops some before asking for SQL reads less.
	Columns, Attributes []Description
	// Indexed says that the events of one entity are found through indexes.
	Indexed bool
	// Sides are other events of the entities, in the order of their names.
	Sides []Side
	// Notes are what the user should know: choices made, links assumed.
	Notes []string

	plan     *plan
	entity   column
	time     column
	recorded *column // since when an event is known, nil for at once
	group    []column
	// measures are those of the aggregates, that of question.Main first; flags are the conditions on the entity.
	measures   []*measure
	measured   map[*question.Aggregate]Measured
	flags      []*condition
	flagged    map[*question.Condition]string
	target     *attribute
	own        *item    // the entity table in the attribute query
	references []string // further result columns of the event query
	extras     []*item  // one-to-one tables of the entity
}

// Description is a column that describes an event or an entity.
type Description struct {
	Name   string // in the result: the column's own name, with its table's where that is taken
	Kind   frame.Kind
	column column
}

// Named reports whether a name in the question means the column; table may be empty.
func (d Description) Named(table, column string) bool {
	return d.column.Name == column && (table == "" || table == d.column.item.relation.Name)
}

// String gives the column as a question would name it.
func (d Description) String() string { return d.column.String() }

// Source finds where the rows behind a question are, in one round trip. Its errors are *pgconn.PgError; where the
// cause stands in the question, InternalQuery and InternalPosition say so.
func Source(ctx context.Context, conn *pgconn.PgConn, q *question.Question, o Options) (*EventSource, error) {
	s := &sourcing{q: q, main: q.Main(), o: o, out: &EventSource{ValueKind: frame.Number}}
	if err := s.readLinks(); err != nil {
		return nil, err
	}
	if err := s.load(ctx, conn); err != nil {
		return nil, err
	}
	steps := []func() error{s.findKey, s.chooseEvents, s.findPath, s.findTime, s.findRecorded, s.findGroup, s.findMeasures, s.findMain, s.findColumns, s.findAttributes, s.findTarget, s.findFlags, s.findSides, s.checkMeasures, s.exclude}
	for _, step := range steps {
		if err := step(); err != nil {
			return nil, err
		}
	}
	if e := s.checkStrings(conn); e != nil {
		return nil, e
	}
	return s.out, nil
}

// sourcing is one run of Source: each step fills its part of out from what the steps before it found.
type sourcing struct {
	q       *question.Question
	main    *question.Aggregate // whose events are read
	o       Options
	links   []question.Link
	catalog *catalog
	graph   *graph
	out     *EventSource
	path    []*edge
}

func (s *sourcing) readLinks() error {
	for _, text := range s.o.Links {
		l, err := question.ParseLink(text)
		if err != nil {
			return option("link", err)
		}
		s.links = append(s.links, l)
	}
	return s.readDeclaredLinks()
}

// load reads the catalogue around the tables that the question and the links name.
func (s *sourcing) load(ctx context.Context, conn *pgconn.PgConn) error {
	events, entity := s.q.Entity, s.q.Entity
	if s.main != nil {
		events = s.main.Of
	}
	tables := []question.Name{events, entity}
	for _, l := range s.links {
		tables = append(tables, l.From, l.To)
	}
	names := make([]string, len(tables))
	for i, t := range tables {
		names[i] = sanitize(t)
	}
	var err error
	if s.catalog, err = load(ctx, conn, names, maxHops); err != nil {
		return err
	}
	for i, r := range s.catalog.named {
		var err error
		if r == nil && i >= 2 {
			r = s.catalog.around(tables[i])
			s.catalog.named[i] = r
		}
		if r == nil {
			err = unknownRelation(ctx, conn, names[i], tables[i].Relation())
		} else {
			err = r.check()
		}
		switch {
		case err == nil:
		case i >= 2+2*len(s.o.Links):
			s.catalog.named[i] = nil // a declaration about tables that are gone or that the role may not read
		case i < 2:
			return at(s.q, tables[i].Pos, err)
		default:
			return err
		}
	}
	s.out.Events, s.out.Entity = s.catalog.named[0], s.catalog.named[1]
	return s.makeGraph()
}

func (s *sourcing) makeGraph() error {
	var links []*edge
	for i, l := range s.links {
		from, to, given := s.catalog.named[2+2*i], s.catalog.named[3+2*i], i < len(s.o.Links)
		if !given && (from == nil || to == nil) {
			continue
		}
		e, err := s.catalog.link(l, from, to)
		switch {
		case err != nil && given:
			return err
		case err != nil:
			continue // its columns have changed since it was declared
		}
		e.given = given
		links = append(links, e)
	}
	s.graph = newGraph(s.catalog, links)
	s.graph.declared = s.declarations()
	return nil
}

func (s *sourcing) findKey() error {
	key, err := s.out.Entity.Column(s.q.Entity.Column)
	if err != nil {
		return at(s.q, s.q.Entity.Pos, err)
	}
	s.out.Key = *key
	return nil
}

// findPath finds the way to the entities and the column that says whose an event is.
func (s *sourcing) findPath() error {
	out := s.out
	if out.Events != out.Entity {
		path, note, err := s.graph.path(out.Events, out.Entity, &out.Key)
		if err != nil {
			return at(s.q, s.q.Entity.Pos, err)
		}
		s.path = path
		s.note(note)
	}
	out.plan = newPlan(out.Events, out.Entity, s.path, s.graph, len(s.q.Conditions())+1)
	out.entity = column{out.plan.events(), out.Entity.find(out.Key.Name)}
	for _, e := range s.path {
		out.Path = append(out.Path, e.String())
	}
	if len(s.path) > 0 {
		out.entity = out.plan.keyOf(len(s.path), &out.Key)
	}
	out.Indexed = out.entity.item.relation.Indexed(out.entity.Name)
	for _, i := range out.plan.items {
		if i.distance > 0 && i.distance <= out.entity.item.distance && !i.outer {
			out.Indexed = out.Indexed && i.parent.relation.Indexed(i.by.columns[0].Name)
		}
	}
	return nil
}

// keyOf gives the column that holds the entity's key: the foreign key's own where its text must be that of the key
// it refers to, else the entity table's.
func (p *plan) keyOf(hops int, key *Column) column {
	last := p.items[hops]
	if c := last.by.refersTo(key.Name); c != nil && sameText(c, key) {
		return column{last.parent, c}
	}
	return column{last, last.relation.find(key.Name)}
}

func (s *sourcing) findTime() error {
	c, note, err := s.out.plan.timeColumn(s.o.Time)
	switch {
	case err != nil && s.o.Time == "":
		return at(s.q, s.main.Of.Pos, err)
	case err != nil:
		return err
	}
	s.note(note)
	// An event without a time is none, so its table is joined like one of the path.
	c.item.outer = false
	s.out.time, s.out.Time = c, c.String()
	return nil
}

func (s *sourcing) findGroup() error {
	group, err := s.out.plan.group(s.o.Group, s.out.time, s.out.entity)
	if err != nil {
		return err
	}
	s.out.group = group
	for i, c := range group {
		if i > 0 {
			s.out.Group += ", "
		}
		s.out.Group += c.String()
	}
	return nil
}

// findMain says what the aggregate whose events are read makes of them.
func (s *sourcing) findMain() error {
	main := s.out.measures[0]
	s.out.HasValue, s.out.ValueKind, s.out.HasMatch = main.value != nil, main.kind, main.match.exists()
	return nil
}

// findAttributes describes the entities, unless the events are all that is known of them.
func (s *sourcing) findAttributes() error {
	out := s.out
	if !out.ownEntity() {
		return nil
	}
	if !out.Entity.Unique(out.Key.Name) {
		s.note(fmt.Sprintf("no index keeps %s unique: of several rows with one key the attributes are those of the first in order", s.q.Entity))
	}
	own := &item{relation: out.Entity, alias: out.Entity.Name}
	names := namer{entityColumn: true, targetColumn: true}
	for n := range s.q.Conditions() {
		names[numbered(flagColumn, n)] = true
	}
	out.Attributes = describe(out.Attributes, names, own, s.graph, func(c *Column) bool { return c.Name == out.Key.Name }, true)
	for _, r := range s.catalog.order {
		for _, e := range s.graph.edges[r] {
			if e.to == out.Entity && r != out.Entity && r != out.Events && len(e.columns) == 1 && slices.Equal(r.Key(), []string{e.columns[0].Name}) {
				extra := &item{relation: r, alias: r.Name, parent: own, by: e, outer: true}
				if r.Name == own.alias || slices.ContainsFunc(out.extras, func(i *item) bool { return i.alias == r.Name }) {
					extra.alias = fmt.Sprintf("%s_%d", r.Name, len(out.extras)+2)
				}
				out.extras = append(out.extras, extra)
				out.Attributes = describe(out.Attributes, names, extra, s.graph, func(c *Column) bool { return c == e.columns[0] }, true)
			}
		}
	}
	return nil
}

// ownEntity reports whether the entity table has one row for each entity, by declaration or, where it has no
// constraints at all, by what the question takes it for.
func (s *EventSource) ownEntity() bool {
	return s.Events != s.Entity && (s.Entity.Unique(s.Key.Name) || len(s.Entity.Key()) == 0)
}

// findColumns describes the events by their own columns and those of the tables they belong to.
func (s *sourcing) findColumns() error {
	out := s.out
	names := namer{entityColumn: true, timeColumn: true, recordedColumn: true, groupColumn: true, valueColumn: true, matchColumn: true}
	for _, m := range out.measures {
		names[m.valueColumn()], names[m.matchColumn()] = true, true
	}
	value := out.measures[0].value
	for _, i := range out.plan.items {
		if i.last {
			continue
		}
		out.Columns = describe(out.Columns, names, i, s.graph, func(c *Column) bool {
			is := column{i, c}
			return is == out.time || is == out.entity || slices.Contains(out.group, is) || value != nil && is == *value || s.leadsOn(i, c)
		}, false)
	}
	return nil
}

// leadsOn reports whether the column only leads to the next table of the path.
func (s *sourcing) leadsOn(i *item, c *Column) bool {
	return slices.ContainsFunc(s.path, func(e *edge) bool { return e.from == i.relation && slices.Contains(e.columns, c) })
}

// describe appends the columns of an item that describe its row.
func describe(out []Description, names namer, i *item, g *graph, skip func(*Column) bool, times bool) []Description {
	r := i.relation
	key := r.Key()
	for j := range r.Columns {
		c := &r.Columns[j]
		only := len(key) == 1 && key[0] == c.Name
		joined := i.by != nil && slices.Contains(i.by.toColumns, c)
		if skip(c) || only || joined {
			continue
		}
		reference := slices.ContainsFunc(g.edges[r], func(e *edge) bool { return slices.Contains(e.columns, c) })
		kind, ok := c.describes(r, slices.Contains(key, c.Name), reference)
		if ok && (kind != frame.Time || times) {
			out = append(out, Description{Name: names.name(i, c), Kind: kind, column: column{i, c}})
		}
	}
	return out
}

// checkStrings refuses a condition that this session's Postgres would cut into tokens in another way than its
// parser did.
func (s *sourcing) checkStrings(conn *pgconn.PgConn) error {
	for _, c := range s.q.Conditions() {
		if conn.ParameterStatus("standard_conforming_strings") == "off" && slices.Contains([]byte(c.SQL), '\\') {
			e := failure("0A000", "a condition with a backslash needs standard_conforming_strings")
			e.Hint = "SET standard_conforming_strings = on."
			return at(s.q, c.Pos, e)
		}
	}
	return nil
}

func (s *sourcing) note(text string) {
	if text != "" {
		s.out.Notes = append(s.out.Notes, text)
	}
}
