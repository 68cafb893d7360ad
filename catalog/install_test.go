package catalog_test

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"cvp/catalog"
	"cvp/internal/pgtest"
)

func inspect(t testing.TB, conn *pgx.Conn) catalog.State {
	t.Helper()
	s, err := catalog.Inspect(t.Context(), conn.PgConn())
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestMigrationsAreNumberedWithoutGaps(t *testing.T) {
	names, err := catalog.MigrationNames()
	if err != nil {
		t.Fatal(err)
	}
	if len(names) == 0 || len(names) != catalog.Latest() {
		t.Fatalf("got %d migrations, Latest is %d", len(names), catalog.Latest())
	}
	for i, name := range names {
		if !regexp.MustCompile(fmt.Sprintf(`^%d_[a-z_]+$`, i+1)).MatchString(name) {
			t.Errorf("migration %d is %s", i+1, name)
		}
	}
}

func TestInstallIsUndoneByRollbackAndDoesNothingTheSecondTime(t *testing.T) {
	conn := pgtest.Connect(t, pgtest.Database(t))
	run(t, conn, "BEGIN")
	if err := catalog.Install(t.Context(), conn.PgConn()); err != nil {
		t.Fatal(err)
	}
	if s := inspect(t, conn); s.Version != catalog.Latest() {
		t.Errorf("got %+v inside the transaction", s)
	}
	run(t, conn, "ROLLBACK")
	if s := inspect(t, conn); s.Version != 0 || !s.MayInstall || s.Owner != "postgres" || s.ReadOnly {
		t.Errorf("got %+v after the rollback", s)
	}
	for range 2 {
		run(t, conn, "BEGIN")
		if err := catalog.Install(t.Context(), conn.PgConn()); err != nil {
			t.Fatal(err)
		}
		run(t, conn, "COMMIT")
	}
	if n := one[int](t, conn, "SELECT count(*) FROM cvp.schema_migrations"); n != catalog.Latest() {
		t.Errorf("%d migrations are recorded, want %d", n, catalog.Latest())
	}
	if n := one[int](t, conn, "SELECT max(version) FROM cvp.schema_migrations"); n != one[int](t, conn, "SELECT cvp.schema_version()") {
		t.Errorf("the table says version %d, the function another", n)
	}
	// Up to date, it needs no transaction.
	if err := catalog.Install(t.Context(), conn.PgConn()); err != nil {
		t.Error(err)
	}
	run(t, conn, "DROP SCHEMA cvp CASCADE")
	if s := inspect(t, conn); s.Version != 0 {
		t.Errorf("got %+v after the schema was dropped", s)
	}
}

func TestInstallNeedsATransaction(t *testing.T) {
	conn := pgtest.Connect(t, pgtest.Database(t))
	err := catalog.Install(t.Context(), conn.PgConn())
	if err == nil || err.Error() != "install schema cvp: no transaction is open" {
		t.Errorf("got %v", err)
	}
}

func TestInstallUpgradesFromEveryOlderVersion(t *testing.T) {
	for from := 1; from < catalog.Latest(); from++ {
		t.Run(fmt.Sprintf("from %d", from), func(t *testing.T) {
			conn := pgtest.Connect(t, pgtest.Database(t))
			run(t, conn, "BEGIN")
			if err := catalog.InstallUpTo(t.Context(), conn.PgConn(), from); err != nil {
				t.Fatal(err)
			}
			run(t, conn, "COMMIT")
			run(t, conn, "INSERT INTO cvp.models (name) VALUES ('kept')")
			if s := inspect(t, conn); s.Version != from {
				t.Fatalf("got %+v, want version %d", s, from)
			}
			run(t, conn, "BEGIN")
			if err := catalog.Install(t.Context(), conn.PgConn()); err != nil {
				t.Fatal(err)
			}
			run(t, conn, "COMMIT")
			if s := inspect(t, conn); s.Version != catalog.Latest() {
				t.Errorf("got %+v", s)
			}
			if n := one[int](t, conn, "SELECT count(*) FROM cvp.models WHERE name = 'kept'"); n != 1 {
				t.Error("the upgrade lost a model")
			}
		})
	}
}

func TestAFailedMigrationIsPostgressOwnError(t *testing.T) {
	conn := pgtest.Connect(t, pgtest.Database(t))
	run(t, conn, "BEGIN")
	err := catalog.InstallBroken(t.Context(), conn.PgConn())
	refused(t, err, "22012", "division by zero", "")
}

func TestANewerSchemaIsLeftAlone(t *testing.T) {
	conn := pgtest.Connect(t, pgtest.Database(t))
	run(t, conn, "BEGIN")
	if err := catalog.InstallUpTo(t.Context(), conn.PgConn(), catalog.Latest()+1); err != nil {
		t.Fatal(err)
	}
	err := catalog.Install(t.Context(), conn.PgConn())
	refused(t, err, "55000", fmt.Sprintf("schema \"cvp\" is at version %d, this cvp knows versions up to %d", catalog.Latest()+1, catalog.Latest()),
		"Use the newer cvp that has installed it.")
}

func TestConcurrentInstallationsMakeOneSchema(t *testing.T) {
	where := pgtest.Database(t)
	var wait sync.WaitGroup
	for range 4 {
		conn := pgtest.Connect(t, where)
		wait.Go(func() {
			_, err := conn.Exec(t.Context(), "BEGIN")
			if err == nil {
				err = catalog.Install(t.Context(), conn.PgConn())
			}
			if err == nil {
				_, err = conn.Exec(t.Context(), "COMMIT")
			}
			if err != nil {
				t.Error(err)
			}
		})
	}
	wait.Wait()
	if s := inspect(t, pgtest.Connect(t, where)); s.Version != catalog.Latest() {
		t.Errorf("got %+v", s)
	}
}

func TestARoleWithoutRightsIsToldWhoMayInstall(t *testing.T) {
	where := pgtest.Database(t)
	conn := pgtest.Connect(t, pgtest.Role(t, where, "analyst", "secret"))
	if s := inspect(t, conn); s.MayInstall || s.Owner != "postgres" {
		t.Errorf("got %+v", s)
	}
	run(t, conn, "BEGIN")
	err := catalog.Install(t.Context(), conn.PgConn())
	refused(t, err, "42501", `permission denied to create schema "cvp"`, `Run "cvp install" once as postgres, who owns the database.`)

	owner := pgtest.Connect(t, where)
	run(t, owner, "BEGIN")
	if err := catalog.InstallUpTo(t.Context(), owner.PgConn(), 1); err != nil {
		t.Fatal(err)
	}
	run(t, owner, "COMMIT")
	run(t, conn, "ROLLBACK")
	run(t, conn, "BEGIN")
	err = catalog.Install(t.Context(), conn.PgConn())
	refused(t, err, "42501", fmt.Sprintf(`permission denied to bring schema "cvp" from version 1 to %d`, catalog.Latest()),
		`Run "cvp install" as postgres, who owns the schema.`)
}

func TestTheDatabaseOwnerOwnsTheSchemaWhoeverOfHisMembersInstalls(t *testing.T) {
	where := pgtest.Database(t)
	super := pgtest.Connect(t, where)
	owner, member := pgtest.Role(t, where, "owner", "secret"), pgtest.Role(t, where, "member", "secret")
	run(t, super, fmt.Sprintf("GRANT %s TO %s", user(t, owner), user(t, member)))
	database := one[string](t, super, "SELECT current_database()::text")
	run(t, super, fmt.Sprintf("ALTER DATABASE %s OWNER TO %s", database, user(t, owner)))
	t.Cleanup(func() { giveBack(t, where, database) })

	conn := pgtest.Connect(t, member)
	run(t, conn, "SET search_path = \"$user\", public")
	run(t, conn, "BEGIN")
	if err := catalog.Install(t.Context(), conn.PgConn()); err != nil {
		t.Fatal(err)
	}
	// The session is as it was, inside the transaction and after it.
	for _, when := range []string{"inside", "after"} {
		if path := one[string](t, conn, "SELECT current_setting('search_path')"); path != `"$user", public` {
			t.Errorf("%s: search_path is %s", when, path)
		}
		if role := one[string](t, conn, "SELECT current_user::text"); role != user(t, member) {
			t.Errorf("%s: the role is %s", when, role)
		}
		if when == "inside" {
			run(t, conn, "COMMIT")
		}
	}
	strangers := one[int](t, super, fmt.Sprintf(`
SELECT (SELECT count(*) FROM pg_class WHERE relnamespace = 'cvp'::regnamespace AND relowner <> '%[1]s'::regrole)
     + (SELECT count(*) FROM pg_proc WHERE pronamespace = 'cvp'::regnamespace AND proowner <> '%[1]s'::regrole)`, user(t, owner)))
	if strangers != 0 {
		t.Errorf("%d objects of the schema do not belong to the database's owner", strangers)
	}
	// A superuser finds nothing to do, and any other role may use it.
	if s := inspect(t, super); s.Version != catalog.Latest() || s.Owner != user(t, owner) {
		t.Errorf("got %+v", s)
	}
	other := pgtest.Connect(t, pgtest.Role(t, where, "other", "secret"))
	run(t, other, "BEGIN")
	if v, err := catalog.Save(t.Context(), other.PgConn(), churn("churn")); err != nil || v != 1 {
		t.Errorf("got version %d, %v", v, err)
	}
}

// giveBack makes a database postgres's again, so that its owner can be dropped.
func giveBack(t testing.TB, where, database string) {
	ctx := context.Background()
	conn, err := pgx.Connect(ctx, where)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(ctx)
	if _, err := conn.Exec(ctx, "ALTER DATABASE "+database+" OWNER TO postgres"); err != nil {
		t.Error(err)
	}
}

func TestASchemaPlantedByAnotherRoleIsRefused(t *testing.T) {
	where := pgtest.Database(t)
	super := pgtest.Connect(t, where)
	mallory := pgtest.Role(t, where, "mallory", "secret")
	run(t, super, fmt.Sprintf("GRANT CREATE ON DATABASE %s TO %s", one[string](t, super, "SELECT current_database()::text"), user(t, mallory)))
	planted := pgtest.Connect(t, mallory)
	run(t, planted, "CREATE SCHEMA cvp")
	run(t, planted, fmt.Sprintf("CREATE FUNCTION cvp.schema_version() RETURNS int LANGUAGE sql AS 'SELECT %d'", catalog.Latest()))
	for _, conn := range []*pgx.Conn{super, pgtest.Connect(t, pgtest.Role(t, where, "victim", "secret"))} {
		run(t, conn, "BEGIN")
		_, err := catalog.Installed(t.Context(), conn.PgConn())
		message := fmt.Sprintf(`schema "cvp" belongs to role %q, who is neither a superuser nor the owner of the database`, user(t, mallory))
		hint := "Drop it, or, if its content can be trusted, give it to the owner of the database with ALTER SCHEMA cvp OWNER TO."
		refused(t, err, "42501", message, hint)
		refused(t, catalog.Install(t.Context(), conn.PgConn()), "42501", message, hint)
		run(t, conn, "ROLLBACK")
	}
}

func TestASchemaOfThatNameWithOtherContentIsLeftAlone(t *testing.T) {
	conn := pgtest.Connect(t, pgtest.Database(t))
	run(t, conn, "CREATE SCHEMA cvp CREATE TABLE vaccines (id int)")
	run(t, conn, "BEGIN")
	err := catalog.Install(t.Context(), conn.PgConn())
	refused(t, err, "42P06", `schema "cvp" already exists and is not a model registry`, `Rename it or drop it, then run "cvp install".`)
}

func TestInspectSeesAReadOnlyTransaction(t *testing.T) {
	conn := pgtest.Connect(t, pgtest.Database(t))
	run(t, conn, "BEGIN READ ONLY")
	if s := inspect(t, conn); !s.ReadOnly {
		t.Errorf("got %+v", s)
	}
	err := catalog.Install(t.Context(), conn.PgConn())
	var raised *pgconn.PgError
	if !errors.As(err, &raised) || raised.Code != "25006" {
		t.Errorf("got %v, want SQLSTATE 25006", err)
	}
}
