package sqlfuncs_test

import (
	"fmt"
	"strings"
	"testing"

	"cvp/internal/cvptest"
	"cvp/internal/pgtest"
)

// described adds to the shop's customers what can be told from their orders, and is not known of all of them.
const described = shop + `
	ALTER TABLE customers ADD income numeric, ADD vip bool, ADD segment text, ADD region text, ADD born date;
	UPDATE customers k SET income = s.spent * 10, vip = s.n > 12, segment = CASE WHEN s.n > 12 THEN 'gold' ELSE 'blue' END, region = country || '-1', born = '1980-01-01'
	FROM (SELECT customer_id, avg(amount) AS spent, count(*) AS n FROM orders GROUP BY 1) s WHERE s.customer_id = k.customer_id AND k.customer_id % 4 > 0;
	INSERT INTO customers (customer_id, country) VALUES (1000, 'UK');
	CREATE TABLE accounts (customer_id int PRIMARY KEY REFERENCES customers, savings float8);
	INSERT INTO accounts SELECT customer_id, income * 3 FROM customers WHERE income IS NOT NULL;`

func TestAnAttributeIsImputed(t *testing.T) {
	c := connect(t, cvptest.Through(t, pgtest.Database(t)))
	c.exec(described)
	train := func(name, question, options string) []string {
		return c.rows("SELECT algorithm, value > baseline FROM cvp_train('" + name + "', '" + strings.ReplaceAll(question, "'", "''") + "', algorithm => 'tree', options => '" + options + "') WHERE chosen")
	}
	if got := train("income", "PREDICT customers.income FOR EACH customers.customer_id", `{"exclude": ["savings", "vip", "segment"]}`); len(got) != 1 {
		t.Fatalf("leaderboard %v", got)
	}
	for what, want := range map[string]string{
		"SELECT count(*), count(prediction) FROM cvp_predictions('income')": "[201|201]",
		"SELECT cvp_predict('income', 1000) > 0":                            "[t]",
		"SELECT count(*) FROM customers WHERE cvp_predict('income', customer_id) IS DISTINCT FROM (SELECT prediction FROM cvp_predictions('income') WHERE key::int = customer_id)": "[0]",
		// Of those whose income was not known, the order is right.
		"SELECT corr(cvp_predict('income', k.customer_id), s.spent) > 0.9 FROM customers k JOIN (SELECT customer_id, avg(amount)::float8 AS spent FROM orders GROUP BY 1) s USING (customer_id) WHERE k.income IS NULL": "[t]",
		"SELECT count(*) FROM cvp_features('income', 7) WHERE feature LIKE '%income%'":      "[0]",
		"SELECT count(*) > 10, bool_or(feature = 'country') FROM cvp_features('income', 7)": "[t|t]",
		"SELECT question, task IS NULL FROM cvp_models, (SELECT NULL AS task) t":            "[PREDICT customers.income FOR EACH customers.customer_id|t]",
	} {
		if got := fmt.Sprint(c.rows(what)); got != want {
			t.Errorf("%s: %s", what, got)
		}
	}
	for _, x := range []struct{ name, question, options string }{
		{"a boolean", "PREDICT customers.vip FOR EACH customers.customer_id", `{"exclude": ["segment"]}`},
		{"two texts", "PREDICT customers.segment FOR EACH customers.customer_id WHERE COUNT(orders.*) OVER LAST 600 DAYS > 1", `{"exclude": ["vip"], "positive": "blue"}`},
		{"a condition", "PREDICT customers.income > 250 FOR EACH customers.customer_id WHERE country <> 'FR'", `{"exclude": ["savings"]}`},
		{"a condition on several", "PREDICT customers.vip OR segment = 'gold' AND income > 1 FOR EACH customers.customer_id", `{"exclude": ["savings"]}`},
		{"a table beside", "PREDICT accounts.savings FOR EACH customers.customer_id", `{"exclude": ["income"]}`},
	} {
		if got := train(x.name, x.question, x.options); len(got) != 1 {
			t.Errorf("%s: %v", x.name, got)
		}
	}
	if got := c.rows("SELECT avg(cvp_predict('a boolean', customer_id)) FILTER (WHERE vip) > 0.7, avg(cvp_predict('a boolean', customer_id)) FILTER (WHERE NOT vip) < 0.3 FROM customers"); got[0] != "t|t" {
		t.Errorf("vip: %v", got)
	}
	if got := c.rows("SELECT avg(cvp_predict('two texts', customer_id)) FILTER (WHERE segment = 'blue') > avg(cvp_predict('two texts', customer_id)) FILTER (WHERE segment = 'gold') FROM customers"); got[0] != "t" {
		t.Errorf("positive: %v", got)
	}
	if got := c.rows("SELECT count(*) FROM cvp_predictions('a condition') p JOIN customers k ON k.customer_id = p.key::int WHERE country = 'FR'"); got[0] != "0" {
		t.Errorf("%s in France", got[0])
	}
	if got := c.rows("SELECT count(*) FROM cvp_features('a condition on several', 7) WHERE feature IN ('vip', 'segment', 'income')"); got[0] != "0" {
		t.Errorf("what the condition reads is a feature")
	}
	told := strings.Join(c.rows("SELECT item, value FROM cvp_explain_question('PREDICT customers.vip FOR EACH customers.customer_id') WHERE item ~ 'examples|without|task|events'"), "\n")
	if !strings.Contains(told, "task|class") || !strings.Contains(told, "train without an answer|51") {
		t.Errorf("explained as\n%s", told)
	}
}

func TestAnAttributeThatCannotBePredictedIsRefused(t *testing.T) {
	c := connect(t, cvptest.Through(t, pgtest.Database(t)))
	c.exec(described + "CREATE TABLE alone (id int PRIMARY KEY, x int)")
	for question, want := range map[string]string{
		"PREDICT customers.incme FOR EACH customers.customer_id":      "42703",
		"PREDICT orders.amount FOR EACH customers.customer_id":        "42P01",
		"PREDICT customers.born FOR EACH customers.customer_id":       "is a date",
		"PREDICT customers.region FOR EACH customers.customer_id":     "3 values",
		"PREDICT alone.x FOR EACH alone.id":                           "no events lead to alone.id",
		"PREDICT orders.amount FOR EACH orders.customer_id":           "no events lead to orders.customer_id",
		"PREDICT customers.income + 1 FOR EACH customers.customer_id": "argument of AND must be type boolean",
	} {
		if _, err := c.try("SELECT * FROM cvp_train('m', '" + question + "')"); err == nil || !strings.Contains(describe(err), want) {
			t.Errorf("%s: %v", question, err)
		}
	}
}
