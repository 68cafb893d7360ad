-- Tables that leave a choice or lack something.
CREATE SCHEMA shop;
CREATE TABLE shop.clients (id int PRIMARY KEY, name text, born date);
CREATE TABLE shop.orders (id int PRIMARY KEY, payer int REFERENCES shop.clients, receiver int REFERENCES shop.clients, ordered_at timestamptz, shipped_at timestamptz, note text, session_id text);
CREATE TABLE shop.visits (id int PRIMARY KEY, client int REFERENCES shop.clients, start timestamptz, created_at timestamptz, updated_at timestamptz);
CREATE TABLE shop.calls (id int PRIMARY KEY, client int REFERENCES shop.clients, seconds int);
CREATE TABLE shop.loose (id int PRIMARY KEY, x int, at date);
CREATE INDEX calls_index ON shop.calls (seconds);
CREATE TABLE shop.parts (id int PRIMARY KEY, order_id int REFERENCES shop.orders, visit_id int REFERENCES shop.visits);
INSERT INTO shop.clients VALUES (1, 'x', '1980-01-01'), (2, 'y', NULL);
INSERT INTO shop.orders VALUES (1, 1, 2, '2020-01-01+00', '2020-01-05+00', NULL, 's'), (2, 2, 2, '2020-02-01+00', NULL, NULL, 's');
INSERT INTO shop.visits VALUES (1, 1, '2020-01-01+00', '2020-02-01+00', '2020-03-01+00');
