-- The select list

-- A call alone
SELECT cvp_predict('risk', 42)

-- A call for each row
SELECT id, cvp_predict('risk', id) FROM customers ORDER BY id

-- A call with an alias
SELECT id, cvp_predict('risk', id) AS score FROM customers WHERE id <= 5 ORDER BY id

-- Calls without an alias keep the function's name
SELECT cvp_predict('risk', id), cvp_predict('worth', id), cvp_predict('risk', id)::numeric(6,4) FROM customers WHERE id <= 3 ORDER BY id

-- A star beside a call
SELECT *, cvp_predict('risk', id) AS score FROM customers WHERE id <= 5 ORDER BY id

-- A star before and behind a call
SELECT countries.*, cvp_predict('risk', chief), * FROM countries ORDER BY code

-- Two models side by side
SELECT id, cvp_predict('risk', id) * cvp_predict('worth', id) AS expected_loss FROM customers WHERE id BETWEEN 10 AND 20 ORDER BY id

-- Two keys of one row
SELECT id, referrer, cvp_predict('risk', id), cvp_predict('risk', referrer) FROM customers WHERE id <= 12 ORDER BY id

-- An expression over a call
SELECT id, round((100 * cvp_predict('risk', id))::numeric, 1) || ' %' AS percent FROM customers WHERE id < 6 ORDER BY id

-- The call in CASE
SELECT id, CASE WHEN cvp_predict('risk', id) > 0.5 THEN 'high' WHEN cvp_predict('risk', id) > 0.2 THEN 'middle' ELSE 'low' END AS class FROM customers WHERE id < 12 ORDER BY id

-- CASE that keeps a key from failing
SELECT id, CASE WHEN age <> 18 THEN cvp_predict('risk', 1000 / (age - 18)) END AS guarded FROM customers WHERE id < 60 ORDER BY id

-- COALESCE, NULLIF and GREATEST over calls
SELECT code, coalesce(cvp_predict('risk', chief), -1) AS c, nullif(cvp_predict('risk', chief), 0) AS n, greatest(cvp_predict('risk', chief), 0.5) AS g FROM countries ORDER BY code

-- COALESCE that keeps a key from failing
SELECT id, coalesce(id, cvp_predict('risk', 1 / 0)) FROM customers WHERE id = 1

-- A key that fails
SELECT cvp_predict('risk', 10 / (id - 3)) FROM customers ORDER BY id

-- A key that fails where no row is read
SELECT cvp_predict('risk', 10 / (id - id)) FROM customers WHERE id < 0

-- Arithmetic on the key
SELECT id, cvp_predict('risk', id + 1), cvp_predict('risk', id * 2 - 1) FROM customers WHERE id < 8 ORDER BY id

-- A key out of a sub-select
SELECT code, cvp_predict('risk', (SELECT min(id) FROM customers WHERE country = code)) FROM countries ORDER BY code

-- No rows
SELECT id, cvp_predict('risk', id) FROM customers WHERE id < 0

-- DISTINCT
SELECT DISTINCT cvp_predict('risk@2', id) > 0.4 AS risky, country FROM customers ORDER BY 1, 2

-- DISTINCT ON
SELECT DISTINCT ON (country) country, id, cvp_predict('risk', id) FROM customers ORDER BY country, cvp_predict('risk', id) DESC, id

-- DISTINCT ON the call
SELECT DISTINCT ON (cvp_predict('risk@2', id)) cvp_predict('risk@2', id), id FROM customers ORDER BY cvp_predict('risk@2', id), id DESC

-- A boolean of a call
SELECT id, cvp_predict('risk', id) IS NULL, cvp_predict('risk', id) BETWEEN 0 AND 1, NOT cvp_predict('risk', id) > 0.5 FROM customers WHERE id IN (1, 2, 3) ORDER BY id

-- Whole rows of a FROM item beside a call
SELECT c, cvp_predict('risk', c.chief) FROM countries AS c ORDER BY c.code

-- The columns of a row, unpacked
SELECT (c).name, cvp_predict('risk', (c).chief) FROM countries AS c ORDER BY (c).code

-- System columns beside a call
SELECT ctid, tableoid::regclass::text, id, cvp_predict('risk', id) FROM customers WHERE id < 4 ORDER BY id

-- A qualified name
SELECT cvp.cvp_predict('risk', id) FROM customers WHERE id < 4 ORDER BY id

-- Named arguments
SELECT cvp_predict(model => 'risk', subject => id), cvp_predict(subject => id, model => 'worth') FROM customers WHERE id < 4 ORDER BY id

-- The same column name twice
SELECT id AS x, cvp_predict('risk', id) AS x FROM customers WHERE id < 4 ORDER BY id

-- A quoted function name
SELECT "cvp_predict"('risk', id) FROM customers WHERE id < 4 ORDER BY id

-- A comment and odd spacing inside the call
SELECT cvp_predict /* which? */ ( 'risk' -- a model
  , id ) FROM customers WHERE id < 4 ORDER BY id
