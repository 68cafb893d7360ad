-- From the lines of the file to products, orders and order lines.
INSERT INTO products (product_id, category)
SELECT product_id, min(category) FROM staged_lines GROUP BY product_id;

INSERT INTO orders (order_id, customer_id, ordered_at, amount)
SELECT order_id, min(customer_id), min(ordered_at), sum(amount) FROM staged_lines GROUP BY order_id ORDER BY 3, 1;

INSERT INTO order_lines (order_id, line_no, product_id, quantity, amount)
SELECT order_id, row_number() OVER (PARTITION BY order_id ORDER BY place), product_id, quantity, amount
FROM staged_lines;
