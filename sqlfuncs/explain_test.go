package sqlfuncs_test

import (
	"context"
	"encoding/json"
	"encoding/xml"
	"io"
	"slices"
	"strings"
	"testing"
)

// explained gives what EXPLAIN says of the calls: the lines before Postgres's plan.
func explained(rows []string) []string {
	for i, r := range rows {
		if strings.Contains(r, "(cost=") {
			return rows[:i]
		}
	}
	return rows
}

func explainSaysHowACallIsRunAndWhy(t *testing.T, url string) {
	c := connect(t, url)
	const model = "CVP Predict  (model=risk version=1 algorithm=logistic)"
	for _, s := range []struct {
		sql  string
		says []string
	}{
		{"EXPLAIN SELECT loan_id, cvp_predict('risk', loan_id) FROM loans WHERE age > 20 AND cvp_predict('risk', loan_id) > 0.5",
			[]string{model, "  Calls: 2", "  Keys: SELECT DISTINCT cvp_key FROM (SELECT loan_id AS cvp_key FROM loans WHERE age > 20) AS cvp_subjects WHERE cvp_key IS NOT NULL", "  Place: element of an array, by the key; a join or a look-up where the keys lie far apart"}},
		{"EXPLAIN (ANALYZE, TIMING off) SELECT loan_id, cvp_predict('risk', loan_id) FROM loans WHERE loan_id <= 7",
			[]string{model, "  Keys: SELECT DISTINCT cvp_key FROM (SELECT loan_id AS cvp_key FROM loans WHERE loan_id <= 7) AS cvp_subjects WHERE cvp_key IS NOT NULL", "  Place: element of an array, by the key", "  Actual: keys=7 batches=1 scores=7"}},
		{"explain /* é */ analyze verbose (select cvp_predict('risk', 5))",
			[]string{model, "  Keys: the one that the statement names", "  Place: one parameter", "  Actual: keys=1 batches=1 scores=1 …"}},
		{"EXPLAIN SELECT cvp_predict('risk', loan_id) FROM loans WHERE loan_id = 5", []string{model, "  Keys: the one that the statement names", "  Place: one parameter"}},
		{"EXPLAIN SELECT cvp_predict('risk', 2 + 3)",
			[]string{model, "  Keys: SELECT cvp_key FROM (SELECT 2 + 3 AS cvp_key) AS cvp_subjects WHERE cvp_key IS NOT NULL", "  Place: one parameter"}},
		{"EXPLAIN SELECT region, cvp_predict('risk', region) FROM loans GROUP BY region",
			[]string{model, "  Keys: SELECT DISTINCT cvp_key FROM (SELECT region AS cvp_key FROM loans) AS cvp_subjects WHERE cvp_key IS NOT NULL", "  Place: look-up in jsonb, because rows are grouped"}},
		{"EXPLAIN SELECT cvp_predict('risk', loan_id) FROM loans TABLESAMPLE SYSTEM (10)",
			[]string{model, "  Keys: all keys of the model, because its FROM clause has TABLESAMPLE", "  Place: join on the key"}},
		{"EXPLAIN SELECT (SELECT max(cvp_predict('risk', o.loan_id)) FROM loans o WHERE o.age = l.age) FROM loans l",
			[]string{model, "  Keys: SELECT DISTINCT cvp_key FROM (SELECT o.loan_id AS cvp_key FROM loans o) AS cvp_subjects WHERE cvp_key IS NOT NULL", "  Place: element of an array, by the key; a join or a look-up where the keys lie far apart"}},
		{"EXPLAIN SELECT (SELECT cvp_predict('risk', l.age) FROM loans o LIMIT 1) FROM loans l",
			[]string{model, "  Keys: all keys of the model, because its SELECT refers to an outer one", "  Place: join on the key"}},
		{"EXPLAIN SELECT cvp_predict('risk', (random() * 10)::int) FROM loans",
			[]string{model, "  Keys: all keys of the model, because its key has function random, which may be volatile", "  Place: look-up in jsonb, because its key has function random, which may be volatile"}},
		{"EXPLAIN SELECT cvp_predict('risk', loan_id) FROM loans",
			[]string{model, "  Keys: all keys of the model, because the statement reads the whole relation of the model", "  Place: element of an array, by the key; a join or a look-up where the keys lie far apart"}},
		{"EXPLAIN (ANALYZE, TIMING off) SELECT CASE WHEN loan_id > 1 THEN cvp_predict('risk', 10 / (loan_id - 1)) END FROM loans",
			[]string{model, "  Keys: all keys of the model, because reading those that are needed was an error", "  Place: element of an array, by the key", "  Actual: keys=0 batches=1 scores=1200"}},
		{"EXPLAIN SELECT * FROM cvp_predictions('risk')",
			[]string{"CVP Predictions  (model=risk version=1 algorithm=logistic)", "  Keys: all keys of the model, because cvp_predictions gives them all", "  Place: rows from array parameters"}},
		{"EXPLAIN SELECT * FROM cvp_train('never', relation => 'loans', target => 'defaulted')", []string{"CVP Train", "  Place: rows from array parameters"}},
		{"EXPLAIN UPDATE scored SET score = cvp_predict('risk', loan_id)", []string{model, "  Keys: all keys of the model, because the call stands in no SELECT", "  Place: look-up in jsonb, because the call stands in no SELECT"}},
		{"EXPLAIN DECLARE c CURSOR FOR SELECT cvp_predict('risk', loan_id) FROM loans", []string{model, "  Keys: all keys of the model, because the statement reads the whole relation of the model", "  Place: element of an array, by the key; a join or a look-up where the keys lie far apart"}},
	} {
		for protocol, run := range map[string]func(string) ([]string, error){
			"simple":   func(sql string) ([]string, error) { return c.try(sql) },
			"extended": func(sql string) ([]string, error) { return c.extended(sql) },
		} {
			rows, err := run(s.sql)
			if err != nil {
				t.Errorf("%s %s: %s", protocol, s.sql, describe(err))
				continue
			}
			got := explained(rows)
			if len(got) == len(rows) {
				t.Errorf("%s %s: no plan of Postgres's: %q", protocol, s.sql, rows)
			}
			for i := range got {
				if head, _, timed := strings.Cut(got[i], " key time="); timed {
					got[i] = head + " …"
				}
			}
			if !slices.Equal(got, s.says) {
				t.Errorf("%s %s:\n%s\nwant\n%s", protocol, s.sql, strings.Join(got, "\n"), strings.Join(s.says, "\n"))
			}
		}
	}
	if got := c.rows("SELECT count(*) FROM cvp_models"); got[0] != "1" {
		t.Errorf("EXPLAIN has trained: %v models", got)
	}
}

func explainTakesParametersAndReportsErrorsInTheClientsText(t *testing.T, url string) {
	c := connect(t, url)
	got, err := c.extended("EXPLAIN (ANALYZE, TIMING off) SELECT cvp_predict($1, loan_id) FROM loans WHERE loan_id < $2", "risk", "4")
	if err != nil || !slices.Contains(got, "  Actual: keys=3 batches=1 scores=3") {
		t.Errorf("parameters: %q %v", got, err)
	}
	const odd = "EXPLAIN (FORMAT odd) SELECT cvp_predict('risk', 1)"
	for protocol, run := range map[string]func(string) ([]string, error){
		"simple":   func(sql string) ([]string, error) { return c.try(sql) },
		"extended": func(sql string) ([]string, error) { return c.extended(sql) },
	} {
		_, err := run(odd)
		if e := asPgError(err); e == nil || e.Code != "22023" || int(e.Position) != runeIndex(odd, "FORMAT") {
			t.Errorf("%s: %+v", protocol, e)
		}
	}
}

func explainAnalyzeDoesWhatItExplains(t *testing.T, url string) {
	c := connect(t, url)
	c.exec("BEGIN")
	c.exec("EXPLAIN ANALYZE CREATE TABLE made AS SELECT loan_id, cvp_predict('risk', loan_id) AS score FROM loans")
	if got := c.rows("SELECT count(*) FROM made JOIN scored USING (loan_id, score)"); got[0] != "1200" {
		t.Errorf("made %v", got)
	}
	c.exec("ROLLBACK")
}

func explainHasAPlaceForCallsInEveryFormat(t *testing.T, url string) {
	c := connect(t, url)
	const query = " SELECT cvp_predict('risk', loan_id), cvp_predict('risk', 'a<\"b') FROM loans WHERE region = 'it''s'"
	var plan []struct {
		CVP []struct {
			Function, Model, Algorithm, Keys, Place string
			Version                                 int
			Scores                                  int `json:"Actual Scores"`
		}
		Plan map[string]any
	}
	text := c.rows("EXPLAIN (ANALYZE, FORMAT json)" + query)
	if err := json.Unmarshal([]byte(text[0]), &plan); err != nil || len(text) != 1 {
		t.Fatalf("json: %v in %q", err, text)
	}
	if p := plan[0]; len(p.CVP) != 2 || p.CVP[0].Model != "risk" || p.CVP[1].Place != "one parameter" || p.Plan["Node Type"] == nil {
		t.Errorf("json: %+v", plan)
	}
	var kind string
	if err := c.QueryRow(context.Background(), "EXPLAIN (FORMAT json)"+query).Scan(&plan); err != nil {
		t.Errorf("json in the extended protocol: %v %s", err, kind)
	}
	d := xml.NewDecoder(strings.NewReader(c.rows("EXPLAIN (FORMAT xml)" + query)[0]))
	var calls int
	for {
		token, err := d.Token()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatalf("xml: %v", err)
		}
		if e, ok := token.(xml.StartElement); ok && e.Name.Local == "Call" {
			calls++
		}
	}
	if calls != 2 {
		t.Errorf("xml: %d calls", calls)
	}
	yaml := c.rows("EXPLAIN (FORMAT yaml)" + query)[0]
	if !strings.HasPrefix(yaml, "- CVP: \n    - Function: \"cvp_predict\"\n      Model: \"risk\"\n") || !strings.Contains(yaml, "\n  Plan: \n    Node Type: ") {
		t.Errorf("yaml: %s", yaml)
	}
}

func explainShowsNoResults(t *testing.T, url string) {
	c := connect(t, url)
	text := strings.Join(c.rows("EXPLAIN (ANALYZE, VERBOSE) SELECT cvp_predict('risk', loan_id) FROM loans GROUP BY loan_id HAVING cvp_predict('risk', loan_id) > 0"), "\n")
	if !strings.Contains(text, "'{…}'::double precision[]") || len(text) > 4000 {
		t.Errorf("%d bytes: %.1000s", len(text), text)
	}
}
