-- Joins

-- A call over an inner join
SELECT c.id, k.name, cvp_predict('risk', c.id) FROM customers AS c JOIN countries AS k ON k.code = c.country WHERE c.id < 12 ORDER BY c.id

-- A call over a left join
SELECT k.code, c.id, cvp_predict('risk', c.id) FROM countries AS k LEFT JOIN customers AS c ON c.country = k.code AND c.id < 12 ORDER BY k.code, c.id

-- A call over a full join
SELECT k.code, c.id, cvp_predict('risk', c.id) FROM countries AS k FULL JOIN (SELECT * FROM customers WHERE id < 14) AS c ON c.country = k.code ORDER BY k.code, c.id

-- A call over a right join
SELECT c.id, k.code, cvp_predict('risk', k.chief) FROM (SELECT * FROM customers WHERE id < 9) AS c RIGHT JOIN countries AS k ON k.code = c.country ORDER BY c.id, k.code

-- A call in the condition of an inner join
SELECT c.id, k.code FROM customers AS c JOIN countries AS k ON k.code = c.country AND cvp_predict('risk', c.id) > 0.6 ORDER BY c.id

-- A call in the condition of a left join
SELECT k.code, c.id FROM countries AS k LEFT JOIN customers AS c ON c.country = k.code AND cvp_predict('risk', c.id) > 0.8 ORDER BY k.code, c.id

-- Calls on both sides of a join's condition
SELECT a.id, b.id FROM customers AS a JOIN customers AS b ON cvp_predict('worth', a.id) > cvp_predict('worth', b.id) + 150 AND a.country = b.country ORDER BY a.id, b.id

-- A full join on equal calls
-- direct: refused, as a call is volatile there
-- simple only: Postgres has no plan for a full join on volatile functions, which it is asked for before the calls are answered
SELECT a.code, b.code FROM countries AS a FULL JOIN countries AS b ON cvp_predict('risk', a.chief) = cvp_predict('risk', b.chief) ORDER BY a.code, b.code

-- JOIN USING
SELECT code, name, id, cvp_predict('risk', id) FROM countries JOIN (SELECT country AS code, id FROM customers WHERE id < 10) AS c USING (code) ORDER BY id

-- A star over JOIN USING
SELECT *, cvp_predict('risk', id) FROM countries JOIN (SELECT country AS code, id FROM customers WHERE id < 10) AS c USING (code) ORDER BY id

-- A star over NATURAL JOIN
SELECT * FROM countries NATURAL JOIN (SELECT country AS code, id FROM customers WHERE id < 30) AS c WHERE cvp_predict('risk', id) > 0.5 ORDER BY id

-- NATURAL FULL JOIN
SELECT code, id, cvp_predict('risk', id) FROM countries NATURAL FULL JOIN (SELECT country AS code, id FROM customers WHERE id < 14) AS c ORDER BY code, id

-- A comma list
SELECT c.id, k.code, cvp_predict('risk', c.id) FROM customers AS c, countries AS k WHERE k.code = c.country AND c.age > 70 ORDER BY c.id

-- A star over a comma list
SELECT *, cvp_predict('risk', k.chief) FROM countries AS k, (VALUES (1), (2)) AS v(n) ORDER BY k.code, v.n

-- CROSS JOIN
SELECT k.code, n, cvp_predict('risk', n) FROM countries AS k CROSS JOIN generate_series(1, 3) AS n ORDER BY k.code, n

-- Both sides have a call of their own
SELECT a.id, b.id, cvp_predict('risk', a.id), cvp_predict('risk', b.id) FROM customers AS a JOIN customers AS b ON b.id = a.referrer WHERE a.id < 20 ORDER BY a.id

-- A join with an alias of its own
SELECT j.id, j.name, cvp_predict('risk', j.id) FROM (customers AS c JOIN countries AS k ON k.code = c.country) AS j(id, big, small, ccode, uid, num, born, country, age, income, vip, referrer, churned, spend, kcode, name) WHERE j.id < 6 ORDER BY j.id

-- LATERAL with a call inside
SELECT k.code, x.id, x.score FROM countries AS k, LATERAL (SELECT c.id, cvp_predict('risk', c.id) AS score FROM customers AS c WHERE c.country = k.code ORDER BY score DESC, c.id LIMIT 2) AS x ORDER BY k.code, x.id

-- LATERAL with a call of the outer column
SELECT k.code, x.score FROM countries AS k, LATERAL (SELECT cvp_predict('risk', k.chief) AS score) AS x ORDER BY k.code

-- LEFT JOIN LATERAL
SELECT k.code, x.n, x.top FROM countries AS k LEFT JOIN LATERAL (SELECT count(*) AS n, max(cvp_predict('risk', c.id)) AS top FROM customers AS c WHERE c.country = k.code HAVING count(*) > 0) AS x ON true ORDER BY k.code

-- LATERAL function of a call
SELECT k.code, g FROM countries AS k, LATERAL generate_series(1, (3 * cvp_predict('risk', k.chief))::int) AS g ORDER BY k.code, g

-- A semi-join
SELECT k.code FROM countries AS k WHERE EXISTS (SELECT FROM customers AS c WHERE c.country = k.code AND cvp_predict('risk', c.id) > 0.9) ORDER BY k.code

-- An anti-join
SELECT k.code FROM countries AS k WHERE NOT EXISTS (SELECT FROM customers AS c WHERE c.country = k.code AND cvp_predict('risk', c.id) > 0.9) ORDER BY k.code

-- Many orders of one customer
SELECT o.item, count(*), max(cvp_predict('risk', o.customer_id)) FROM orders AS o JOIN customers AS c ON c.id = o.customer_id GROUP BY o.item ORDER BY o.item

-- A join on the score itself
SELECT c.id, s.id FROM customers AS c JOIN scored AS s ON round((10 * cvp_predict('risk', c.id))::numeric) = s.id WHERE c.id < 20 ORDER BY c.id

-- A set-returning function beside a call
SELECT id, generate_series(1, 2), cvp_predict('risk', id) FROM customers WHERE id < 4 ORDER BY 1, 2

-- unnest beside a call
SELECT id, unnest(ARRAY['a', 'b']), cvp_predict('risk', id) FROM customers WHERE id < 4 ORDER BY 1, 2

-- A call of a set-returning function in FROM
SELECT i, cvp_predict('risk', i) FROM generate_series(195, 205) AS i ORDER BY i

-- A call of unnest WITH ORDINALITY
SELECT u.k, u.n, cvp_predict('by_code', u.k) FROM unnest(ARRAY['c001', 'c200', 'nobody', NULL]) WITH ORDINALITY AS u(k, n) ORDER BY u.n

-- A call of ROWS FROM
SELECT x.a, x.b, cvp_predict('risk', x.b) FROM ROWS FROM (generate_series(1, 2), generate_series(7, 9)) AS x(a, b) ORDER BY x.b

-- A call of VALUES
SELECT v.k, cvp_predict('risk', v.k) FROM (VALUES (1), (2), (NULL), (999)) AS v(k) ORDER BY v.k

-- Scores as a table of their own
SELECT p.key, p.decile FROM cvp_predictions('risk') AS p WHERE p.decile = 1 ORDER BY p.prediction DESC, p.key

-- Scores as a table, joined
SELECT c.id, p.prediction = cvp_predict('risk', c.id) AS same FROM customers AS c JOIN cvp_predictions('risk') AS p ON p.key = c.id::text WHERE c.id < 5 ORDER BY c.id

-- A call of a key out of the table of scores
SELECT p.key, cvp_predict('risk', p.key) FROM cvp_predictions('risk') AS p WHERE p.prediction > 0.8 ORDER BY p.key
