-- Statements that are still refused

-- CREATE MATERIALIZED VIEW
-- pending: its definition is kept with the call in it
CREATE MATERIALIZED VIEW made.m AS SELECT id, cvp_predict('risk', id) AS s FROM customers; SELECT * FROM made.m WHERE id < 5 ORDER BY id; REFRESH MATERIALIZED VIEW made.m; SELECT count(*) FROM made.m

-- CREATE VIEW
-- pending: its definition is kept with the call in it
CREATE VIEW made.v AS SELECT id, country, cvp_predict('risk', id) AS s FROM customers; SELECT * FROM made.v WHERE id < 5 ORDER BY id; SELECT country, max(s) FROM made.v GROUP BY country ORDER BY country

-- A view on a view
-- pending: its definition is kept with the call in it
CREATE VIEW made.v AS SELECT id, cvp_predict('risk', id) AS s FROM customers; CREATE VIEW made.w AS SELECT id, s FROM made.v WHERE s > 0.5; SELECT * FROM made.w ORDER BY id

-- A function of the user's with a call in it
-- pending: its body runs inside Postgres
CREATE FUNCTION made.risk(k int) RETURNS float8 LANGUAGE sql STABLE AS $$ SELECT cvp.cvp_predict('risk', k) $$; SELECT id, made.risk(id) FROM customers WHERE id < 4 ORDER BY id

-- DO
-- pending: its body runs inside Postgres
DO $$ BEGIN INSERT INTO scored (id, score) VALUES (700, cvp.cvp_predict('risk', 7)); END $$
