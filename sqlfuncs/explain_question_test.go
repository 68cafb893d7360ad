package sqlfuncs_test

import (
	"fmt"
	"strings"
	"testing"

	"cvp/internal/cvptest"
	"cvp/internal/pgtest"
)

// TestExamplesAreThoseThatSQLFinds compares what questions are learnt from with queries written by hand: as of each
// cutoff t, who of the customers c is an example and what the answer is, from the orders o of the customer.
func TestExamplesAreThoseThatSQLFinds(t *testing.T) {
	c := connect(t, cvptest.Through(t, pgtest.Database(t)))
	c.exec(shop + "UPDATE orders SET amount = NULL WHERE order_id % 11 = 0")
	const ahead30 = "FILTER (WHERE o.ordered_at >= t AND o.ordered_at < t + interval '30 days')"
	for _, x := range []struct{ name, question, where, answer string }{
		{"a count", "PREDICT COUNT(orders.*) OVER NEXT 30 DAYS FOR EACH customers.customer_id", "true", "count(*) " + ahead30},
		{"a count of values", "PREDICT COUNT(orders.amount, 0, 30) FOR EACH customers.customer_id", "true", "count(amount) " + ahead30},
		{"a sum over months", "PREDICT SUM(orders.amount) OVER NEXT 2 MONTHS FOR EACH customers.customer_id", "true",
			"coalesce(sum(amount) FILTER (WHERE o.ordered_at >= t AND o.ordered_at < (t AT TIME ZONE 'UTC' + interval '2 months') AT TIME ZONE 'UTC'), 0)"},
		{"a later window", "PREDICT SUM(orders.amount) OVER NEXT 1 MONTH STARTING IN 10 DAYS FOR EACH customers.customer_id", "true",
			"coalesce(sum(amount) FILTER (WHERE o.ordered_at >= t + interval '10 days' AND o.ordered_at < ((t + interval '10 days') AT TIME ZONE 'UTC' + interval '1 month') AT TIME ZONE 'UTC'), 0)"},
		{"Kumo's later window", "PREDICT COUNT(orders.*, 10, 30, days) > 1 FOR EACH customers.customer_id", "true",
			"(count(*) FILTER (WHERE o.ordered_at >= t + interval '10 days' AND o.ordered_at < t + interval '30 days') > 1)::int"},
		{"different values", "PREDICT COUNT DISTINCT(orders.channel WHERE amount > 20) OVER NEXT 30 DAYS FOR EACH customers.customer_id", "true",
			"count(DISTINCT channel) FILTER (WHERE amount > 20 AND o.ordered_at >= t AND o.ordered_at < t + interval '30 days')"},
		{"the last value", "PREDICT LAST(orders.amount) OVER NEXT 30 DAYS FOR EACH customers.customer_id", "true",
			"(array_agg(amount ORDER BY ordered_at DESC) FILTER (WHERE amount IS NOT NULL AND o.ordered_at >= t AND o.ordered_at < t + interval '30 days'))[1]"},
		{"the first text", "PREDICT FIRST(orders.channel) = 'web' OVER NEXT 30 DAYS FOR EACH customers.customer_id", "true",
			"((array_agg(channel ORDER BY ordered_at) " + ahead30 + ")[1] = 'web')::int"},
		{"a pattern of the last text", "PREDICT LAST(orders.channel, 0, 30) NOT STARTS WITH 'w' FOR EACH customers.customer_id WHERE LAST(orders.channel) LIKE '%p' OR SUM(orders.amount WHERE channel CONTAINS 'ho') > 300",
			"(array_agg(channel ORDER BY ordered_at DESC) FILTER (WHERE ordered_at < t))[1] LIKE '%p' OR sum(amount) FILTER (WHERE ordered_at < t AND channel LIKE '%ho%') > 300",
			"((array_agg(channel ORDER BY ordered_at DESC) " + ahead30 + ")[1] NOT LIKE 'w%')::int"},
		{"an average, missing for some", "PREDICT AVG(orders.amount) OVER NEXT 30 DAYS FOR EACH customers.customer_id", "true", "avg(amount) " + ahead30},
		{"several comparisons", "PREDICT COUNT(orders.*) > 1 AND NOT SUM(orders.amount WHERE channel = 'web') > 40 OVER NEXT 30 DAYS FOR EACH customers.customer_id", "true",
			"(count(*) " + ahead30 + " > 1 AND NOT coalesce(sum(amount) FILTER (WHERE channel = 'web' AND o.ordered_at >= t AND o.ordered_at < t + interval '30 days'), 0) > 40)::int"},
		{"conditions on the entity", "PREDICT COUNT(orders.*) OVER NEXT 30 DAYS FOR EACH customers.customer_id WHERE country = 'UK' OR SUM(orders.amount) OVER LAST 20 DAYS ENDING 5 DAYS AGO > 30",
			"country = 'UK' OR sum(amount) FILTER (WHERE o.ordered_at >= t - interval '25 days' AND o.ordered_at < t - interval '5 days') > 30", "count(*) " + ahead30},
		{"the mean of nothing is unknown", "PREDICT COUNT(orders.*) OVER NEXT 30 DAYS FOR EACH customers.customer_id WHERE NOT AVG(orders.amount) OVER LAST 1 MONTH > 20",
			"NOT avg(amount) FILTER (WHERE o.ordered_at >= (t AT TIME ZONE 'UTC' - interval '1 month') AT TIME ZONE 'UTC' AND o.ordered_at < t) > 20", "count(*) " + ahead30},
		{"what is assumed comes true", "PREDICT SUM(orders.amount) OVER NEXT 30 DAYS FOR EACH customers.customer_id ASSUMING COUNT(orders.*) OVER NEXT 7 DAYS > 0",
			"count(*) FILTER (WHERE o.ordered_at >= t AND o.ordered_at < t + interval '7 days') > 0", "coalesce(sum(amount) " + ahead30 + ", 0)"},
	} {
		t.Run(x.name, func(t *testing.T) {
			asked := "cvp_explain_question('" + strings.ReplaceAll(x.question, "'", "''") + "')"
			c.exec("DROP TABLE IF EXISTS told; CREATE TABLE told AS SELECT * FROM " + asked)
			for _, part := range []string{"train", "validate", "test"} {
				got := c.rows(fmt.Sprintf(`SELECT max(value) FILTER (WHERE item = '%[1]s examples'), max(value) FILTER (WHERE item = '%[1]s entities'),
					round(max(value) FILTER (WHERE item IN ('%[1]s rate', '%[1]s mean'))::numeric, 3) FROM told`, part))
				want := c.rows(fmt.Sprintf(`WITH cutoffs AS (SELECT unnest(string_to_array(value, ', ')::timestamptz[]) AS t FROM told WHERE item = '%s cutoffs'),
					answers AS (SELECT t, c.customer_id, (%s)::float8 AS answer FROM cutoffs, customers c JOIN orders o USING (customer_id)
						GROUP BY t, c.customer_id, c.country HAVING min(o.ordered_at) < t AND (%s))
					SELECT count(answer), count(DISTINCT customer_id) FILTER (WHERE answer IS NOT NULL), round(avg(answer)::numeric, 3) FROM answers`, part, x.answer, x.where))
				if fmt.Sprint(got) != fmt.Sprint(want) {
					t.Errorf("%s: got %v, want %v", part, got, want)
				}
			}
		})
	}
}

func TestAQuestionIsExplainedBeforeAnythingIsTrained(t *testing.T) {
	c := connect(t, cvptest.Through(t, pgtest.Database(t)))
	c.exec(shop + "CREATE TABLE visits (customer_id int REFERENCES customers, seen_at timestamptz)")
	got := strings.Join(c.rows(`SELECT item, value FROM cvp_explain_question('predict count(orders.*, 0, 30) = 0 for each customers.customer_id', options => '{"as_of": "2023-06-01"}')
		WHERE item NOT LIKE 'note' AND item NOT LIKE 'sql%' AND item NOT LIKE '%cutoffs' AND item <> 'features'`), "\n")
	want := `question|PREDICT COUNT(orders.*) = 0 OVER NEXT 30 DAYS FOR EACH customers.customer_id
entity|customers.customer_id
events|"public"."orders"
time|orders.ordered_at
purchase|orders.order_id
path|orders.customer_id = customers.customer_id
other events|"public"."visits" by visits.seen_at, visits.customer_id = customers.customer_id
columns|amount, channel
attributes|country
found by index|false
task|class
event rows|3868
train examples|2200
train entities|200
train rate|0.288182
validate examples|200
validate entities|200
validate rate|0.36
test examples|200
test entities|200
test rate|0.335
predict as of|2023-06-01 00:00:00+00`
	if got != want {
		t.Errorf("got\n%s", got)
	}
	for what, want := range map[string]string{
		// Three months from February are shorter than three months can be.
		`SELECT value FROM cvp_explain_question('PREDICT COUNT(orders.*) OVER NEXT 3 MONTHS FOR EACH customers.customer_id',
			options => '{"as_of": "2023-05-01", "test_cutoff": "2023-02-01"}') WHERE item = 'test cutoffs'`: "[2023-02-01 00:00:00+00]",
		"SELECT count(*) FROM cvp_models": "[0]",
		"SELECT value LIKE 'SELECT%' FROM cvp_explain_question('PREDICT COUNT(orders.*) OVER NEXT 30 DAYS FOR EACH customers.customer_id') WHERE item = 'sql of events'": "[t]",
		"SELECT count(*) > 1 FROM cvp_explain_question('PREDICT COUNT(orders.*) OVER NEXT 30 DAYS FOR EACH customers.customer_id') WHERE item = 'note'":                  "[t]",
		"SELECT * FROM cvp_explain_question(NULL)": "[]",
	} {
		if got := fmt.Sprint(c.rows(what)); got != want {
			t.Errorf("%s: %s", what, got)
		}
	}
	if got := strings.Join(c.rows("EXPLAIN SELECT * FROM cvp_explain_question('PREDICT')"), "\n"); !strings.Contains(got, "cvp_explain_question") {
		t.Errorf("EXPLAIN: %s", got)
	}
	for sql, code := range map[string]string{
		"SELECT * FROM cvp_explain_question('PREDICT COUNT(orders.*) OVER NEXT 30 DYAS FOR EACH customers.customer_id')":                                                                     "42601",
		"SELECT * FROM cvp_explain_question('PREDICT COUNT(orders.*) OVER NEXT 30 DAYS FOR EACH customers.customer_id', options => '{\"as_off\": 1}')":                                       "22023",
		"SELECT * FROM cvp_explain_question('PREDICT COUNT(orders.*) OVER NEXT 9000 DAYS FOR EACH customers.customer_id')":                                                                   "22023",
		`SELECT * FROM cvp_explain_question('PREDICT COUNT(orders.*) OVER NEXT 3 MONTHS FOR EACH customers.customer_id', options => '{"as_of": "2023-04-30", "test_cutoff": "2023-02-01"}')`: "22023",
	} {
		if _, err := c.try(sql); err == nil || !strings.Contains(describe(err), code) {
			t.Errorf("%s: %v", sql, err)
		}
	}
}
