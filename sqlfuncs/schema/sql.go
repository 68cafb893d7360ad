package schema

import (
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"cvp/engine/frame"
	"cvp/sqlfuncs/question"
)

// Query is a SELECT that reads rows. Its result columns are named; all of them are of types that need no catalogue
// to decode: text, numbers, booleans and timestamptz.
type Query struct {
	SQL string
	// Params are the types of $1, $2 …: timestamptz for the moment before which events are read, text[] for keys.
	Params []uint32

	marks []mark
}

// mark says where a condition of the question stands in a query.
type mark struct {
	where *question.Condition
	place int // of its first character in SQL, 0-based
}

// QuestionPosition gives for an error's position in SQL (both 1-based, in characters) the byte of the question's text
// that is meant, where the error lies in the question's own condition.
func (q Query) QuestionPosition(position int) (question.Pos, bool) {
	for _, m := range q.marks {
		n := position - 1 - m.place
		if n < 0 || n > utf8.RuneCountInString(m.where.SQL) {
			continue
		}
		for at := range m.where.SQL {
			if n == 0 {
				return m.where.At(at), true
			}
			n--
		}
		return m.where.At(len(m.where.SQL)), true
	}
	return 0, false
}

// join writes what evaluates a condition behind the text so far.
func (q *Query) join(b *strings.Builder, c *condition, of *item) {
	sql, place := c.from(of)
	b.WriteByte('\n')
	q.marks = append(q.marks, mark{c.where, utf8.RuneCountInString(b.String() + sql[:place])})
	b.WriteString(sql)
}

// EventsSQL reads the events: cvp_entity text, cvp_time timestamptz, then where there are such cvp_group text,
// cvp_value (the column's own type, or text for COUNT DISTINCT) and cvp_match boolean, the same of further Measures, then Columns: numbers and
// booleans of their own type, categories as text. Events without an entity or without a finite time are left out;
// rows come in no order.
//
// With asOf the first parameter is the moment (timestamptz) before which events are read; with keyed the last one
// are the keys (text[], as cvp_entity gives them) whose events are read. Keys that are no value of the key's type
// are an error of Postgres.
//
// Where a foreign key says whose an event is, the entity table is not joined: where row-level security hides an
// entity and not its events, AttributesSQL tells which entities the client sees.
func (s *EventSource) EventsSQL(asOf, keyed bool) Query {
	var q Query
	var moment, keys string
	if asOf {
		moment = q.param(pgtype.TimestamptzOID, "timestamptz")
	}
	if keyed {
		keys = q.param(pgtype.TextArrayOID, "text[]")
	}
	s.events(&q, moment, keys)
	return q
}

// EventsBefore is EventsSQL with the moment written out, for COPY, which takes no parameters; the zero time is none.
func (s *EventSource) EventsBefore(asOf time.Time) Query {
	var q Query
	moment := ""
	if !asOf.IsZero() {
		moment = "'" + asOf.UTC().Format("2006-01-02 15:04:05.999999") + "+00'::pg_catalog.timestamptz"
	}
	s.events(&q, moment, "")
	return q
}

// param adds a parameter and gives its place with its type.
func (q *Query) param(oid uint32, name string) string {
	q.Params = append(q.Params, oid)
	return fmt.Sprintf("$%d::pg_catalog.%s", len(q.Params), name)
}

// events writes the event query.
func (s *EventSource) events(q *Query, moment, keys string) {
	var b strings.Builder
	fmt.Fprintf(&b, "SELECT %s", strings.Join(s.selected(), ",\n\t"))
	fmt.Fprintf(&b, "\nFROM %s", s.plan.events().from())
	for _, i := range s.joined() {
		join := "JOIN"
		if i.outer {
			join = "LEFT JOIN"
		}
		fmt.Fprintf(&b, "\n%s %s ON %s", join, i.from(), i.on())
	}
	for _, m := range s.measures {
		if m.match.where != nil {
			q.join(&b, &m.match, s.plan.events())
		}
	}
	b.WriteString("\nWHERE " + strings.Join(s.restricted(moment, keys), "\n\tAND "))
	q.SQL = b.String()
}

// selected gives the result columns of the event query.
func (s *EventSource) selected() []string {
	out := []string{as(s.entity.text(), entityColumn), as(s.time.moment(s.time.sql()), timeColumn)}
	if s.recorded != nil {
		out = append(out, as(s.recorded.value(frame.Time), recordedColumn))
	}
	if len(s.group) > 0 {
		out = append(out, as(tagged(s.group), groupColumn))
	}
	for _, m := range s.measures {
		out = append(out, m.selected()...)
	}
	return slices.Concat(out, s.references, list(s.Columns))
}

// list gives described columns under their names.
func list(descriptions []Description) []string {
	out := make([]string, len(descriptions))
	for i, d := range descriptions {
		out[i] = as(d.column.value(d.Kind), d.Name)
	}
	return out
}

func as(sql, name string) string { return sql + " AS " + pgx.Identifier{name}.Sanitize() }

// joined gives the items besides the event table that the query reads, each after the one it is joined to.
func (s *EventSource) joined() []*item {
	needed := map[*item]bool{}
	need := func(i *item) {
		for ; i != nil; i = i.parent {
			needed[i] = true
		}
	}
	need(s.entity.item)
	need(s.time.item)
	if s.recorded != nil {
		need(s.recorded.item)
	}
	for _, c := range s.group {
		need(c.item)
	}
	for _, d := range s.Columns {
		need(d.column.item)
	}
	for _, m := range s.measures {
		for _, i := range m.match.items {
			need(i)
		}
	}
	var out []*item
	for _, i := range s.plan.items[1:] {
		if needed[i] {
			out = append(out, i)
		}
	}
	return out
}

// restricted gives the conditions of the event query.
func (s *EventSource) restricted(moment, keys string) []string {
	out := []string{s.entity.sql() + " IS NOT NULL", "pg_catalog.isfinite(" + s.time.sql() + ")"}
	if moment != "" {
		out = append(out, s.time.before(moment))
	}
	if keys != "" {
		out = append(out, s.entity.among(keys))
	}
	if i := s.unsure(); i != nil {
		out = append(out, fmt.Sprintf("EXISTS (SELECT FROM %s WHERE %s)", i.from(), i.on()))
	}
	return out
}

// unsure gives the entity table where nothing guarantees that the events' entities are in it and it is not joined.
func (s *EventSource) unsure() *item {
	for _, i := range s.plan.items {
		if i.last && !i.by.declared && !slices.Contains(s.joined(), i) {
			return i
		}
	}
	return nil
}

// LastSQL reads the time of the last event, NULL where there is none: cvp_time timestamptz.
func (s *EventSource) LastSQL() Query {
	t := s.time
	last := t.moment("pg_catalog.max(" + t.sql() + ")")
	return Query{SQL: fmt.Sprintf("SELECT %s\nFROM %s\nWHERE pg_catalog.isfinite(%s)", as(last, timeColumn), t.item.from(), t.sql())}
}

// AttributesSQL reads the entities, one row each: cvp_entity text, then where HasTarget cvp_target, then Flags (boolean), then Attributes: numbers and booleans of their own
// type, categories as text, moments as timestamptz. With keyed its parameter are the keys (text[]) to read.
func (s *EventSource) AttributesSQL(keyed bool) Query {
	var q Query
	own := s.own
	if own == nil {
		own = &item{relation: s.Entity, alias: s.Entity.Name}
	}
	key := column{own, s.Entity.find(s.Key.Name)}
	columns := slices.Concat([]string{as(key.text(), entityColumn)}, s.selectedTarget(), s.selectedFlags(), list(s.Attributes))
	var b strings.Builder
	once := s.Entity.Unique(s.Key.Name)
	b.WriteString("SELECT ")
	if !once {
		b.WriteString("DISTINCT ON (1) ")
	}
	fmt.Fprintf(&b, "%s\nFROM %s", strings.Join(columns, ",\n\t"), own.from())
	for _, i := range s.extras {
		if s.readsExtra(i) {
			fmt.Fprintf(&b, "\nLEFT JOIN %s ON %s", i.from(), i.onto(own))
		}
	}
	for _, c := range s.conditions() {
		q.join(&b, c, s.own)
	}
	fmt.Fprintf(&b, "\nWHERE %s IS NOT NULL", key.sql())
	if keyed {
		b.WriteString("\n\tAND " + key.among(q.param(pgtype.TextArrayOID, "text[]")))
	}
	if !once {
		b.WriteString("\nORDER BY 1")
		for n := range len(columns) - 1 {
			fmt.Fprintf(&b, ", %d", n+2)
		}
	}
	q.SQL = b.String()
	return q
}

// onto gives the join condition of an item whose edge leads to the other one.
func (i *item) onto(to *item) string {
	return fmt.Sprintf("%s %s %s", column{to, i.by.toColumns[0]}.sql(), i.by.equal[0], column{i, i.by.columns[0]}.sql())
}

// among restricts the column to keys given as text[]. Types with an order of their own are compared in it, so that
// an index serves; the rest as text.
func (c column) among(keys string) string {
	element := ""
	switch c.Base {
	case pgtype.Int2OID, pgtype.Int4OID, pgtype.Int8OID:
		element = "int8" // a key too large for the column is no error then
	case pgtype.BPCharOID, pgtype.UUIDOID, pgtype.NumericOID, pgtype.DateOID:
		element = c.BaseName[strings.LastIndexByte(c.BaseName, '.')+1:]
	case pgtype.TextOID, pgtype.VarcharOID:
		return c.sql() + " OPERATOR(pg_catalog.=) ANY (" + keys + ")"
	}
	if element == "" {
		return c.sql() + "::pg_catalog.text OPERATOR(pg_catalog.=) ANY (" + keys + ")"
	}
	return c.sql() + " OPERATOR(pg_catalog.=) ANY (" + keys + "::pg_catalog." + element + "[])"
}

// sameText reports whether equal values of a foreign key and of what it refers to have the same text.
func sameText(a, b *Column) bool {
	whole := []uint32{pgtype.Int2OID, pgtype.Int4OID, pgtype.Int8OID}
	texts := []uint32{pgtype.TextOID, pgtype.VarcharOID}
	if slices.Contains(whole, a.Base) && slices.Contains(whole, b.Base) || slices.Contains(texts, a.Base) && slices.Contains(texts, b.Base) {
		return true
	}
	return a.Base == b.Base && (a.Base == pgtype.UUIDOID || a.Base == pgtype.BPCharOID || a.Base == pgtype.DateOID || a.Enum)
}
