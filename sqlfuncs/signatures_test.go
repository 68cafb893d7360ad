package sqlfuncs_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"cvp/internal/cvptest"
	"cvp/internal/pgtest"
)

// A call with wrong arguments is refused as Postgres refuses it, at its place, with the right ones in the hint: in every
// kind of statement and by both protocols.
func TestWrongArgumentsAreRefusedWithTheSignatureEverywhere(t *testing.T) {
	c := connect(t, cvptest.Through(t, pgtest.Database(t)))
	c.exec(loans)
	c.exec("SELECT * FROM cvp_train('risk', relation => 'loans', target => 'defaulted', algorithm => 'logistic')")
	for _, call := range []string{
		"cvp_predict('risk', 1, 2, 3)", "cvp_predict()", "cvp_predict('risk', subjekt => 1)", "cvp_predict(1.5, 2)",
	} {
		for _, form := range []string{
			"SELECT %s", "SELECT loan_id FROM loans WHERE 'ä' <> '' AND %s > 0", "INSERT INTO loans (loan_id) SELECT %s", "UPDATE loans SET income = %s",
			"DELETE FROM loans WHERE %s IS NULL", "CREATE TABLE t AS SELECT %s AS x", "CREATE VIEW v AS SELECT 'ä' AS a, %s AS x", "PREPARE p AS SELECT 'ä', %s",
			"EXPLAIN SELECT %s", "COPY (SELECT 'ä', %s) TO STDOUT", "WITH x AS (SELECT %s) TABLE x", "SELECT (SELECT max(%s) FROM loans)",
			"CREATE OR REPLACE TEMP VIEW v AS SELECT * FROM (SELECT %s) AS x",
		} {
			sql := fmt.Sprintf(form, call)
			_, simple := c.try(sql)
			_, extended := c.extended(sql)
			for protocol, err := range map[string]error{"simple": simple, "extended": extended} {
				var e *pgconn.PgError
				if !errors.As(err, &e) {
					t.Errorf("%s (%s): error %v", sql, protocol, err)
					continue
				}
				if e.Code != "42883" || !strings.Contains(e.Hint, "cvp_predict(model, key)") || int(e.Position) != runeIndex(sql, "cvp_predict") {
					t.Errorf("%s (%s): %s at %d, want 42883 with the signature at %d", sql, protocol, describe(err), e.Position, runeIndex(sql, "cvp_predict"))
				}
			}
		}
	}
	for _, call := range []string{"cvp_train('m', 'q', 3)", "cvp_train()", "cvp_predictions('risk', 1, 2)", "cvp_evaluate()", "cvp_deploy('risk')", "cvp_rollback(1, 2)", "cvp_drop_model()", "cvp_share('risk')"} {
		for _, run := range []func(string) ([]string, error){func(sql string) ([]string, error) { return c.try(sql) }, func(sql string) ([]string, error) { return c.extended(sql) }} {
			name, _, _ := strings.Cut(call, "(")
			if _, err := run("SELECT * FROM " + call); asPgError(err) == nil || asPgError(err).Code != "42883" || !strings.Contains(asPgError(err).Hint, name+"(") {
				t.Errorf("%s: %v, want 42883 with the signature", call, err)
			}
		}
	}
	if got := c.rows("SELECT count(*) FROM pg_views WHERE viewname = 'v'"); got[0] != "0" {
		t.Error("a refused view is there")
	}
	c.exec("CREATE VIEW v AS SELECT loan_id, cvp_predict('risk', loan_id) AS x FROM loans")
	if _, err := c.extended("CREATE VIEW w AS SELECT loan_id, cvp_predict('risk', loan_id) AS x FROM loans"); err != nil {
		t.Errorf("CREATE VIEW by the extended protocol: %v", err)
	}
	if _, err := c.extended("PREPARE p AS SELECT count(x) FROM w"); err != nil {
		t.Errorf("PREPARE by the extended protocol: %v", err)
	}
	for _, sql := range []string{"SELECT count(x) FROM v", "SELECT count(x) FROM w", "EXECUTE p"} {
		if got, err := c.try(sql); err != nil || got[0] != "1200" {
			t.Errorf("%s gives %v, %v", sql, got, err)
		}
	}
}
