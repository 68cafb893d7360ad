package sqlfuncs_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"cvp/internal/cvptest"
	"cvp/internal/pgtest"
)

// shop is raw tables: customers, their orders, two years of them.
const shop = `
CREATE TABLE customers (customer_id int PRIMARY KEY, country text);
CREATE TABLE orders (order_id int PRIMARY KEY, customer_id int REFERENCES customers, ordered_at timestamptz NOT NULL, amount numeric(10,2), channel text);
INSERT INTO customers SELECT i, (ARRAY['UK','FR','DE'])[1 + i % 3] FROM generate_series(1, 200) i;
INSERT INTO orders SELECT row_number() OVER (), c, '2022-01-01 00:00+00'::timestamptz + (d + (c * 17) % 11) * INTERVAL '1 day', 5 + c % 40 + d % 7, (ARRAY['web','shop'])[1 + (c + d) % 2]
FROM generate_series(1, 200) c, generate_series(0, 700) d
WHERE d % (7 + c % 60) = 0 AND NOT (c % 5 = 0 AND d > 150 + c);
ANALYZE;`

func TestBadInputIsRefusedWithCodeAndHintAndLeavesNothing(t *testing.T) {
	database := pgtest.Database(t)
	c := connect(t, cvptest.Through(t, database))
	c.exec(loans + shop + `
		CREATE TABLE few AS SELECT * FROM loans WHERE loan_id <= 30;
		CREATE TABLE odd AS SELECT loan_id AS id, age, NULL::bool AS nothing, true AS always, 7 AS constant, region, opened, CASE WHEN loan_id > 3 THEN loan_id END AS holes FROM loans;
		CREATE TABLE twice AS SELECT loan_id % 600 AS id, age, defaulted FROM loans;
		CREATE TABLE blank (id int, y bool);
		CREATE TABLE secret AS SELECT * FROM loans`)
	c.exec("SELECT * FROM cvp_train('risk', relation => 'loans', target => 'defaulted', algorithm => 'logistic')")
	ask := func(question string) string {
		return "SELECT * FROM cvp_train('m', '" + strings.ReplaceAll(question, "'", "''") + "')"
	}
	for _, x := range []struct{ name, sql, code, message, hint string }{
		{"unknown table", "SELECT * FROM cvp_train('m', relation => 'loan', target => 'defaulted')", "42P01", `relation "loan" does not exist`, "loans"},
		{"unknown target", "SELECT * FROM cvp_train('m', relation => 'loans', target => 'defaultd')", "42703", `column "defaultd"`, "defaulted"},
		{"unknown key", "SELECT * FROM cvp_train('m', relation => 'loans', target => 'defaulted', key => 'lone_id')", "42703", `column "lone_id"`, "loan_id"},
		{"key that repeats", "SELECT * FROM cvp_train('m', relation => 'twice', target => 'defaulted', key => 'id')", "22023", "not unique", "one row per key"},
		{"all NULL", "SELECT * FROM cvp_train('m', relation => 'odd', target => 'nothing', key => 'id')", "22023", "NULL in all", ""},
		{"one class", "SELECT * FROM cvp_train('m', relation => 'odd', target => 'always', key => 'id')", "22023", "only one class", ""},
		{"constant", "SELECT * FROM cvp_train('m', relation => 'odd', target => 'constant', key => 'id')", "22023", "in all 1200 rows", ""},
		{"many classes", "SELECT * FROM cvp_train('m', relation => 'odd', target => 'region', key => 'id')", "22023", "3 classes", ""},
		{"a date", "SELECT * FROM cvp_train('m', relation => 'odd', target => 'opened', key => 'id')", "22023", "is a date", ""},
		{"text for a value model", "SELECT * FROM cvp_train('m', relation => 'loans', target => 'mood', algorithm => 'linear')", "22023", "linear", "logistic"},
		{"few rows", "SELECT * FROM cvp_train('m', relation => 'few', target => 'defaulted')", "22023", "only 30", "more rows"},
		{"no rows", "SELECT * FROM cvp_train('m', relation => 'blank', target => 'y')", "22023", "", ""},
		{"unknown algorithm", "SELECT * FROM cvp_train('m', relation => 'loans', target => 'defaulted', algorithm => 'logistik')", "22023", `"logistik"`, "logistic"},
		{"unknown option", `SELECT * FROM cvp_train('m', relation => 'loans', target => 'defaulted', options => '{"sed": 1}')`, "22023", `"sed"`, ""},
		{"wrong hyperparameter", `SELECT * FROM cvp_train('m', relation => 'loans', target => 'defaulted', algorithm => 'logistic', options => '{"l2": -1}')`, "22023", `"l2"`, ""},
		{"options not an object", `SELECT * FROM cvp_train('m', relation => 'loans', target => 'defaulted', options => '[]')`, "22023", "not a JSON object", ""},
		{"neither question nor relation", "SELECT * FROM cvp_train('m')", "22023", "needs a question or a relation", "PREDICT"},
		{"both", "SELECT * FROM cvp_train('m', 'PREDICT', relation => 'loans', target => 'defaulted')", "22023", "not both", ""},
		{"a name with @", "SELECT * FROM cvp_train('m@2', relation => 'loans', target => 'defaulted')", "42602", "", ""},
		{"unknown argument", "SELECT * FROM cvp_train('m', relatio => 'loans', target => 'defaulted')", "42883", "", ""},
		{"a query that is none", "SELECT * FROM cvp_train('m', relation => '(SELECT 1; DROP TABLE loans)', target => 'defaulted')", "42601", "not one query", ""},
		{"a question that does not parse", ask("PREDICT SUM(orders.amount) OVER NXT 90 DAYS FOR EACH customers.customer_id"), "42601", "", "NEXT"},
		{"a question of an unknown table", ask("PREDICT SUM(order.amount) OVER NEXT 90 DAYS FOR EACH customers.customer_id"), "", "", ""},
		{"a question of an unknown column", ask("PREDICT SUM(orders.amont) OVER NEXT 90 DAYS FOR EACH customers.customer_id"), "42703", "amont", "amount"},
		{"a question whose condition is wrong", ask("PREDICT COUNT(orders.* WHERE chanel = 'web') > 0 OVER NEXT 30 DAYS FOR EACH customers.customer_id"), "42703", "chanel", ""},
		{"more horizon than history", ask("PREDICT SUM(orders.amount) OVER NEXT 600 DAYS FOR EACH customers.customer_id"), "22023", "too short", ""},
		{"unknown model", "SELECT cvp_predict('rusk', 1)", "42704", `"rusk"`, "risk"},
		{"a model per row", "SELECT cvp_predict(region, loan_id) FROM loans", "0A000", "must not depend on rows", ""},
		{"unknown column beside a call", "SELECT cvp_predict('risk', 1), oops FROM loans", "42703", "oops", ""},
		{"in a cursor that is gone at once", "DECLARE c CURSOR FOR SELECT cvp_predict('risk', loan_id) FROM loans", "25P01", "transaction blocks", ""},
		{"in a statement that Postgres keeps for later", "CREATE TABLE s (x float8 DEFAULT cvp_predict('risk', 1)); INSERT INTO s DEFAULT VALUES", "0A000", "through the cvp server", ""},
	} {
		t.Run(x.name, func(t *testing.T) {
			_, err := c.try(x.sql)
			var e *pgconn.PgError
			if !errors.As(err, &e) {
				t.Fatalf("error %v, want one of Postgres's form", err)
			}
			t.Log(describe(err))
			if x.code != "" && e.Code != x.code || !strings.Contains(e.Message, x.message) || !strings.Contains(e.Hint, x.hint) {
				t.Errorf("got %s, want %s …%s… hint …%s…", describe(err), x.code, x.message, x.hint)
			}
		})
	}
	if got := c.rows("SELECT count(*) FROM cvp.versions"); got[0] != "1" {
		t.Errorf("versions after all the errors: %v", got)
	}
	if got := c.rows("SELECT name FROM cvp_models"); len(got) != 1 {
		t.Errorf("models after all the errors: %v", got)
	}
}

func TestAnErrorInAQuestionCarriesThePlace(t *testing.T) {
	c := connect(t, cvptest.Through(t, pgtest.Database(t)))
	c.exec(shop)
	for _, x := range []struct{ question, at string }{
		{"PREDICT SUM(orders.amount) OVER NXT 90 DAYS FOR EACH customers.customer_id", "NXT"},
		{"PREDICT SUM(orders.amont) OVER NEXT 90 DAYS FOR EACH customers.customer_id", "amont"},
		{"PREDICT COUNT(orders.* WHERE chanel = 'web') > 0 OVER NEXT 30 DAYS FOR EACH customers.customer_id", "chanel"},
	} {
		_, err := c.try("SELECT * FROM cvp_train($1, $2)", "m", x.question)
		var e *pgconn.PgError
		if !errors.As(err, &e) || e.InternalQuery != x.question {
			t.Fatalf("%s: %v", x.question, err)
		}
		if want := strings.Index(x.question, x.at) + 1; int(e.InternalPosition) != want {
			t.Errorf("%s: position %d, want %d", x.question, e.InternalPosition, want)
		}
	}
}
