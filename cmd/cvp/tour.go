package main

import "slices"

// step is one statement of the tour and what its result should be.
type step struct {
	title  string
	sql    string
	expect expectation
}

// tour asks what a shop asks, as of 2011-09-10: three months before the data ends, so that what was predicted
// can be compared with what happened. A cancellation is an order with a negative amount, so a purchase is an
// order WHERE amount > 0.
func tour() []step {
	return slices.Concat(trainingSteps(), usingSteps(), judgingSteps(), realitySteps())
}

// trainingSteps train a model for each question. Nothing after as_of is read.
func trainingSteps() []step {
	return []step{
		{"Who will buy again within 30 days?",
			`SELECT * FROM cvp_train('buy30',
  'PREDICT COUNT(orders.* WHERE amount > 0) > 0 OVER NEXT 30 DAYS FOR EACH customers.customer_id',
  options => '{"as_of": "2011-09-10"}')`,
			all(atLeastRows(3), oneChosen, has("algorithm", "logistic"), has("algorithm", "mlp"))},
		{"Who will buy again within 90 days?",
			`SELECT * FROM cvp_train('buy90',
  'PREDICT COUNT(orders.* WHERE amount > 0) > 0 OVER NEXT 90 DAYS FOR EACH customers.customer_id',
  options => '{"as_of": "2011-09-10"}')`,
			all(atLeastRows(3), oneChosen)},
		{"Who will stop buying?",
			`SELECT * FROM cvp_train('stop90',
  'PREDICT COUNT(orders.* WHERE amount > 0) = 0 OVER NEXT 90 DAYS FOR EACH customers.customer_id',
  options => '{"as_of": "2011-09-10"}')`,
			all(atLeastRows(3), oneChosen)},
		{"How much will each customer spend in 90 days, returns taken off?",
			`SELECT * FROM cvp_train('spend90',
  'PREDICT SUM(orders.amount) OVER NEXT 90 DAYS FOR EACH customers.customer_id',
  options => '{"as_of": "2011-09-10"}')`,
			all(atLeastRows(3), oneChosen)},
		{"Who will buy from product range 85 within 90 days?",
			`SELECT * FROM cvp_train('range85',
  'PREDICT EXISTS(order_lines.* WHERE product_id LIKE ''85%'') OVER NEXT 90 DAYS FOR EACH customers.customer_id',
  options => '{"as_of": "2011-09-10"}')`,
			all(atLeastRows(3), oneChosen)},
		{"What would be learnt from, before anything is trained: of the active customers, who stays away for a whole quarter?",
			`SELECT item, value FROM cvp_explain_question(
  'PREDICT COUNT(orders.* WHERE amount > 0) = 0 OVER NEXT 3 MONTHS FOR EACH customers.customer_id
   WHERE COUNT(orders.*) OVER LAST 90 DAYS > 0 AND country = ''United Kingdom''',
  options => '{"as_of": "2011-09-10"}') WHERE item NOT LIKE 'sql%' AND item NOT LIKE '%cutoffs'`,
			all(atLeastRows(15), has("item", "test rate"), has("value", "orders.ordered_at"))},
		{"Which products will each customer buy in the next 30 days?",
			`SELECT * FROM cvp_train('next30',
  'PREDICT LIST_DISTINCT(order_lines.product_id WHERE quantity > 0) OVER NEXT 30 DAYS RANK TOP 10 FOR EACH customers.customer_id',
  options => '{"as_of": "2011-09-10"}')`,
			all(rows(3), within("value", 0.05, 0.5), has("algorithm", "item_item"))},
	}
}

// usingSteps use the models as parts of ordinary SQL.
func usingSteps() []step {
	return []step{
		{"The ten most valuable customers of the next 90 days, with their country",
			`SELECT p.key AS customer, c.country, p.prediction AS expected_spend
FROM cvp_predictions('spend90') AS p JOIN customers AS c ON c.customer_id = p.key::int
ORDER BY p.prediction DESC LIMIT 10`,
			all(rows(10), descending("expected_spend"), atLeastDistinct("customer", 10), has("country", "United Kingdom"))},
		{"Average risk of losing a customer, by country",
			`SELECT c.country, count(*) AS customers, avg(cvp_predict('stop90', c.customer_id)) AS risk
FROM customers AS c
WHERE EXISTS (SELECT FROM orders AS o WHERE o.customer_id = c.customer_id AND o.ordered_at < '2011-09-10')
GROUP BY c.country HAVING count(*) >= 20 ORDER BY risk DESC`,
			all(atLeastRows(5), descending("risk"), within("risk", 0, 1), has("country", "United Kingdom"))},
		{"The products that customer 13085 will most likely buy next, and how many he has bought so far",
			`SELECT r.rank, r.item, r.score, (SELECT sum(l.quantity) FROM order_lines AS l JOIN orders AS o USING (order_id)
  WHERE o.customer_id = 13085 AND l.product_id = r.item AND o.ordered_at < '2011-09-10') AS bought
FROM cvp_recommend('next30', 13085) AS r`,
			all(rows(10), descending("score"), atLeastDistinct("item", 10))},
	}
}

// judgingSteps ask how good the models are, as measured when they were trained.
func judgingSteps() []step {
	return []step{
		{"How good is the model of who buys again within 90 days? Measured on a window later than all it learnt from",
			`SELECT * FROM cvp_evaluate('buy90')`,
			all(atLeastRows(8), has("metric", "roc_auc"))},
		{"And the model of spending?",
			`SELECT * FROM cvp_evaluate('spend90')`,
			all(atLeastRows(5), has("metric", "mae"))},
		{"Case study: buying in the next 30 days, by logistic regression",
			`SELECT * FROM cvp_train('case_logistic',
  'PREDICT COUNT(orders.* WHERE amount > 0) > 0 OVER NEXT 30 DAYS FOR EACH customers.customer_id',
  algorithm => 'logistic', options => '{"as_of": "2011-09-10"}')`,
			oneChosen},
		{"… and by a neural net",
			`SELECT * FROM cvp_train('case_mlp',
  'PREDICT COUNT(orders.* WHERE amount > 0) > 0 OVER NEXT 30 DAYS FOR EACH customers.customer_id',
  algorithm => 'mlp', options => '{"as_of": "2011-09-10"}')`,
			oneChosen},
		{"… side by side, on the same customers and the same later window",
			`SELECT l.metric, l.value AS logistic, m.value AS neural_net
FROM cvp_evaluate('case_logistic') AS l JOIN cvp_evaluate('case_mlp') AS m USING (split, metric)
WHERE split = 'test' ORDER BY l.metric`,
			all(atLeastRows(8), has("metric", "roc_auc"))},
	}
}

// realitySteps compare the predictions with the three months that no model has seen. They bring Christmas, when
// customers buy more than in the windows before: what should hold is the order of the customers.
func realitySteps() []step {
	return []step{
		{"What really happened: who bought again within 90 days of 2011-09-10, by decile of the prediction",
			`WITH actual AS (
  SELECT DISTINCT customer_id FROM orders
  WHERE amount > 0 AND ordered_at >= '2011-09-10' AND ordered_at < '2011-12-09')
SELECT p.decile, count(*) AS customers, avg(p.prediction) AS predicted,
  avg((a.customer_id IS NOT NULL)::int::float8) AS happened
FROM cvp_predictions('buy90') AS p LEFT JOIN actual AS a ON a.customer_id = p.key::int
GROUP BY p.decile ORDER BY p.decile`,
			all(rows(10), descending("predicted"), within("happened", 0, 1), firstOverLast("happened", 3))},
		{"… and how well that order holds in one figure: the area under the ROC curve",
			`WITH actual AS (
  SELECT DISTINCT customer_id FROM orders
  WHERE amount > 0 AND ordered_at >= '2011-09-10' AND ordered_at < '2011-12-09'),
ranked AS (
  SELECT a.customer_id IS NOT NULL AS bought,
    rank() OVER (ORDER BY p.prediction) + (count(*) OVER (PARTITION BY p.prediction) - 1) / 2.0 AS place
  FROM cvp_predictions('buy90') AS p LEFT JOIN actual AS a ON a.customer_id = p.key::int),
counted AS (
  SELECT count(*) AS customers, count(*) FILTER (WHERE bought) AS bought, sum(place) FILTER (WHERE bought) AS places
  FROM ranked)
SELECT customers, bought,
  ((places - bought * (bought + 1) / 2.0) / (bought * (customers - bought)))::float8 AS roc_auc
FROM counted`,
			all(rows(1), within("customers", 5344, 5344), within("bought", 2292, 2292), within("roc_auc", 0.78, 0.95))},
		{"What each customer really spent in these 90 days, by decile of the prediction",
			`WITH actual AS (
  SELECT customer_id, sum(amount)::float8 AS spent FROM orders
  WHERE ordered_at >= '2011-09-10' AND ordered_at < '2011-12-09' GROUP BY customer_id)
SELECT p.decile, count(*) AS customers, avg(p.prediction) AS predicted, avg(coalesce(a.spent, 0)) AS happened
FROM cvp_predictions('spend90') AS p LEFT JOIN actual AS a ON a.customer_id = p.key::int
GROUP BY p.decile ORDER BY p.decile`,
			all(rows(10), descending("predicted"), firstOverLast("happened", 10))},
	}
}
