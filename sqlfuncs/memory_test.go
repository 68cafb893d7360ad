package sqlfuncs_test

import (
	"fmt"
	"strings"
	"testing"

	"cvp/internal/cvptest"
	"cvp/internal/pgtest"
)

func TestWhatFitsInCvpWorkMemIsReadAtOnceAndTheRestInTheOrderOfEntities(t *testing.T) {
	c := connect(t, cvptest.Through(t, pgtest.Database(t)))
	c.exec(shop + `; CREATE TABLE more AS SELECT order_id * 20 + n AS order_id, customer_id, ordered_at + n * interval '3 h' AS ordered_at, amount + n AS amount, channel
		FROM orders, generate_series(0, 19) n; TRUNCATE orders; INSERT INTO orders SELECT * FROM more; ANALYZE orders`)
	const train = "SELECT algorithm FROM cvp_train('m', 'PREDICT SUM(orders.amount) OVER NEXT 30 DAYS FOR EACH customers.customer_id', algorithm => 'linear')"
	const predictions = "SELECT key || ' ' || prediction FROM cvp_predictions('m@1') ORDER BY 1"
	c.exec(train)
	if c.noticed("cvp.work_mem") {
		t.Fatal("a few rows are said to be too many")
	}
	want := c.rows(predictions)
	c.exec("SET cvp.work_mem = '512kB'")
	got := c.rows(predictions)
	if len(want) != 200 || fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("%d predictions in the order of entities differ from %d at once", len(got), len(want))
	}
	if open := c.rows("SELECT name FROM pg_cursors WHERE name LIKE 'cvp%'"); len(open) != 0 {
		t.Errorf("left open: %v", open)
	}
	if got := c.rows("SHOW cursor_tuple_fraction"); got[0] != "0.1" {
		t.Errorf("cursor_tuple_fraction is left at %v", got)
	}
	c.exec("SET cvp.work_mem = '1MB'")
	c.exec(train)
	if !c.noticed("events need more than cvp.work_mem") {
		t.Error("nobody was told that the features come from a sample")
	}
	for _, value := range []string{"lots", "-1MB", "0", "1kB", "12 XB", "NaN"} {
		c.exec(fmt.Sprintf("SET cvp.work_mem = '%s'", value))
		if _, err := c.try(predictions); err == nil || !strings.HasPrefix(describe(err), "22023") {
			t.Errorf("cvp.work_mem = %s: %v", value, err)
		}
	}
}
