package server_test

import (
	"maps"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"
)

func TestParametersReachTheBackend(t *testing.T) {
	eitherWay(t, func(t *testing.T, p *proxy) {
		conn := p.connect(t, func(c *pgx.ConnConfig) {
			c.RuntimeParams["application_name"] = "tests"
			c.RuntimeParams["options"] = "-c statement_timeout=12345"
			c.RuntimeParams["search_path"] = "cvp,public"
		})
		for sql, want := range map[string]string{
			"SHOW application_name": "tests", "SHOW statement_timeout": "12345ms", "SHOW search_path": "cvp,public",
		} {
			var got string
			if err := conn.QueryRow(t.Context(), sql).Scan(&got); err != nil || got != want {
				t.Errorf("%s gives %q, %v", sql, got, err)
			}
		}
		var pid uint32
		if err := conn.QueryRow(t.Context(), "SELECT pg_backend_pid()").Scan(&pid); err != nil || pid != conn.PgConn().PID() {
			t.Errorf("the client was told pid %d, the backend's is %d", conn.PgConn().PID(), pid)
		}
		run(t, conn, "SET application_name = 'changed'")
		if got := conn.PgConn().ParameterStatus("application_name"); got != "changed" {
			t.Errorf("the client was told application_name %q", got)
		}
	})
}

// reported are the parameters that a client is told the values of.
var reported = []string{
	"application_name", "client_encoding", "DateStyle", "default_transaction_read_only", "in_hot_standby", "integer_datetimes", "IntervalStyle",
	"is_superuser", "server_encoding", "server_version", "session_authorization", "standard_conforming_strings", "TimeZone",
}

func TestASessionStartsAsOnADirectConnection(t *testing.T) {
	p := start(t)
	for name, parameters := range map[string]map[string]string{
		"nothing set": {},
		"what drivers set": {
			"application_name": "drïver", "client_encoding": "UTF8", "DateStyle": "ISO, DMY", "TimeZone": "Asia/Kolkata", "extra_float_digits": "3",
			"IntervalStyle": "iso_8601", "geqo": "off",
		},
		"limits":                {"statement_timeout": "5s", "lock_timeout": "1234", "idle_in_transaction_session_timeout": "1h"},
		"options":               {"options": `-c work_mem=12MB --search_path=cvp,public -c application_name=a\ b`},
		"settings of no module": {"shop.tenant": "42", "cvp.model": "churn"},
		"another encoding":      {"client_encoding": "LATIN1"},
		"a role's rights":       {"options": "-c role=pg_monitor", "default_transaction_isolation": "serializable"},
		"a hostile search_path": {"search_path": `"$user", pg_temp, "x;y"`},
	} {
		t.Run(name, func(t *testing.T) {
			settings := func(database string) (told map[string]string, set map[string]string) {
				conn := open(t, database, func(c *pgx.ConnConfig) { c.RuntimeParams = parameters })
				told, set = map[string]string{}, map[string]string{}
				for _, parameter := range reported {
					told[parameter] = conn.PgConn().ParameterStatus(parameter)
				}
				rows, err := conn.Query(t.Context(), "SELECT name, setting || ' ' || source FROM pg_catalog.pg_settings WHERE source IN ('client', 'session') OR name LIKE '%.%'")
				if err != nil {
					t.Fatal(err)
				}
				var parameter, value string
				if _, err := pgx.ForEachRow(rows, []any{&parameter, &value}, func() error { set[parameter] = value; return nil }); err != nil {
					t.Fatal(err)
				}
				for _, name := range append(slices.Collect(maps.Keys(parameters)), "role", "search_path") {
					if name == "options" {
						continue
					}
					if err := conn.QueryRow(t.Context(), "SELECT pg_catalog.current_setting($1)", name).Scan(&value); err != nil {
						t.Fatal(err)
					}
					set[name] += " " + value
				}
				return told, set
			}
			told, set := settings(p.database)
			wantTold, wantSet := settings(p.direct)
			if diff := cmp.Diff(wantTold, told); diff != "" {
				t.Errorf("parameters that the client is told (-direct +through):\n%s", diff)
			}
			if diff := cmp.Diff(wantSet, set); diff != "" {
				t.Errorf("settings (-direct +through):\n%s", diff)
			}
		})
	}
}
