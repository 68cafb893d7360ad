package clients_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"cvp/catalog"
)

func TestPsqlShowsTheSameForCallsAsForATableOfScores(t *testing.T) {
	needs(t, "psql")
	s := newShop(t)
	script, err := os.ReadFile("testdata/psql.sql")
	if err != nil {
		t.Fatal(err)
	}
	type made struct{ predicted, source, view string }
	show := func(m made) string {
		file := filepath.Join(t.TempDir(), "script.sql")
		text := strings.NewReplacer("PREDICTED", m.predicted, "SOURCE", m.source, "VIEWED", m.view).Replace(string(script))
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return s.run(".", "psql", "-X", "-f", file)
	}
	want := show(made{"buy30", "expected", "precomputed"})
	got := show(made{"cvp_predict('buy30', customer_id)", "customers", "scored"})
	if d := cmp.Diff(stable(want), stable(got)); d != "" || len(got) < 10_000 || strings.Count(got, "nextval: reached maximum") != 1 {
		t.Errorf("%d bytes\n%s", len(got), d)
	}
}

// clock is the title of each round of \watch.
var clock = regexp.MustCompile(`(?m)^.*\(every 0\.02s\)$`)

// stable takes from psql's output what differs from run to run.
func stable(out string) []string {
	out = clock.ReplaceAllString(out, "(every 0.02s)")
	out = strings.NewReplacer("precomputed", "scored", "psql:", "").Replace(out)
	return strings.Split(regexp.MustCompile(`(?m)^\S*script\.sql:\d+: `).ReplaceAllString(out, ""), "\n")
}

func TestPsqlDescribesTheFunctions(t *testing.T) {
	needs(t, "psql")
	s := newShop(t)
	if out := s.run(".", "psql", "-X", "-A", "-c", `\df cvp.cvp_predict*`, "-c", `\df+ cvp.cvp_train`, "-c", `\d+ scored`); !strings.Contains(out, "cvp|cvp_predictions|TABLE(key text, prediction double precision, decile integer)|model text|func") ||
		!strings.Contains(out, "max_age interval DEFAULT NULL::interval, if_changed boolean DEFAULT false") || !strings.Contains(out, "cvp_predict('buy30'::text, customers.customer_id) AS buy30") {
		t.Error(out)
	}
}

// After "cvp install" the functions are found without their schema, through the server and past it.
func TestPsqlFindsTheFunctionsOnTheSearchPath(t *testing.T) {
	needs(t, "psql")
	s := newShop(t)
	path, err := catalog.InspectSearchPath(t.Context(), s.conn.PgConn())
	if err == nil {
		err = path.Extend(t.Context(), s.conn.PgConn())
	}
	if err != nil {
		t.Fatal(err)
	}
	through := *s.url
	for _, where := range []string{s.url.Host, s.postgres} {
		s.url.Host = where
		out := s.run(".", "psql", "-X", "-A", "-c", `\df cvp_*`, "-c", `\dv cvp_*`, "-c", `\df+ cvp_predictions`, "-c", `\dfS cvp_dep*`)
		for _, want := range []string{"cvp|cvp_predict|double precision|model text, key text|func", "cvp|cvp_train|SETOF training|model text", "cvp|cvp_models|view|", "cvp|cvp_runs|view|",
			"predictions for every entity", "cvp|cvp_deploy|"} {
			if !strings.Contains(out, want) {
				t.Errorf("at %s %q is missing in\n%s", where, want, out)
			}
		}
	}
	s.url = &through
}

// needs leaves a test out, and says so, where the machine lacks a program.
func needs(t *testing.T, programs ...string) {
	t.Helper()
	if testing.Short() {
		t.Skip("-short: drives another program")
	}
	for _, p := range programs {
		if _, err := exec.LookPath(p); err != nil {
			t.Skipf("left out: %s is not installed", p)
		}
	}
}
