package sqlfuncs_test

import (
	"slices"
	"strings"
	"testing"

	"cvp/sqlfuncs/calls"
)

func wrongArgumentsGetTheRightOnes(t *testing.T, url string) {
	each(t, url, func(t *testing.T, c *client, run func(string) ([]string, error)) {
		for _, s := range []struct{ sql, at, hint string }{
			{"SELECT 'é', cvp_predict(1, 2, 3)", "cvp_predict(1", "cvp_predict(model, key) or cvp_predict(model, row)"},
			{"SELECT cvp_predict()", "cvp_predict", "cvp_predict(model, key)"},
			{"SELECT cvp.cvp_predict(1, loan_id) FROM loans", "cvp.cvp_predict", "cvp_predict(model, key)"},
			{"SELECT cvp_predict(modle => 'risk', key => 1)", "cvp_predict", "cvp_predict(model, key)"},
			{"SELECT * FROM cvp_predictions('risk', 2)", "cvp_predictions", "cvp_predictions(model)"},
			{"SELECT * FROM cvp_train('m', 'q', algoritm => 'tree')", "cvp_train", "[, algorithm]"},
			{"SELECT * FROM cvp_train()", "cvp_train", "cvp_train(model, question"},
			{"SELECT * FROM cvp_evaluate()", "cvp_evaluate", "cvp_evaluate(model)"},
			{"SELECT cvp_deploy('risk', '1', 2)", "cvp_deploy", "cvp_deploy(model, version)"},
			{"SELECT cvp_share('risk')", "cvp_share", "cvp_share(model, role)"},
			{"EXPLAIN SELECT cvp_predict(1, 2, 3)", "cvp_predict", "cvp_predict(model, key)"},
			{"COPY (SELECT cvp_predict(1, 2, 3)) TO STDOUT", "cvp_predict", "cvp_predict(model, key)"},
			{"DECLARE c CURSOR WITH HOLD FOR SELECT cvp_predict(1, 2, 3)", "cvp_predict", "cvp_predict(model, key)"},
			{"SELECT nothing(1), cvp_predict('risk', 1)", "nothing", "might need to add explicit type casts"},
		} {
			_, err := run(s.sql)
			e := asPgError(err)
			if e == nil || e.Code != "42883" || !strings.Contains(e.Hint, s.hint) || int(e.Position) != runeIndex(s.sql, s.at) {
				t.Errorf("%s: %v, %+v", s.sql, err, e)
			}
		}
	})
	// In the extended protocol Postgres looks into these only when they are executed, and then speaks of the text it has got.
	c := connect(t, url)
	for _, sql := range []string{"CREATE VIEW never AS SELECT cvp_predict(1, 2, 3)", "PREPARE never AS SELECT cvp_predict(1, 2, $1)"} {
		_, err := c.try(sql)
		if e := asPgError(err); e == nil || e.Code != "42883" || !strings.Contains(e.Hint, "cvp_predict(model, key)") || int(e.Position) != runeIndex(sql, "cvp_predict") {
			t.Errorf("%s: %v, %+v", sql, err, e)
		}
	}
}

// What the hints say is what the database has.
func hintsAreTheSignaturesOfTheCatalog(t *testing.T, url string) {
	c := connect(t, url)
	c.rows("SELECT cvp_predict('risk', 1)")
	functions := c.rows("SELECT proname, array_to_string((SELECT array_agg(a ORDER BY o) FROM unnest(proargnames) WITH ORDINALITY AS u (a, o) WHERE o <= pronargs), ' ') FROM pg_proc WHERE pronamespace = 'cvp'::regnamespace AND proname LIKE 'cvp%' ORDER BY 1")
	if len(functions) < 9 {
		t.Fatalf("functions: %q", functions)
	}
	for _, f := range functions {
		name, arguments, _ := strings.Cut(f, "|")
		hint := calls.Hint("42883", "function cvp."+name+"() does not exist")
		words := strings.FieldsFunc(hint, func(r rune) bool { return strings.ContainsRune(" ,()[]", r) })
		for _, a := range strings.Fields(arguments) {
			if a == "subject" {
				a = "row"
			}
			if !slices.Contains(words, a) {
				t.Errorf("%s(%s) is hinted at as %q", name, arguments, hint)
			}
		}
	}
}

// A key may be of any type, NULL, a parameter, or not there.
func keysOfEveryType(t *testing.T, url string) {
	c := connect(t, url)
	c.exec("CREATE TEMP TABLE k AS SELECT loan_id AS i, loan_id::bigint AS b, loan_id::text AS t, loan_id::numeric AS n, loan_id::smallint AS s, loan_id::varchar(10) AS v FROM loans WHERE loan_id <= 20 UNION ALL SELECT NULL, NULL, NULL, NULL, NULL, NULL")
	each := "SELECT bool_and(cvp_predict('risk', %) IS NOT DISTINCT FROM score) FROM k LEFT JOIN scored ON loan_id = i"
	for _, column := range []string{"i", "b", "t", "n", "s", "v"} {
		if got := c.rows(strings.ReplaceAll(each, "%", column)); got[0] != "t" {
			t.Errorf("column %s: %v", column, got)
		}
	}
	want := c.rows("SELECT score FROM scored WHERE loan_id = 7")[0]
	for sql, args := range map[string][]string{
		"SELECT cvp_predict($1, $2)":                 {"risk", "7"},
		"SELECT cvp_predict($1, $2::int)":            {"risk", "7"},
		"SELECT cvp_predict($1::text, $2::int8)":     {"risk", "7"},
		"SELECT cvp_predict('risk', $1::numeric)":    {"7"},
		"SELECT cvp_predict(model => $1, key => $2)": {"risk", "7"},
		"SELECT cvp_predict($1 || 'sk', 7)":          {"ri"},
	} {
		if got, err := c.extended(sql, args...); err != nil || got[0] != want {
			t.Errorf("%s: %v, %v, want %s", sql, got, err, want)
		}
	}
	for _, sql := range []string{"SELECT cvp_predict('risk', NULL)", "SELECT cvp_predict('risk', NULL::int)", "SELECT cvp_predict('risk', 'no such key')", "SELECT cvp_predict('risk', DATE '2020-01-01')",
		"SELECT cvp_predict('risk', '00000000-0000-0000-0000-000000000000'::uuid)", "SELECT cvp_predict('risk', 1.5)", "SELECT cvp_predict('risk', ARRAY[7])"} {
		for protocol, run := range map[string]func(string) ([]string, error){"simple": func(sql string) ([]string, error) { return c.try(sql) }, "extended": func(sql string) ([]string, error) { return c.extended(sql) }} {
			if got, err := run(sql); err != nil || got[0] != "∅" {
				t.Errorf("%s %s: %v, %v", protocol, sql, got, err)
			}
		}
	}
	for _, sql := range []string{"SELECT cvp_predict(NULL, 7)", "SELECT cvp_predict(NULL::text, 7)", "SELECT cvp_predict($1::text, 7)"} {
		r := c.PgConn().ExecParams(t.Context(), sql, make([][]byte, strings.Count(sql, "$")), nil, nil, nil).Read()
		if e := asPgError(r.Err); e == nil || e.Code != "22004" {
			t.Errorf("%s: %v", sql, r.Err)
		}
	}
	r := c.PgConn().ExecParams(t.Context(), "SELECT cvp_predict('risk', $1::int)", [][]byte{nil}, nil, nil, nil).Read()
	if r.Err != nil || r.Rows[0][0] != nil {
		t.Errorf("a NULL parameter as key: %v %v", r.Rows, r.Err)
	}
}
