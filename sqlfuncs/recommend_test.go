package sqlfuncs_test

import (
	"fmt"
	"strings"
	"testing"

	"cvp/internal/cvptest"
	"cvp/internal/pgtest"
)

// shelves is a shop in which each customer buys from one of three ranges of products, one after the other.
const shelves = `
	CREATE TABLE customers (customer_id int PRIMARY KEY, country text);
	CREATE TABLE orders (order_id int PRIMARY KEY, customer_id int REFERENCES customers, ordered_at timestamptz NOT NULL);
	CREATE TABLE order_lines (order_id int REFERENCES orders, product_id text NOT NULL, quantity int);
	INSERT INTO customers SELECT i, (ARRAY['UK','FR'])[1 + i % 2] FROM generate_series(1, 150) i;
	INSERT INTO orders SELECT c * 1000 + n, c, '2022-01-01 00:00+00'::timestamptz + (n * 9 + c % 9) * INTERVAL '1 day' FROM generate_series(1, 150) c, generate_series(0, 30) n;
	INSERT INTO order_lines SELECT order_id, 'p' || (customer_id % 3) || '-' || ((order_id % 1000 * 2 + customer_id * 7 + l) % 40), 1 FROM orders, generate_series(0, 2) l;
	INSERT INTO order_lines SELECT order_id, 'gift', -1 FROM orders WHERE order_id % 5 = 0;
	ANALYZE;`

func TestItemsAreRecommended(t *testing.T) {
	c := connect(t, cvptest.Through(t, pgtest.Database(t)))
	c.exec(shelves)
	board := c.rows(`SELECT algorithm, chosen, metric, value > 0.3, value >= baseline FROM cvp_train('next',
		'PREDICT LIST_DISTINCT(order_lines.product_id WHERE quantity > 0, 0, 30, days) RANK TOP 6 FOR EACH customers.customer_id WHERE country = ''UK''')`)
	if len(board) != 3 || board[0] != "item_item|t|map_at_6|t|t" {
		t.Fatalf("leaderboard %q", board)
	}
	for what, want := range map[string]string{
		"SELECT count(*), min(rank), max(rank), count(DISTINCT item), count(*) FILTER (WHERE item LIKE 'p1-%') FROM cvp_recommend('next', 4)":                                        "[6|1|6|6|6]",
		"SELECT count(*), count(DISTINCT key), max(rank) FROM cvp_recommendations('next')":                                                                                           "[450|75|6]",
		"SELECT count(*) FROM cvp_recommendations('next', 3) a FULL JOIN cvp_recommend('next', 4, 3) b ON a.item = b.item AND a.score = b.score AND a.rank = b.rank WHERE key = '4'": "[3]",
		"SELECT count(*) FROM cvp_recommend('next', '4', n => 3)":                                                                                                                    "[3]",
		"SELECT bool_and(score <= before) FROM (SELECT score, lag(score) OVER (ORDER BY rank) AS before FROM cvp_recommend('next', 4)) s":                                            "[t]",
		"SELECT count(*) FROM cvp_recommend('next', 3)":                                                                                                                              "[0]", // in France
		"SELECT count(*) FROM cvp_recommend('next', 99999)":                                                                                                                          "[0]",
		"SELECT count(*) FROM cvp_recommend('next', NULL)":                                                                                                                           "[0]",
		"SELECT count(*) FROM cvp_recommend('next', 4, 1000) WHERE item = 'gift'":                                                                                                    "[0]",
		"SELECT string_agg(metric, ' ' ORDER BY metric) FROM cvp_evaluate('next') WHERE split = 'test'":                                                                              "[hit_rate_at_6 map_at_6 precision_at_6 recall_at_6]",
		"SELECT count(*) > 10, max(validation) <= 1 FROM cvp_runs WHERE name = 'next'":                                                                                               "[t|t]",
		"SELECT deployed FROM cvp_models WHERE name = 'next'":                                                                                                                        "[t]",
	} {
		if got := fmt.Sprint(c.rows(what)); got != want {
			t.Errorf("%s: %s", what, got)
		}
	}
	if got := strings.Join(c.rows("EXPLAIN SELECT * FROM cvp_recommend('next', 4)"), "\n"); !strings.Contains(got, "cvp_recommend") {
		t.Errorf("EXPLAIN: %s", got)
	}
	told := strings.Join(c.rows("SELECT item, value FROM cvp_explain_question('PREDICT LIST_DISTINCT(order_lines.product_id) OVER NEXT 30 DAYS FOR EACH customers.customer_id WHERE COUNT(orders.*) OVER LAST 90 DAYS > 2') WHERE item ~ '^task|examples|mean'"), "\n")
	if told != "task|items\nvalidate examples|150\nvalidate mean|8.64\ntest examples|150\ntest mean|8.65333" {
		t.Errorf("explained as\n%s", told)
	}
	c.exec("SELECT * FROM cvp_train('score', 'PREDICT COUNT(order_lines.*) OVER NEXT 30 DAYS FOR EACH customers.customer_id', algorithm => 'tree')")
	for sql, code := range map[string]string{
		"SELECT cvp_predict('next', 4)":              "0A000",
		"SELECT * FROM cvp_predictions('next')":      "0A000",
		"SELECT * FROM cvp_features('next', 4)":      "0A000",
		"SELECT * FROM cvp_recommend('score', 4)":    "0A000",
		"SELECT * FROM cvp_recommend('next', 4, -1)": "22023",
		"SELECT * FROM cvp_train('m', 'PREDICT LIST_DISTINCT(order_lines.product_id) CLASSIFY OVER NEXT 30 DAYS FOR EACH customers.customer_id')":             "0A000",
		"SELECT * FROM cvp_train('m', 'PREDICT LIST_DISTINCT(order_lines.product_id) OVER NEXT 30 DAYS FOR EACH customers.customer_id', algorithm => 'tree')": "22023",
		"SELECT * FROM cvp_train('m', 'PREDICT LIST_DISTINCT(order_lines.product_id WHERE quantity > 9) OVER NEXT 30 DAYS FOR EACH customers.customer_id')":   "22023",
	} {
		if _, err := c.try(sql); err == nil || !strings.Contains(describe(err), code) {
			t.Errorf("%s: %v", sql, err)
		}
	}
}
