-- Common tables, set operations and subqueries

-- A call in a common table
WITH s AS (SELECT id, cvp_predict('risk', id) AS score FROM customers) SELECT count(*), max(score) FROM s WHERE score > 0.5

-- A call over a common table
WITH old AS (SELECT id FROM customers WHERE age > 60) SELECT o.id, cvp_predict('risk', o.id) FROM old AS o ORDER BY o.id

-- A materialised common table
WITH s AS MATERIALIZED (SELECT id, cvp_predict('risk', id) AS score FROM customers WHERE id < 30) SELECT a.id, b.id FROM s AS a JOIN s AS b ON a.score > b.score + 0.6 ORDER BY 1, 2

-- A common table that is not materialised
WITH s AS NOT MATERIALIZED (SELECT id, cvp_predict('risk', id) AS score FROM customers) SELECT id, score FROM s WHERE id = 9

-- A common table with LIMIT below a call
WITH few AS (SELECT id FROM customers ORDER BY age, id LIMIT 7) SELECT id, cvp_predict('risk', id) FROM few ORDER BY id

-- A common table with the name of a real one
WITH customers AS (SELECT 5 AS id) SELECT id, cvp_predict('risk', id) FROM customers

-- A recursive common table below a call
WITH RECURSIVE up(id, depth) AS (SELECT 180, 0 UNION ALL SELECT c.referrer, depth + 1 FROM up JOIN customers AS c ON c.id = up.id WHERE c.referrer IS NOT NULL) SELECT id, depth, cvp_predict('risk', id) FROM up ORDER BY depth

-- A call in the recursive part
WITH RECURSIVE up(id, score) AS (SELECT 81, cvp_predict('risk', 81) UNION ALL SELECT c.referrer, cvp_predict('risk', c.referrer) FROM up JOIN customers AS c ON c.id = up.id WHERE c.referrer IS NOT NULL) SELECT * FROM up ORDER BY id

-- Nested common tables
WITH a AS (WITH b AS (SELECT id FROM customers WHERE id < 6) SELECT id, cvp_predict('risk', id) AS s FROM b) SELECT id, s, cvp_predict('worth', id) FROM a ORDER BY id

-- UNION
SELECT id, cvp_predict('risk', id) AS s FROM customers WHERE id < 4 UNION SELECT chief, cvp_predict('risk', chief) FROM countries ORDER BY 1, 2

-- UNION ALL of two models
SELECT 'risk' AS model, max(cvp_predict('risk', id)) AS top FROM customers UNION ALL SELECT 'worth', max(cvp_predict('worth', id)) FROM customers ORDER BY 1

-- INTERSECT
SELECT cvp_predict('risk', id) FROM customers WHERE id < 20 INTERSECT SELECT cvp_predict('risk', chief) FROM countries ORDER BY 1

-- INTERSECT ALL
SELECT cvp_predict('risk@2', id) FROM customers WHERE id < 50 INTERSECT ALL SELECT cvp_predict('risk@2', id) FROM customers WHERE id > 150 ORDER BY 1

-- EXCEPT
SELECT id FROM customers WHERE cvp_predict('risk', id) > 0.7 EXCEPT SELECT chief FROM countries ORDER BY 1

-- EXCEPT ALL
SELECT cvp_predict('risk@2', id) FROM customers EXCEPT ALL SELECT cvp_predict('risk@2', id) FROM customers WHERE vip ORDER BY 1

-- A set operation ordered and limited
(SELECT id, cvp_predict('risk', id) AS s FROM customers ORDER BY 2 DESC, 1 LIMIT 3) UNION ALL (SELECT id, cvp_predict('risk', id) FROM customers ORDER BY 2, 1 LIMIT 3) ORDER BY 2, 1

-- A set operation of VALUES
VALUES (1, cvp_predict('risk', 1)), (2, cvp_predict('risk', 2)) UNION ALL SELECT 3, NULL ORDER BY 1

-- VALUES alone
VALUES (cvp_predict('risk', 1)), (cvp_predict('worth', 1)), (NULL)

-- VALUES in FROM
SELECT v.a, v.b FROM (VALUES ('x', cvp_predict('risk', 1)), ('y', cvp_predict('risk', 2))) AS v(a, b) ORDER BY v.a

-- A scalar subquery
SELECT (SELECT max(cvp_predict('risk', id)) FROM customers) AS top

-- A correlated scalar subquery
SELECT k.code, (SELECT max(cvp_predict('risk', c.id)) FROM customers AS c WHERE c.country = k.code) FROM countries AS k ORDER BY k.code

-- A correlated call of the outer column
SELECT k.code, (SELECT cvp_predict('risk', k.chief)) FROM countries AS k ORDER BY k.code

-- A correlated call of an outer column with a FROM of its own
SELECT k.code, (SELECT count(*) FROM customers AS c WHERE c.id < 50 AND cvp_predict('risk', c.id) > cvp_predict('risk', k.chief)) FROM countries AS k ORDER BY k.code

-- IN
SELECT id FROM customers WHERE id IN (SELECT id FROM customers WHERE cvp_predict('risk', id) > 0.8) ORDER BY id

-- NOT IN
SELECT code FROM countries WHERE chief NOT IN (SELECT id FROM customers WHERE cvp_predict('risk', id) > 0.5) ORDER BY code

-- A call IN a subquery of calls
SELECT id FROM customers WHERE cvp_predict('risk', id) IN (SELECT cvp_predict('risk', chief) FROM countries) ORDER BY id

-- EXISTS
SELECT EXISTS (SELECT FROM customers WHERE cvp_predict('risk', id) > 0.9), EXISTS (SELECT FROM customers WHERE cvp_predict('risk', id) > 2)

-- ANY of a subquery
SELECT code FROM countries WHERE cvp_predict('risk', chief) > ANY (SELECT cvp_predict('risk', id) FROM customers WHERE id < 5) ORDER BY code

-- ALL of a subquery
SELECT id FROM customers WHERE cvp_predict('risk', id) >= ALL (SELECT cvp_predict('risk', id) FROM customers) ORDER BY id

-- ARRAY of a subquery
SELECT code, ARRAY(SELECT cvp_predict('risk', c.id) FROM customers AS c WHERE c.country = code AND c.id < 20 ORDER BY c.id) FROM countries ORDER BY code

-- ARRAY of calls
SELECT ARRAY[cvp_predict('risk', 1), cvp_predict('risk', 2)], (ARRAY[cvp_predict('risk', 1), cvp_predict('risk', 2)])[2]

-- A row constructor
SELECT ROW(id, cvp_predict('risk', id)) FROM customers WHERE id < 4 ORDER BY id

-- A row out of a subquery
SELECT id FROM customers WHERE (id, cvp_predict('risk', id)) = (SELECT chief, cvp_predict('risk', chief) FROM countries WHERE code = 'de')

-- A subquery in FROM
SELECT s.id, s.score FROM (SELECT id, cvp_predict('risk', id) AS score FROM customers) AS s WHERE s.score > 0.8 ORDER BY s.id

-- Subqueries nested thrice
SELECT max(x) FROM (SELECT avg_s AS x FROM (SELECT country, round(avg(s::numeric), 9) AS avg_s FROM (SELECT country, cvp_predict('risk', id) AS s FROM customers) AS a GROUP BY country) AS b) AS c

-- The column of a subquery has the function's name
SELECT cvp_predict FROM (SELECT cvp_predict('risk', id) FROM customers WHERE id < 5) AS s ORDER BY cvp_predict

-- A subquery with OFFSET 0 below a call
SELECT s.id, cvp_predict('risk', s.id) FROM (SELECT id FROM customers WHERE id < 5 OFFSET 0) AS s ORDER BY s.id

-- What a BI tool writes
SELECT * FROM (SELECT country, cvp_predict('risk', id) AS score, id FROM customers) AS virtual_table WHERE score >= 0.5 ORDER BY score DESC, id LIMIT 10

-- What a BI tool groups
SELECT date_trunc('year', born) AS y, count(*), max(score) FROM (SELECT born, cvp_predict('risk', id) AS score FROM customers) AS v GROUP BY date_trunc('year', born) ORDER BY y LIMIT 10

-- TABLE of a common table
WITH s AS (SELECT id, cvp_predict('risk', id) FROM customers WHERE id < 4) TABLE s ORDER BY id

-- A subquery in ORDER BY
SELECT code FROM countries ORDER BY (SELECT max(cvp_predict('risk', c.id)) FROM customers AS c WHERE c.country = code) DESC NULLS LAST, code

-- A subquery in the key
SELECT cvp_predict('risk', (SELECT max(id) FROM customers WHERE cvp_predict('risk', id) > 0.5))

-- ANY of an array of calls
SELECT id FROM customers WHERE cvp_predict('risk', id) = ANY (ARRAY[cvp_predict('risk', 3), cvp_predict('risk', 4)]) ORDER BY id

-- Rows compared
SELECT id FROM customers WHERE (cvp_predict('risk', id), id) > (cvp_predict('risk', 42), 42) ORDER BY id
-- An aggregate of the block around, in a subquery
SELECT (SELECT max(cvp_predict('risk', c.id)) FROM countries AS k WHERE k.code = 'de') AS top FROM customers AS c

-- A correlated whole row
SELECT k.code, (SELECT max(cvp_predict('risk', c)) FROM customers AS c WHERE c.country = k.code) FROM countries AS k ORDER BY k.code

-- A number in the select list below ORDER BY and LIMIT
SELECT 16 AS n, s.id FROM (SELECT id FROM customers WHERE cvp_predict('risk', id) > 0.9) AS s ORDER BY 1, 2 LIMIT 5
