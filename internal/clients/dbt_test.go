package clients_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// The sample project is built twice: at first everything is made, then tables are replaced, the incremental model and the
// snapshot are added to, and nothing is trained.
func TestDbtBuildsTheSampleProjectAgainAndAgain(t *testing.T) {
	dbt := filepath.Join(environmentOf(t, requirements), "dbt")
	s := newShop(t)
	s.exec("SELECT cvp_drop_model('buy30')") // the project trains its own
	project := t.TempDir()
	if err := os.CopyFS(project, os.DirFS("../../testdata/dbt")); err != nil {
		t.Fatal(err)
	}
	build := func() {
		t.Helper()
		out := s.run(project, dbt, "--no-use-colors", "--no-send-anonymous-usage-stats", "build", "--profiles-dir", ".", "--vars", "{foreign_server: true}")
		if !strings.Contains(out, "Completed successfully") || !strings.Contains(out, "ERROR=0 SKIP=0") {
			t.Fatal(out)
		}
	}
	want := func(sql, wanted string) {
		t.Helper()
		var got string
		if err := s.conn.QueryRow(t.Context(), sql).Scan(&got); err != nil || got != wanted {
			t.Errorf("%s: %s, want %s (%v)", sql, got, wanted, err)
		}
	}
	build()
	want("SELECT string_agg(version::text, ',') FROM cvp_models", "1")
	want("SELECT count(*) || ' ' || count(buy30) FROM analytics.score_history", "301 300")
	const refreshed = "SELECT count(*) || ' ' || count(m.buy30) || ' ' || count(*) FILTER (WHERE m.buy30 IS DISTINCT FROM t.buy30) FROM analytics.refreshed_scores AS m JOIN analytics.customer_scores AS t USING (customer_id)"
	want(refreshed, "301 300 0")
	s.exec(`INSERT INTO customers VALUES (2000, 'New', 'FR', '2023-10-01'); INSERT INTO orders VALUES (900000, 2000, '2023-10-20', 10, 'web');
		UPDATE analytics.score_history SET buy30 = 2 WHERE customer_id = 7`)
	build()
	want("SELECT string_agg(version::text, ',') FROM cvp_models", "1")
	want("SELECT count(*) || ' ' || count(buy30) || ' ' || max(buy30) FROM analytics.score_history", "302 301 2")
	want(refreshed, "302 301 0")
	want("SELECT count(*)::text FROM pg_matviews WHERE matviewname = 'refreshed_scores' AND hasindexes", "1")
	want("SELECT count(*)::text FROM analytics.score_snapshot", "302")
	want("SELECT count(*)::text FROM analytics.customer_scores AS t JOIN analytics.live_scores AS v USING (customer_id) WHERE t.buy30 = v.buy30", "301")
	want("SELECT count(*)::text FROM analytics.customer_scores AS t WHERE t.buy30 IS DISTINCT FROM (SELECT prediction FROM cvp_predictions('buy30') AS p WHERE p.key = t.customer_id::text)", "0")
	want("SELECT sum(customers) || ' ' || (min(buy30) > 0) FROM analytics.countries", "302 true")

	s.run(project, dbt, "--no-use-colors", "--no-send-anonymous-usage-stats", "docs", "generate", "--profiles-dir", ".", "--vars", "{foreign_server: true}")
	catalogue, err := os.ReadFile(filepath.Join(project, "target", "catalog.json"))
	if err != nil || !strings.Contains(string(catalogue), `"live_scores"`) || !strings.Contains(string(catalogue), `"double precision"`) {
		t.Errorf("the catalogue lacks the view or its column (%v)", err)
	}
}
