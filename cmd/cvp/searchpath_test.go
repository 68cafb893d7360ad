package main

import (
	"errors"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"cvp/internal/pgtest"
)

func TestInstallPutsTheSchemaOnTheSearchPath(t *testing.T) {
	database := pgtest.Database(t)
	unqualified := func() string {
		t.Helper()
		refused := (*pgconn.PgError)(nil)
		if _, err := pgtest.Connect(t, database).Exec(t.Context(), "SELECT cvp_predict('risk', 1)"); !errors.As(err, &refused) {
			t.Fatalf("a call without a model gives %v", err)
		}
		return refused.Code
	}
	if status, out, errors := cvp(t, "install", "--backend", database, "--open", "--no-search-path"); status != 0 || strings.Contains(out, "search_path") || unqualified() != "42883" {
		t.Errorf("--no-search-path gives status %d: %s%s", status, out, errors)
	}
	// Who owns the schema need not own the database.
	super := pgtest.Connect(t, database)
	owner := pgtest.Role(t, database, "steward", "secret")
	role := pgx.Identifier{regexp.MustCompile(`//([^:]+):`).FindStringSubmatch(owner)[1]}.Sanitize()
	if _, err := super.Exec(t.Context(), "GRANT USAGE ON SCHEMA cvp TO "+role); err != nil {
		t.Fatal(err)
	}
	want := `it is not on the search_path of the database, which postgres may change: ALTER DATABASE "`
	if status, out, errors := cvp(t, "install", "--backend", owner); status != 0 || !strings.Contains(out, want) || unqualified() != "42883" {
		t.Errorf("without rights install gives status %d, want output with %q: %s%s", status, want, out, errors)
	}
	for _, want := range []string{`it is on the search_path of new sessions: ALTER DATABASE "`, "at version"} {
		if status, out, errors := cvp(t, "install", "--backend", database); status != 0 || !strings.Contains(out, want) {
			t.Errorf("install gives status %d, want output with %q: %s%s", status, want, out, errors)
		}
		if got := unqualified(); got != "0A000" {
			t.Errorf("afterwards a call without a schema gives %s", got)
		}
	}
}

// The statements of docs/direct.md take away what install has made. Its roles serve the other databases of the cluster.
func TestWhatInstallHasMadeCanBeTakenAway(t *testing.T) {
	database := pgtest.Database(t)
	if status, _, errors := cvp(t, "install", "--backend", database, "--foreign-server", "host=127.0.0.1 port=6432"); status != 0 {
		t.Fatal(errors)
	}
	manual, err := os.ReadFile("../../docs/direct.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(manual), "## Taking it away")
	_, block, _ := strings.Cut(section, "```sql\n")
	block, _, found := strings.Cut(block, "```")
	if !found {
		t.Fatal("docs/direct.md does not say how to take it away")
	}
	conn := pgtest.Connect(t, database)
	name := pgx.Identifier{conn.Config().Database}.Sanitize()
	for _, sql := range strings.Split(strings.TrimSpace(strings.ReplaceAll(block, "DATABASE shop", "DATABASE "+name)), "\n") {
		if strings.HasPrefix(sql, "DROP ROLE") {
			continue
		}
		if _, err := conn.Exec(t.Context(), sql); err != nil {
			t.Errorf("%s: %v", sql, err)
		}
	}
	var left int
	if err := pgtest.Connect(t, database).QueryRow(t.Context(), `SELECT (SELECT count(*) FROM pg_namespace WHERE nspname LIKE 'cvp%') + (SELECT count(*) FROM pg_foreign_server)
		+ (SELECT count(*) FROM pg_extension WHERE extname = 'dblink') + (current_setting('search_path') LIKE '%cvp%')::int`).Scan(&left); err != nil || left != 0 {
		t.Errorf("%d things are left: %v", left, err)
	}
}
