package catalog_test

import (
	"fmt"
	"testing"

	"github.com/jackc/pgx/v5"

	"cvp/catalog"
	"cvp/internal/pgtest"
)

// What the database has set stays; a session that has chosen for itself says nothing of others.
func TestSchemaCvpComesBehindWhatTheSearchPathHolds(t *testing.T) {
	for name, test := range map[string]struct{ before, want string }{
		"nothing set":               {"", `"$user", public, cvp`},
		"names that need quoting":   {`SET search_path = "Sales", "a ""b"",c", public`, `"Sales", "a ""b"",c", public, cvp`},
		"an empty path":             {`SET search_path = ''`, `"", cvp`},
		"cvp already":               {`SET search_path = public, cvp, app`, `public, cvp, app`},
		"another name with capital": {`SET search_path = public, "CVP"`, `public, "CVP", cvp`},
		"other settings beside":     {`SET work_mem = '8MB'`, `"$user", public, cvp`},
	} {
		t.Run(name, func(t *testing.T) {
			database := pgtest.Database(t)
			conn := pgtest.Connect(t, database)
			if test.before != "" {
				if _, err := conn.Exec(t.Context(), fmt.Sprintf("ALTER DATABASE %s %s", pgx.Identifier{conn.Config().Database}.Sanitize(), test.before)); err != nil {
					t.Fatal(err)
				}
			}
			if _, err := conn.Exec(t.Context(), "SET search_path = elsewhere"); err != nil {
				t.Fatal(err)
			}
			for range 2 {
				s, err := catalog.InspectSearchPath(t.Context(), conn.PgConn())
				if err == nil && !s.Holds {
					err = s.Extend(t.Context(), conn.PgConn())
				}
				if err != nil {
					t.Fatal(err)
				}
			}
			if got := one[string](t, pgtest.Connect(t, database), "SHOW search_path"); got != test.want {
				t.Errorf("search_path is %s, want %s", got, test.want)
			}
		})
	}
}
