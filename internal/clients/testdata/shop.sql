-- A shop of 300 customers over two years; every fifth goes silent, so that there is something to learn.
CREATE TABLE customers (customer_id int PRIMARY KEY, name text NOT NULL, country text NOT NULL, joined date NOT NULL);
CREATE TABLE orders (order_id bigint PRIMARY KEY, customer_id int NOT NULL REFERENCES customers, ordered_at timestamptz NOT NULL,
    amount numeric(10, 2) NOT NULL, channel text);
CREATE INDEX ON orders (customer_id, ordered_at);
INSERT INTO customers SELECT i, 'Customer ' || i, (ARRAY['UK', 'FR', 'DE'])[1 + i % 3], DATE '2021-01-01' + i FROM generate_series(1, 300) AS i;
INSERT INTO orders
SELECT row_number() OVER (ORDER BY d, c), c, '2022-01-01 12:00+00'::timestamptz + (d + (c * 17) % 11) * INTERVAL '1 day', 5 + c % 40 + d % 7,
    (ARRAY['web', 'shop', NULL])[1 + (c + d) % 3]
FROM generate_series(1, 300) AS c, generate_series(0, 700) AS d
WHERE d % (7 + c % 60) = 0 AND NOT (c % 5 = 0 AND d > 150 + c);
INSERT INTO customers VALUES (1000, 'Nobody', 'UK', '2023-12-01'); -- has no order, hence no prediction
ANALYZE;
