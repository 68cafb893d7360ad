package main

import (
	"context"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"cvp/internal/pgtest"
)

var update = flag.Bool("update", false, "write the golden files anew")

// golden compares with a file of testdata.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("differs from %s (-want +got):\n%s", path, diff)
	}
}

func TestATourShowsStatementNoticesResultAndTime(t *testing.T) {
	steps := []step{
		{"A notice", "DO $$ BEGIN RAISE NOTICE 'half way'; END $$; SELECT 1 AS one", rows(1)},
		{"Every kind of cell", `SELECT * FROM (VALUES (1, 'a', 1.5::float8, true, 2.50::numeric, NULL::text),
  (20, 'größer', 1234567.891, false, 10, 'x')) AS v (int, text, float, bool, numeric, nothing)`, rows(2)},
		{"Nothing", "SELECT 1 AS nobody WHERE false", rows(0)},
	}
	var out strings.Builder
	if err := takeTour(t.Context(), terminal{out: &out, errors: &out}, pgtest.Database(t), steps); err != nil {
		t.Fatal(err)
	}
	golden(t, "tour.golden", regexp.MustCompile(`Time: [0-9.]+ ms`).ReplaceAllString(out.String(), "Time: … ms"))
}

func TestATourGoesOnAfterAFailureAndNamesIt(t *testing.T) {
	steps := []step{
		{"wrong", "SELECT 2 AS x", within("x", 0, 1)},
		{"broken", "SELECT none", rows(1)},
		{"right", "SELECT 1 AS reached", rows(1)},
	}
	var out strings.Builder
	err := takeTour(t.Context(), terminal{out: &out, errors: &out}, pgtest.Database(t), steps)
	if err == nil {
		t.Fatal("a tour with two failures is reported as good")
	}
	for _, want := range []string{"2 of 3 steps", "step 1 (wrong): x of row 1 is 2, want 0 to 1", "step 2 (broken)", "42703"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("error lacks %q: %v", want, err)
		}
	}
	if !strings.Contains(out.String(), "reached") {
		t.Error("the tour stopped at the failure")
	}
}

func TestATourEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	steps := []step{
		{"ends", "SELECT 1", func(table) error { cancel(); return nil }},
		{"never", "SELECT 2", func(table) error { t.Error("a step ran after the end"); return nil }},
	}
	var out strings.Builder
	if err := takeTour(ctx, terminal{out: &out, errors: &out}, pgtest.Database(t), steps); !errors.Is(err, context.Canceled) {
		t.Errorf("error is %v, want context canceled", err)
	}
}

func TestExpectations(t *testing.T) {
	column := func(name string, values ...string) table {
		result := table{columns: []string{name}}
		for _, value := range values {
			result.rows = append(result.rows, []string{value})
		}
		return result
	}
	board := func(rows ...[]string) table {
		return table{columns: []string{"chosen", "metric", "value", "baseline"}, rows: rows}
	}
	tests := map[string]struct {
		expect expectation
		result table
		good   bool
	}{
		"as many rows":                  {rows(2), column("x", "1", "2"), true},
		"too few rows":                  {rows(2), column("x", "1"), false},
		"enough rows":                   {atLeastRows(1), column("x", "1", "2"), true},
		"not enough rows":               {atLeastRows(3), column("x", "1", "2"), false},
		"within":                        {within("x", 0, 1), column("x", "0", "1"), true},
		"outside":                       {within("x", 0, 1), column("x", "0", "1.01"), false},
		"not a number is not within":    {within("x", 0, 1), column("x", "NaN"), false},
		"not a number is in no order":   {descending("x"), column("x", "3", "NaN", "2"), false},
		"a fall from not a number":      {firstOverLast("x", 3), column("x", "NaN", "0.1"), false},
		"chosen is not a number":        {oneChosen, board([]string{"t", "roc_auc", "NaN", "0.7"}), false},
		"more is better of gini":        {oneChosen, board([]string{"t", "gini", "0.84", "0.75"}), true},
		"an error that is not a number": {oneChosen, board([]string{"t", "mae", "NaN", "12"}), false},
		"a metric without a direction":  {oneChosen, board([]string{"t", "score", "2", "1"}), false},
		"null is no number":             {within("x", 0, 1), column("x", ""), false},
		"a missing column":              {within("y", 0, 1), column("x", "0"), false},
		"descending":                    {descending("x"), column("x", "3", "2", "2"), true},
		"not descending":                {descending("x"), column("x", "3", "2", "2.5"), false},
		"a fall":                        {firstOverLast("x", 3), column("x", "0.9", "0.5", "0.1"), true},
		"no fall":                       {firstOverLast("x", 3), column("x", "0.3", "0.5", "0.1"), false},
		"one row cannot fall":           {firstOverLast("x", 3), column("x", "0.3"), false},
		"different values":              {atLeastDistinct("x", 2), column("x", "a", "b", "a"), true},
		"the same value":                {atLeastDistinct("x", 2), column("x", "a", "a"), false},
		"has":                           {has("x", "b"), column("x", "a", "b"), true},
		"has not":                       {has("x", "c"), column("x", "a", "b"), false},
		"one chosen, better":            {oneChosen, board([]string{"t", "roc_auc", "0.8", "0.7"}, []string{"f", "roc_auc", "0.7", "0.7"}), true},
		"chosen no better":              {oneChosen, board([]string{"t", "roc_auc", "0.7", "0.7"}), false},
		"chosen has a lower error":      {oneChosen, board([]string{"t", "mae", "10", "12"}), true},
		"chosen has a higher error":     {oneChosen, board([]string{"t", "mae", "13", "12"}), false},
		"none chosen":                   {oneChosen, board([]string{"f", "roc_auc", "0.8", "0.7"}), false},
		"two chosen":                    {oneChosen, board([]string{"t", "roc_auc", "0.8", "0.7"}, []string{"t", "roc_auc", "0.8", "0.7"}), false},
		"all hold":                      {all(rows(1), within("x", 0, 1)), column("x", "1"), true},
		"one of all does not":           {all(rows(1), within("x", 0, 1)), column("x", "2"), false},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if err := test.expect(test.result); (err == nil) != test.good {
				t.Errorf("gives %v, want good = %v", err, test.good)
			}
		})
	}
}

func TestProgressIsALineAQuarterWhereNoTerminalShowsIt(t *testing.T) {
	var out strings.Builder
	line := newProgressLine(&out, "work")
	for done := range 1001 {
		line.report(done, 1000)
	}
	line.end()
	if want := "work: 0 %\nwork: 25 %\nwork: 50 %\nwork: 75 %\nwork: 100 %\n"; out.String() != want {
		t.Errorf("shows %q, want %q", out.String(), want)
	}
}

// TestDemo is the whole product: a new Postgres, the data, every model of the tour and all that is asked of them.
func TestDemo(t *testing.T) {
	if testing.Short() {
		t.Skip("takes a minute; make test runs it")
	}
	dir, err := os.MkdirTemp("", "cvp-demo-")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	status, out, problems := cvp(t, "demo", "--once", "--dir", dir, "--listen", "127.0.0.1:0")
	if status != 0 {
		t.Errorf("status %d: %s\n%s", status, problems, out)
	}
	t.Log(out[max(0, len(out)-200):])
}
