-- Errors

-- An unknown column
SELECT cvp_predict('risk', no_such_column) FROM customers

-- An unknown table
SELECT cvp_predict('risk', id) FROM no_such_table

-- An unknown model
SELECT cvp_predict('nobody', id) FROM customers

-- An unknown version
SELECT id FROM customers WHERE cvp_predict('nobody@7', id) > 0.5

-- A NULL model
SELECT cvp_predict(NULL::text, id) FROM customers

-- A syntax error
SELECT cvp_predict('risk', id FROM customers

-- A column that is not grouped
SELECT id, max(cvp_predict('risk', id)) FROM customers GROUP BY country

-- A call of a column that is not grouped
SELECT cvp_predict('risk', age) FROM customers GROUP BY country

-- A call in LIMIT that names a column
SELECT id FROM customers LIMIT cvp_predict('risk', id)

-- A nested aggregate
SELECT max(cvp_predict('risk', max(id))), max(max(cvp_predict('risk', id))) FROM customers

-- A window function in WHERE
SELECT id FROM customers WHERE rank() OVER (ORDER BY cvp_predict('risk', id)) = 1

-- A type that does not fit
SELECT cvp_predict('risk', id) || 1 FROM customers

-- A condition that is no boolean
SELECT id FROM customers WHERE cvp_predict('risk', id)

-- UNION of types that do not fit
SELECT cvp_predict('risk', id) FROM customers UNION SELECT code FROM countries

-- An ambiguous column
SELECT cvp_predict('risk', id) FROM customers AS a, customers AS b

-- A division by zero around a call
SELECT 1 / (cvp_predict('risk', id) * 0)::int FROM customers

-- A cast of a call that fails
SELECT (cvp_predict('worth', id) * 1e300)::float4 FROM customers

-- A subquery with several rows
SELECT cvp_predict('risk', (SELECT id FROM customers))

-- DISTINCT with an ORDER BY that is not selected
SELECT DISTINCT country FROM customers ORDER BY cvp_predict('risk', id)

-- An error in the second statement of a string
INSERT INTO scored (id, score) VALUES (500, cvp_predict('risk', 1)); SELECT cvp_predict('risk', 1) / 0

-- A read-only transaction refuses a change
BEGIN READ ONLY; SELECT cvp_predict('risk', 1); UPDATE scored SET score = cvp_predict('risk', id); COMMIT

-- A read-only transaction takes a read
BEGIN READ ONLY; SELECT count(cvp_predict('risk', id)) FROM customers; SELECT cvp_predict('risk', 7); COMMIT
