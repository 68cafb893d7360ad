-- WHERE, ORDER BY and LIMIT

-- A condition on a call
SELECT id FROM customers WHERE cvp_predict('risk', id) > 0.5 ORDER BY id

-- A condition on a call and on columns
SELECT id FROM customers WHERE cvp_predict('risk', id) > 0.3 AND age < 40 AND country = 'de' ORDER BY id

-- A condition on a call or on columns
SELECT id FROM customers WHERE cvp_predict('risk', id) > 0.8 OR age < 20 ORDER BY id

-- Calls compared with each other
SELECT id FROM customers WHERE cvp_predict('worth', id) > 100 * cvp_predict('risk', id) AND cvp_predict('worth', id) < 80 ORDER BY id

-- One key
SELECT id, cvp_predict('risk', id) FROM customers WHERE id = 42

-- A call that is no key's
SELECT count(*) FROM customers WHERE cvp_predict('risk', id + 100000) IS NULL

-- NOT and IN over calls
SELECT id FROM customers WHERE NOT (cvp_predict('risk', id) < 0.5) AND round(cvp_predict('worth', id)) IN (100, 101, 102, 103, 104, 105) ORDER BY id

-- ORDER BY a call
SELECT id FROM customers ORDER BY cvp_predict('risk', id) DESC, id LIMIT 10

-- ORDER BY an alias
SELECT id, cvp_predict('risk', id) AS score FROM customers ORDER BY score DESC, id LIMIT 10

-- ORDER BY an ordinal
SELECT cvp_predict('risk', id), id FROM customers ORDER BY 1 DESC, 2 LIMIT 10

-- ORDER BY an expression of the call
SELECT id FROM customers ORDER BY round(cvp_predict('worth', id) / 10) DESC, id LIMIT 10

-- ORDER BY with NULLS FIRST
SELECT code FROM countries ORDER BY cvp_predict('risk', chief) NULLS FIRST, code

-- LIMIT and OFFSET
SELECT id, cvp_predict('risk', id) FROM customers ORDER BY id LIMIT 5 OFFSET 20

-- FETCH FIRST WITH TIES
SELECT id, cvp_predict('risk@2', id) FROM customers ORDER BY cvp_predict('risk@2', id) DESC FETCH FIRST 3 ROWS WITH TIES

-- LIMIT without ORDER BY over one row
SELECT cvp_predict('risk', id) FROM customers WHERE id = 7 LIMIT 1

-- LIMIT 0
SELECT cvp_predict('risk', id) FROM customers LIMIT 0

-- LIMIT by a call
SELECT id FROM customers ORDER BY id LIMIT (SELECT round(10 * cvp_predict('risk', 42)) + 1)

-- ORDER BY with a collation beside a call
SELECT code, cvp_predict('by_code', code) FROM customers WHERE cvp_predict('by_code', code) > 150 ORDER BY code COLLATE "C" DESC

-- FOR UPDATE
SELECT id, cvp_predict('risk', id) FROM customers WHERE id < 5 ORDER BY id FOR UPDATE

-- FOR UPDATE OF one of two items
SELECT c.id, k.name, cvp_predict('risk', c.id) FROM customers AS c JOIN countries AS k ON k.code = c.country WHERE c.id < 5 ORDER BY c.id FOR UPDATE OF c

-- FOR SHARE SKIP LOCKED
SELECT id FROM customers WHERE cvp_predict('risk', id) > 0.8 ORDER BY id FOR SHARE SKIP LOCKED

-- TABLESAMPLE
SELECT id, cvp_predict('risk', id) FROM customers TABLESAMPLE BERNOULLI (30) REPEATABLE (7) ORDER BY id

-- A volatile condition beside a call
SELECT count(*) FROM customers WHERE random() >= 0 AND cvp_predict('risk', id) > 0.5

-- A condition that keeps another from failing
SELECT id FROM customers WHERE CASE WHEN id > 3 THEN cvp_predict('risk', 100 / (id - 3)) > 0.5 ELSE false END ORDER BY id
