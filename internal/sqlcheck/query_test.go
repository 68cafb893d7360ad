package sqlcheck

import (
	"slices"
	"strings"
)

// query is a random SELECT, kept in parts so that it can be made smaller.
type query struct {
	with     []string // name AS (…)
	distinct string   // DISTINCT or DISTINCT ON (…), "" for neither
	targets  []target
	from     []string // the first item, and joins or comma items behind it
	where    []string // joined by AND
	group    string
	having   string
	order    []string
	limit    string
	// behind is a set operation and its other side, which is before ORDER BY.
	operation string
	behind    *query
}

// target is one column of a select list.
type target struct{ expr, name, typ string }

// String implements fmt.Stringer.
func (q *query) String() string {
	var b strings.Builder
	if len(q.with) > 0 {
		b.WriteString("WITH " + strings.Join(q.with, ", ") + " ")
	}
	q.body(&b)
	if q.behind != nil {
		b.WriteString(" " + q.operation + " ")
		q.behind.body(&b)
	}
	if len(q.order) > 0 {
		b.WriteString(" ORDER BY " + strings.Join(q.order, ", "))
	}
	if q.limit != "" {
		b.WriteString(" " + q.limit)
	}
	return b.String()
}

func (q *query) body(b *strings.Builder) {
	b.WriteString("SELECT ")
	if q.distinct != "" {
		b.WriteString(q.distinct + " ")
	}
	for i, t := range q.targets {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(t.expr)
		if t.name != "" {
			b.WriteString(" AS " + t.name)
		}
	}
	if len(q.from) > 0 {
		b.WriteString(" FROM " + strings.Join(q.from, ""))
	}
	if len(q.where) > 0 {
		b.WriteString(" WHERE " + strings.Join(q.where, " AND "))
	}
	if q.group != "" {
		b.WriteString(" GROUP BY " + q.group)
	}
	if q.having != "" {
		b.WriteString(" HAVING " + q.having)
	}
}

// total reports whether the statement orders its rows by all their columns. Of two columns of one expression Postgres
// orders by the first alone, though grouping sets may leave either NULL.
func (q *query) total() bool {
	if q == nil || len(q.order) == 0 || len(q.order) != len(q.targets) {
		return false
	}
	seen := map[string]bool{}
	for _, t := range q.targets {
		if seen[t.expr] && q.group != "" {
			return false
		}
		seen[t.expr] = true
	}
	return true
}

// smaller gives the query with one part left out, in every way there is.
func (q *query) smaller() (out []*query) {
	add := func(change func(*query)) {
		c := *q
		change(&c)
		out = append(out, &c)
	}
	without := func(list []string, i int) []string { return slices.Delete(slices.Clone(list), i, i+1) }
	for i := range q.with {
		add(func(c *query) { c.with = without(q.with, i) })
	}
	if q.behind != nil {
		add(func(c *query) { c.behind = nil })
		for _, s := range q.behind.smaller() {
			add(func(c *query) { c.behind = s })
		}
	}
	for i := range q.where {
		add(func(c *query) { c.where = without(q.where, i) })
	}
	for i := 1; i < len(q.from); i++ {
		add(func(c *query) { c.from = without(q.from, i) })
	}
	for i := range q.targets {
		if len(q.targets) > 1 && q.behind == nil {
			add(func(c *query) { c.targets = slices.Delete(slices.Clone(q.targets), i, i+1) })
		}
	}
	for i := range q.order {
		add(func(c *query) { c.order = without(q.order, i); c.limit = "" })
	}
	for _, clear := range []func(*query){
		func(c *query) { c.having = "" }, func(c *query) { c.distinct = "" }, func(c *query) { c.limit = "" },
		func(c *query) { c.order, c.limit = nil, "" },
	} {
		add(clear)
	}
	return out
}

// shrink makes a failing statement smaller as long as it fails.
func shrink(q *query, fails func(*query) bool) *query {
	for range 60 {
		text := q.String()
		next := slices.IndexFunc(q.smaller(), func(s *query) bool { return s.String() != text && fails(s) })
		if next < 0 {
			break
		}
		q = q.smaller()[next]
	}
	return q
}
