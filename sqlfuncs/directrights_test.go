package sqlfuncs_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestTheCurrentRoleAsksInADirectCall(t *testing.T) {
	d := newDirect(t)
	const scored = "SELECT count(*) FROM cvp.cvp_predictions('risk')"
	for who, c := range map[string]*client{"ann": d.ann, "ann through the server": d.annThrough} {
		if got := c.rows(scored); got[0] != "400" {
			t.Errorf("%s has predictions for %s rows", who, got[0])
		}
	}
	d.ann.exec("CREATE FUNCTION anns() RETURNS bigint LANGUAGE sql SECURITY DEFINER AS $$ " + scored + " $$")
	if got := d.super.rows("SELECT anns()"); got[0] != "400" {
		t.Errorf("ann's function gives a superuser %s rows", got[0])
	}
	if got := d.super.rows(scored); got[0] != "1200" {
		t.Errorf("a superuser has predictions for %s rows", got[0])
	}
	// What has opened a connection as a superuser goes on as ann.
	d.super.exec("SET ROLE " + d.annRole)
	if got := d.super.rows(scored); got[0] != "400" {
		t.Errorf("as ann, a superuser has predictions for %s rows", got[0])
	}
	for sql, want := range map[string]string{
		"SELECT cvp_dblink.dblink_get_connections()":                                         "42501",
		"SELECT cvp.ask_engine('postgres', 'guessed', '', 'SELECT NULL, 1, 1')":              "08001",
		"SELECT cvp.ask_engine('postgres', '', '', 'SELECT NULL, 1, 1')":                     "2F003",
		"CREATE USER MAPPING FOR postgres SERVER cvp_engine OPTIONS (user 'p', password '')": "42501",
	} {
		if _, err := d.super.try(sql); code(err) != want {
			t.Errorf("%s: %v, want %s", sql, err, want)
		}
	}
	d.super.exec("RESET ROLE")
}

func TestADirectCallIsRefusedWhereItCannotBeKnownWhoAsks(t *testing.T) {
	d := newDirect(t)
	role := strings.Trim(d.annRole, `"`)
	on := func(sql string) { t.Helper(); d.super.exec(fmt.Sprintf(sql, d.annRole, role)) }
	refuses := func(why, want string) {
		t.Helper()
		if _, err := d.ann.try("SELECT cvp.cvp_predict('risk', 3)"); code(err) != want {
			t.Errorf("%s: %v, want %s", why, err, want)
		} else {
			t.Log(postgres(err))
		}
	}
	on("ALTER USER MAPPING FOR %[1]s SERVER cvp_engine OPTIONS (SET user 'postgres')")
	refuses("a mapping to another role", "28000")
	on("ALTER USER MAPPING FOR %[1]s SERVER cvp_engine OPTIONS (SET user '%[2]s', DROP password)")
	refuses("a mapping without a password", "28000")
	on("ALTER USER MAPPING FOR %[1]s SERVER cvp_engine OPTIONS (ADD password 'wrong')")
	refuses("a wrong password", "08001")
	on("DROP USER MAPPING FOR %[1]s SERVER cvp_engine; CREATE USER MAPPING FOR PUBLIC SERVER cvp_engine OPTIONS (user '%[2]s', password 'a \\ secret')")
	refuses("a mapping for everybody", "28000")
	d.ann.exec(fmt.Sprintf(`CREATE USER MAPPING FOR %s SERVER cvp_engine OPTIONS (user '%s', password 'a \ secret')`, d.annRole, role))
	if got, want := d.ann.rows("SELECT cvp.cvp_predict('risk', 3)"), d.annThrough.rows("SELECT cvp_predict('risk', 3)"); !cmp.Equal(got, want) {
		t.Errorf("with a mapping of her own making ann gets %v, want %v", got, want)
	}
	on("ALTER ROLE %[1]s SET role = 'none'; REVOKE USAGE ON FOREIGN SERVER cvp_engine FROM " + d.user)
	refuses("no right to use the server", "42501")
	d.super.exec("DROP SERVER cvp_engine CASCADE")
	refuses("no foreign server", "0A000")
}

func TestCallsBackFollowNoPathOfTheirOwn(t *testing.T) {
	d := newDirect(t)
	want := d.annThrough.rows("SELECT cvp_predict('risk', 3), cvp_predict('risk', loans) FROM loans WHERE loan_id = 3")
	d.super.exec(`CREATE SCHEMA evil;
		CREATE FUNCTION evil.current_setting(text) RETURNS text LANGUAGE plpgsql AS $$ BEGIN RAISE 'shadowed'; END $$;
		CREATE FUNCTION evil.format(text, text) RETURNS text LANGUAGE plpgsql AS $$ BEGIN RAISE 'shadowed'; END $$;
		CREATE FUNCTION evil.refuses(text, text) RETURNS bool LANGUAGE plpgsql AS $$ BEGIN RAISE 'shadowed'; END $$;
		CREATE OPERATOR evil.= (FUNCTION = evil.refuses, LEFTARG = text, RIGHTARG = text);
		CREATE DOMAIN evil.text AS pg_catalog.text CHECK (false);
		GRANT USAGE ON SCHEMA evil TO PUBLIC`)
	d.ann.exec("SET search_path = evil, public, pg_catalog")
	got := d.ann.rows("SELECT cvp.cvp_predict('risk', 3), cvp.cvp_predict('risk', loans) FROM loans WHERE loan_id OPERATOR(pg_catalog.=) 3")
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if got := d.ann.rows("SELECT count(*) FROM cvp.cvp_predictions('risk')"); got[0] != "400" {
		t.Errorf("%s predictions", got[0])
	}
}
