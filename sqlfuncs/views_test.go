package sqlfuncs_test

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"cvp/internal/cvptest"
	"cvp/internal/pgtest"
)

// Views are made past the server, and must mean what they mean over a table of scores.
func TestViewsThatHoldACallMeanTheSameAsAColumnOfScores(t *testing.T) {
	database := pgtest.Database(t)
	first := connect(t, cvptest.Through(t, database))
	first.exec(loans)
	first.exec(trainRisk)
	first.exec("CREATE TABLE scores AS SELECT key::int AS score_key, prediction AS score FROM cvp_predictions('risk')")
	direct := connect(t, database)
	direct.exec(`CREATE VIEW scored AS SELECT loan_id, region, age, cvp.cvp_predict('risk', loan_id) AS score FROM loans;
		CREATE VIEW "Risky Ones" (id, "How Risky") AS SELECT loan_id, score FROM scored WHERE score > 0.4;
		CREATE VIEW by_region AS SELECT region, count(*) AS n, round(avg(score)::numeric, 9) AS mean FROM scored GROUP BY region;
		CREATE VIEW plain AS SELECT 1 AS one`)
	direct.exec(`CREATE SCHEMA same;
		CREATE VIEW same.scored AS SELECT l.loan_id, l.region, l.age, s.score FROM public.loans AS l JOIN public.scores AS s ON s.score_key = l.loan_id;
		CREATE VIEW same."Risky Ones" (id, "How Risky") AS SELECT loan_id, score FROM same.scored WHERE score > 0.4;
		CREATE VIEW same.by_region AS SELECT region, count(*) AS n, round(avg(score)::numeric, 9) AS mean FROM same.scored GROUP BY region`)
	c := connect(t, cvptest.Through(t, database)) // a server that has seen none of this
	for _, sql := range []string{
		"SELECT * FROM scored ORDER BY loan_id",
		"SELECT * FROM scored WHERE loan_id = 42",
		"SELECT * FROM scored ORDER BY loan_id LIMIT 10",
		"SELECT * FROM SCORED s WHERE s.score > 0.5 AND age < 40 ORDER BY 1",
		"SELECT scored.loan_id, scored.score FROM scored WHERE scored.region = 'north' ORDER BY scored.score DESC, 1 LIMIT 5",
		`SELECT * FROM "Risky Ones" ORDER BY id`,
		`SELECT r."How Risky" FROM "Risky Ones" AS r WHERE id < 100 ORDER BY 1`,
		`SELECT * FROM by_region ORDER BY 1`,
		`SELECT * FROM U&"sc\006fred" ORDER BY 1 LIMIT 3`,
		"SELECT l.loan_id, s.score FROM loans l LEFT JOIN scored s ON s.loan_id = l.loan_id + 1195 ORDER BY 1 LIMIT 8",
		"WITH scored AS (SELECT 7 AS x) SELECT * FROM scored",
		"SELECT count(*) FROM (SELECT * FROM scored) AS virtual_table WHERE score > 0.3",
		"SELECT (SELECT max(score) FROM scored s WHERE s.region = r.region) FROM (VALUES ('north'), ('south')) AS r (region) ORDER BY 1",
		"CREATE TEMP TABLE t AS SELECT * FROM scored WHERE loan_id < 9; SELECT count(*), sum(score) FROM t; DROP TABLE t",
		"BEGIN; DELETE FROM loans USING scored WHERE scored.loan_id = loans.loan_id AND scored.score > 0.6; SELECT count(*) FROM loans; ROLLBACK",
	} {
		want := func() []string {
			direct.exec("SET search_path = same, public")
			return direct.rows(sql)
		}()
		if d := cmp.Diff(want, c.rows(sql)); d != "" {
			t.Errorf("%s\n%s", sql, d)
		}
	}
	for _, args := range [][]any{{int64(42)}, {int64(7)}} {
		if d := cmp.Diff(direct.rows("SELECT * FROM scored WHERE loan_id = $1", args...), c.rows("SELECT * FROM scored WHERE loan_id = $1", args...)); d != "" {
			t.Errorf("prepared: %s", d)
		}
	}
}

func TestAViewOfAnotherRolesIsReadWithItsOwnersRights(t *testing.T) {
	database := pgtest.Database(t)
	first := connect(t, cvptest.Through(t, database))
	first.exec(loans)
	first.exec(trainRisk)
	direct := connect(t, database)
	reader := "reader_" + direct.Config().Database
	direct.exec("CREATE ROLE " + pgx.Identifier{reader}.Sanitize() + " LOGIN PASSWORD 'reads'")
	t.Cleanup(func() { direct.exec("DROP OWNED BY " + reader + "; DROP ROLE " + reader) })
	direct.exec("CREATE VIEW scored AS SELECT loan_id, cvp.cvp_predict('risk', loan_id) AS score FROM loans; SELECT cvp.cvp_share('risk', '" + reader + "')")

	config, err := pgx.ParseConfig(cvptest.Through(t, database))
	if err != nil {
		t.Fatal(err)
	}
	config.User, config.Password = reader, "reads"
	conn, err := pgx.ConnectConfig(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	c := &client{t: t, Conn: conn}
	const sql = "SELECT count(score) FROM scored"
	fails := func(code, why string) {
		t.Helper()
		var e *pgconn.PgError
		if _, err := c.try(sql); !errors.As(err, &e) || e.Code != code {
			t.Errorf("%s: %v, want %s", why, err, code)
		}
	}
	fails("42501", "the role may not read the view")
	direct.exec("GRANT SELECT ON scored TO " + reader)
	fails("0A000", "the role may not read what the view reads")
	direct.exec("GRANT SELECT ON loans TO " + reader)
	if got := c.rows(sql); got[0] != "1200" {
		t.Errorf("the role reads %s rows", got)
	}
	direct.exec("ALTER TABLE loans ENABLE ROW LEVEL SECURITY; CREATE POLICY few ON loans TO " + reader + " USING (loan_id <= 10)")
	fails("0A000", "rows are filtered by role")
	direct.exec("ALTER VIEW scored SET (security_invoker = true)")
	if got := c.rows(sql); got[0] != "10" {
		t.Errorf("the role reads %s rows of an invoker's view", got)
	}
	direct.exec("ALTER VIEW scored SET (security_invoker = false, security_barrier = true)")
	fails("0A000", "rows are filtered by role below a view with a barrier")
	direct.exec("ALTER TABLE loans DISABLE ROW LEVEL SECURITY")
	if got := c.rows(sql); got[0] != "1200" {
		t.Errorf("the role reads %s rows of a view with a barrier", got)
	}
	direct.exec("REVOKE SELECT ON loans FROM " + reader + "; GRANT SELECT (loan_id) ON loans TO " + reader)
	fails("0A000", "the role may read one column of what the view reads")
	direct.exec("ALTER VIEW scored SET (security_invoker = true)")
	fails("42501", "the role may not read the columns of the model")
}
