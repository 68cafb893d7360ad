package sqlfuncs_test

import (
	_ "embed"
	"fmt"
	"slices"
	"strings"
	"testing"

	"cvp/internal/cvptest"
	"cvp/internal/pgtest"
)

// hostile makes a schema that shadows everything of pg_catalog that can be shadowed; what is used of it counts.
//
//go:embed testdata/hostile.sql
var hostile string

// hostilePath is a search_path in which everything is shadowed, even what pg_catalog has.
const hostilePath = "hostile, pg_catalog, public"

// otherKeys are relations whose keys are no numbers.
const otherKeys = `
CREATE TABLE notes AS SELECT pg_catalog.md5(loan_id::text)::uuid AS note, income, age, defaulted FROM loans;
ALTER TABLE notes ADD PRIMARY KEY (note);
CREATE TABLE codes AS SELECT ('c' || loan_id)::varchar(9) AS code, income, age, defaulted FROM loans;
ALTER TABLE codes ADD PRIMARY KEY (code);`

// lifetime are the statements of a model's whole life. None has an operator, function or cast of the client's
// own: under a hostile search_path those are the client's affair.
var lifetime = []string{
	"SELECT model, version, algorithm, chosen, metric, value, baseline, rows FROM cvp_train('risk', relation => 'public.loans', target => 'defaulted', algorithm => 'logistic')",
	"SELECT model, version, algorithm, chosen, metric, value, baseline, rows FROM cvp_train('rows', relation => '(SELECT income, age, region, mood, defaulted FROM public.loans)', target => 'defaulted', algorithm => 'tree')",
	"SELECT model, version, algorithm, chosen, metric, value, baseline, rows FROM cvp_train('notes', relation => 'public.notes', target => 'defaulted', algorithm => 'tree')",
	"SELECT model, version, algorithm, chosen, metric, value, baseline, rows FROM cvp_train('churn', 'PREDICT COUNT(orders.*) = 0 OVER NEXT 30 DAYS FOR EACH customers.customer_id', algorithm => 'logistic')",
	"SELECT model, version, algorithm, chosen, metric, value, baseline, rows FROM cvp_train('spend', 'PREDICT SUM(orders.amount) OVER NEXT 30 DAYS FOR EACH customers.customer_id', algorithm => 'linear')",
	"SELECT cvp_predict('risk', 1), cvp_predict('risk', '2'), cvp_predict('churn', 3), cvp_predict('notes', 'c4ca4238-a0b9-2382-0dcc-509a6f75849b')",
	"SELECT loan_id, cvp_predict('risk', loan_id) FROM public.loans",
	"SELECT loan_id, cvp_predict('risk', loan_id) FROM public.loans ORDER BY loan_id LIMIT 7",
	"SELECT loan_id, cvp_predict('risk', loans) FROM public.loans",
	"SELECT loan_id, cvp_predict('rows', loans) FROM public.loans",
	"SELECT note, cvp_predict('notes', note) FROM public.notes WHERE defaulted",
	"SELECT note, cvp_predict('notes', note) FROM public.notes LIMIT 3",
	"SELECT model, version, algorithm, chosen, metric, value, baseline, rows FROM cvp_train('codes', relation => 'public.codes', target => 'defaulted', algorithm => 'tree')",
	"SELECT code, cvp_predict('codes', code) FROM public.codes WHERE defaulted",
	"SELECT customer_id, cvp_predict('churn', customer_id) FROM public.customers",
	"SELECT customer_id, cvp_predict('spend', customers) FROM public.customers",
	"SELECT region, pg_catalog.avg(cvp_predict('risk', loan_id)) FROM public.loans GROUP BY region ORDER BY region",
	"SELECT region, cvp_predict('risk', pg_catalog.min(loan_id)) FROM public.loans GROUP BY region ORDER BY region",
	"SELECT loan_id FROM public.loans AS l WHERE EXISTS (SELECT cvp_predict('risk', l.loan_id))",
	"SELECT key, prediction, decile FROM cvp_predictions('risk') ORDER BY key",
	"SELECT key, prediction, decile FROM cvp_predictions('churn') ORDER BY key",
	"SELECT loan_id, cvp_predict('risk', loan_id) FROM public.loans ORDER BY loan_id FOR UPDATE",
	"SELECT split, metric, value FROM cvp_evaluate('risk')",
	"SELECT model, version, algorithm FROM cvp_train('risk', relation => 'public.loans', target => 'defaulted', algorithm => 'tree')",
	"SELECT cvp_deploy('risk', 1)", "SELECT cvp_deploy('risk', 2)", "SELECT cvp_rollback('risk')",
	"SELECT cvp_share('risk', 'public')", "SELECT cvp_unshare('risk', 'public')",
	"SELECT name, version, deployed FROM cvp_models", "SELECT name, algorithm, step FROM cvp_runs",
	"SELECT cvp_drop_model('risk@2')", "SELECT cvp_drop_model('churn')",
	"SELECT name, version, deployed FROM cvp_models",
}

func TestAHostileSearchPathIsNeverFollowedByOurOwnQueries(t *testing.T) {
	plain := lived(t, "public", "")
	trapped := lived(t, hostilePath, hostile)
	for i, sql := range lifetime {
		if !slices.Equal(plain[i], trapped[i]) {
			t.Errorf("%s:\n%.200q under a hostile search_path, otherwise\n%.200q", sql, trapped[i], plain[i])
		}
	}
}

// lived runs the lifetime of a model as a role without rights, from the installation on, under a search_path.
func lived(t *testing.T, path, traps string) [][]string {
	t.Helper()
	database := pgtest.Database(t)
	super := connect(t, database)
	if _, err := super.try(loans + shop + otherKeys + traps); err != nil {
		t.Fatal(describe(err))
	}
	url := pgtest.Role(t, database, "anna", "secret")
	role := roleOf(t, url)
	for _, sql := range []string{
		"ALTER TABLE loans OWNER TO %s", "GRANT SELECT ON customers, orders, notes, codes TO %s",
	} {
		super.exec(fmt.Sprintf(sql, role))
	}
	admin := connect(t, cvptest.Through(t, database))
	admin.exec("SET search_path = " + path)
	admin.exec("SELECT name FROM cvp_models") // installs
	anna := connect(t, cvptest.Through(t, url))
	anna.exec("SET search_path = " + path)
	if traps != "" {
		if _, err := anna.try("SELECT 1 = 1"); err == nil || !strings.Contains(err.Error(), "trap sprung") {
			t.Fatalf("the traps are not in the way, so the test would show nothing: %v", err)
		}
		super.exec("ALTER SEQUENCE hostile.calls RESTART")
	}
	out := make([][]string, len(lifetime))
	for i, sql := range lifetime {
		var err error
		if out[i], err = anna.try(sql); err != nil {
			t.Errorf("%s: %s", sql, describe(err))
		}
	}
	if traps != "" {
		if got := super.rows("SELECT is_called FROM hostile.calls"); got[0] != "f" {
			t.Error("something hostile was called")
		}
	}
	return out
}
