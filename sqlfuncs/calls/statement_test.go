package calls

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestSplitQualifiesOnlyNamesOfCvp(t *testing.T) {
	for _, c := range []struct {
		name, sql string
		text      []string
		engine    [][]string
	}{
		{"a comment is not a call", "SELECT 1 -- cvp_predict(1)", nil, nil},
		{"a literal is not a call", "SELECT 'cvp_predict(1)'", nil, nil},
		{"a syntax error is left to Postgres", "SELEC cvp_predict(1)", nil, nil},
		{"a function of somebody else's", "SELECT mine.cvp_predict(1), cvp_other()", nil, nil},
		{"a call", "SELECT cvp_predict('m', 1)", []string{"SELECT cvp.cvp_predict('m', 1)"}, [][]string{{Predict}}},
		{"case and quotes", `SELECT CVP_Predict(1), "cvp_predict"(2)`, []string{`SELECT cvp.CVP_Predict(1), cvp."cvp_predict"(2)`}, [][]string{{Predict, Predict}}},
		{"already qualified", "SELECT cvp.cvp_predict(1)", []string{"SELECT cvp.cvp_predict(1)"}, [][]string{{Predict}}},
		{"registry calls are Postgres's own work", "SELECT * FROM cvp_evaluate('m'), cvp_models", []string{"SELECT * FROM cvp.cvp_evaluate('m'), cvp.cvp_models"}, [][]string{nil}},
		{"a CTE of the view's name wins", "WITH cvp_models AS (SELECT cvp_predict(1)) SELECT * FROM cvp_models",
			[]string{"WITH cvp_models AS (SELECT cvp.cvp_predict(1)) SELECT * FROM cvp_models"}, [][]string{{Predict}}},
		{"several statements", "SELECT 1; SELECT cvp_predict(1) ; SELECT 2", []string{"SELECT 1", " SELECT cvp.cvp_predict(1) ", " SELECT 2"}, [][]string{nil, {Predict}, nil}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var text []string
			var engine [][]string
			for _, s := range Split(c.sql, nil) {
				text, engine = append(text, s.Text), append(engine, s.Engine)
			}
			if d := cmp.Diff(c.text, text); d != "" {
				t.Error(d)
			}
			if d := cmp.Diff(c.engine, engine); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestReadOnlyMeansNothingIsWrittenOrLocked(t *testing.T) {
	for sql, want := range map[string]bool{
		"SELECT cvp_predict('m', id) FROM t":                                        true,
		"SELECT cvp_predict('m', id) FROM t FOR UPDATE":                             false,
		"WITH d AS (DELETE FROM t RETURNING id) SELECT cvp_predict('m', id) FROM d": false,
		"SELECT * FROM cvp_train('m')":                                              false,
		"INSERT INTO s SELECT cvp_predict('m', id) FROM t":                          false,
	} {
		if got := Split(sql, nil)[0].ReadOnly; got != want {
			t.Errorf("%s: read-only %v", sql, got)
		}
	}
}

func TestPositionMapsBackToTheClientsText(t *testing.T) {
	sql := "SELECT 'é'; SELECT cvp_predict(1), oops, cvp_predict(2), again"
	s := Split(sql, nil)[1]
	for _, word := range []string{"oops", "again"} {
		if got, want := s.Position(int32(runeIndex(s.Text, word)+1)), int32(runeIndex(sql, word)+1); got != want {
			t.Errorf("%s: position %d, want %d", word, got, want)
		}
	}
}

func runeIndex(s, word string) int {
	r, w := []rune(s), []rune(word)
	for i := range r {
		if i+len(w) <= len(r) && string(r[i:i+len(w)]) == word {
			return i
		}
	}
	return -1
}

func FuzzSplit(f *testing.F) {
	f.Add("SELECT cvp_predict('m', 1), * FROM cvp_models; SELECT 2")
	f.Add("WITH a AS (SELECT cvp_predict(é)) SELECT 1;;")
	f.Fuzz(func(t *testing.T, sql string) {
		for _, s := range Split(sql, nil) {
			s.Position(int32(len(s.Text)))
		}
	})
}

func TestAViewIsDefinedUnderEachOfItsNames(t *testing.T) {
	known := func(name string) bool { return name == "scored" }
	for sql, want := range map[string][]string{
		"CREATE VIEW v AS SELECT cvp_predict('m', 1)":                   {"v"},
		"CREATE OR REPLACE TEMP VIEW v AS SELECT * FROM scored":         {"v"},
		`ALTER TABLE "db"."s"."scored" RENAME TO "live"`:                {"live"},
		"ALTER VIEW scored RENAME TO live":                              {"live"},
		"ALTER VIEW IF EXISTS s.scored RENAME COLUMN a TO b":            nil,
		"ALTER TABLE other RENAME TO live":                              nil,
		"CREATE TABLE v AS SELECT * FROM scored":                        nil,
		"/* {\"app\": \"dbt\"} */ alter table scored rename to \"a b\"": {"a b"},
	} {
		var got []string
		for _, s := range Split(sql, known) {
			got = append(got, s.Defines...)
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%s\n%s", sql, d)
		}
	}
}
