package sqlfuncs_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"cvp/internal/cvptest"
	"cvp/internal/pgtest"
)

func TestLateRowsCountFromWhenTheyWereRecorded(t *testing.T) {
	c := connect(t, cvptest.Through(t, pgtest.Database(t)))
	c.exec(shop + `
		ALTER TABLE orders ADD loaded_on timestamptz;
		UPDATE orders SET loaded_on = ordered_at + INTERVAL '20 days' WHERE order_id % 4 = 0;
		ALTER TABLE customers ADD recorded_at timestamptz DEFAULT now()`) // of the entity: says nothing of its events
	train := func(model, options string) {
		c.exec("SELECT * FROM cvp_train('" + model + `', 'PREDICT SUM(orders.amount) OVER NEXT 30 DAYS FOR EACH customers.customer_id', algorithm => 'linear', options => '` + options + "')")
	}
	train("at once", `{}`)
	train("by option", `{"recorded_at": "orders.loaded_on"}`)
	c.exec("SELECT * FROM cvp_define_source('orders', recorded_at => 'loaded_on')")
	train("declared", `{}`)
	c.exec("SELECT cvp_drop_source('orders'); ALTER TABLE orders RENAME loaded_on TO recorded_at")
	train("named so", `{}`)
	// Somebody whose last order before the date is recorded only after it.
	who := c.rows("SELECT DISTINCT ON (customer_id) customer_id, recorded_at >= '2023-03-01Z' FROM orders WHERE ordered_at < '2023-03-01Z' ORDER BY customer_id, ordered_at DESC")
	who = slices.DeleteFunc(who, func(row string) bool { return !strings.HasSuffix(row, "|t") })
	customer, _, _ := strings.Cut(who[0], "|")
	last := "SELECT round(value)::int FROM cvp_features('%s', " + customer + ", '2023-03-01Z') WHERE feature = 'days_since_last'"
	want := func(known string) string {
		return fmt.Sprint(c.rows("SELECT round(extract(epoch FROM '2023-03-01Z' - max(ordered_at)) / 86400)::int FROM orders WHERE customer_id = " + customer + " AND ordered_at < '2023-03-01Z' AND " + known))
	}
	for model, known := range map[string]string{"at once": "true", "by option": "coalesce(recorded_at < '2023-03-01Z', true)",
		"declared": "coalesce(recorded_at < '2023-03-01Z', true)", "named so": "coalesce(recorded_at < '2023-03-01Z', true)"} {
		if model == "by option" || model == "declared" {
			c.exec("ALTER TABLE orders RENAME recorded_at TO loaded_on")
		}
		got := fmt.Sprint(c.rows(fmt.Sprintf(last, model)))
		if model == "by option" || model == "declared" {
			c.exec("ALTER TABLE orders RENAME loaded_on TO recorded_at")
		}
		if got != want(known) {
			t.Errorf("%s: days since the last order %s, want %s", model, got, want(known))
		}
	}
	if want("true") == want("coalesce(recorded_at < '2023-03-01Z', true)") {
		t.Fatal("the customer's last order is not a late one: the test compares nothing")
	}
	_, err := c.try(`SELECT * FROM cvp_train('m', 'PREDICT SUM(orders.amount) OVER NEXT 30 DAYS FOR EACH customers.customer_id', options => '{"recorded_at": "orders.amount"}')`)
	if err == nil || !strings.HasPrefix(describe(err), "42804 recorded column") {
		t.Errorf("a column that is no time: %v", err)
	}
}
