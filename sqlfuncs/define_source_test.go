package sqlfuncs_test

import (
	"fmt"
	"strings"
	"testing"

	"cvp/internal/cvptest"
	"cvp/internal/pgtest"
)

func TestADeclarationSaysWhatAWarehouseDoesNot(t *testing.T) {
	c := connect(t, cvptest.Through(t, pgtest.Database(t)))
	// As a warehouse has it: views and tables without keys, several times, names that do not match.
	c.exec(shop + `
		CREATE SCHEMA mart; CREATE VIEW mart.people AS SELECT customer_id AS person, country FROM customers;
		CREATE VIEW mart.sales AS SELECT order_id, customer_id AS buyer, ordered_at, ordered_at + INTERVAL '90 days' AS paid_at, amount FROM orders;
		CREATE TABLE mart.looks AS SELECT customer_id AS who, ordered_at - INTERVAL '1 day' AS at FROM orders;
		SET search_path = mart, public`)
	const ask = `SELECT chosen FROM cvp_train('m', 'PREDICT SUM(sales.amount) OVER NEXT 30 DAYS FOR EACH people.person', algorithm => 'linear') WHERE chosen`
	if _, err := c.try(ask); err == nil {
		t.Fatal("tables without keys were linked by themselves")
	}
	if got := fmt.Sprint(c.rows("SELECT * FROM cvp_define_source('sales', time_column => 'ordered_at', links => ARRAY['buyer = people.person'], group_column => 'order_id')")); got !=
		`[mart.sales|ordered_at|{"mart.sales.buyer = mart.people.person"}|order_id|∅]` {
		t.Errorf("declared: %s", got)
	}
	c.exec("SELECT * FROM cvp_define_source('looks', links => '{who = mart.people.person}')")
	c.exec("SET search_path = public") // links hold whatever the search_path is then
	c.exec(strings.NewReplacer("sales.", "mart.sales.", "people.", "mart.people.").Replace(ask))
	for _, test := range []struct{ name, sql, want string }{
		{"other events by a declared link", "SELECT count(*) > 3 FROM cvp_features('m', 7) WHERE feature LIKE 'looks%'", "[t]"},
		{"the declared time", "SELECT abs(value - (SELECT extract(epoch FROM '2023-06-01Z' - max(ordered_at)) / 86400 FROM orders WHERE customer_id = 7 AND ordered_at < '2023-06-01Z')) < 0.01 FROM cvp_features('m', 7, '2023-06-01Z') WHERE feature = 'days_since_last'", "[t]"},
		{"what was declared", "SELECT schema_name, relation_name, time_column FROM cvp_sources", "[mart|looks|∅ mart|sales|ordered_at]"},
	} {
		if got := fmt.Sprint(c.rows(test.sql)); got != test.want {
			t.Errorf("%s: %s, want %s", test.name, got, test.want)
		}
	}
	for sql, want := range map[string]string{
		"SELECT * FROM cvp_define_source('mart.sales', time_column => 'orderd_at')":          "42703",
		"SELECT * FROM cvp_define_source('mart.sales', time_column => 'amount')":             "42804",
		"SELECT * FROM cvp_define_source('mart.sales', links => '{buyer}')":                  "22023",
		"SELECT * FROM cvp_define_source('mart.sales', links => '{buyer = nobody.id}')":      "42P01",
		"SELECT * FROM cvp_define_source('mart.sales', links => '{buyer = mart.people.id}')": "42703",
		"SELECT * FROM cvp_define_source('mart.nothing')":                                    "42P01",
		"SELECT * FROM cvp_define_source('pg_class')":                                        "42501",
		"SELECT * FROM cvp_define_source(NULL)":                                              "22004",
	} {
		if strings.Contains(sql, "pg_class") {
			c.exec("CREATE ROLE visitor; GRANT USAGE ON SCHEMA mart TO visitor; SET ROLE visitor")
		}
		if _, err := c.try(sql); err == nil || !strings.HasPrefix(describe(err), want) {
			t.Errorf("%s: %v, want %s", sql, err, want)
		}
		c.exec("RESET ROLE")
	}
	// A declaration that outlives its tables does no harm.
	c.exec("DROP TABLE mart.looks")
	c.exec("SELECT * FROM cvp_train('n', 'PREDICT SUM(mart.sales.amount) OVER NEXT 30 DAYS FOR EACH mart.people.person', algorithm => 'linear')")
	if got := fmt.Sprint(c.rows("SELECT cvp_drop_source('mart.sales'), cvp_drop_source('mart.people')")); got != "[t|f]" {
		t.Errorf("dropped: %s", got)
	}
	if got := fmt.Sprint(c.rows("SELECT count(*) FROM cvp_sources")); got != "[0]" {
		t.Errorf("declarations left: %s", got)
	}
}
