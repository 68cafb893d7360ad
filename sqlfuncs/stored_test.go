package sqlfuncs_test

import "testing"

// What holds a call for later is Postgres's to keep, with the name in its schema.
func whatPostgresKeepsPassesToIt(t *testing.T, url string) {
	c := connect(t, url)
	run := map[string]func(string) ([]string, error){
		"simple":   func(sql string) ([]string, error) { return c.try(sql) },
		"extended": func(sql string) ([]string, error) { return c.extended(sql) },
	}
	for _, s := range []struct{ name, create, drop, has string }{
		{"a view", "CREATE VIEW v AS SELECT loan_id, cvp_predict('risk', loan_id) AS score FROM loans", "DROP VIEW v", "SELECT pg_get_viewdef('v'::regclass) LIKE '%cvp.cvp_predict(%'"},
		{"a materialized view without its data", "CREATE MATERIALIZED VIEW v AS SELECT loan_id, cvp_predict('risk', loan_id) AS score FROM loans WITH NO DATA", "DROP MATERIALIZED VIEW v",
			"SELECT NOT relispopulated FROM pg_class WHERE oid = 'v'::regclass"},
		{"a table without its data", "CREATE TABLE v AS SELECT loan_id, cvp_predict('risk', loan_id) AS score FROM loans WITH NO DATA", "DROP TABLE v", "SELECT count(*) = 0 FROM v"},
		{"a function", "CREATE FUNCTION v(id int) RETURNS float8 LANGUAGE sql RETURN cvp_predict('risk', id)", "DROP FUNCTION v", "SELECT pg_get_functiondef('v'::regproc) LIKE '%cvp.cvp_predict(%'"},
		{"a rule", "CREATE RULE v AS ON INSERT TO scored DO ALSO UPDATE scored SET score = cvp_predict('risk', NEW.loan_id)", "DROP RULE v ON scored", "SELECT count(*) = 1 FROM pg_rules WHERE rulename = 'v'"},
		{"a default", "ALTER TABLE scored ALTER score SET DEFAULT cvp_predict('risk', 1)", "ALTER TABLE scored ALTER score DROP DEFAULT", "SELECT count(*) = 1 FROM pg_attrdef WHERE adrelid = 'scored'::regclass"},
	} {
		for protocol, run := range run {
			t.Run(protocol+": "+s.name, func(t *testing.T) {
				if _, err := run(s.create); err != nil {
					t.Fatal(describe(err))
				}
				if got := c.rows(s.has); got[0] != "t" {
					t.Errorf("%s: %v", s.has, got)
				}
				c.exec(s.drop)
			})
		}
	}
}
