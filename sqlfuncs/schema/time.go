package schema

import (
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5/pgtype"

	"cvp/sqlfuncs/question"
)

// isTime reports whether the column holds moments.
func (c *Column) isTime() bool {
	return c.Base == pgtype.DateOID || c.Base == pgtype.TimestampOID || c.Base == pgtype.TimestamptzOID
}

// timeColumn finds when the events happened; the note says so where there was a choice.
func (p *plan) timeColumn(named string) (c column, note string, err error) {
	if named != "" {
		c, err = p.namedTime(named, "time")
		return c, "", err
	}
	for _, i := range p.items {
		// When the entity came to be is not when an event happened.
		if i.last {
			continue
		}
		if c, ok := p.declaredTime(i); ok {
			return c, "", nil
		}
		candidates := i.times()
		if len(candidates) == 0 {
			continue
		}
		chosen := preferred(candidates)
		if len(chosen) > 1 {
			return column{}, "", severalTimes(i, chosen)
		}
		if len(candidates) > 1 {
			note = fmt.Sprintf(`the time of an event is %s; choose another by options => '{"time": "%s"}'`, chosen[0], other(candidates, chosen[0]))
		}
		return chosen[0], note, nil
	}
	e := failure("42703", "no column says when the rows of \"%s\" happened", p.events().relation.Name)
	e.Detail = "Neither it nor a table that it refers to has a column of type date or timestamp."
	e.Hint = `Where another table says it, name the way: options => '{"link": "…", "time": "orders.ordered_at"}'.`
	return column{}, "", e
}

func (p *plan) namedTime(named, as string) (column, error) {
	n, err := question.ParseName(named)
	if err != nil {
		return column{}, option(as, err)
	}
	c, err := p.find(n)
	if err != nil {
		return column{}, err
	}
	if !c.isTime() {
		return column{}, failure("42804", "%s column %s is of type %s, not a date or timestamp", as, c, c.TypeName)
	}
	return c, nil
}

// times gives the item's columns that may be the time.
func (i *item) times() []column {
	var out []column
	for j := range i.relation.Columns {
		if c := &i.relation.Columns[j]; c.isTime() && c.Readable {
			out = append(out, column{i, c})
		}
	}
	return out
}

// bookkeeping are words in names of columns that say when a row was written rather than when an event happened;
// the first group yields to the second, and both to the rest.
var bookkeeping = [][]string{
	{"updated", "modified", "changed", "deleted", "loaded", "inserted", "imported", "synced", "processed", "ingested"},
	{"created", "recorded"},
}

// timeWords end the names of columns that are times.
var timeWords = []string{"at", "on", "date", "time", "timestamp", "ts", "day", "datetime"}

// preferred narrows the candidates by one rule after the other; a rule that none of them meets is passed over.
func preferred(candidates []column) []column {
	rules := []func(column) bool{
		func(c column) bool { return !hasWord(c.Name, bookkeeping[0]) },
		func(c column) bool { return !hasWord(c.Name, bookkeeping[1]) },
		func(c column) bool { return c.item.relation.InIndex(c.Name) },
		func(c column) bool {
			words := words(c.Name)
			return slices.Contains(timeWords, words[len(words)-1])
		},
	}
	for _, meets := range rules {
		var kept []column
		for _, c := range candidates {
			if meets(c) {
				kept = append(kept, c)
			}
		}
		if len(kept) > 0 {
			candidates = kept
		}
	}
	return candidates
}

func hasWord(name string, of []string) bool {
	return slices.ContainsFunc(words(name), func(w string) bool { return slices.Contains(of, w) })
}

// words cuts a name into its words in lower case: ordered_at, OrderedAt and ordered-at are ordered, at. There is
// always one.
func words(name string) []string {
	var b strings.Builder
	lower := false
	for _, r := range name {
		upper := 'A' <= r && r <= 'Z'
		if upper && lower {
			b.WriteByte(' ')
		}
		lower = 'a' <= r && r <= 'z' || '0' <= r && r <= '9'
		if r == '_' || r == '-' || r == '.' {
			r = ' '
		}
		b.WriteRune(r)
	}
	out := strings.Fields(strings.ToLower(b.String()))
	if len(out) == 0 {
		return []string{""}
	}
	return out
}

func other(candidates []column, than column) column {
	i := slices.IndexFunc(candidates, func(c column) bool { return c.Column != than.Column })
	return candidates[i]
}

func severalTimes(i *item, candidates []column) error {
	names := make([]string, len(candidates))
	for n, c := range candidates {
		names[n] = c.String()
	}
	e := failure("42702", "table \"%s\" has several columns that may be the time of an event", i.relation.Name)
	e.Detail = "They are " + strings.Join(names, ", ") + "."
	e.Hint = fmt.Sprintf(`Choose one: options => '{"time": "%s"}'.`, names[0])
	return e
}

// moment gives a time as timestamptz: what has no zone is in UTC.
func (c *Column) moment(sql string) string {
	switch c.Base {
	case pgtype.TimestamptzOID:
		return sql
	case pgtype.DateOID:
		sql += "::pg_catalog.timestamp"
	}
	return "pg_catalog.timezone('UTC', " + sql + ")"
}

// before compares the bare column, so that an index serves, with a moment given as timestamptz.
func (c column) before(moment string) string {
	if c.Base != pgtype.TimestamptzOID {
		moment = "pg_catalog.timezone('UTC', " + moment + ")"
	}
	return c.sql() + " OPERATOR(pg_catalog.<) " + moment
}
