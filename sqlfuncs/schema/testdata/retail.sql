-- An online shop as Online Retail II gives it: the lines have no time, the orders do.
CREATE TYPE channel AS ENUM ('web', 'phone');
CREATE TABLE customers (customer_id int PRIMARY KEY, country text, email text UNIQUE, about varchar(400), signed_up date, points numeric, vip bool);
CREATE TABLE products (product_id text PRIMARY KEY, description text, category text, list_price numeric);
CREATE TABLE orders (order_id bigint PRIMARY KEY, customer_id int REFERENCES customers, ordered_at timestamptz NOT NULL,
	updated_at timestamptz, channel channel, total numeric, remark text);
CREATE TABLE order_lines (order_id bigint REFERENCES orders, line_no int, product_id text NOT NULL REFERENCES products,
	quantity int NOT NULL, amount numeric, gift bool, channel text, PRIMARY KEY (order_id, line_no));
CREATE INDEX ON orders (customer_id, ordered_at);
INSERT INTO customers VALUES (1, 'UK', 'a@x', 'x', '2010-01-01', 5, true), (2, 'FR', 'b@x', 'y', 'infinity', NULL, false), (3, NULL, NULL, NULL, NULL, 1, NULL);
INSERT INTO products VALUES ('85A', 'light, red', 'LAMP', 10), ('85B', 'light, blue', 'LAMP', 20), ('22', 'ale', 'BEER', 2);
INSERT INTO orders VALUES (10, 1, '2011-01-01 10:00+00', '2012-01-01', 'web', 22, NULL), (11, 1, '2011-02-01 10:00+00', NULL, 'phone', 20, NULL),
	(12, 2, '2011-03-01 10:00+00', NULL, 'web', 4, NULL), (13, NULL, '2011-03-02 10:00+00', NULL, 'web', 1, NULL), (14, 3, 'infinity', NULL, 'web', 1, NULL);
INSERT INTO order_lines VALUES (10, 1, '85A', 2, 20, false, 'a'), (10, 2, '22', 1, 2, true, 'b'), (11, 1, '85B', 1, 20, NULL, 'a'),
	(12, 1, '22', 2, NULL, false, 'b'), (13, 1, '22', 1, 1, false, 'a'), (14, 1, '22', 1, 1, false, 'a');
