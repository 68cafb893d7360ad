package sqlcheck

import (
	"fmt"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
)

// maker makes random statements over the tables of the world. What it makes has one right answer: ties, sums of floats
// and LIMIT without a total order are avoided.
type maker struct {
	*rand.Rand
	aliases int
}

// source is a FROM item: its alias and columns.
type source struct {
	alias   string
	columns []target
	table   bool // a base table with the columns of customers, whose whole row is a subject
}

// scope are the FROM items that an expression may name.
type scope []source

func (m *maker) chance(percent int) bool { return m.IntN(100) < percent }

func pick[T any](m *maker, list ...T) T { return list[m.IntN(len(list))] }

func (m *maker) alias() string {
	m.aliases++
	return fmt.Sprintf("t%d", m.aliases)
}

func cols(text string) (out []target) {
	for _, c := range strings.Fields(text) {
		name, typ, _ := strings.Cut(c, ":")
		out = append(out, target{name: name, typ: typ})
	}
	return out
}

var (
	peopleColumns = cols("id:int big:big code:text uid:uuid num:num born:date country:text age:int income:float vip:bool referrer:int")
	buysColumns   = cols("order_id:int customer_id:int amount:float item:text")
	countries     = cols("code:text name:text continent:text chief:int")
	scored        = cols("id:int score:float note:text")
)

// column gives a reference to some column of a type, "" where there is none.
func (m *maker) column(s scope, typ string) string {
	var out []string
	for _, src := range s {
		for _, c := range src.columns {
			if c.typ == typ {
				out = append(out, src.alias+"."+c.name)
			}
		}
	}
	if len(out) == 0 {
		return ""
	}
	return pick(m, out...)
}

// call gives a call of cvp_predict.
func (m *maker) call(s scope, depth int) string {
	if m.chance(10) {
		for _, src := range s {
			if src.table {
				return fmt.Sprintf("cvp_predict('%s', %s)", pick(m, "risk", "worth", "visits"), src.alias)
			}
		}
	}
	if m.chance(25) {
		key := pick(m, [2]string{"big", "by_big"}, [2]string{"uuid", "by_uid"}, [2]string{"num", "by_num"}, [2]string{"date", "by_born"}, [2]string{"text", "by_code"})
		if c := m.column(s, key[0]); c != "" {
			return fmt.Sprintf("cvp_predict('%s', %s)", key[1], c)
		}
	}
	return fmt.Sprintf("cvp_predict('%s', %s)", pick(m, "risk", "risk", "worth", "risk@2", "visits"), m.key(s, depth))
}

// key gives an integer key: mostly a column.
func (m *maker) key(s scope, depth int) string {
	c := m.column(s, "int")
	switch {
	case c == "" || m.chance(5):
		return pick(m, "42", "7", "NULL::int", "999", "'42'", "12::bigint", "3::smallint")
	case m.chance(70) || depth <= 0:
		return c
	}
	switch m.IntN(8) {
	case 0:
		return c + " + " + fmt.Sprint(m.IntN(5))
	case 1:
		return fmt.Sprintf("coalesce(%s, %d)", c, m.IntN(200))
	case 2:
		return fmt.Sprintf("nullif(%s, %d)", c, m.IntN(30))
	case 3:
		return fmt.Sprintf("CASE WHEN %s THEN %s ELSE %s END", m.boolean(s, 0), c, m.key(s, 0))
	case 4:
		return fmt.Sprintf("abs(%s - 20)", c)
	case 5:
		return fmt.Sprintf("(SELECT max(%s) FROM people AS i WHERE i.age < %d)", pick(m, "i.id", "i.referrer"), 20+m.IntN(50))
	case 6:
		return c + "::text"
	}
	return m.call(s, 0) + "::int"
}

// guarded is a call whose key would fail without the CASE around it.
func (m *maker) guarded(s scope) string {
	c := m.column(s, "int")
	if c == "" {
		return "NULL::float8"
	}
	n := m.IntN(30)
	return fmt.Sprintf("CASE WHEN %s <> %d THEN cvp_predict('risk', 200 / (%s - %d)) END", c, n, c, n)
}

// value gives an expression of a type.
func (m *maker) value(s scope, typ string, depth int) string {
	if c := m.column(s, typ); c != "" && (typ != "float" && m.chance(50) || depth <= 0 && typ != "bool") {
		return c
	}
	switch typ {
	case "int":
		return pick(m, func() string { return fmt.Sprint(m.IntN(50)) },
			func() string { return fmt.Sprintf("(%s + %d)", m.value(s, "int", depth-1), m.IntN(9)) },
			func() string { return fmt.Sprintf("round(%s)::int", m.call(s, depth-1)) },
			func() string { return fmt.Sprintf("length(%s)", m.value(s, "text", depth-1)) })()
	case "text":
		return pick(m, func() string { return pick(m, "'de'", "'x'", "'c007'", "'tea'") + "::text" },
			func() string { return fmt.Sprintf("upper(%s)", m.value(s, "text", depth-1)) },
			func() string {
				return fmt.Sprintf("CASE WHEN %s THEN 'high' ELSE %s END", m.boolean(s, depth-1), m.value(s, "text", depth-1))
			})()
	case "float":
		return m.float(s, depth)
	case "bool":
		return "(" + m.boolean(s, depth) + ")"
	}
	return map[string]string{"big": "10000000007::bigint", "uuid": "md5('7')::uuid", "num": "7.25", "date": "DATE '1950-04-08'"}[typ]
}

func (m *maker) float(s scope, depth int) string {
	if depth <= 0 || m.chance(55) {
		return m.call(s, depth)
	}
	switch m.IntN(8) {
	case 0:
		return fmt.Sprintf("coalesce(%s, -1)", m.call(s, depth-1))
	case 1:
		return fmt.Sprintf("(%s * 2)", m.float(s, depth-1))
	case 2:
		return fmt.Sprintf("greatest(%s, %s)", m.float(s, depth-1), m.float(s, depth-1))
	case 3:
		return fmt.Sprintf("CASE WHEN %s THEN %s ELSE %s END", m.boolean(s, depth-1), m.float(s, depth-1), m.float(s, depth-1))
	case 4:
		return m.guarded(s)
	case 5:
		inner := m.small()
		arg := m.float(append(scope{inner.source}, s...), depth-1)
		if !strings.Contains(arg, inner.source.alias+".") {
			// The aggregate would be the outer query's and the subquery give a row for each of its own: an error, but only
			// where the plan gets there.
			arg = m.call(scope{inner.source}, 0)
		}
		return fmt.Sprintf("(SELECT max(%s) FROM %s WHERE %s)", arg, inner.sql, m.boolean(append(scope{inner.source}, s...), 0))
	case 6:
		return fmt.Sprintf("(SELECT %s)", m.call(s, depth-1))
	}
	return m.value(s, "float", 0)
}

func (m *maker) boolean(s scope, depth int) string {
	if depth <= 0 {
		return pick(m, func() string { return fmt.Sprintf("%s > %d", m.value(s, "int", 0), m.IntN(40)) },
			func() string { return fmt.Sprintf("%s > 0.%d", m.call(s, 0), m.IntN(10)) },
			func() string { return fmt.Sprintf("%s = 'de'", m.value(s, "text", 0)) })()
	}
	switch m.IntN(12) {
	case 0, 1:
		return fmt.Sprintf("%s > 0.%d", m.float(s, depth-1), m.IntN(10))
	case 2:
		return fmt.Sprintf("(%s OR %s)", m.boolean(s, depth-1), m.boolean(s, depth-1))
	case 3:
		return fmt.Sprintf("(%s AND %s)", m.boolean(s, depth-1), m.boolean(s, depth-1))
	case 4:
		return fmt.Sprintf("NOT (%s)", m.boolean(s, depth-1))
	case 5:
		return fmt.Sprintf("%s IS %sNULL", m.float(s, depth-1), pick(m, "", "NOT "))
	case 6:
		return fmt.Sprintf("%s BETWEEN %d AND %d", m.value(s, "int", depth-1), m.IntN(20), 20+m.IntN(40))
	case 7:
		inner := m.small()
		return fmt.Sprintf("%s %sIN (SELECT %s FROM %s WHERE %s)", m.value(s, "int", depth-1), pick(m, "", "NOT "),
			m.column(scope{inner.source}, "int"), inner.sql, m.boolean(append(scope{inner.source}, s...), 0))
	case 8:
		inner := m.small()
		return fmt.Sprintf("%sEXISTS (SELECT FROM %s WHERE %s)", pick(m, "", "NOT "), inner.sql, m.boolean(append(scope{inner.source}, s...), depth-1))
	case 9:
		inner := m.small()
		return fmt.Sprintf("%s %s (SELECT %s FROM %s)", m.call(s, depth-1), pick(m, "> ANY", "<= ALL", "= ANY"), m.call(scope{inner.source}, 0), inner.sql)
	case 10:
		return fmt.Sprintf("%s > %s", m.float(s, depth-1), m.float(s, depth-1))
	}
	return fmt.Sprintf("%s LIKE '%%%s%%'", m.value(s, "text", depth-1), pick(m, "a", "0", "e"))
}

// item is a FROM item with its text.
type item struct {
	source source
	sql    string
}

// small is a table of few rows.
func (m *maker) small() item {
	a := m.alias()
	switch m.IntN(4) {
	case 0:
		return item{source{a, countries, false}, "countries AS " + a}
	case 1:
		return item{source{a, scored, false}, "scored AS " + a}
	case 2:
		return item{source{a, buysColumns, false}, "buys AS " + a}
	}
	return item{source{a, peopleColumns, true}, "people AS " + a}
}

// relation is a FROM item: a table, a subselect, a function, VALUES, or one of the common tables.
func (m *maker) relation(common []source, outer scope, depth int) item {
	a := m.alias()
	switch n := m.IntN(20); {
	case n == 0:
		return item{source{a, cols("k:int"), false}, fmt.Sprintf("generate_series(%d, %d) AS %s(k)", m.IntN(10), 10+m.IntN(10), a)}
	case n == 1:
		return item{source{a, cols("k:int s:text"), false}, fmt.Sprintf("(VALUES (1, 'c001'), (NULL, 'c002'), (%d, NULL), (999, 'x')) AS %s(k, s)", m.IntN(200), a)}
	case n == 2:
		return item{source{a, cols("key:text prediction:float decile:int"), false}, fmt.Sprintf("cvp_predictions('%s') AS %s", pick(m, "risk", "worth", "by_code"), a)}
	case n < 6 && len(common) > 0:
		c := pick(m, common...)
		return item{source{a, c.columns, false}, c.alias + " AS " + a}
	case n < 11 && depth > 0:
		q := m.selection(m.types(), common, nil, depth-1)
		return item{source{a, q.columns(), false}, "(" + q.String() + ") AS " + a}
	case n < 12 && depth > 0 && len(outer) > 0:
		q := m.selection(m.types(), common, outer, depth-1)
		return item{source{a, q.columns(), false}, "LATERAL (" + q.String() + ") AS " + a}
	case n == 12:
		return item{source{a, peopleColumns, true}, "customers AS " + a}
	}
	return m.small()
}

// columns are the output columns of a query, by the names that it gives them.
func (q *query) columns() []target { return slices.Clone(q.targets) }

func (m *maker) types() []string {
	out := []string{"int"}
	for range 1 + m.IntN(2) {
		out = append(out, pick(m, "float", "float", "int", "text", "bool"))
	}
	return out
}

// from makes a FROM clause of up to three items.
func (m *maker) from(q *query, common []source, outer scope, depth int) scope {
	first := m.relation(common, nil, depth)
	q.from = []string{first.sql}
	s := scope{first.source}
	for range 2 {
		if m.chance(60) {
			break
		}
		next := m.relation(common, s, depth-1)
		lateral := strings.HasPrefix(next.sql, "LATERAL")
		left, right := m.column(s, "int"), m.column(scope{next.source}, "int")
		on := fmt.Sprintf("%s = %s", left, right)
		with := append(slices.Clone(s), next.source)
		kind := pick(m, "JOIN", "JOIN", "LEFT JOIN", "RIGHT JOIN", "FULL JOIN", ",")
		if lateral {
			kind = pick(m, "JOIN", "LEFT JOIN")
		}
		switch {
		case left == "" || right == "" || kind == ",":
			q.from = append(q.from, ", "+next.sql)
			if left != "" && right != "" {
				q.where = append(q.where, on)
			}
		default:
			if kind != "FULL JOIN" && m.chance(30) {
				on += " AND " + m.boolean(with, 1)
			}
			q.from = append(q.from, " "+kind+" "+next.sql+" ON "+on)
		}
		s = with
	}
	return s
}

// selection makes a SELECT with output columns of the given types.
func (m *maker) selection(types []string, common []source, outer scope, depth int) *query {
	q := &query{}
	s := m.from(q, common, outer, depth)
	inner := s
	s = append(slices.Clone(s), outer...)
	for range m.IntN(3) {
		q.where = append(q.where, m.boolean(s, 2))
	}
	switch n := m.IntN(10); {
	case n < 3:
		m.grouped(q, types, s)
	default:
		for i, t := range types {
			e := m.value(s, t, 2)
			if t == "int" && n == 3 {
				e = fmt.Sprintf("rank() OVER (PARTITION BY %s ORDER BY %s)::int", m.value(inner, "text", 1), m.float(s, 1))
			}
			if t == "float" && n == 4 {
				e = fmt.Sprintf("max(%s) OVER (PARTITION BY %s)", m.float(s, 1), m.boolean(s, 1))
			}
			q.targets = append(q.targets, target{e, fmt.Sprintf("c%d", i+1), t})
		}
		if n == 5 {
			q.distinct = "DISTINCT"
		}
	}
	return q
}

// grouped makes a query one of groups.
func (m *maker) grouped(q *query, types []string, s scope) {
	var keys, groupedBy []string
	for i, t := range types {
		e := m.value(s, t, 1)
		if m.chance(60) {
			switch t {
			case "int":
				e = pick(m, "count(*)::int", fmt.Sprintf("(count(*) FILTER (WHERE %s))::int", m.boolean(s, 1)), "min("+m.value(s, "int", 1)+")",
					fmt.Sprintf("count(DISTINCT %s)::int", m.float(s, 1)))
			case "float":
				e = pick(m, "max("+m.float(s, 1)+")", "min("+m.float(s, 1)+")", fmt.Sprintf("sum((%s)::numeric)::float8", m.call(s, 1)),
					fmt.Sprintf("cvp_predict('risk', max(%s))", m.value(s, "int", 0)))
			case "text":
				e = "max(" + m.value(s, "text", 1) + ")"
			case "bool":
				e = fmt.Sprintf("bool_or(%s)", m.boolean(s, 1))
			}
		} else {
			keys, groupedBy = append(keys, fmt.Sprint(i+1)), append(groupedBy, e)
		}
		q.targets = append(q.targets, target{e, fmt.Sprintf("c%d", i+1), t})
	}
	if len(keys) > 0 {
		q.group = strings.Join(keys, ", ")
		// A constant among grouping sets is sorted wrongly by Postgres itself.
		if m.chance(15) && !slices.ContainsFunc(groupedBy, func(e string) bool { return !plainColumn.MatchString(e) }) {
			q.group = pick(m, "ROLLUP", "CUBE") + " (" + q.group + ")"
		}
	}
	if m.chance(30) {
		q.having = pick(m, "count(*) > 1", "max("+m.float(s, 1)+") > 0.5")
	}
	if len(keys) == 0 && q.having == "" && !slices.ContainsFunc(q.targets, func(t target) bool { return strings.Contains(t.expr, "(") }) {
		q.having = "count(*) > 0"
	}
}

var plainColumn = regexp.MustCompile(`^t\d+\.\w+$`)

// statement makes a whole SELECT.
func (m *maker) statement() *query {
	var common []source
	var with []string
	if m.chance(20) {
		name := fmt.Sprintf("w%d", m.IntN(100))
		c := m.selection(m.types(), nil, nil, 1)
		common = append(common, source{name, c.columns(), false})
		with = append(with, name+" AS "+pick(m, "", "", "MATERIALIZED ", "NOT MATERIALIZED ")+"("+c.String()+")")
	}
	types := m.types()
	q := m.selection(types, common, nil, 2)
	q.with = with
	if m.chance(12) {
		q.operation = pick(m, "UNION", "UNION ALL", "INTERSECT", "INTERSECT ALL", "EXCEPT", "EXCEPT ALL")
		q.behind = m.selection(types, common, nil, 1)
	}
	if m.chance(50) {
		for i := range q.targets {
			q.order = append(q.order, fmt.Sprint(i+1)+pick(m, "", " DESC", " NULLS FIRST", " DESC NULLS LAST"))
		}
		m.Shuffle(len(q.order), func(i, j int) { q.order[i], q.order[j] = q.order[j], q.order[i] })
		if m.chance(40) {
			q.limit = fmt.Sprintf("LIMIT %d", 1+m.IntN(20))
			if m.chance(30) {
				q.limit += fmt.Sprintf(" OFFSET %d", m.IntN(10))
			}
		}
	}
	return q
}

// change makes a statement that writes to table scored.
func (m *maker) change() string {
	s := scope{{"scored", scored, false}}
	returning := pick(m, "", " RETURNING scored.*", " RETURNING scored.id, "+m.float(s, 1)+" AS r")
	both := append(scope{{"p", peopleColumns, true}}, s...)
	switch m.IntN(7) {
	case 0:
		return fmt.Sprintf("UPDATE scored SET score = %s WHERE %s%s", m.float(s, 2), m.boolean(s, 2), returning)
	case 1:
		return fmt.Sprintf("UPDATE scored SET score = %s, note = %s FROM people AS p WHERE p.id = scored.id AND %s%s", m.float(both, 2), m.value(both, "text", 1), m.boolean(both, 1), returning)
	case 2:
		return fmt.Sprintf("DELETE FROM scored WHERE %s%s", m.boolean(s, 2), returning)
	case 3:
		return fmt.Sprintf("DELETE FROM scored USING people AS p WHERE p.id = scored.id AND %s%s", m.boolean(both, 1), returning)
	case 4:
		p := scope{{"p", peopleColumns, true}}
		return fmt.Sprintf("INSERT INTO scored (id, score, note) SELECT p.id + 1000, %s, %s FROM people AS p WHERE %s%s", m.float(p, 2), m.value(p, "text", 1), m.boolean(p, 1), returning)
	case 5:
		p := scope{{"p", peopleColumns, true}}
		return fmt.Sprintf("INSERT INTO scored (id, score) SELECT p.id, %s FROM people AS p ON CONFLICT (id) DO UPDATE SET score = excluded.score, note = 'again' WHERE %s%s", m.float(p, 1), m.boolean(s, 1), returning)
	}
	return fmt.Sprintf("WITH u AS (UPDATE scored SET score = %s WHERE %s RETURNING scored.id, scored.score) SELECT u.id, u.score, %s FROM u ORDER BY 1",
		m.float(s, 1), m.boolean(s, 1), m.call(scope{{"u", cols("id:int score:float"), false}}, 1))
}
