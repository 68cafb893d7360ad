package sqlfuncs_test

import (
	"fmt"
	"strings"
	"testing"

	"cvp/internal/cvptest"
	"cvp/internal/pgtest"
)

// couponed is the shop in which customers with a coupon order twice as often.
const couponed = shop + `
	ALTER TABLE customers ADD coupon text, ADD points int, ADD vip bool, ADD born date;
	UPDATE customers SET coupon = CASE WHEN customer_id % 2 = 0 THEN 'yes' WHEN customer_id % 7 > 0 THEN 'no' END, points = customer_id % 9, vip = customer_id % 3 = 0, born = '1980-01-01'::date + customer_id;
	INSERT INTO orders SELECT 500000 + order_id, customer_id, ordered_at + interval '3 days', amount, channel FROM orders WHERE customer_id % 2 = 0;`

func TestWhatIsAssumedTakesThePlaceOfAttributes(t *testing.T) {
	c := connect(t, cvptest.Through(t, pgtest.Database(t)))
	c.exec(couponed)
	const question = "PREDICT COUNT(orders.*) > 3 OVER NEXT 30 DAYS FOR EACH customers.customer_id"
	for name, assuming := range map[string]string{"plain": "", "yes": " ASSUMING customers.coupon = 'yes'", "no": " ASSUMING coupon = 'no' AND points = 3 AND NOT vip",
		"unknown": " ASSUMING coupon IS NULL", "both": " ASSUMING coupon = 'yes' AND COUNT(orders.*) OVER NEXT 10 DAYS > 0"} {
		c.exec("SELECT * FROM cvp_train('" + name + "', '" + strings.ReplaceAll(question+assuming, "'", "''") + `', algorithm => 'logistic', options => '{"as_of": "2023-06-01"}')`)
	}
	for what, want := range map[string]string{
		// Training is the same, so those who have one already are predicted for as before.
		"SELECT count(*) FROM customers WHERE coupon = 'yes' AND cvp_predict('yes', customer_id) <> cvp_predict('plain', customer_id)": "[0]",
		"SELECT level FROM cvp_features('yes', 3) WHERE feature = 'coupon'":                                                            "[yes]",
		"SELECT level FROM cvp_features('plain', 3) WHERE feature = 'coupon'":                                                          "[no]",
		"SELECT string_agg(feature || value, ' ' ORDER BY feature) FROM cvp_features('no', 6) WHERE feature IN ('points', 'vip')":      "[points3 vip0]",
		"SELECT level FROM cvp_features('unknown', 6) WHERE feature = 'coupon'":                                                        "[∅]",
		"SELECT count(*) FROM cvp_predictions('both')":                                                                                 "[200]",
	} {
		if got := fmt.Sprint(c.rows(what)); got != want {
			t.Errorf("%s: %s", what, got)
		}
	}
	if got := c.rows("SELECT count(*) FROM customers WHERE cvp_predict('yes', customer_id) <> cvp_predict('plain', customer_id)"); got[0] == "0" {
		t.Errorf("nothing was assumed")
	}
	// It is as if the rows said so.
	c.exec("BEGIN; UPDATE customers SET coupon = 'yes'")
	if got := c.rows("SELECT count(*) FROM customers WHERE cvp_predict('yes', customer_id) <> cvp_predict('plain', customer_id)"); got[0] != "0" {
		t.Errorf("%s predictions differ from those of rows that say so", got[0])
	}
	c.exec("UPDATE customers SET coupon = 'no', points = 3, vip = false")
	if got := c.rows("SELECT count(*) FROM customers WHERE cvp_predict('no', customer_id) <> cvp_predict('plain', customer_id)"); got[0] != "0" {
		t.Errorf("%s predictions differ from those of rows that say all three", got[0])
	}
	c.exec("ROLLBACK")
	for assuming, want := range map[string]string{
		"coupon = 'maybe'":      "nobody's coupon is 'maybe'",
		"coupn = 'yes'":         "no attribute that the model reads",
		"orders.amount = 3":     "no attribute that the model reads",
		"points > 3":            "only the value of an attribute can be assumed",
		"points = 'many'":       "customers.points is a number, not 'many'",
		"born = '1980-01-01'":   "is a date",
		"coupon = 'yes' OR vip": "only the value of an attribute can be assumed",
		"coupon = 'yes' OR COUNT(orders.*, 0, 3) > 0": "cannot be part of what is predicted",
	} {
		if _, err := c.try("SELECT * FROM cvp_train('m', '" + strings.ReplaceAll(question+" ASSUMING "+assuming, "'", "''") + "', algorithm => 'logistic')"); err == nil || !strings.Contains(describe(err), want) {
			t.Errorf("%s: %v", assuming, err)
		}
	}
}
