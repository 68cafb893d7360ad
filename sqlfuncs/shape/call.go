package shape

import (
	pg "github.com/pganalyze/pg_query_go/v6"

	"cvp/catalog"
	"cvp/sqlfuncs/syntax"
)

// arguments are where the arguments of a call stand.
type arguments struct {
	function string
	name     int // where the name begins
	open     int // where the parenthesis behind it ends
	close    int // where the closing one begins
	last     int // the index of the closing one's token
	each     []argument
}

// argument is one of them: its value's bytes, and where the name that it may be given by begins.
type argument struct{ from, value, to int }

// call writes one call of cvp's. What fits no function keeps its name, without the schema: Postgres then says that there is
// no such function, with the types.
func (w *writing) call(f *pg.FuncCall) {
	parts := syntax.Name(f.Funcname)
	name := parts[len(parts)-1]
	if len(w.surface.Function(name)) == 0 || len(parts) > 2 || len(parts) == 2 && parts[0] != schema {
		return
	}
	a, ok := w.arguments(f)
	if !ok {
		return
	}
	a.function = name
	function, types, fits := w.surface.fit(name, f.Args)
	item := w.items[f]
	if !fits || w.listed[f] && function.Columns != nil || len(types) != len(a.each) || f.AggStar || f.AggDistinct || f.AggWithinGroup || f.FuncVariadic || f.Over != nil || f.AggFilter != nil || len(f.AggOrder) > 0 {
		if len(parts) == 2 {
			w.replace(a.name, a.open-1, a.name, "%s", name)
		}
		return
	}
	switch {
	case function.Columns != nil && item != nil:
		w.table(a, function, types, item)
	case function.Columns != nil:
		w.replace(a.name, a.open, a.name, "(SELECT %s FROM (SELECT %s", name, empty(function.Columns))
		w.checks(a, types, " WHERE ")
		w.replace(a.close, a.close+1, a.name, ") AS %s)", name)
	default: // a CAST may stand wherever a call may
		behind := ""
		if item != nil {
			behind = alias(item, name)
		}
		w.replace(a.name, a.open, a.name, "CAST(CASE WHEN ")
		w.checks(a, types, "")
		w.replace(a.close, a.close+1, a.name, " THEN %s END AS %s)%s", unanswered(function.Type), function.Type, behind)
		if target := w.targets[f]; target != nil {
			w.nameTarget(a, target, name)
		}
	}
}

// unanswered ends a CASE whose value nobody should see: run by Postgres it fails, but for a type that takes every text. It is
// volatile, lest the planner compute it.
func unanswered(typ string) string {
	if typ == "pg_catalog.void" {
		return "NULL::" + typ
	}
	return "NULL::" + typ + " ELSE CAST(pg_catalog.concat('" + made + " ', pg_catalog.random()) AS " + typ + ")"
}

// table writes a FROM item that gives rows.
func (w *writing) table(a arguments, f catalog.Function, types []string, item *pg.RangeFunction) {
	columns, end := f.Columns, a.close+1
	if item.Ordinality && a.last+2 < len(w.tokens) { // WITH ORDINALITY
		columns = append(columns[:len(columns):len(columns)], catalog.Typed{Name: "ordinality", Type: "pg_catalog.int8"})
		end = int(w.tokens[a.last+2].End)
	}
	w.replace(a.name, a.open, a.name, "(SELECT %s", empty(columns))
	w.checks(a, types, " WHERE ")
	w.replace(a.close, end, a.name, ")%s", alias(item, f.Name))
}

// alias names a FROM item as Postgres names a function's, where the client does not.
func alias(item *pg.RangeFunction, name string) string {
	if item.Alias != nil {
		return ""
	}
	return " AS " + name
}

// checkers are functions of Postgres's own that take one argument of a type, converted as it would be for a call.
var checkers = map[string]string{
	"pg_catalog.text": "pg_catalog.textlen(", "pg_catalog.jsonb": "pg_catalog.jsonb_typeof(", "pg_catalog.interval": "pg_catalog.justify_hours(",
	"pg_catalog.bool": "pg_catalog.booleq(true, ", "pg_catalog.int4": "pg_catalog.int4up(", "pg_catalog.int8": "pg_catalog.int8up(",
	"pg_catalog.float8": "pg_catalog.float8up(", "pg_catalog.timestamptz": "pg_catalog.timestamptz_out(",
}

// checks writes a condition over the arguments that has Postgres resolve each and take it for the type that it has to be of.
func (w *writing) checks(a arguments, types []string, before string) {
	if len(types) == 0 {
		if before == "" {
			w.replace(a.open, a.open, a.name, "true")
		}
		return
	}
	for i, arg := range a.each {
		opening, closing := "", ")"
		if i == 0 {
			opening = before + "("
		}
		switch checker := checkers[types[i]]; {
		case checker != "":
			opening += checker
		case types[i] == anyType:
			opening += "COALESCE(" // of one argument is that argument, and a text where its type is not known
		default:
			opening, closing = opening+"COALESCE(", ", NULL::"+types[i]+")"
		}
		if i == len(a.each)-1 {
			closing += ") IS NULL"
		}
		w.replace(arg.from, arg.value, a.name, "%s", opening)
		w.edits[len(w.edits)-1].call = a.function
		w.replace(arg.to, arg.to, a.name, "%s", closing)
	}
}

// arguments finds the arguments of a call in the text.
func (w *writing) arguments(f *pg.FuncCall) (a arguments, ok bool) {
	i := w.at(f.Location)
	if i < 0 {
		return a, false
	}
	_, i = w.name(i)
	if i >= len(w.tokens) || w.tokens[i].Token != pg.Token_ASCII_40 {
		return a, false
	}
	a.name, a.open = int(f.Location), int(w.tokens[i].End)
	depth, first := 1, i+1
	for i++; i < len(w.tokens); i++ {
		depth += nesting(w.tokens[i].Token)
		if depth > 1 || depth == 1 && w.tokens[i].Token != pg.Token_ASCII_44 {
			continue
		}
		if i > first {
			a.each = append(a.each, w.argument(first, i))
		}
		if first = i + 1; depth == 0 {
			a.close, a.last = int(w.tokens[i].Start), i
			return a, true
		}
	}
	return a, false
}

// argument is the one whose tokens are those from first up to end.
func (w *writing) argument(first, end int) argument {
	value := first
	if end-first > 2 && (w.tokens[first+1].Token == pg.Token_EQUALS_GREATER || w.tokens[first+1].Token == pg.Token_COLON_EQUALS) {
		value = first + 2
	}
	return argument{from: int(w.tokens[first].Start), value: int(w.tokens[value].Start), to: int(w.tokens[end-1].End)}
}

func nesting(t pg.Token) int {
	switch t {
	case pg.Token_ASCII_40, pg.Token_ASCII_91:
		return 1
	case pg.Token_ASCII_41, pg.Token_ASCII_93:
		return -1
	}
	return 0
}

// nameTarget gives a column the name that it has by the call.
func (w *writing) nameTarget(a arguments, target *pg.ResTarget, name string) {
	depth := 0
	for _, t := range w.tokens {
		if t.Start >= target.Location && int(t.Start) < a.name {
			depth += nesting(t.Token)
		}
	}
	end := a.last
	for i := a.last + 1; i < len(w.tokens); i++ {
		t := w.tokens[i].Token
		if depth += nesting(t); depth < 0 || depth == 0 && endsTarget(t) {
			break
		}
		end = i
	}
	w.replace(int(w.tokens[end].End), int(w.tokens[end].End), a.name, " AS %s", name)
}

// endsTarget tells what may come behind a column of a select list or of RETURNING, and not inside.
func endsTarget(t pg.Token) bool {
	switch t {
	case pg.Token_ASCII_44, pg.Token_ASCII_59, pg.Token_FROM, pg.Token_WHERE, pg.Token_GROUP_P, pg.Token_HAVING, pg.Token_WINDOW, pg.Token_UNION,
		pg.Token_INTERSECT, pg.Token_EXCEPT, pg.Token_ORDER, pg.Token_LIMIT, pg.Token_OFFSET, pg.Token_FETCH, pg.Token_FOR, pg.Token_INTO,
		pg.Token_ON, pg.Token_RETURNING:
		return true
	}
	return false
}
