-- The tables of both databases. Numbers are made by arithmetic, so that both hold the same bytes.
CREATE TABLE countries (code text PRIMARY KEY, name text NOT NULL, continent text, chief int);
INSERT INTO countries VALUES ('de', 'Germany', 'Europe', 3), ('fr', 'France', 'Europe', 4), ('jp', 'Japan', 'Asia', NULL),
  ('us', 'United States', 'America', 999), ('br', 'Brazil', 'America', 17), ('aq', 'Antarctica', NULL, 5);

CREATE TABLE customers (
  id int PRIMARY KEY, big bigint NOT NULL UNIQUE, small smallint NOT NULL UNIQUE, code text NOT NULL UNIQUE, uid uuid NOT NULL UNIQUE,
  num numeric(10,2) NOT NULL UNIQUE, born date NOT NULL UNIQUE, country text REFERENCES countries (code), age int, income float8,
  vip bool, referrer int, churned bool NOT NULL, spend float8 NOT NULL);
INSERT INTO customers
SELECT i, 10000000000 + i, i, 'c' || to_char(i, 'FM000'), md5(i::text)::uuid, i + 0.25, DATE '1950-01-01' + 97 * i,
  CASE WHEN i % 11 <> 0 THEN (ARRAY['de','fr','jp','us','br'])[1 + i * 7 % 5] END, CASE WHEN i % 13 <> 0 THEN 18 + i * 31 % 60 END,
  1000 + 37.5 * (i * 7919 % 100), i % 4 = 0, CASE WHEN i % 3 = 0 THEN i / 3 END,
  (i * 7919 % 100) + (i % 5) * 10 + (i * 104729 % 37) > 80, round((20 + (i * 7919 % 100) * 1.5 + (i * 31 % 60) * 0.7 + i * 104729 % 17)::numeric, 2)
FROM generate_series(1, 200) AS i;

CREATE TABLE orders (order_id int PRIMARY KEY, customer_id int NOT NULL REFERENCES customers (id), placed timestamptz NOT NULL, amount float8 NOT NULL, item text);
INSERT INTO orders
SELECT i, 1 + i * 7919 % 190, TIMESTAMPTZ '2023-01-01 08:00+00' + i * INTERVAL '5 hours 20 minutes', 5 + i * 104729 % 97, (ARRAY['tea','coffee','cocoa'])[1 + i % 3]
FROM generate_series(1, 1500) AS i;

-- Statements that write do it here.
CREATE TABLE scored (id int PRIMARY KEY, score float8, note text DEFAULT 'new');
INSERT INTO scored SELECT i, i / 10.0, CASE WHEN i % 2 = 0 THEN 'even' END FROM generate_series(1, 20) AS i;

-- Few rows of each, for random statements: a nested loop over calls takes its time.
CREATE TABLE people AS SELECT * FROM customers WHERE id <= 24;
INSERT INTO people SELECT 900 + id, 900 + big, 900 + small, 'x' || code, md5('x' || id)::uuid, 900 + num, born + 20000, country, age, income, vip, id, churned, spend FROM customers WHERE id <= 3;
ALTER TABLE people ADD PRIMARY KEY (id);
CREATE TABLE buys AS SELECT * FROM orders WHERE order_id % 50 = 0;

ANALYZE;

-- A copy to start again from.
CREATE SCHEMA fresh;
CREATE TABLE fresh.countries AS TABLE countries;
CREATE TABLE fresh.customers AS TABLE customers;
CREATE TABLE fresh.orders AS TABLE orders;
CREATE TABLE fresh.scored AS TABLE scored;
