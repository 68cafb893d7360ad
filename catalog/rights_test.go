package catalog_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"cvp/catalog"
	"cvp/internal/pgtest"
)

// cast is the people of the tests about rights: two roles without any privilege, and their connections.
type cast struct {
	where, annaName, benName string
	super, anna, ben         *pgx.Conn
}

func newCast(t testing.TB) cast {
	t.Helper()
	where := database(t)
	anna, ben := pgtest.Role(t, where, "anna", "secret"), pgtest.Role(t, where, "ben", "secret")
	return cast{where: where, annaName: user(t, anna), benName: user(t, ben),
		super: pgtest.Connect(t, where), anna: pgtest.Connect(t, anna), ben: pgtest.Connect(t, ben)}
}

const modelNames = "SELECT DISTINCT name FROM cvp.cvp_models ORDER BY name"

func TestARoleSeesItsOwnModelsOnly(t *testing.T) {
	c := newCast(t)
	save(t, c.anna, churn("annas"))
	save(t, c.ben, churn("bens"))
	for conn, want := range map[*pgx.Conn][]string{c.anna: {"annas"}, c.ben: {"bens"}, c.super: {"annas", "bens"}} {
		if got := column(t, conn, modelNames); !slices.Equal(got, want) {
			t.Errorf("cvp_models has %q, want %q", got, want)
		}
	}
	for _, table := range []string{"models", "versions", "metrics", "leaderboard", "runs"} {
		own, all := one[int](t, c.ben, "SELECT count(*) FROM cvp."+table), one[int](t, c.super, "SELECT count(*) FROM cvp."+table)
		if own == 0 || all != 2*own {
			t.Errorf("cvp.%s: a role sees %d of %d rows", table, own, all)
		}
	}
	_, err := catalog.Resolve(t.Context(), c.ben.PgConn(), "annas")
	refused(t, err, "42704", `model "annas" does not exist`, "SELECT name FROM cvp_models lists the models you may use.")

	id := hiddenVersion(t, c)
	_, err = catalog.Artifact(t.Context(), c.ben.PgConn(), id)
	refused(t, err, "42704", "model version "+id.String()+" does not exist", "It may have been dropped meanwhile.")
	if v, err := catalog.Deployed(t.Context(), c.ben.PgConn()); err != nil || v.Name != "bens" {
		t.Errorf("got %v, %v, want his own model", v, err)
	}
}

// hiddenVersion is the id of a version of anna's, known to ben by other means.
func hiddenVersion(t testing.TB, c cast) catalog.ID {
	t.Helper()
	v, err := catalog.Resolve(t.Context(), c.anna.PgConn(), "annas")
	if err != nil {
		t.Fatal(err)
	}
	return v.ID
}

func TestANameTakenByAnInvisibleModelIsRefused(t *testing.T) {
	c := newCast(t)
	save(t, c.anna, churn("churn"))
	message := `model "churn" already exists and belongs to another role`
	hint := "Choose another name, or ask for the model to be shared with cvp_share."
	run(t, c.ben, "BEGIN")
	_, err := catalog.Save(t.Context(), c.ben.PgConn(), churn("churn"))
	refused(t, err, "42710", message, hint)
	run(t, c.ben, "ROLLBACK")
	_, err = catalog.Previous(t.Context(), c.ben.PgConn(), "churn")
	refused(t, err, "42710", message, hint)
}

func TestSharingLetsARolePredictButNotChange(t *testing.T) {
	c := newCast(t)
	save(t, c.anna, churn("churn"))
	run(t, c.anna, "SELECT cvp.cvp_share('churn', $1)", c.benName)
	run(t, c.anna, "SELECT cvp.cvp_share('churn', $1)", c.benName)
	if got := one[int](t, c.super, "SELECT cardinality(readers) FROM cvp.models"); got != 1 {
		t.Errorf("sharing twice made %d readers", got)
	}

	v, err := catalog.Resolve(t.Context(), c.ben.PgConn(), "churn")
	if err != nil || v.Owner != c.annaName || v.TrainedBy != c.annaName {
		t.Fatalf("got %+v, %v", v, err)
	}
	if b, err := catalog.Artifact(t.Context(), c.ben.PgConn(), v.ID); err != nil || len(b) == 0 {
		t.Errorf("got artifact %x, %v", b, err)
	}
	if got := column(t, c.ben, "SELECT metric FROM cvp.cvp_evaluate('churn')"); len(got) != 3 {
		t.Errorf("cvp_evaluate gave %q", got)
	}
	if got := one[int](t, c.ben, "SELECT count(*) FROM cvp.cvp_runs"); got != 2 {
		t.Errorf("cvp_runs has %d rows", got)
	}

	owner := `must be owner of model "churn"`
	hint := fmt.Sprintf("It belongs to %s and is shared with you for predictions.", c.annaName)
	for _, sql := range []string{
		"SELECT cvp.cvp_deploy('churn', 1)", "SELECT cvp.cvp_rollback('churn')", "SELECT cvp.cvp_drop_model('churn')",
		"SELECT cvp.cvp_drop_model('churn@1')", "SELECT cvp.cvp_share('churn', 'public')", "SELECT cvp.cvp_unshare('churn', 'public')",
	} {
		_, err := c.ben.Exec(t.Context(), sql)
		refused(t, err, "42501", owner, hint)
	}
	_, err = catalog.Previous(t.Context(), c.ben.PgConn(), "churn")
	refused(t, err, "42501", owner, hint)

	run(t, c.anna, "SELECT cvp.cvp_unshare('churn', $1)", c.benName)
	if got := column(t, c.ben, modelNames); len(got) != 0 {
		t.Errorf("after unsharing the role still sees %q", got)
	}
	run(t, c.anna, "SELECT cvp.cvp_share('churn', 'public')")
	if got := column(t, c.ben, modelNames); len(got) != 1 {
		t.Errorf("a model shared with public is not seen: %q", got)
	}
	_, err = c.anna.Exec(t.Context(), "SELECT cvp.cvp_share('churn', 'nobody at all')")
	refused(t, err, "42704", `role "nobody at all" does not exist`, "")
	_, err = c.anna.Exec(t.Context(), "SELECT cvp.cvp_share('churn@1', 'public')")
	refused(t, err, "42602", `invalid model name "churn@1"`, `A model name has 1 to 63 bytes and no "@", which separates a version.`)
}

func TestMembersOfTheOwnerShareItsModels(t *testing.T) {
	c := newCast(t)
	run(t, c.super, fmt.Sprintf("GRANT %s TO %s", c.annaName, c.benName))
	save(t, c.anna, churn("churn"))
	if v := save(t, c.ben, churn("churn")); v != 2 {
		t.Errorf("a member's training got version %d", v)
	}
	v, err := catalog.Resolve(t.Context(), c.anna.PgConn(), "churn@2")
	if err != nil || v.Owner != c.annaName || v.TrainedBy != c.benName {
		t.Errorf("got %+v, %v", v, err)
	}
}

func TestARoleWithAnOddNameOwnsItsModels(t *testing.T) {
	where := database(t)
	conn := pgtest.Connect(t, pgtest.Role(t, where, `Odd "Name" of @Öde`, "secret"))
	save(t, conn, churn("churn"))
	v, err := catalog.Resolve(t.Context(), conn.PgConn(), "churn")
	if name := one[string](t, conn, "SELECT current_user::text"); err != nil || v.Owner != name || v.TrainedBy != name {
		t.Errorf("got %+v, %v, want owner %s", v, err, name)
	}
}

func TestAModelKeepsItsOwnerThroughARenameAndFromANamesake(t *testing.T) {
	c := newCast(t)
	save(t, c.anna, churn("churn"))
	run(t, c.super, fmt.Sprintf("ALTER ROLE %s RENAME TO %s_renamed", c.annaName, c.annaName))
	run(t, c.super, fmt.Sprintf("ALTER ROLE %s RENAME TO %s", c.benName, c.annaName))
	if got := column(t, c.ben, modelNames); len(got) != 0 {
		t.Errorf("a namesake sees %q", got)
	}
	if got := column(t, c.anna, modelNames); len(got) != 1 {
		t.Errorf("the renamed owner sees %q", got)
	}
	run(t, c.super, fmt.Sprintf("ALTER ROLE %s RENAME TO %s", c.annaName, c.benName))
	run(t, c.super, fmt.Sprintf("ALTER ROLE %s_renamed RENAME TO %s", c.annaName, c.annaName))
}

// What an unprivileged role could try with SQL of its own.
func TestTheTablesRefuseForgery(t *testing.T) {
	c := newCast(t)
	save(t, c.anna, churn("annas"))
	run(t, c.anna, "SELECT cvp.cvp_share('annas', 'public')")
	save(t, c.ben, churn("bens"))
	insert := `INSERT INTO cvp.versions (model_id, version, kind, relation, algorithm, task, metric, higher_better, rows, spec, artifact)
		SELECT id, 2, 'relation', 'loans', 'tree', 'class', 'roc_auc', true, 9, '{}', '\x00' FROM cvp.models WHERE name = '%s'`
	const denial = "42501"
	tests := []struct{ name, sql string }{
		{"a model in another's name", fmt.Sprintf("INSERT INTO cvp.models (name, owner) VALUES ('forged', '%s')", c.annaName)},
		{"a model of a chosen id", "INSERT INTO cvp.models (name, id) VALUES ('forged', cvp.new_id())"},
		{"giving a model away", fmt.Sprintf("UPDATE cvp.models SET owner = '%s' WHERE name = 'bens'", c.annaName)},
		{"taking a model", "UPDATE cvp.models SET owner = quote_ident(current_user)::regrole"},
		{"a version of another's model", fmt.Sprintf(insert, "annas")},
		{"another's artifact", `UPDATE cvp.versions SET artifact = '\x00'`},
		{"one's own artifact afterwards", `UPDATE cvp.versions SET artifact = '\x00' WHERE trained_by = current_user`},
		{"a better figure", "UPDATE cvp.versions SET value = 1"},
		{"another author", "UPDATE cvp.versions SET trained_by = 'somebody'"},
		{"another date", "UPDATE cvp.versions SET trained_at = now()"},
		{"a metric for another's model", "INSERT INTO cvp.metrics (version_id, ordinal, split, metric, value) SELECT v.id, 99, 'test', 'x', 1 FROM cvp.versions v JOIN cvp.models m ON m.id = v.model_id WHERE m.name = 'annas'"},
		{"a run of another's model", "INSERT INTO cvp.runs (version_id, ordinal, algorithm, trial, step) SELECT v.id, 99, 'x', 1, 1 FROM cvp.versions v JOIN cvp.models m ON m.id = v.model_id WHERE m.name = 'annas'"},
		{"deleting", "DELETE FROM cvp.models"},
		{"deleting versions", "DELETE FROM cvp.versions"},
		{"truncating", "TRUNCATE cvp.models CASCADE"},
		{"locking everyone out", "LOCK TABLE cvp.models IN ACCESS EXCLUSIVE MODE"},
		{"locking writers out", "LOCK TABLE cvp.versions IN SHARE MODE"},
		{"a function in the schema", "CREATE FUNCTION cvp.cvp_predict(int) RETURNS float8 LANGUAGE sql AS 'SELECT 1.0::float8'"},
		{"a table in the schema", "CREATE TABLE cvp.t (a int)"},
		{"another migration", "INSERT INTO cvp.schema_migrations (version, name) VALUES (99, 'forged')"},
		{"a changed policy", "DROP POLICY readable ON cvp.models"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) { denied(t, c.ben, denial, test.sql) })
	}

	// Changes that the grants allow fall on the role's own rows only.
	for _, sql := range []string{
		"UPDATE cvp.models SET readers = '{}' WHERE name = 'annas'", "UPDATE cvp.models SET dropped = true WHERE name = 'annas'",
		"UPDATE cvp.versions v SET deployed = false FROM cvp.models m WHERE m.id = v.model_id AND m.name = 'annas'",
		"SELECT FROM cvp.models WHERE name = 'annas' FOR UPDATE",
	} {
		tag, err := c.ben.Exec(t.Context(), sql)
		if err != nil || tag.RowsAffected() != 0 {
			t.Errorf("%s: %v, %v", sql, tag, err)
		}
	}
	if got := column(t, c.anna, "SELECT name FROM cvp.cvp_models WHERE deployed"); !slices.Equal(got, []string{"annas"}) {
		t.Errorf("afterwards the owner has %q", got)
	}
	// And the control: he may do these to what is his.
	run(t, c.ben, fmt.Sprintf(insert, "bens"))
	run(t, c.ben, "UPDATE cvp.models SET dropped = true WHERE name = 'bens'")
	if n := one[int](t, c.super, "SELECT count(*) FROM cvp.models WHERE name = 'bens'"); n != 0 {
		t.Error("a model marked as dropped is still there")
	}
}

func TestDefaultPrivilegesGiveNobodyMore(t *testing.T) {
	where := pgtest.Database(t)
	ben := pgtest.Role(t, where, "ben", "secret")
	super := pgtest.Connect(t, where)
	run(t, super, fmt.Sprintf("ALTER DEFAULT PRIVILEGES GRANT ALL ON TABLES TO %s", user(t, ben)))
	run(t, super, "ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC")
	run(t, super, "ALTER DEFAULT PRIVILEGES REVOKE USAGE ON TYPES FROM PUBLIC")
	inTransaction(t, super, func(c *pgconn.PgConn) {
		if err := catalog.Install(t.Context(), c); err != nil {
			t.Fatal(err)
		}
	})
	conn := pgtest.Connect(t, ben)
	save(t, conn, churn("churn"))
	denied(t, conn, "42501", "UPDATE cvp.versions SET trained_by = 'somebody'")
	denied(t, conn, "42501", "LOCK TABLE cvp.models IN ACCESS EXCLUSIVE MODE")
	run(t, conn, "SELECT * FROM cvp.cvp_deploy('churn', 1)")
	denied(t, conn, "0A000", "SELECT cvp.cvp_predict('churn', 42)")
}

func TestReadingNeedsNoWriteRights(t *testing.T) {
	c := newCast(t)
	save(t, c.anna, churn("churn"))
	run(t, c.anna, "BEGIN READ ONLY")
	v, err := catalog.Resolve(t.Context(), c.anna.PgConn(), "churn")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := catalog.Artifact(t.Context(), c.anna.PgConn(), v.ID); err != nil {
		t.Error(err)
	}
	if _, err := catalog.Deployed(t.Context(), c.anna.PgConn()); err != nil {
		t.Error(err)
	}
	if got := column(t, c.anna, modelNames); len(got) != 1 {
		t.Errorf("cvp_models has %q", got)
	}
	if got := one[int](t, c.anna, "SELECT count(*) FROM cvp.cvp_evaluate('churn')"); got != 3 {
		t.Errorf("cvp_evaluate has %d rows", got)
	}
	_, err = catalog.Save(t.Context(), c.anna.PgConn(), churn("churn"))
	refused(t, err, "25006", "cannot execute UPDATE in a read-only transaction", "")
}
