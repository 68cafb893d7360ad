package sqlfuncs_test

import (
	"fmt"
	"strings"
	"testing"

	"cvp/internal/cvptest"
	"cvp/internal/pgtest"
)

// mallorys are relations behind which a function of Mallory's hides, which counts who has run it; %[1]s is his role.
const mallorys = `
CREATE SCHEMA mallory AUTHORIZATION %[1]s;
GRANT CREATE, USAGE ON SCHEMA public TO %[1]s;
SET ROLE %[1]s;
GRANT USAGE ON SCHEMA mallory TO PUBLIC;
CREATE TABLE mallory.ran (who name);
GRANT INSERT ON mallory.ran TO PUBLIC;
CREATE SEQUENCE mallory.runs;
GRANT ALL ON SEQUENCE mallory.runs TO PUBLIC;
CREATE FUNCTION mallory.evil() RETURNS bool LANGUAGE plpgsql AS $$ BEGIN
	IF current_user <> '%[2]s' THEN PERFORM nextval('mallory.runs'); END IF;
	RETURN true; END $$;
CREATE TABLE mallory.plain AS SELECT i AS id, i %% 7 AS a, 'r' || i %% 3 AS region, (i %% 7 > 3) <> (i %% 10 = 0) AS y FROM generate_series(1, 300) i;
ALTER TABLE mallory.plain ADD PRIMARY KEY (id);
CREATE VIEW mallory.view AS SELECT * FROM mallory.plain WHERE mallory.evil();
CREATE TABLE mallory.policed AS TABLE mallory.plain;
ALTER TABLE mallory.policed ADD PRIMARY KEY (id);
ALTER TABLE mallory.policed ENABLE ROW LEVEL SECURITY;
CREATE POLICY p ON mallory.policed USING (mallory.evil());
CREATE TYPE mallory.region AS ENUM ('r0', 'r1', 'r2');
CREATE FUNCTION mallory.cast_region(mallory.region) RETURNS text LANGUAGE plpgsql AS $$ BEGIN PERFORM mallory.evil(); RETURN 'r'; END $$;
CREATE CAST (mallory.region AS text) WITH FUNCTION mallory.cast_region(mallory.region);
CREATE TABLE mallory.typed AS SELECT id, a, region::mallory.region AS region, y FROM mallory.plain;
ALTER TABLE mallory.typed ADD PRIMARY KEY (id);
CREATE FUNCTION public.lower(mallory.region) RETURNS text LANGUAGE plpgsql AS $$ BEGIN PERFORM mallory.evil(); RETURN 'r'; END $$;
CREATE FUNCTION public.abs(text) RETURNS int LANGUAGE plpgsql AS $$ BEGIN PERFORM mallory.evil(); RETURN 1; END $$;
CREATE FUNCTION public.plus(text, text) RETURNS text LANGUAGE plpgsql AS $$ BEGIN PERFORM mallory.evil(); RETURN 'r'; END $$;
CREATE OPERATOR public.+ (FUNCTION = public.plus, LEFTARG = text, RIGHTARG = text);
CREATE DOMAIN public.code AS text CHECK (mallory.evil());
GRANT SELECT ON ALL TABLES IN SCHEMA mallory TO PUBLIC;
GRANT UPDATE ON mallory.plain TO PUBLIC;
RESET ROLE;`

func TestAModelOfAStrangerRunsNothingOfHisWithTheCallersRights(t *testing.T) {
	database := pgtest.Database(t)
	server := cvptest.Through(t, database)
	malloryURL, benURL := pgtest.Role(t, database, "mallory", "secret"), pgtest.Role(t, database, "ben", "secret")
	super := connect(t, server)
	role := strings.Trim(roleOf(t, malloryURL), `"`)
	if _, err := super.try(fmt.Sprintf(mallorys, role, role)); err != nil {
		t.Fatal(describe(err))
	}
	super.exec("SELECT name FROM cvp_models")
	mallory, ben := connect(t, hostOf(t, malloryURL, server)), connect(t, hostOf(t, benURL, server))

	relations := map[string]string{
		"view": "mallory.view", "policy": "mallory.policed", "cast": "mallory.typed",
		"function":            "(SELECT id, a, mallory.evil() AS e, y FROM mallory.plain)",
		"where":               "(SELECT id, a, y FROM mallory.plain WHERE mallory.evil())",
		"subquery":            "(SELECT id, a, y FROM mallory.plain WHERE (SELECT mallory.evil()))",
		"join":                "(SELECT p.id, p.a, p.y FROM mallory.plain p JOIN mallory.plain q ON p.id = q.id AND mallory.evil())",
		"cte":                 "(WITH w AS MATERIALIZED (SELECT mallory.evil() AS e) SELECT id, a, y FROM mallory.plain, w)",
		"overload":            "(SELECT id, a, y FROM mallory.plain WHERE abs(region) = 1)",
		"operator":            "(SELECT id, a, y FROM mallory.plain WHERE region + region = 'r')",
		"named operator":      "(SELECT id, a, y FROM mallory.plain WHERE region OPERATOR(public.+) region = 'r')",
		"domain":              "(SELECT id, a, y FROM mallory.plain WHERE region::public.code IS NOT NULL)",
		"bare domain":         "(SELECT id, a, y FROM mallory.plain WHERE region::code IS NOT NULL)",
		"string of SQL":       "(SELECT id, a, y FROM mallory.plain WHERE query_to_xml('SELECT mallory.evil()', true, true, '') IS NOT NULL)",
		"order":               "(SELECT id, a, y FROM mallory.plain ORDER BY mallory.evil() LIMIT 1000)",
		"table function":      "(SELECT id, a, y FROM mallory.plain, LATERAL mallory.evil() AS e)",
		"lock of its rows":    "(SELECT id, a, y FROM mallory.plain WHERE mallory.evil() FOR SHARE)",
		"window":              "(SELECT id, a, y, count(*) FILTER (WHERE mallory.evil()) OVER () FROM mallory.plain)",
		"names of pg_catalog": "(SELECT id, a, y FROM mallory.plain WHERE pg_catalog.set_config('a.b', mallory.evil()::text, true) IS NOT NULL)",
	}
	for name, relation := range relations {
		mallory.exec("SELECT * FROM cvp_train($1, relation => $2, target => 'y', key => 'id', algorithm => 'tree')", name, relation)
		mallory.exec("SELECT cvp_share($1, 'public')", name)
	}
	ran := func() bool {
		t.Helper()
		out := super.rows("SELECT is_called FROM mallory.runs")[0] == "t"
		super.exec("ALTER SEQUENCE mallory.runs RESTART")
		return out
	}
	ran()
	for name := range relations {
		for who, c := range map[string]*client{"another role": ben, "a superuser": super} {
			for _, sql := range []string{"SELECT cvp_predict($1, 7)", "SELECT * FROM cvp_predictions($1)"} {
				if _, err := c.try(sql, name); err == nil || ran() {
					t.Errorf("%s by %s: %s is run: %v", name, who, sql, err)
				} else if code(err) != "42501" && code(err) != "42883" && code(err) != "42704" {
					t.Errorf("%s by %s: %s", name, who, describe(err))
				}
			}
		}
		// The control: this is what would have happened.
		ben.exec("SET cvp.trusted_roles = 'somebody, \"" + role + "\"'")
		if _, err := ben.try("SELECT * FROM cvp_predictions($1)", name); err != nil || !ran() {
			t.Errorf("%s, trusted: %v; or the trap is none", name, err)
		}
		ben.exec("RESET cvp.trusted_roles")
	}
}

func TestAForgedSpecIsNotRunForOthers(t *testing.T) {
	database := pgtest.Database(t)
	server := cvptest.Through(t, database)
	malloryURL := pgtest.Role(t, database, "mallory", "secret")
	super := connect(t, server)
	role := strings.Trim(roleOf(t, malloryURL), `"`)
	if _, err := super.try(fmt.Sprintf(mallorys, role, role) + shop + fmt.Sprintf("GRANT SELECT ON customers, orders TO %s", role)); err != nil {
		t.Fatal(describe(err))
	}
	super.exec("SELECT name FROM cvp_models")
	mallory := connect(t, hostOf(t, malloryURL, server))
	mallory.exec("SELECT * FROM cvp_train('relation', relation => 'mallory.plain', target => 'y', algorithm => 'tree')")
	mallory.exec("SELECT * FROM cvp_train('question', 'PREDICT COUNT(orders.*) OVER NEXT 30 DAYS FOR EACH customers.customer_id', algorithm => 'tree')")
	const forge = `INSERT INTO cvp.versions (model_id, version, kind, question, relation, target, key, algorithm, task, metric, value, baseline, higher_better, rows, spec, artifact)
		SELECT model_id, version + 1, kind, question, relation, target, key, algorithm, task, metric, value, baseline, higher_better, rows, jsonb_set(spec, $2, $3), artifact
		FROM cvp.versions AS v JOIN cvp.models AS m ON m.id = v.model_id WHERE m.name = $1 ORDER BY version DESC LIMIT 1`
	for _, f := range []struct{ model, path, value string }{
		{"relation", "{source,from}", "mallory.plain AS cvp_relation WHERE mallory.evil() --"},
		{"relation", "{source,from}", "mallory.plain, LATERAL (SELECT mallory.evil()) AS e"},
		{"relation", "{source,from}", "mallory.plain AS cvp_relation /* */ JOIN mallory.plain AS p ON mallory.evil() --"},
		{"relation", "{source,key}", `id" IS NOT NULL AND mallory.evil() AND "id`},
		{"question", "{source,all}", "SELECT mallory.evil()"}, {"question", "{source,keyed}", "SELECT mallory.evil()"},
		{"question", "{source,last}", "SELECT now() WHERE mallory.evil()"}, {"question", "{source,attributes}", "SELECT mallory.evil()"},
		{"question", "{source,all}", "DELETE FROM customers RETURNING mallory.evil()"}, {"question", "{source,all}", "SELECT 1; SELECT mallory.evil()"},
		{"question", "{source,all}", "WITH d AS (DELETE FROM customers RETURNING 1) SELECT * FROM d"},
		{"question", "{source,last}", "SELECT now() INTO mallory.stolen"}, {"question", "{source,last}", "SELECT pg_read_file('PG_VERSION')"},
		{"question", "{source,last}", "SELECT max(ordered_at) FROM public.orders FOR UPDATE"}, {"question", "{source,last}", "COPY customers TO PROGRAM 'false'"},
	} {
		mallory.exec(forge, f.model, strings.Split(strings.Trim(f.path, "{}"), ","), fmt.Sprintf("%q", f.value))
		mallory.exec("SELECT cvp_deploy($1, (SELECT max(version) FROM cvp_models WHERE name = $1))", f.model)
		for _, sql := range []string{"SELECT cvp_predict($1, 7)", "SELECT * FROM cvp_predictions($1)"} {
			if _, err := super.try(sql, f.model); err == nil {
				t.Errorf("%s with %s = %s is run", f.model, f.path, f.value)
			}
		}
		if got := super.rows("SELECT is_called FROM mallory.runs")[0]; got != "f" {
			t.Fatalf("%s with %s = %s has run a function", f.model, f.path, f.value)
		}
	}
	if got := super.rows("SELECT count(*), to_regclass('mallory.stolen') FROM customers"); got[0] != "200|∅" {
		t.Errorf("afterwards %v", got)
	}
}

func TestAModelOverPlainTablesIsSharedWithoutMore(t *testing.T) {
	database := pgtest.Database(t)
	server := cvptest.Through(t, database)
	malloryURL, benURL := pgtest.Role(t, database, "mallory", "secret"), pgtest.Role(t, database, "ben", "secret")
	super := connect(t, server)
	role := strings.Trim(roleOf(t, malloryURL), `"`)
	if _, err := super.try(fmt.Sprintf(mallorys, role, role) + shop + "GRANT SELECT ON customers, orders TO PUBLIC"); err != nil {
		t.Fatal(describe(err))
	}
	super.exec("SELECT name FROM cvp_models")
	owner, ben := connect(t, hostOf(t, malloryURL, server)), connect(t, hostOf(t, benURL, server))
	owner.exec("SELECT * FROM cvp_train('relation', relation => 'mallory.plain', target => 'y', algorithm => 'tree')")
	owner.exec("SELECT * FROM cvp_train('query', relation => '(SELECT id, abs(a) AS a, y, upper(region) AS r FROM mallory.plain WHERE a BETWEEN 0 AND 9 AND region LIKE ''r%'')', target => 'y', key => 'id', algorithm => 'tree')")
	owner.exec("SELECT * FROM cvp_train('question', 'PREDICT COUNT(orders.* WHERE amount > 1 AND lower(channel) = ''web'') OVER NEXT 30 DAYS FOR EACH customers.customer_id', algorithm => 'tree')")
	for _, model := range []string{"relation", "query", "question"} {
		owner.exec("SELECT cvp_share($1, 'public')", model)
		want := owner.rows("SELECT key, prediction FROM cvp_predictions('" + model + "') ORDER BY key")
		for _, c := range []*client{ben, super} {
			c.exec("BEGIN; SET LOCAL search_path = public, mallory")
			if got := c.rows("SELECT key, prediction FROM cvp_predictions('" + model + "') ORDER BY key"); fmt.Sprint(got) != fmt.Sprint(want) {
				t.Errorf("%s: %.200v, want %.200v", model, got, want)
			}
			if got := c.rows("SHOW search_path"); got[0] != "public, mallory" {
				t.Errorf("%s: search_path is left as %s", model, got[0])
			}
			c.exec("COMMIT")
			if got := c.rows("SHOW search_path"); got[0] != `"$user", public` {
				t.Errorf("%s: search_path is left as %s after COMMIT", model, got[0])
			}
		}
	}
}
