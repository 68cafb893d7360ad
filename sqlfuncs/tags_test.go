package sqlfuncs_test

import (
	"context"
	"testing"

	"github.com/jackc/pgx/v5"

	"cvp/internal/cvptest"
	"cvp/internal/pgtest"
)

// A statement has the command tag, the isolation and the traces that it has where the functions are Postgres's own.
func TestAStatementEndsAsPostgresEndsIt(t *testing.T) {
	database := pgtest.Database(t)
	url := cvptest.Through(t, database)
	c := connect(t, url)
	c.exec(loans)
	c.exec("SELECT * FROM cvp_train('risk', relation => 'loans', target => 'defaulted', algorithm => 'logistic')")
	for _, s := range []struct{ sql, tag string }{
		{"EXPLAIN SELECT cvp_predict('risk', 1)", "EXPLAIN"},
		{"EXPLAIN (ANALYZE) INSERT INTO kept SELECT loan_id, cvp_predict('risk', loan_id) FROM loans", "EXPLAIN"},
		{"SELECT cvp_predict('risk', 1)", "SELECT 1"},
		{"INSERT INTO kept VALUES (1, cvp_predict('risk', 1)), (2, 0)", "INSERT 0 2"},
		{"UPDATE kept SET score = cvp_predict('risk', id) WHERE id = 2", "UPDATE 1"},
		{"DELETE FROM kept WHERE cvp_predict('risk', id) >= 0 AND id = 2", "DELETE 1"},
		{"CREATE TABLE other AS SELECT cvp_predict('risk', 1) FROM loans LIMIT 3", "SELECT 3"},
		{"COPY (SELECT cvp_predict('risk', 1)) TO STDOUT", "COPY 1"},
	} {
		for _, mode := range []pgx.QueryExecMode{pgx.QueryExecModeSimpleProtocol, pgx.QueryExecModeDescribeExec} {
			c.exec("DROP TABLE IF EXISTS kept, other; CREATE TABLE kept AS SELECT 2 AS id, 0::float8 AS score")
			tag, err := c.Exec(context.Background(), s.sql, mode)
			if err != nil || tag.String() != s.tag {
				t.Errorf("%s (%s): tag %q, %v; want %q", s.sql, mode, tag, err, s.tag)
			}
		}
	}
	c.exec("PREPARE reading AS SELECT current_setting('transaction_isolation'), cvp_predict('risk', 1) IS NULL")
	c.exec("PREPARE writing AS UPDATE kept SET score = cvp_predict('risk', id) WHERE id = 2 RETURNING current_setting('transaction_isolation')")
	c.exec("PREPARE native AS SELECT current_setting('transaction_isolation')")
	for _, s := range []struct{ sql, want string }{
		{"EXECUTE reading", "repeatable read|f"}, {"EXECUTE writing", "read committed"}, {"EXECUTE native", "read committed"},
		{"SELECT current_setting('transaction_isolation')", "read committed"},
	} {
		if got := c.rows(s.sql); len(got) != 1 || got[0] != s.want {
			t.Errorf("%s gives %v, want %q", s.sql, got, s.want)
		}
	}
	if _, err := c.try("EXECUTE nosuch"); asPgError(err) == nil || asPgError(err).Code != "26000" {
		t.Errorf("EXECUTE of nothing: %v", err)
	}
	c.exec("DEALLOCATE ALL")
	for _, sql := range []string{"SELECT cvp_predict('risk', loan_id) / (loan_id - 1) FROM loans", "SELECT (cvp_predict('risk', 1) * 0)::int / 0"} {
		for range 3 {
			_, _ = c.extended(sql)
		}
	}
	if got := c.rows("SELECT name, statement FROM pg_prepared_statements WHERE name LIKE 'cvp%'"); len(got) > 0 {
		t.Errorf("failed statements leave %v", got)
	}
}
