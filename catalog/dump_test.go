package catalog_test

import (
	"os/exec"
	"path/filepath"
	"slices"
	"testing"

	"cvp/catalog"
	"cvp/internal/pgtest"
)

// program finds one of Postgres's client programs, in the PATH or where Debian keeps them.
func program(t *testing.T, name string) string {
	t.Helper()
	if path, err := exec.LookPath(name); err == nil {
		return path
	}
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/" + name)
	if err != nil || len(found) == 0 {
		t.Skipf("%s is not installed on this machine", name)
	}
	return found[len(found)-1]
}

func command(t *testing.T, name string, arguments ...string) {
	t.Helper()
	output, err := exec.CommandContext(t.Context(), program(t, name), arguments...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", name, err, output)
	}
}

func TestTheRegistryIsDumpedAndRestored(t *testing.T) {
	c := newCast(t)
	save(t, c.anna, churn("churn"))
	second := churn("churn")
	second.Deploy = false
	save(t, c.anna, second)
	run(t, c.anna, "SELECT cvp.cvp_share('churn', $1)", c.benName)
	before, err := catalog.Resolve(t.Context(), c.anna.PgConn(), "churn")
	if err != nil {
		t.Fatal(err)
	}

	file := filepath.Join(t.TempDir(), "cvp.dump")
	command(t, "pg_dump", "--schema=cvp", "--format=custom", "--file="+file, c.where)
	target := pgtest.Database(t)
	command(t, "pg_restore", "--exit-on-error", "--single-transaction", "--dbname="+target, file)

	super := pgtest.Connect(t, target)
	if s := inspect(t, super); s.Version != catalog.Latest() {
		t.Errorf("restored schema: %+v", s)
	}
	annaTo, benTo := pgtest.Connect(t, as(t, target, c.annaName)), pgtest.Connect(t, as(t, target, c.benName))
	after, err := catalog.Resolve(t.Context(), benTo.PgConn(), "churn")
	if err != nil {
		t.Fatal(err)
	}
	if after.ID.Version != before.ID.Version || after.ID == before.ID || after.Owner != c.annaName || after.Value != before.Value {
		t.Errorf("got %+v, want %+v in another database", after, before)
	}
	if b, err := catalog.Artifact(t.Context(), benTo.PgConn(), after.ID); err != nil || !slices.Equal(b, churn("").Artifact) {
		t.Errorf("got artifact %x, %v", b, err)
	}
	if v := save(t, annaTo, churn("churn")); v != 3 {
		t.Errorf("the next version is %d", v)
	}
	denied(t, benTo, "42501", "SELECT cvp.cvp_deploy('churn', 1)")
	denied(t, benTo, "42501", "UPDATE cvp.versions SET value = 1")
	for _, relation := range []string{"metrics", "leaderboard", "runs"} {
		if n, want := one[int](t, super, "SELECT count(*) FROM cvp."+relation), 3*one[int](t, c.super, "SELECT count(*) FROM cvp."+relation)/2; n != want {
			t.Errorf("cvp.%s has %d rows, want %d", relation, n, want)
		}
	}
	run(t, annaTo, "SELECT cvp.cvp_drop_model('churn')")
}
