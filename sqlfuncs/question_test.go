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

func TestTrainAndPredictOnAQuestion(t *testing.T) {
	database := pgtest.Database(t)
	c := connect(t, cvptest.Through(t, database))
	c.exec(shop)
	c.exec("INSERT INTO customers VALUES (1000, 'UK')") // has no order
	board := c.rows("SELECT algorithm, value > baseline FROM cvp_train('churn', 'PREDICT COUNT(orders.*) = 0 OVER NEXT 30 DAYS FOR EACH customers.customer_id', algorithm => 'logistic') WHERE chosen")
	if fmt.Sprint(board) != "[logistic|t]" {
		t.Fatalf("leaderboard: %q", board)
	}
	if got := c.rows("SELECT count(*), count(prediction), min(decile), max(decile) FROM cvp_predictions('churn')"); got[0] != "200|200|1|10" {
		t.Errorf("predictions: %v", got)
	}
	if got := c.rows("SELECT cvp_predict('churn', 1000), cvp_predict('churn', 77777), cvp_predict('churn', 7) = (SELECT prediction FROM cvp_predictions('churn') WHERE key = '7')"); got[0] != "∅|∅|t" {
		t.Errorf("no order, no such customer, one alone as among all: %v", got)
	}
	if got := c.rows("SELECT count(*) FROM customers WHERE cvp_predict('churn', customers) IS DISTINCT FROM cvp_predict('churn', customer_id)"); got[0] != "0" {
		t.Errorf("rows unlike keys: %v", got)
	}
	// The customers who went silent are those of whom it is likely.
	if got := c.rows("SELECT avg(cvp_predict('churn', customer_id)) FILTER (WHERE customer_id % 5 = 0) > avg(cvp_predict('churn', customer_id)) FILTER (WHERE customer_id % 5 <> 0) + 0.5 FROM customers"); got[0] != "t" {
		t.Errorf("silent customers: %v", got)
	}
	if got := c.rows("SELECT name, question IS NOT NULL, target, deployed FROM cvp_models"); got[0] != "churn|t|∅|t" {
		t.Errorf("models: %v", got)
	}
}

func TestWhatComesAfterTheDateOfAQuestionIsNotRead(t *testing.T) {
	c := connect(t, cvptest.Through(t, pgtest.Database(t)))
	c.exec(shop)
	train := `SELECT value FROM cvp_train('%s', 'PREDICT SUM(orders.amount) OVER NEXT 60 DAYS FOR EACH customers.customer_id', algorithm => 'linear', options => '{"as_of": "2023-06-01"}') WHERE chosen`
	before := c.rows(fmt.Sprintf(train, "a"))
	scores := c.rows("SELECT key, prediction FROM cvp_predictions('a') ORDER BY key")
	c.exec("UPDATE orders SET amount = amount * 1000 WHERE ordered_at >= '2023-06-01'; INSERT INTO orders SELECT 900000 + i, 1 + i % 200, '2023-07-01', 5, 'web' FROM generate_series(1, 500) i")
	if after := c.rows(fmt.Sprintf(train, "b")); fmt.Sprint(before) != fmt.Sprint(after) {
		t.Errorf("the figure moved from %v to %v", before, after)
	}
	for _, model := range []string{"a", "b"} {
		if got := c.rows("SELECT key, prediction FROM cvp_predictions('" + model + "') ORDER BY key"); fmt.Sprint(got) != fmt.Sprint(scores) {
			t.Errorf("predictions of %s moved", model)
		}
	}
}

func TestVersionsOfAQuestionShareTheirTestWindow(t *testing.T) {
	c := connect(t, cvptest.Through(t, pgtest.Database(t)))
	c.exec(shop)
	train := "SELECT * FROM cvp_train('n', 'PREDICT COUNT(orders.*) OVER NEXT 30 DAYS FOR EACH customers.customer_id', algorithm => 'linear')"
	c.exec(train)
	c.exec("INSERT INTO orders SELECT 900000 + i, 1 + i % 200, '2023-12-20'::timestamptz + i * INTERVAL '1 hour', 5, 'web' FROM generate_series(1, 100) i")
	c.exec(train)
	if got := c.rows("SELECT count(*), count(DISTINCT spec->>'holdout'), count(DISTINCT spec->>'test_cutoff') FROM cvp.versions"); got[0] != "2|1|1" {
		t.Errorf("hold-outs: %v", got)
	}
}

func TestSameDataAndSeedGiveTheSameModelBytes(t *testing.T) {
	c := connect(t, cvptest.Through(t, pgtest.Database(t)))
	c.exec(shop + loans)
	for _, name := range []string{"a", "b"} {
		c.exec("SELECT * FROM cvp_train('q" + name + "', 'PREDICT COUNT(orders.*) = 0 OVER NEXT 30 DAYS FOR EACH customers.customer_id')")
		c.exec("SELECT * FROM cvp_train('r" + name + "', relation => 'loans', target => 'defaulted', algorithm => 'mlp')")
	}
	if got := c.rows("SELECT count(*), count(DISTINCT artifact) FROM cvp.versions"); got[0] != "4|2" {
		t.Errorf("versions and different artifacts: %v", got)
	}
}

func TestAConditionOnTheEntitiesIsWeighedAsOfEachDate(t *testing.T) {
	c := connect(t, cvptest.Through(t, pgtest.Database(t)))
	c.exec(shop)
	c.exec(`SELECT * FROM cvp_train('active', 'PREDICT COUNT(orders.*) > 1 OVER NEXT 30 DAYS FOR EACH customers.customer_id
		WHERE COUNT(orders.* WHERE channel = ''web'') OVER LAST 60 DAYS > 1 AND NOT country IN (''FR'')', algorithm => 'logistic', options => '{"as_of": "2023-06-01"}')`)
	// Those who meet it as of the date of prediction have one, all others NULL.
	const met = `SELECT k.customer_id FROM customers k JOIN orders o USING (customer_id)
		WHERE country <> 'FR' AND channel = 'web' AND ordered_at >= '2023-06-01'::timestamptz - interval '60 days' AND ordered_at < '2023-06-01' GROUP BY 1 HAVING count(*) > 1`
	if got := c.rows("SELECT count(*), count(*) FILTER (WHERE customer_id IN (" + met + ")) FROM customers WHERE cvp_predict('active', customer_id) IS NOT NULL"); fmt.Sprint(got) == "[0|0]" {
		t.Errorf("nobody is predicted for")
	} else if want := c.rows("SELECT count(*), count(*) FROM (" + met + ") m"); fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("predicted for %v, want %v", got, want)
	}
	if got := c.rows("SELECT count(*) FROM cvp_predictions('active') p WHERE p.key::int NOT IN (" + met + ")"); got[0] != "0" {
		t.Errorf("%s predictions for others", got[0])
	}
	// One alone is as among all.
	if got := c.rows("SELECT count(*) FROM (SELECT key, prediction FROM cvp_predictions('active') LIMIT 3) p WHERE cvp_predict('active', p.key) <> prediction"); got[0] != "0" {
		t.Errorf("%s predictions differ", got[0])
	}
	// Nothing after the date moves who they are.
	c.exec("INSERT INTO orders SELECT 900000 + i, 1 + i % 200, '2023-06-01', 5, 'web' FROM generate_series(1, 500) i")
	if got := c.rows("SELECT count(*) FROM cvp_predictions('active')"); fmt.Sprint(got) != fmt.Sprint(c.rows("SELECT count(*) FROM ("+met+") m")) {
		t.Errorf("predicted for %v after later orders", got)
	}
}

func TestAQuestionForSomeKeysPredictsForThemAlone(t *testing.T) {
	c := connect(t, cvptest.Through(t, pgtest.Database(t)))
	c.exec(shop)
	c.exec("SELECT * FROM cvp_train('some', 'PREDICT COUNT(orders.*, 0, 30, days) > 0 FOR customers.customer_id IN (3, 7, 99999)', algorithm => 'logistic')")
	if got := c.rows("SELECT string_agg(key, ' ' ORDER BY key) FROM cvp_predictions('some')"); got[0] != "3 7" {
		t.Errorf("predictions for %s", got[0])
	}
	if _, err := c.try("SELECT * FROM cvp_train('m', 'PREDICT COUNT(orders.*, 0, 30) > 0 FOR customers.customer_id = ''x''')"); err == nil || !strings.Contains(describe(err), "22P02") {
		t.Errorf("a key of another type: %v", err)
	}
	if got := c.rows("SELECT cvp_predict('some', 3) IS NULL, cvp_predict('some', 4) IS NULL"); got[0] != "f|t" {
		t.Errorf("3 and 4 are NULL: %s", got[0])
	}
}

func TestErrorsInAConditionOnTheEntitiesPointIntoTheQuestion(t *testing.T) {
	c := connect(t, cvptest.Through(t, pgtest.Database(t)))
	c.exec(shop)
	for _, x := range []struct{ where, code, message string }{
		{"contry = 'UK'", "42703", `column "contry" does not exist`},
		{"COUNT(orders.*) > 0 AND customer_id", "42804", "argument of AND must be type boolean, not type integer"},
		{"COUNT(visits.*) OVER LAST 3 DAYS > 0", "42P01", "no table visits leads to customers"},
		{"LAST(orders.channel) > 0", "0A000", "LAST(orders.channel) would predict one of many texts, but the column is of type text"},
		{"SUM(orders.channel) > 0", "42804", "SUM(orders.channel) needs a number, but the column is of type text"},
		{"a b", "42601", "the condition is not an SQL expression"},
	} {
		_, failed := c.try("SELECT * FROM cvp_train('m', 'PREDICT COUNT(orders.*) OVER NEXT 30 DAYS FOR EACH customers.customer_id WHERE " + strings.ReplaceAll(x.where, "'", "''") + "')")
		var err *pgconn.PgError
		if !errors.As(failed, &err) {
			t.Errorf("%s: %v", x.where, failed)
			continue
		}
		if err.Code != x.code || err.Message != x.message || err.InternalPosition < 80 {
			t.Errorf("%s: %s %s at %d of %q", x.where, err.Code, err.Message, err.InternalPosition, err.InternalQuery)
		}
	}
}

func TestAConditionMayBeOfOtherEventsThanThePrediction(t *testing.T) {
	c := connect(t, cvptest.Through(t, pgtest.Database(t)))
	c.exec(shop + `CREATE TABLE visits (customer_id int REFERENCES customers, seen_at timestamptz, pages int);
		INSERT INTO visits SELECT customer_id, ordered_at - interval '2 hours', 1 + order_id % 9 FROM orders WHERE order_id % 3 > 0;
		INSERT INTO visits SELECT i, '2023-03-03', 8 FROM generate_series(1, 200) i`)
	c.exec(`SELECT * FROM cvp_train('readers', 'PREDICT SUM(orders.amount) OVER NEXT 30 DAYS FOR EACH customers.customer_id
		WHERE SUM(visits.pages WHERE pages > 2) OVER LAST 90 DAYS > 10 OR COUNT(visits.*, -20, 0) = 1', algorithm => 'linear', options => '{"as_of": "2023-06-01", "sides": []}')`)
	const met = `SELECT customer_id FROM customers LEFT JOIN visits v USING (customer_id) GROUP BY 1
		HAVING sum(pages) FILTER (WHERE pages > 2 AND seen_at >= '2023-03-03' AND seen_at < '2023-06-01') > 10 OR count(*) FILTER (WHERE seen_at >= '2023-05-12' AND seen_at < '2023-06-01') = 1`
	got, want := c.rows("SELECT count(*), sum(key::int) FROM cvp_predictions('readers')"), c.rows("SELECT count(*), sum(customer_id) FROM ("+met+") m")
	if fmt.Sprint(got) != fmt.Sprint(want) || got[0][0] == '0' {
		t.Errorf("predicted for %v, want %v", got, want)
	}
}
