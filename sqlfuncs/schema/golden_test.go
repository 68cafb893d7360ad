package schema

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sort"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"
)

// goldenCase is a question whose EventSource, SQL and rows are in testdata/<schema>/<name>.golden.
type goldenCase struct {
	schema, name string
	before       string // SQL that is run first
	question     string
	options      Options
	keys         []string // for the keyed queries
	// reference is a query written by hand that must give the same entity, time and match as the event query.
	reference string
}

const asOf = "2030-01-01T00:00:00Z"

func TestSources(t *testing.T) {
	conns := map[string]*pgx.Conn{}
	for _, c := range goldenCases {
		conn := conns[c.schema]
		if conn == nil {
			conn = connect(t, c.schema)
			conns[c.schema] = conn
		}
		t.Run(c.schema+"/"+c.name, func(t *testing.T) { c.check(t, conn) })
	}
}

func (c goldenCase) check(t *testing.T, conn *pgx.Conn) {
	if c.before != "" {
		execute(t, conn, c.before)
		defer execute(t, conn, "RESET ALL")
	}
	s, err := ask(t, conn.PgConn(), c.question, c.options)
	if err != nil {
		t.Fatalf("%#v", err)
	}
	var b strings.Builder
	describeSource(&b, c, s)
	moment, err := time.Parse(time.RFC3339, asOf)
	if err != nil {
		t.Fatal(err)
	}
	all := rows(t, conn, s.EventsSQL(false, false))
	fmt.Fprintf(&b, "\n-- events before $1 of the entities in $2\n%s\n", s.EventsSQL(true, true).SQL)
	b.WriteString("-- all rows\n" + strings.Join(all, "\n") + "\n")
	same(t, "events before a moment after them all", all, rows(t, conn, s.EventsSQL(true, false), moment))
	same(t, "events before a moment written out", all, rows(t, conn, s.EventsBefore(moment)))
	same(t, "events before all moments", nil, rows(t, conn, s.EventsBefore(time.Date(1, 1, 2, 3, 4, 5, 6000, time.UTC))))
	same(t, "events of some entities", ofKeys(all[1:], c.keys), rows(t, conn, s.EventsSQL(true, true), moment, c.keys)[1:])
	same(t, "events of no entity", nil, rows(t, conn, s.EventsSQL(true, true), moment, []string{})[1:])

	attributes := rows(t, conn, s.AttributesSQL(false))
	fmt.Fprintf(&b, "\n-- attributes of the entities in $1\n%s\n-- all rows\n%s\n", s.AttributesSQL(true).SQL, strings.Join(attributes, "\n"))
	same(t, "attributes of some entities", ofKeys(attributes[1:], c.keys), rows(t, conn, s.AttributesSQL(true), c.keys)[1:])
	fmt.Fprintf(&b, "\n-- the last event\n%s\n%s\n", s.LastSQL().SQL, strings.Join(rows(t, conn, s.LastSQL())[1:], "\n"))
	if c.reference != "" {
		same(t, "rows of the reference "+c.reference, rows(t, conn, Query{SQL: c.reference})[1:], roles(t, conn, s))
	}
	for _, side := range s.Sides {
		other := rows(t, conn, side.EventsSQL(false, false))
		fmt.Fprintf(&b, "\n-- events of %s before $1 of the entities in $2\n%s\n-- all rows\n%s\n", side.Name, side.EventsSQL(true, true).SQL, strings.Join(other, "\n"))
		same(t, "other events of some entities", ofKeys(other[1:], c.keys), rows(t, conn, side.EventsSQL(true, true), moment, c.keys)[1:])
	}
	golden(t, filepath.Join("testdata", c.schema, strings.ReplaceAll(c.name, " ", "_")+".golden"), b.String())
}

func describeSource(b *strings.Builder, c goldenCase, s *EventSource) {
	fmt.Fprintf(b, "-- %s\n", c.question)
	fmt.Fprintf(b, "-- key %s %s, path %s, indexed %v\n", s.Key.Name, s.Key.TypeName, strings.Join(s.Path, "; "), s.Indexed)
	fmt.Fprintf(b, "-- time %s, group %s, value %v %s, match %v\n", s.Time, s.Group, s.HasValue, s.ValueKind, s.HasMatch)
	fmt.Fprintf(b, "-- columns: %s\n", named(s.Columns))
	fmt.Fprintf(b, "-- attributes: %s\n", named(s.Attributes))
	for _, side := range s.Sides {
		fmt.Fprintf(b, "-- side %s: time %s, group %s, path %s, columns: %s\n", side.Name, side.Time, side.Group, strings.Join(side.Path, "; "), named(side.Columns))
	}
	for _, n := range s.Notes {
		fmt.Fprintf(b, "-- NOTICE: %s\n", n)
	}
}

func named(list []Description) string {
	var out []string
	for _, d := range list {
		out = append(out, fmt.Sprintf("%s %s", d.Name, d.Kind))
	}
	return strings.Join(out, ", ")
}

// rows runs a query and gives the names of its columns and its rows as sorted text. It checks that the result is of
// types that need no catalogue to decode.
func rows(t *testing.T, conn *pgx.Conn, q Query, args ...any) []string {
	t.Helper()
	result, err := conn.Query(t.Context(), q.SQL, args...)
	if err != nil {
		t.Fatalf("%s\n%v", q.SQL, err)
	}
	var header []string
	for _, f := range result.FieldDescriptions() {
		if f.DataTypeOID > 10000 {
			t.Errorf("column %s is of type %d", f.Name, f.DataTypeOID)
		}
		header = append(header, f.Name)
	}
	var out []string
	for result.Next() {
		values, err := result.Values()
		if err != nil {
			t.Fatal(err)
		}
		texts := make([]string, len(values))
		for i, v := range values {
			texts[i] = show(v)
		}
		out = append(out, strings.Join(texts, " | "))
	}
	if err := result.Err(); err != nil {
		t.Fatalf("%s\n%v", q.SQL, err)
	}
	sort.Strings(out)
	return append([]string{strings.Join(header, " | ")}, out...)
}

func show(v any) string {
	switch v := v.(type) {
	case nil:
		return "NULL"
	case time.Time:
		return v.UTC().Format("2006-01-02 15:04:05.999999")
	case pgtype.Numeric:
		text, err := v.Value()
		if err != nil {
			return err.Error()
		}
		return fmt.Sprint(text)
	}
	return fmt.Sprint(v)
}

// roles gives entity, time and where there is one match of the event query.
func roles(t *testing.T, conn *pgx.Conn, s *EventSource) []string {
	columns := "cvp_entity, cvp_time"
	if s.HasMatch {
		columns += ", cvp_match"
	}
	return rows(t, conn, Query{SQL: "SELECT " + columns + " FROM (" + s.EventsSQL(false, false).SQL + ") e"})[1:]
}

// ofKeys keeps the rows that begin with one of the keys.
func ofKeys(all, keys []string) []string {
	var out []string
	for _, row := range all {
		if slices.ContainsFunc(keys, func(k string) bool { return row == k || strings.HasPrefix(row, k+" | ") }) {
			out = append(out, row)
		}
	}
	return out
}

func same(t *testing.T, what string, want, got []string) {
	t.Helper()
	if want == nil && len(got) > 0 && strings.HasPrefix(got[0], "cvp_entity") {
		got = got[1:]
	}
	if strings.Join(want, "\n") != strings.Join(got, "\n") {
		t.Errorf("%s:\n got\n%s\nwant\n%s", what, strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// golden compares text with a file, or writes the file with -update.
func golden(t *testing.T, path, text string) {
	t.Helper()
	if *update {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if string(want) != text {
		t.Errorf("%s is stale; run go test -update and look at the difference. Got:\n%s", path, text)
	}
}
