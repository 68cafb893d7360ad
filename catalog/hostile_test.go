package catalog_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"cvp/catalog"
	"cvp/internal/pgtest"
)

// plant puts functions, operators and types under the names that the registry uses into a schema that comes
// first in the search_path. Each tells on itself in planted.log when it is called.
const plant = `
CREATE SCHEMA planted;
CREATE TABLE planted.log (what text);
CREATE FUNCTION planted.tell(what text) RETURNS void LANGUAGE sql AS 'INSERT INTO planted.log VALUES ($1)';
CREATE FUNCTION planted.eq(text, text) RETURNS bool LANGUAGE plpgsql AS 'BEGIN PERFORM planted.tell(''text =''); RETURN true; END';
CREATE OPERATOR planted.= (LEFTARG = text, RIGHTARG = text, FUNCTION = planted.eq);
CREATE FUNCTION planted.eq(name, name) RETURNS bool LANGUAGE plpgsql AS 'BEGIN PERFORM planted.tell(''name =''); RETURN true; END';
CREATE OPERATOR planted.= (LEFTARG = name, RIGHTARG = name, FUNCTION = planted.eq);
CREATE FUNCTION planted.eq(name, text) RETURNS bool LANGUAGE plpgsql AS 'BEGIN PERFORM planted.tell(''name = text''); RETURN true; END';
CREATE OPERATOR planted.= (LEFTARG = name, RIGHTARG = text, FUNCTION = planted.eq);
CREATE FUNCTION planted.eq(uuid, uuid) RETURNS bool LANGUAGE plpgsql AS 'BEGIN PERFORM planted.tell(''uuid =''); RETURN true; END';
CREATE OPERATOR planted.= (LEFTARG = uuid, RIGHTARG = uuid, FUNCTION = planted.eq);
CREATE FUNCTION planted.eq(int, int) RETURNS bool LANGUAGE plpgsql AS 'BEGIN PERFORM planted.tell(''int =''); RETURN true; END';
CREATE OPERATOR planted.= (LEFTARG = int, RIGHTARG = int, FUNCTION = planted.eq);
CREATE FUNCTION planted.eq(oid, oid) RETURNS bool LANGUAGE plpgsql AS 'BEGIN PERFORM planted.tell(''oid =''); RETURN true; END';
CREATE OPERATOR planted.= (LEFTARG = oid, RIGHTARG = oid, FUNCTION = planted.eq);
CREATE FUNCTION planted.plus(int, int) RETURNS int LANGUAGE plpgsql AS 'BEGIN PERFORM planted.tell(''int +''); RETURN 666; END';
CREATE OPERATOR planted.+ (LEFTARG = int, RIGHTARG = int, FUNCTION = planted.plus);
CREATE FUNCTION planted.pg_has_role(oid, text) RETURNS bool LANGUAGE plpgsql AS 'BEGIN PERFORM planted.tell(''pg_has_role''); RETURN true; END';
CREATE FUNCTION planted.pg_has_role(regrole, text) RETURNS bool LANGUAGE plpgsql AS 'BEGIN PERFORM planted.tell(''pg_has_role''); RETURN true; END';
CREATE FUNCTION planted.pg_get_userbyid(oid) RETURNS name LANGUAGE plpgsql AS 'BEGIN PERFORM planted.tell(''pg_get_userbyid''); RETURN ''x''; END';
CREATE FUNCTION planted.current_setting(text) RETURNS text LANGUAGE plpgsql AS 'BEGIN PERFORM planted.tell(''current_setting''); RETURN ''x''; END';
CREATE FUNCTION planted.current_database() RETURNS name LANGUAGE plpgsql AS 'BEGIN PERFORM planted.tell(''current_database''); RETURN ''x''; END';
CREATE FUNCTION planted.strpos(text, text) RETURNS int LANGUAGE plpgsql AS 'BEGIN PERFORM planted.tell(''strpos''); RETURN 1; END';
CREATE FUNCTION planted.lower(text) RETURNS text LANGUAGE plpgsql AS 'BEGIN PERFORM planted.tell(''lower''); RETURN ''x''; END';
CREATE FUNCTION planted.length(text) RETURNS int LANGUAGE plpgsql AS 'BEGIN PERFORM planted.tell(''length''); RETURN 1; END';
CREATE FUNCTION planted.gen_random_uuid() RETURNS uuid LANGUAGE plpgsql AS 'BEGIN PERFORM planted.tell(''gen_random_uuid''); RETURN NULL; END';
CREATE FUNCTION planted.clock_timestamp() RETURNS timestamptz LANGUAGE plpgsql AS 'BEGIN PERFORM planted.tell(''clock_timestamp''); RETURN NULL; END';
CREATE FUNCTION planted.quote_ident(text) RETURNS text LANGUAGE plpgsql AS 'BEGIN PERFORM planted.tell(''quote_ident''); RETURN ''x''; END';
CREATE FUNCTION planted.set_config(text, text, bool) RETURNS text LANGUAGE plpgsql AS 'BEGIN PERFORM planted.tell(''set_config''); RETURN ''x''; END';
CREATE FUNCTION planted.pg_advisory_xact_lock(bigint) RETURNS void LANGUAGE plpgsql AS 'BEGIN PERFORM planted.tell(''lock''); END';
CREATE TYPE planted.text AS (a int);
CREATE TYPE planted.uuid AS (a int);
CREATE TYPE planted.regrole AS (a int);
CREATE TABLE planted.pg_database (oid oid, datname name, datdba oid);
CREATE TABLE planted.pg_namespace (oid oid, nspname name, nspowner oid);
CREATE TABLE planted.pg_roles (oid oid, rolname name, rolsuper bool);
CREATE TABLE planted.models (name text);
GRANT USAGE ON SCHEMA planted TO PUBLIC;
GRANT INSERT, SELECT ON ALL TABLES IN SCHEMA planted TO PUBLIC;
`

func TestAHostileSearchPathChangesNothing(t *testing.T) {
	where := pgtest.Database(t)
	super := pgtest.Connect(t, where)
	run(t, super, plant)
	anna, ben := pgtest.Connect(t, pgtest.Role(t, where, "anna", "secret")), pgtest.Connect(t, pgtest.Role(t, where, "ben", "secret"))

	run(t, super, "SET search_path = planted, pg_catalog, cvp")
	if got := one[bool](t, super, "SELECT 'a'::pg_catalog.text = 'b'::pg_catalog.text"); !got {
		t.Fatal("the planted operators are not used at all: the test would show nothing")
	}
	run(t, super, "TRUNCATE planted.log")
	inTransaction(t, super, func(c *pgconn.PgConn) {
		if err := catalog.Install(t.Context(), c); err != nil {
			t.Fatal(err)
		}
	})
	for _, conn := range []interface{ PgConn() *pgconn.PgConn }{super, anna, ben} {
		if _, err := conn.PgConn().Exec(t.Context(), "SET search_path = planted, pg_catalog, cvp").ReadAll(); err != nil {
			t.Fatal(err)
		}
		if v, err := catalog.Installed(t.Context(), conn.PgConn()); err != nil || v != catalog.Latest() {
			t.Errorf("installed: %d, %v", v, err)
		}
	}
	save(t, anna, churn("annas"))
	save(t, ben, churn("bens"))
	save(t, ben, churn("bens"))

	v, err := catalog.Resolve(t.Context(), ben.PgConn(), "bens@live")
	if err != nil || v.Name != "bens" || v.Version != 2 {
		t.Fatalf("got %+v, %v", v, err)
	}
	if _, err := catalog.Artifact(t.Context(), ben.PgConn(), v.ID); err != nil {
		t.Error(err)
	}
	if v, err := catalog.Deployed(t.Context(), ben.PgConn()); err != nil || v.Name != "bens" {
		t.Errorf("got %+v, %v", v, err)
	}
	if v, err := catalog.Previous(t.Context(), ben.PgConn(), "bens"); err != nil || v.Version != 2 {
		t.Errorf("got %+v, %v", v, err)
	}
	_, err = catalog.Resolve(t.Context(), ben.PgConn(), "ben")
	refused(t, err, "42704", `model "ben" does not exist`, `Did you mean "bens"?`)
	for _, sql := range []string{
		"SELECT cvp.cvp_deploy('bens', 1)", "SELECT cvp.cvp_rollback('bens')", "SELECT cvp.cvp_share('bens', 'public')",
		"SELECT cvp.cvp_unshare('bens', 'public')", "SELECT cvp.cvp_drop_model('bens@1')", "SELECT * FROM cvp.cvp_evaluate('bens')",
	} {
		run(t, ben, sql)
	}
	if got := column(t, ben, "SELECT name FROM cvp.cvp_models"); !slices.Equal(got, []string{"bens"}) {
		t.Errorf("cvp_models has %q", got)
	}
	if got := column(t, super, "SELECT DISTINCT what FROM planted.log"); len(got) != 0 {
		t.Errorf("planted functions were called: %q", got)
	}
}

func TestATemporaryTableDoesNotStandInForTheRegistry(t *testing.T) {
	c := newCast(t)
	save(t, c.anna, churn("churn"))
	for _, table := range []string{"models", "versions", "pg_roles", "pg_database"} {
		run(t, c.ben, fmt.Sprintf("CREATE TEMPORARY TABLE %s (name text, id uuid, owner text)", table))
	}
	_, err := catalog.Resolve(t.Context(), c.ben.PgConn(), "churn")
	refused(t, err, "42704", `model "churn" does not exist`, "There is no model that you may use yet; cvp_train makes one.")
	if v := save(t, c.ben, churn("bens")); v != 1 {
		t.Errorf("got version %d", v)
	}
}

func TestSettingsOfTheSessionChangeNothing(t *testing.T) {
	where := pgtest.Database(t)
	conn := pgtest.Connect(t, where)
	for _, sql := range []string{
		"SET standard_conforming_strings = off", "SET bytea_output = 'escape'", "SET DateStyle = 'SQL, DMY'",
		"SET TimeZone = 'Pacific/Chatham'", "SET extra_float_digits = -10", "SET transform_null_equals = on",
		"SET array_nulls = off", "SET quote_all_identifiers = on", "SET default_transaction_isolation = 'serializable'",
		"SET client_min_messages = error", "SET plan_cache_mode = force_generic_plan", "SET jit = off",
	} {
		run(t, conn, sql)
	}
	inTransaction(t, conn, func(c *pgconn.PgConn) {
		if err := catalog.Install(t.Context(), c); err != nil {
			t.Fatal(err)
		}
	})
	save(t, conn, churn("churn"))
	v, err := catalog.Resolve(t.Context(), conn.PgConn(), "churn")
	if err != nil || v.Value != 0.81 {
		t.Fatalf("got %+v, %v", v, err)
	}
	if b, err := catalog.Artifact(t.Context(), conn.PgConn(), v.ID); err != nil || !slices.Equal(b, churn("churn").Artifact) {
		t.Errorf("got artifact %x, %v", b, err)
	}
	if got := column(t, conn, "SELECT e::text FROM cvp.cvp_evaluate('churn') e"); len(got) != 3 {
		t.Errorf("got %q", got)
	}
}
