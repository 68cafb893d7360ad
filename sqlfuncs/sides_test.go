package sqlfuncs_test

import (
	"fmt"
	"strings"
	"testing"

	"cvp/internal/cvptest"
	"cvp/internal/pgtest"
)

// views are page views: who is about to order looks around in the days before.
const views = `
CREATE TABLE page_views (view_id bigint PRIMARY KEY, customer_id int REFERENCES customers, viewed_at timestamptz NOT NULL, page text, seconds int);
INSERT INTO page_views SELECT row_number() OVER (), customer_id, ordered_at - d * INTERVAL '1 day', (ARRAY['home', 'product', 'cart'])[1 + d % 3], 10 + order_id % 90
FROM orders, generate_series(1, 3) d;
INSERT INTO page_views SELECT 1000000 + i, 1001, '2023-06-01'::timestamptz + i * INTERVAL '1 hour', 'home', 5 FROM generate_series(1, 20) i;
CREATE INDEX ON page_views (customer_id, viewed_at); ANALYZE page_views;`

func TestOtherEventsOfTheEntitiesBecomeFeatures(t *testing.T) {
	c := connect(t, cvptest.Through(t, pgtest.Database(t)))
	c.exec(shop)
	c.exec("INSERT INTO customers VALUES (1001, 'UK')") // has looked and never ordered
	c.exec(views)
	auc := func(model, options string) float64 {
		var v float64
		row := c.rows("SELECT value FROM cvp_train('" + model + `', 'PREDICT COUNT(orders.*) > 0 OVER NEXT 3 DAYS FOR EACH customers.customer_id', algorithm => 'logistic', options => '{"test_cutoff": "2023-11-01"` + options + "}') WHERE chosen")
		if _, err := fmt.Sscan(row[0], &v); err != nil {
			t.Fatal(err)
		}
		return v
	}
	with, without := auc("with", ""), auc("without", `, "sides": []`)
	if with < without+0.01 {
		t.Errorf("AUC with page views %.3f, without %.3f", with, without)
	}
	for _, test := range []struct{ name, sql, want string }{
		{"features of page views", "SELECT count(*) > 5 FROM cvp_features('with', 7) WHERE feature LIKE 'page_views%'", "[t]"},
		{"none where they are not read", "SELECT count(*) FROM cvp_features('without', 7) WHERE feature LIKE 'page_views%'", "[0]"},
		{"who has only looked is scored", "SELECT cvp_predict('with', 1001) IS NOT NULL, cvp_predict('without', 1001) IS NULL", "[t|t]"},
		{"one key is scored as among all", "SELECT count(*) FROM cvp_predictions('with') AS p WHERE key IN ('7', '9', '1001') AND p.prediction IS DISTINCT FROM cvp_predict('with', p.key)", "[0]"},
	} {
		if got := fmt.Sprint(c.rows(test.sql)); got != test.want {
			t.Errorf("%s: %s, want %s", test.name, got, test.want)
		}
	}
	_, err := c.try("SELECT * FROM cvp_train('m', 'PREDICT COUNT(orders.*) > 0 OVER NEXT 3 DAYS FOR EACH customers.customer_id', options => '{\"sides\": [\"page_view\"]}')")
	if err == nil || !strings.HasPrefix(describe(err), "22023") {
		t.Errorf("a table that is not there: %v", err)
	}
}
