package syntax

import (
	"fmt"
	"testing"
	"unicode/utf8"
)

func TestBodyIsTheStatementInside(t *testing.T) {
	for sql, want := range map[string]string{
		"SELECT 1": "SELECT 1",
		"copy /* ( */ (select ')', (1)) to stdout (format csv)":           "select ')', (1)",
		"DECLARE \"for\" SCROLL CURSOR WITH HOLD FOR SELECT 1 FOR UPDATE": " SELECT 1 FOR UPDATE",
		"EXPLAIN SELECT 1":                                                "SELECT 1",
		"explain analyze /* x */ verbose (select 1)":                      "(select 1)",
		"EXPLAIN (ANALYZE, FORMAT json) SELECT (2)":                       " SELECT (2)",
		"EXPLAIN (SELECT 1)":                                              "(SELECT 1)",
		"-- é\nEXPLAIN (COSTS off) /* ( */ DECLARE c CURSOR FOR SELECT 1": " /* ( */ DECLARE c CURSOR FOR SELECT 1",
	} {
		stmt, err := Statement(sql)
		if err != nil {
			t.Fatal(err)
		}
		from, to, err := Body(sql, stmt)
		if err != nil || sql[from:to] != want {
			t.Errorf("%s: %q, %v", sql, sql[from:to], err)
		}
		if alone := Alone(sql, from, to); utf8.RuneCountInString(alone) != utf8.RuneCountInString(sql[:to]) {
			t.Errorf("%s: %q moves its characters", sql, alone)
		}
	}
}

func TestArgumentsAreThoseOfTheExecute(t *testing.T) {
	for sql, want := range map[string]string{
		"EXECUTE p": "", "execute /* ( */ \"execute\" /* ( */ (1, (2)) -- )": "(1, (2))", "EXPLAIN (COSTS off) EXECUTE p(1)": "(1)", "EXPLAIN EXECUTE p": "",
		"CREATE TABLE execute AS EXECUTE execute(')') WITH DATA": "(')')", "CREATE TABLE x(a) AS EXECUTE p WITH DATA": "", "EXPLAIN CREATE TABLE x(a) AS EXECUTE p(3)": "(3)",
	} {
		stmt, err := Statement(sql)
		if err != nil {
			t.Fatal(err)
		}
		from, to, err := Arguments(sql, stmt)
		if err != nil || sql[from:to] != want {
			t.Errorf("%s: %q, %v", sql, sql[from:to], err)
		}
	}
}

func TestWithParametersReplacesParametersAlone(t *testing.T) {
	got, err := WithParameters("SELECT $2, '$1', \"$1\", $$ $1 $$, $12::int -- $1", func(n int) (string, error) { return fmt.Sprintf("<%d>", n), nil })
	if want := "SELECT <2>, '$1', \"$1\", $$ $1 $$, <12>::int -- $1"; err != nil || got != want {
		t.Errorf("%q, %v", got, err)
	}
}

func FuzzBody(f *testing.F) {
	f.Add("COPY (SELECT 1) TO STDOUT")
	f.Add("EXPLAIN (ANALYZE) CREATE TABLE x AS EXECUTE p(1)")
	f.Add("DECLARE c CURSOR FOR SELECT 1 FOR UPDATE")
	f.Fuzz(func(t *testing.T, sql string) {
		stmt, err := Statement(sql)
		if err != nil {
			return
		}
		if from, to, err := Body(sql, stmt); err == nil && (from < 0 || from > to || to > len(sql)) {
			t.Errorf("%q: %d to %d", sql, from, to)
		}
		if from, to, err := Arguments(sql, stmt); err == nil && (from < 0 || from > to || to > len(sql)) {
			t.Errorf("%q: arguments from %d to %d", sql, from, to)
		}
	})
}
