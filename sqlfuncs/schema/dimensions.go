package schema

import (
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5/pgtype"
)

// Dimension is a table that the events refer to and that is read apart from them: products beside order lines. Joined,
// each of its rows would be sent once for every event.
type Dimension struct {
	// Reference is the column of FactsSQL that refers to it, by the text of the key.
	Reference string
	// SQL reads it: cvp_key text, then the columns that EventsSQL has of it, under the same names.
	SQL string
}

const keyColumn = "cvp_key"

// Dimensions gives the tables that FactsSQL leaves out.
func (s *EventSource) Dimensions() []Dimension {
	var out []Dimension
	for n, i := range s.apart() {
		columns := []string{as(column{i, i.by.toColumns[0]}.text(), keyColumn)}
		for _, d := range s.Columns {
			if d.column.item == i {
				columns = append(columns, list([]Description{d})...)
			}
		}
		out = append(out, Dimension{Reference: referenceColumn(n), SQL: fmt.Sprintf("SELECT %s\nFROM %s", strings.Join(columns, ",\n\t"), i.from())})
	}
	return out
}

// FactsSQL is EventsSQL of all entities before a moment without the columns of Dimensions, but with what refers to them.
func (s *EventSource) FactsSQL() Query {
	facts := *s
	facts.Columns = slices.DeleteFunc(slices.Clone(s.Columns), func(d Description) bool { return slices.Contains(s.apart(), d.column.item) })
	for n, i := range s.apart() {
		facts.references = append(facts.references, as(column{i.parent, i.by.columns[0]}.text(), referenceColumn(n)))
	}
	var q Query
	facts.events(&q, q.param(pgtype.TimestamptzOID, "timestamptz"), "")
	return q
}

// ResultColumns are the names of EventsSQL's columns, in order.
func (s *EventSource) ResultColumns() []string {
	out := []string{entityColumn, timeColumn}
	if s.recorded != nil {
		out = append(out, recordedColumn)
	}
	if len(s.group) > 0 {
		out = append(out, groupColumn)
	}
	for _, m := range s.measures {
		if m.value != nil {
			out = append(out, m.valueColumn())
		}
		if m.match.exists() {
			out = append(out, m.matchColumn())
		}
	}
	for _, d := range s.Columns {
		out = append(out, d.Name)
	}
	return out
}

func referenceColumn(n int) string { return numbered("cvp_reference", n) }

// apart are the tables that are better read apart: those that describe the events and nothing else, refer to them by one
// column with a text of its own for each value, and have fewer rows.
func (s *EventSource) apart() []*item {
	var out []*item
	for _, i := range s.plan.items[1:] {
		single := i.outer && i.parent == s.plan.events() && len(i.by.columns) == 1
		if !single || s.otherwise(i) || !sameText(i.by.columns[0], i.by.toColumns[0]) || !i.relation.Unique(i.by.toColumns[0].Name) {
			continue
		}
		few := i.relation.Rows > 0 && 2*i.relation.Rows < s.Events.Rows
		if few && slices.ContainsFunc(s.Columns, func(d Description) bool { return d.column.item == i }) {
			out = append(out, i)
		}
	}
	return out
}

// otherwise reports whether the event query reads an item for more than its columns.
func (s *EventSource) otherwise(i *item) bool {
	if i == s.entity.item || i == s.time.item || slices.ContainsFunc(s.group, func(c column) bool { return c.item == i }) {
		return true
	}
	return slices.ContainsFunc(s.measures, func(m *measure) bool {
		return slices.Contains(m.match.items, i) || m.value != nil && m.value.item == i || m.match.present != nil && m.match.present.item == i
	})
}
