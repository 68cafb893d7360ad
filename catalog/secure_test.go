package catalog_test

import (
	"context"
	"crypto/rand"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"cvp/catalog"
	"cvp/internal/pgtest"
)

// secured are a database whose schema cvp belongs to a role without a login and is for the members of another.
type secured struct {
	where       string
	owner, user string
	super       *pgx.Conn
}

// newSecured names the two roles and has them dropped when the databases of the test are.
func newSecured(t *testing.T) *secured {
	t.Helper()
	suffix := strings.ToLower(rand.Text()[:10])
	s := &secured{owner: "Owner of cvp " + suffix, user: "cvp_user_" + suffix}
	cluster := os.Getenv("CVP_TEST_POSTGRES")
	t.Cleanup(func() {
		ctx := context.Background()
		conn, err := pgx.Connect(ctx, cluster)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close(ctx)
		if _, err := conn.Exec(ctx, fmt.Sprintf("DROP ROLE IF EXISTS %s, %s", quoted(s.owner), quoted(s.user))); err != nil {
			t.Error(err)
		}
	})
	s.where = pgtest.Database(t)
	s.super = pgtest.Connect(t, s.where)
	return s
}

func quoted(name string) string { return pgx.Identifier{name}.Sanitize() }

// secure installs and secures the schema on a connection.
func (s *secured) secure(t *testing.T, conn *pgx.Conn) {
	t.Helper()
	inTransaction(t, conn, func(c *pgconn.PgConn) {
		if err := catalog.Install(t.Context(), c); err != nil {
			t.Fatal(err)
		}
		if err := catalog.Secure(t.Context(), c, s.owner, s.user); err != nil {
			t.Fatal(err)
		}
	})
}

// strangers are the objects of schema cvp that another role owns, or that PUBLIC has a right on.
const strangers = `
SELECT oid::regclass::text FROM pg_class WHERE relnamespace = 'cvp'::regnamespace AND relkind <> 'i' AND relowner <> $1::regrole
UNION ALL SELECT oid::regprocedure::text FROM pg_proc WHERE pronamespace = 'cvp'::regnamespace AND proowner <> $1::regrole
UNION ALL SELECT oid::regtype::text FROM pg_type WHERE typnamespace = 'cvp'::regnamespace AND typowner <> $1::regrole
UNION ALL SELECT oid::regclass::text || ' for PUBLIC' FROM pg_class c, aclexplode(relacl) a WHERE relnamespace = 'cvp'::regnamespace AND grantee = 0
UNION ALL SELECT attrelid::regclass::text || '.' || attname || ' for PUBLIC' FROM pg_attribute, pg_class c, aclexplode(attacl) a
	WHERE attrelid = c.oid AND relnamespace = 'cvp'::regnamespace AND grantee = 0
UNION ALL SELECT oid::regprocedure::text || ' for PUBLIC' FROM pg_proc, aclexplode(coalesce(proacl, acldefault('f', proowner))) a
	WHERE pronamespace = 'cvp'::regnamespace AND grantee = 0
UNION ALL SELECT 'the schema for PUBLIC' FROM pg_namespace, aclexplode(nspacl) WHERE nspname = 'cvp' AND grantee = 0`

func TestASecuredSchemaIsForMembersOnly(t *testing.T) {
	s := newSecured(t)
	s.secure(t, s.super)
	s.secure(t, s.super) // changes nothing
	member, stranger := pgtest.Connect(t, pgtest.Role(t, s.where, "member", "secret")), pgtest.Connect(t, pgtest.Role(t, s.where, "stranger", "secret"))
	run(t, s.super, fmt.Sprintf("GRANT %s TO %s", quoted(s.user), quoted(member.Config().User)))

	if got := column(t, s.super, strangers, quoted(s.owner)); len(got) != 0 {
		t.Errorf("not the owner's, or PUBLIC's: %q", got)
	}
	if r := one[string](t, s.super, "SELECT concat_ws(' ', rolsuper, rolcanlogin, rolcreaterole, rolcreatedb, rolbypassrls, rolreplication) FROM pg_roles WHERE rolname = $1", s.owner); r != "f f f f f f" {
		t.Errorf("the owner has attributes %s", r)
	}
	r, err := catalog.InspectRights(t.Context(), stranger.PgConn())
	if err != nil || r.Owner != s.owner || r.Superuser || r.Public || !slices.Equal(r.Users, []string{s.user}) {
		t.Errorf("rights are %+v, %v", r, err)
	}
	for _, conn := range []*pgx.Conn{member, stranger} {
		if v, err := catalog.Installed(t.Context(), conn.PgConn()); err != nil || v != catalog.Latest() {
			t.Errorf("version %d, %v", v, err)
		}
	}

	save(t, member, churn("churn"))
	if _, err := catalog.Resolve(t.Context(), member.PgConn(), "churn"); err != nil {
		t.Error(err)
	}
	if v, err := catalog.Deployed(t.Context(), member.PgConn()); err != nil || v.Name != "churn" {
		t.Errorf("got %+v, %v", v, err)
	}
	save(t, member, churn("churn"))
	for _, sql := range []string{
		"SELECT * FROM cvp.cvp_models", "SELECT * FROM cvp.cvp_runs", "SELECT * FROM cvp.cvp_evaluate('churn')", "SELECT cvp.cvp_deploy('churn', 1)",
		"SELECT cvp.cvp_rollback('churn')", "SELECT cvp.cvp_share('churn', 'public')", "SELECT cvp.cvp_unshare('churn', 'public')",
		"SELECT cvp.cvp_drop_model('churn@1')",
	} {
		run(t, member, sql)
		denied(t, stranger, "42501", sql)
	}
	denied(t, member, "0A000", "SELECT cvp.cvp_predict('churn', 1)")
	for _, sql := range []string{
		"CREATE TABLE cvp.t (a int)", "UPDATE cvp.versions SET trained_by = 'x'", "DELETE FROM cvp.models", "TRUNCATE cvp.runs",
		"SET ROLE " + quoted(s.owner), "SELECT cvp.delete_dropped()",
	} {
		denied(t, member, "42501", sql)
	}
}

func TestTheOwnerOfTheDatabaseMaySecureIt(t *testing.T) {
	s := newSecured(t)
	ownerURL := pgtest.Role(t, s.where, "dba", "secret")
	database := one[string](t, s.super, "SELECT current_database()::text")
	run(t, s.super, fmt.Sprintf("ALTER DATABASE %s OWNER TO %s", database, quoted(user(t, ownerURL))))
	t.Cleanup(func() { giveBack(t, s.where, database) })
	dba := pgtest.Connect(t, ownerURL)
	inTransaction(t, dba, func(c *pgconn.PgConn) {
		if err := catalog.Install(t.Context(), c); err != nil {
			t.Fatal(err)
		}
	})
	save(t, dba, churn("early"))
	run(t, dba, "BEGIN")
	refused(t, catalog.Secure(t.Context(), dba.PgConn(), s.owner, s.user), "42501", "permission denied to create role", "")
	run(t, dba, "ROLLBACK")

	run(t, s.super, fmt.Sprintf("ALTER ROLE %s CREATEROLE", quoted(user(t, ownerURL))))
	s.secure(t, dba)
	if got := column(t, s.super, strangers, quoted(s.owner)); len(got) != 0 {
		t.Errorf("not the owner's, or PUBLIC's: %q", got)
	}
	if role := one[string](t, dba, "SELECT current_user || ' ' || current_setting('search_path')"); role != user(t, ownerURL)+` "$user", public` {
		t.Errorf("the session is left as %s", role)
	}
	if v, err := catalog.Resolve(t.Context(), dba.PgConn(), "early"); err != nil || v.Owner != user(t, ownerURL) {
		t.Errorf("a model of before: %+v, %v", v, err)
	}
	stranger := pgtest.Connect(t, pgtest.Role(t, s.where, "stranger", "secret"))
	if v, err := catalog.Installed(t.Context(), stranger.PgConn()); err != nil || v != catalog.Latest() {
		t.Errorf("for a stranger: version %d, %v", v, err)
	}
	run(t, s.super, fmt.Sprintf("REVOKE %s FROM %s", quoted(s.owner), quoted(user(t, ownerURL))))
}

func TestASchemaIsGivenToNobodyWhoMightMisuseIt(t *testing.T) {
	for _, c := range []struct{ name, setup string }{
		{"a role that logs in", "ALTER ROLE %[1]s LOGIN"},
		{"a role with a member", "GRANT %[1]s TO %[2]s"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newSecured(t)
			other := pgtest.Role(t, s.where, "other", "secret")
			run(t, s.super, "CREATE ROLE "+quoted(s.owner))
			run(t, s.super, fmt.Sprintf(c.setup, quoted(s.owner), quoted(user(t, other))))
			run(t, s.super, "BEGIN")
			if err := catalog.Install(t.Context(), s.super.PgConn()); err != nil {
				t.Fatal(err)
			}
			refused(t, catalog.Secure(t.Context(), s.super.PgConn(), s.owner, s.user), "42501", fmt.Sprintf("role %q cannot own schema \"cvp\"", s.owner),
				"Name a role without LOGIN that has no members but superusers and the owner of the database.")
			run(t, s.super, "ROLLBACK")
		})
	}
}

func TestAnUpgradeOpensASecuredSchemaToNobody(t *testing.T) {
	for _, later := range []bool{false, true} {
		s := newSecured(t)
		s.secure(t, s.super)
		if later {
			run(t, s.super, "GRANT USAGE ON SCHEMA cvp TO pg_monitor")
		}
		inTransaction(t, s.super, func(c *pgconn.PgConn) {
			err := catalog.InstallStep(t.Context(), c, `CREATE TABLE cvp.added (a int); GRANT SELECT ON cvp.added TO PUBLIC;
				CREATE FUNCTION cvp.added() RETURNS int LANGUAGE sql SET search_path = pg_catalog, pg_temp AS 'SELECT 1'`)
			if err != nil {
				t.Fatal(err)
			}
		})
		if got := column(t, s.super, strangers, quoted(s.owner)); len(got) != 0 {
			t.Errorf("not the owner's, or PUBLIC's: %q", got)
		}
		for role, want := range map[string]bool{s.user: true, "pg_monitor": later} {
			got := one[bool](t, s.super, "SELECT has_function_privilege($1, 'cvp.added()', 'EXECUTE') AND has_table_privilege($1, 'cvp.added', 'SELECT')", role)
			if got != want {
				t.Errorf("%s may use what was added: %t, want %t", role, got, want)
			}
		}
	}
}

func TestASecuredRegistryIsDumpedAndRestored(t *testing.T) {
	s := newSecured(t)
	s.secure(t, s.super)
	memberURL := pgtest.Role(t, s.where, "member", "secret")
	member := pgtest.Connect(t, memberURL)
	run(t, s.super, fmt.Sprintf("GRANT %s TO %s", quoted(s.user), quoted(user(t, memberURL))))
	save(t, member, churn("churn"))
	file := filepath.Join(t.TempDir(), "cvp.dump")
	command(t, "pg_dump", "--schema=cvp", "--format=custom", "--file="+file, s.where)
	target := pgtest.Database(t)
	command(t, "pg_restore", "--exit-on-error", "--single-transaction", "--dbname="+target, file)
	super := pgtest.Connect(t, target)
	if got := column(t, super, strangers, quoted(s.owner)); len(got) != 0 {
		t.Errorf("restored, not the owner's, or PUBLIC's: %q", got)
	}
	restored := pgtest.Connect(t, as(t, target, user(t, memberURL)))
	if v, err := catalog.Resolve(t.Context(), restored.PgConn(), "churn"); err != nil || v.Owner != user(t, memberURL) {
		t.Errorf("got %+v, %v", v, err)
	}
	if v := save(t, restored, churn("churn")); v != 2 {
		t.Errorf("got version %d", v)
	}
	run(t, restored, "SELECT cvp.cvp_drop_model('churn')")
	// The database goes before the roles that own things in it.
	run(t, super, "DROP OWNED BY "+quoted(s.owner)+" CASCADE")
}

func TestEveryFunctionHasAFixedSearchPath(t *testing.T) {
	conn := pgtest.Connect(t, database(t))
	// cvp_predict and cvp_predictions hand the caller's path to the server (TestCallsBackFollowNoPathOfTheirOwn);
	// cvp_define_source finds the tables of links by it.
	free := column(t, conn, `
SELECT p.oid::regprocedure::text FROM pg_proc AS p WHERE p.pronamespace = 'cvp'::regnamespace
	AND p.proname NOT IN ('cvp_predict', 'cvp_predictions', 'cvp_define_source')
	AND NOT coalesce(p.proconfig @> ARRAY['search_path=pg_catalog, pg_temp'], false)`)
	if len(free) > 0 {
		t.Errorf("functions that follow the caller's search_path: %q", free)
	}
	definers := column(t, conn, `
SELECT p.oid::regprocedure::text FROM pg_proc AS p WHERE p.pronamespace = 'cvp'::regnamespace AND p.prosecdef ORDER BY 1`)
	// docs/security.md says of each why.
	if want := []string{"cvp.ask_engine(text,text,text,text)", "cvp.delete_dropped()",
		"cvp.engine_session(text,text,text)", "cvp.name_taken(text,text)"}; !slices.Equal(definers, want) {
		t.Errorf("functions with their owner's rights are %q, want %q", definers, want)
	}
	if open := column(t, conn, `
SELECT c.oid::regclass::text FROM pg_class AS c WHERE c.relnamespace = 'cvp'::regnamespace AND c.relkind = 'r'
	AND NOT c.relrowsecurity AND c.relname <> 'schema_migrations'`); len(open) > 0 {
		t.Errorf("tables without row-level security: %q", open)
	}
}

func TestACallWithoutAModelTrustsNoStranger(t *testing.T) {
	c := newCast(t)
	save(t, c.anna, churn("churn"))
	run(t, c.anna, "SELECT cvp.cvp_share('churn', 'public')")
	for _, conn := range []*pgx.Conn{c.ben, c.super} {
		_, err := catalog.Deployed(t.Context(), conn.PgConn())
		refused(t, err, "42704", "no model is deployed", "Train one with cvp_train, deploy one of cvp_models with cvp_deploy, or name one that is shared with you.")
	}
	run(t, c.super, fmt.Sprintf("GRANT %s TO %s", c.annaName, c.benName))
	if v, err := catalog.Deployed(t.Context(), c.ben.PgConn()); err != nil || v.Name != "churn" {
		t.Errorf("for a member: %v, %v", v, err)
	}
	save(t, c.super, churn("official"))
	run(t, c.super, "SELECT cvp.cvp_share('official', 'public')")
	other := pgtest.Connect(t, pgtest.Role(t, c.where, "other", "secret"))
	if v, err := catalog.Deployed(t.Context(), other.PgConn()); err != nil || v.Name != "official" {
		t.Errorf("of a superuser: %v, %v", v, err)
	}
}
