package schema

var goldenCases = []goldenCase{
	{
		schema: "retail", name: "time of the order",
		question: "PREDICT SUM(order_lines.amount) OVER NEXT 90 DAYS FOR EACH customers.customer_id", keys: []string{"1", "7"},
		reference: `SELECT o.customer_id::text, o.ordered_at FROM order_lines l JOIN orders o USING (order_id) WHERE o.customer_id IN (1, 2)`,
	}, {
		schema: "retail", name: "condition on a linked table",
		question: "PREDICT COUNT(order_lines.* WHERE category = 'BEER' -- or wine\n) > 0 OVER NEXT 30 DAYS FOR EACH customers.customer_id", keys: []string{"2"},
		reference: `SELECT o.customer_id::text, o.ordered_at, p.category = 'BEER' FROM order_lines l JOIN orders o USING (order_id)
			JOIN products p USING (product_id) WHERE o.customer_id IN (1, 2)`,
	}, {
		schema: "retail", name: "condition on the event table",
		question: "PREDICT COUNT(order_lines.amount WHERE product_id LIKE '85%') OVER NEXT 30 DAYS FOR EACH customers.customer_id", keys: []string{"1"},
		reference: `SELECT o.customer_id::text, o.ordered_at, l.product_id LIKE '85%' AND l.amount IS NOT NULL FROM order_lines l JOIN orders o USING (order_id)
			WHERE o.customer_id IN (1, 2)`,
	}, {
		schema: "retail", name: "condition on all tables",
		question: `PREDICT EXISTS(order_lines.* WHERE order_id < 12 AND channel = 'a' AND orders.channel = 'web' AND public.orders.order_id = order_lines.order_id
			AND country = 'UK' AND (SELECT max(list_price) FROM products p WHERE p.product_id = order_lines.product_id) = 10) OVER NEXT 30 DAYS FOR EACH customers.customer_id`,
		options: Options{Exclude: []string{"description", "order_lines.gift"}}, keys: []string{"1"},
		reference: `SELECT o.customer_id::text, o.ordered_at, l.order_id < 12 AND l.channel = 'a' AND o.channel = 'web' AND c.country = 'UK' AND p.list_price = 10
			FROM order_lines l JOIN orders o USING (order_id) JOIN customers c USING (customer_id) JOIN products p USING (product_id) WHERE c.customer_id IN (1, 2)`,
	}, {
		schema: "retail", name: "conditions on entities",
		question: `PREDICT SUM(order_lines.amount WHERE quantity > 1) OVER NEXT 90 DAYS FOR EACH customers.customer_id
			WHERE COUNT(order_lines.* WHERE category = 'BEER') OVER LAST 180 DAYS > 0 AND country = 'UK'
			AND NOT (customers.email IS NULL OR LAST(order_lines.product_id) = 'it''s' AND COUNT DISTINCT(order_lines.product_id) > 1)
			AND SUM(order_lines.amount WHERE quantity > 1) OVER LAST 7 DAYS > 5`, keys: []string{"1"},
		reference: `SELECT o.customer_id::text, o.ordered_at, coalesce(l.quantity > 1, false) FROM order_lines l JOIN orders o USING (order_id) WHERE o.customer_id IN (1, 2)`,
	}, {
		schema: "retail", name: "a condition on attributes is predicted",
		question: `PREDICT customers.vip AND points > 3 FOR EACH customers.customer_id WHERE country = 'UK'`, keys: []string{"1"},
	}, {
		schema: "retail", name: "an attribute is predicted",
		question: `PREDICT customers.points FOR EACH customers.customer_id`, keys: []string{"1"},
	}, {
		schema: "retail", name: "the order itself is the event",
		question: "PREDICT COUNT(orders.* WHERE gift OR true) = 0 OVER NEXT 30 DAYS FOR EACH customers.customer_id", keys: []string{"1", "3"},
		before: "ALTER TABLE orders ADD IF NOT EXISTS gift bool", reference: `SELECT customer_id::text, ordered_at, true FROM orders WHERE customer_id IN (1, 2)`,
	}, {
		schema: "retail", name: "the key is in the events",
		question: "PREDICT SUM(orders.total) OVER NEXT 30 DAYS FOR EACH orders.customer_id", keys: []string{"1"},
		reference: `SELECT customer_id::text, ordered_at FROM orders WHERE customer_id IN (1, 2)`,
	}, {
		schema: "retail", name: "the key is not what the foreign key refers to",
		question: "PREDICT COUNT DISTINCT(order_lines.product_id) OVER NEXT 30 DAYS FOR EACH customers.email", keys: []string{"b@x"},
		reference: `SELECT c.email, o.ordered_at FROM order_lines l JOIN orders o USING (order_id) JOIN customers c USING (customer_id) WHERE c.customer_id IN (1, 2)`,
	}, {
		schema: "retail", name: "the key is of a table on the way",
		question: "PREDICT MAX(order_lines.quantity) OVER NEXT 30 DAYS FOR EACH orders.customer_id", options: Options{Time: "orders.updated_at", Group: "product_id"}, keys: []string{"1"},
		reference: `SELECT customer_id::text, updated_at FROM orders JOIN order_lines USING (order_id) WHERE updated_at IS NOT NULL`,
	}, {
		schema: "journey", name: "baskets and demographics",
		question: "PREDICT SUM(transactions.sales_value) OVER NEXT 60 DAYS FOR EACH households.household_id", keys: []string{"2"},
		reference: `SELECT household_id::text, transaction_timestamp AT TIME ZONE 'UTC' FROM transactions WHERE transaction_timestamp IS NOT NULL`,
	}, {
		schema: "journey", name: "a department",
		before:   "SET timezone = 'Asia/Tokyo'; SET datestyle = 'SQL, DMY'",
		question: "PREDICT COUNT(transactions.* WHERE department = 'MEAT') > 0 OVER NEXT 30 DAYS FOR EACH households.household_id", keys: []string{"1", "1", "3"},
		reference: `SELECT household_id::text, transaction_timestamp AT TIME ZONE 'UTC', coalesce(department = 'MEAT', false)
			FROM transactions LEFT JOIN products USING (product_id) WHERE transaction_timestamp IS NOT NULL`,
	}, {
		schema: "journey", name: "campaigns have nothing of a purchase",
		question: "PREDICT EXISTS(campaigns.*) OVER NEXT 4 WEEKS FOR EACH households.household_id", keys: []string{"1"},
	}, {
		schema: "raw", name: "no table of customers",
		question: "PREDICT SUM(purchases.amount) OVER NEXT 39 WEEKS FOR EACH purchases.customer_id", keys: []string{"a"},
		reference: `SELECT customer_id, date::timestamp AT TIME ZONE 'UTC' FROM purchases WHERE customer_id IS NOT NULL AND date IS NOT NULL`,
	}, {
		schema: "raw", name: "linked by the name of the key",
		question: "PREDICT SUM(purchases.amount WHERE region = 'north') OVER NEXT 39 WEEKS FOR EACH people.customer_id", keys: []string{"a", "nobody"},
		reference: `SELECT customer_id, date::timestamp AT TIME ZONE 'UTC', region = 'north' FROM purchases JOIN people USING (customer_id) WHERE date IS NOT NULL`,
	}, {
		schema: "raw", name: "linked to a view without keys",
		question: "PREDICT SUM(purchases.amount) OVER NEXT 39 WEEKS FOR EACH people_view.customer_id", keys: []string{"b"},
		reference: `SELECT customer_id, date::timestamp AT TIME ZONE 'UTC' FROM purchases WHERE customer_id IN ('a', 'b') AND date IS NOT NULL`,
	}, {
		schema: "raw", name: "views linked by options",
		question: "PREDICT SUM(line_view.amount) OVER NEXT 39 WEEKS FOR EACH people.customer_id", keys: []string{"b"},
		options:   Options{Links: []string{"line_view.order_number = order_view.number", "order_view.buyer = people.customer_id"}},
		reference: `SELECT customer_id, date::timestamp AT TIME ZONE 'UTC' FROM purchases WHERE customer_id IN ('a', 'b') AND date IS NOT NULL`,
	}, {
		schema: "raw", name: "a link by an option",
		question: "PREDICT COUNT(logins.*) OVER NEXT 39 WEEKS FOR EACH people.customer_id", keys: []string{"a"},
		options: Options{Links: []string{"logins.who = people.customer_id"}},
	}, {
		schema: "hostile", name: "composite key and partitions",
		before:   `SET search_path = "we;ird "" schema"`,
		question: `PREDICT SUM("a;b"."Amount" WHERE mood = 'o''k' AND "say ""hi""" = 'x' AND "select" = 's') OVER NEXT 3 MONTHS FOR EACH "Client"."No"`,
		keys:     []string{"11111111-1111-1111-1111-111111111111"},
	}, {
		schema: "hostile", name: "a search_path with traps",
		before:   `SET search_path = trap, "we;ird "" schema", pg_catalog`,
		question: `PREDICT COUNT("a;b".* WHERE "ünï" OPERATOR(pg_catalog.~) 'ä'::pg_catalog.text) OVER NEXT 3 MONTHS FOR EACH "Client"."No"`,
		keys:     []string{"11111111-1111-1111-1111-111111111111"},
	}, {
		schema: "hostile", name: "mixed case",
		question: `PREDICT COUNT("we;ird "" schema"."Order".*) OVER NEXT 3 MONTHS FOR EACH "we;ird "" schema"."Client"."No"`,
		keys:     []string{"11111111-1111-1111-1111-111111111111"},
	}, {
		schema: "choices", name: "one of two foreign keys",
		before:   "SET search_path = shop",
		question: "PREDICT COUNT(orders.*) OVER NEXT 30 DAYS FOR EACH clients.id",
		options:  Options{Links: []string{"orders.receiver = clients.id"}, Time: "shipped_at"}, keys: []string{"2"},
	}, {
		schema: "choices", name: "a link as a hint writes it",
		question: "PREDICT COUNT(shop.orders.*) OVER NEXT 30 DAYS FOR EACH shop.clients.id",
		options:  Options{Links: []string{"orders.payer = clients.id"}, Time: "orders.ordered_at"}, keys: []string{"2"},
		reference: `SELECT payer::text, ordered_at FROM shop.orders`,
	}, {
		schema: "choices", name: "bookkeeping yields",
		question: "PREDICT COUNT(shop.visits.*) OVER NEXT 30 DAYS FOR EACH shop.clients.id", keys: []string{"1"},
		reference: `SELECT client::text, start FROM shop.visits`,
	},
}
