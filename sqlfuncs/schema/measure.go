package schema

import (
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"cvp/engine/frame"
	"cvp/sqlfuncs/question"
)

// Measure names the columns of the event query that an aggregate of the question reads, "" where it reads none.
type Measure struct {
	Value string
	Kind  frame.Kind // of Value: Category for the different values of a column, else Number
	Match string     // boolean: whether the event counts
}

// measure is what aggregates of the question read of each event.
type measure struct {
	number    int
	aggregate *question.Aggregate
	value     *column
	kind      frame.Kind
	text      *question.Comparison // the value is whether the column is such a text
	match     condition
}

// numbered gives a name of cvp's its number among several.
func numbered(name string, n int) string {
	if n == 0 {
		return name
	}
	return fmt.Sprintf("%s_%d", name, n+1)
}

func (m *measure) valueColumn() string { return numbered(valueColumn, m.number) }

func (m *measure) matchColumn() string { return numbered(matchColumn, m.number) }

// selected gives the measure's columns of the event query.
func (m *measure) selected() []string {
	var out []string
	switch {
	case m.text != nil:
		out = append(out, as(m.value.text()+" OPERATOR(pg_catalog."+textOperator(m.text)+") "+literal(m.text.Constant.Literal())+"::pg_catalog.text", m.valueColumn()))
	case m.value != nil:
		out = append(out, as(m.value.value(m.kind), m.valueColumn()))
	}
	if m.match.exists() {
		out = append(out, as(m.match.sql(), m.matchColumn()))
	}
	return out
}

// textOperator is Postgres's operator of a comparison of texts, or of what it negates.
func textOperator(c *question.Comparison) string {
	if strings.HasSuffix(c.Operator, "LIKE") {
		return "~~"
	}
	return "="
}

// literal writes a text as a constant that means the same under any standard_conforming_strings.
func literal(s string) string {
	quoted := "'" + strings.ReplaceAll(s, "'", "''") + "'"
	if strings.Contains(s, `\`) {
		return "E" + strings.ReplaceAll(quoted, `\`, `\\`)
	}
	return quoted
}

// Measures are what the question's aggregates read of each event, that of question.Main first.
func (s *EventSource) Measures() []Measure {
	out := make([]Measure, len(s.measures))
	for i, m := range s.measures {
		if m.value != nil {
			out[i].Value, out[i].Kind = m.valueColumn(), m.kind
		}
		if m.match.exists() {
			out[i].Match = m.matchColumn()
		}
	}
	return out
}

// Measured says what an aggregate of the question reads.
type Measured struct {
	Side   string // whose events, "" for those of question.Main
	Number int    // of the measure among these events
}

// MeasureOf gives what an aggregate of the question reads.
func (s *EventSource) MeasureOf(a *question.Aggregate) Measured { return s.measured[a] }

// aggregates are those of the question in order, and the comparisons of those that give texts.
func (s *sourcing) aggregates() (all []*question.Aggregate, texts map[*question.Aggregate]*question.Comparison) {
	texts = map[*question.Aggregate]*question.Comparison{}
	for _, root := range []question.Expression{s.q.Target, s.q.Where, s.q.Assuming} {
		all = append(all, question.Aggregates(root)...)
		question.Walk(root, func(e question.Expression) {
			if c, ok := e.(*question.Comparison); ok && c.Constant.Quoted {
				texts[c.Of] = c
			}
		})
	}
	return all, texts
}

// findMeasures finds what the aggregates of the events read, each different one once.
func (s *sourcing) findMeasures() error {
	s.out.measured = map[*question.Aggregate]Measured{}
	all, texts := s.aggregates()
	for _, a := range append([]*question.Aggregate{s.main}, all...) {
		if _, known := s.out.measured[a]; known || !s.out.Events.named(a.Of) {
			continue
		}
		if err := s.measure(a, texts[a]); err != nil {
			return err
		}
	}
	return nil
}

// named reports whether a name near the tables of the question means the relation.
func (r *Relation) named(n question.Name) bool {
	return r.Name == n.Table && (n.Schema == "" || n.Schema == r.Schema)
}

// asked reports whether an aggregate of the question is of a relation's rows.
func (s *sourcing) asked(r *Relation) bool {
	all, _ := s.aggregates()
	return slices.ContainsFunc(all, func(a *question.Aggregate) bool { return r.named(a.Of) })
}

// checkMeasures refuses aggregates of rows that are not read.
func (s *sourcing) checkMeasures() error {
	for _, side := range s.out.Sides {
		for a, m := range side.measured {
			if _, known := s.out.measured[a]; !known {
				s.out.measured[a] = Measured{side.Name, m.Number}
			}
		}
	}
	all, _ := s.aggregates()
	for _, a := range all {
		if _, known := s.out.measured[a]; !known {
			e := failure("42P01", "no table %s leads to %s", a.Of.Relation(), question.Quote(s.out.Entity.Name))
			e.Hint = "Aggregates are of tables that refer to the entities, by a foreign key of their own or of the table between."
			return at(s.q, a.Of.Pos, e)
		}
	}
	return nil
}

func (s *sourcing) measure(a *question.Aggregate, text *question.Comparison) error {
	m := &measure{number: len(s.out.measures), aggregate: a, text: text, kind: frame.Number}
	if err := s.findValue(m); err != nil {
		return err
	}
	for i, known := range s.out.measures {
		if known.reads(m) {
			s.out.measured[a] = Measured{Number: i}
			return nil
		}
	}
	m.match.number, m.match.column = m.number, m.matchColumn()
	m.match.read(a.Where, s.out.plan)
	s.out.measured[a] = Measured{Number: m.number}
	s.out.measures = append(s.out.measures, m)
	return nil
}

// reads reports whether the measure serves another aggregate too.
func (m *measure) reads(o *measure) bool {
	column := func(c *column) string {
		if c == nil {
			return ""
		}
		return c.sql()
	}
	where := func(c *question.Condition) string {
		if c == nil {
			return ""
		}
		return c.SQL
	}
	text := func(c *question.Comparison) string {
		if c == nil {
			return ""
		}
		return textOperator(c) + c.Constant.Text
	}
	return column(m.value) == column(o.value) && m.kind == o.kind && text(m.text) == text(o.text) &&
		column(m.match.present) == column(o.match.present) && where(m.aggregate.Where) == where(o.aggregate.Where)
}

// findValue finds the column that is aggregated. A count of a column is one of the rows that have it, so no value is
// read for it.
func (s *sourcing) findValue(m *measure) error {
	a := m.aggregate
	if a.Of.Column == "" {
		return nil
	}
	c, err := s.out.Events.Column(a.Of.Column)
	if err != nil {
		return at(s.q, a.Of.ColumnPos, err)
	}
	value := column{s.out.plan.events(), c}
	ordinal := c.Category == "B" || c.Category == "T" || c.Category == "N" && c.isNumber()
	switch a.Function {
	case question.Count, question.Exists:
		if !c.NotNull {
			m.match.present = &value
		}
		return nil
	case question.CountDistinct, question.ListDistinct:
		m.kind = frame.Category
	case question.First, question.Last:
		if m.text == nil && !ordinal {
			e := failure("0A000", "%s(%s) would predict one of many texts, but the column is of type %s", a.Function, a.Of, c.TypeName)
			e.Hint = fmt.Sprintf("Compare it with one of them: %s(%s) = '…'.", a.Function, a.Of)
			return at(s.q, a.Of.ColumnPos, e)
		}
	default:
		if !ordinal {
			e := failure("42804", "%s(%s) needs a number, but the column is of type %s", a.Function, a.Of, c.TypeName)
			return at(s.q, a.Of.ColumnPos, e)
		}
	}
	m.value = &value
	return nil
}

func quoted(name string) string { return pgx.Identifier{name}.Sanitize() }
