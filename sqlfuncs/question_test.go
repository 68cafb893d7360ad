package sqlfuncs_test

import (
	"fmt"
	"testing"

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
