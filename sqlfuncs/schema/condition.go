package schema

import (
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"cvp/sqlfuncs/question"
)

// conditionAlias names the question's condition in the event query.
const conditionAlias = "cvp_condition"

// condition says which events count. The question's own expression is evaluated in two scopes, one inside the
// other, so that its unqualified names mean what a reader expects: first the event table, then the other tables
// that it mentions; qualified names work as everywhere. Postgres flattens the scopes: they cost nothing.
type condition struct {
	where   *question.Condition
	names   []string // identifiers in where
	items   []*item  // those besides the event table that where mentions
	present *column  // must not be NULL
	number  int      // among the conditions of a query
	column  string   // that holds it in the query's result
	open    bool     // NULL stays NULL, else it is false
}

// alias names the condition in the query.
func (c *condition) alias() string { return numbered(conditionAlias, c.number) }

// read takes the question's condition and finds the tables it mentions: by name, or by a column that no nearer
// table has.
func (c *condition) read(where *question.Condition, p *plan) {
	if where == nil {
		return
	}
	c.where, c.names = where, where.Names()
	covered := map[string]bool{}
	cover := func(i *item) {
		for _, n := range c.names {
			covered[n] = covered[n] || i.relation.find(n) != nil
		}
	}
	cover(p.events())
	for distance := 1; distance <= maxHops; distance++ {
		for _, last := range []bool{false, true} {
			var found []*item
			for _, i := range p.items {
				if i.distance == distance && i.last == last && c.mentions(i, covered) {
					found = append(found, i)
				}
			}
			for _, i := range found {
				cover(i)
			}
			c.items = append(c.items, found...)
		}
	}
}

func (c *condition) mentions(i *item, covered map[string]bool) bool {
	return slices.ContainsFunc(c.names, func(n string) bool {
		return n == i.relation.Name || !covered[n] && i.relation.find(n) != nil
	})
}

// exists reports whether not all events count.
func (c *condition) exists() bool { return c.where != nil || c.present != nil }

// sql gives the value of cvp_match.
func (c *condition) sql() string {
	var parts []string
	if c.where != nil {
		parts = append(parts, pgx.Identifier{c.alias(), c.column}.Sanitize())
	}
	if c.present != nil {
		parts = append(parts, c.present.sql()+" IS NOT NULL")
	}
	return strings.Join(parts, " AND ")
}

// from gives the FROM item that evaluates the expression, and the place of the expression in it. CASE makes NULL
// false; it and AND have Postgres refuse what is not boolean; VALUES has it refuse aggregates, window functions and what
// gives several rows.
func (c *condition) from(events *item) (sql string, place int) {
	alias, match := quoted(c.alias()), quoted(c.column)
	scopes := [][]*item{c.items, {events}}
	if len(c.items) == 0 {
		scopes = scopes[1:]
	}
	var b strings.Builder
	for _, scope := range scopes {
		fmt.Fprintf(&b, "CROSS JOIN LATERAL (SELECT %s.%s FROM ", alias, match)
		for n, i := range scope {
			if n > 0 {
				b.WriteString("CROSS JOIN ")
			}
			b.WriteString(c.scope(i) + " ")
		}
	}
	before, after := "CASE WHEN (", ") THEN true ELSE false END"
	if c.open {
		before, after = "(", ") AND true"
	}
	b.WriteString("CROSS JOIN LATERAL (VALUES (" + before)
	place = b.Len()
	fmt.Fprintf(&b, "%s%s)) AS %s (%s)", c.where.SQL, after, alias, match)
	for range scopes {
		fmt.Fprintf(&b, ") AS %s", alias)
	}
	return b.String(), place
}

// scope gives the row of an item under its name with the columns that the expression may mean.
func (c *condition) scope(i *item) string {
	var columns []string
	for _, n := range c.names {
		if found := i.relation.find(n); found != nil {
			columns = append(columns, column{i, found}.sql())
		}
	}
	return fmt.Sprintf("(SELECT %s) AS %s", strings.Join(columns, ", "), pgx.Identifier{i.alias}.Sanitize())
}
