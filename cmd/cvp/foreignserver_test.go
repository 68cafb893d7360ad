package main

import (
	"strings"
	"testing"

	"cvp/internal/pgtest"
)

func TestInstallSetsUpTheForeignServer(t *testing.T) {
	database := pgtest.Database(t)
	conn := pgtest.Connect(t, database)
	elsewhere := pgtest.Database(t)
	if _, err := pgtest.Connect(t, elsewhere).Exec(t.Context(), "CREATE EXTENSION dblink"); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		database string
		options  []string
		status   int
		want     string
	}{
		{database, []string{"--open", "--foreign-server", "host=127.0.0.1 port=6432"}, 1, "belongs to a superuser"},
		{database, []string{"--foreign-server", "hots=127.0.0.1"}, 1, `invalid option "hots"`},
		{database, []string{"--foreign-server", "host=127.0.0.1 port=6432"}, 0, "CREATE USER MAPPING FOR"},
		{database, []string{"--foreign-server", "host=localhost"}, 0, "CREATE USER MAPPING FOR"},
		{elsewhere, []string{"--foreign-server", "host=127.0.0.1"}, 1, `extension "dblink" is in schema "public"`},
	} {
		status, out, errors := cvp(t, append([]string{"install", "--backend", test.database}, test.options...)...)
		if status != test.status || !strings.Contains(out+errors, test.want) {
			t.Errorf("install %q gives status %d, want %d and %q: %s%s", test.options, status, test.status, test.want, out, errors)
		}
	}
	var options string
	var executable int
	if err := conn.QueryRow(t.Context(), `SELECT array_to_string(srvoptions, ' '),
		(SELECT count(*) FROM pg_proc AS p, aclexplode(coalesce(proacl, acldefault('f', proowner))) AS a
		 WHERE pronamespace = 'cvp_dblink'::regnamespace AND a.grantee = 0)
		FROM pg_foreign_server WHERE srvname = 'cvp_engine'`).Scan(&options, &executable); err != nil {
		t.Fatal(err)
	}
	if options != "host=localhost" || executable != 0 {
		t.Errorf("the foreign server has options %q, and everybody may execute %d functions of dblink", options, executable)
	}
}
