-- Whole rows and names

-- A column named by a call in the ELSE of a CASE
SELECT x.cvp_predict FROM (SELECT CASE WHEN id < 2 THEN 0.0 ELSE cvp_predict('risk', id) END FROM customers WHERE id < 4) AS x

-- A column named by a call below COLLATE
SELECT cvp_predict FROM (SELECT cvp_predict('risk', id)::text COLLATE "C" FROM customers WHERE id < 1) AS x

-- A column named by a call in a table made of it
CREATE TABLE made.named AS SELECT id, CASE WHEN id < 2 THEN 0.0 ELSE cvp_predict('risk', id) END FROM customers WHERE id < 4; SELECT * FROM made.named

-- A relation's row of the block around
SELECT c.id, (SELECT count(*) FROM countries AS k WHERE k.code = c.country AND cvp_predict('risk', c) > 0.1) FROM customers AS c WHERE id < 9 ORDER BY id

-- A relation's row in a subquery of one value
SELECT id, (SELECT cvp_predict('risk', customers)) FROM customers WHERE id < 5 ORDER BY id

-- A relation's row in LATERAL
SELECT c.id, l.s FROM customers AS c, LATERAL (SELECT cvp_predict('risk', c) AS s) AS l WHERE c.id < 5 ORDER BY 1

-- A relation's row that an UPDATE is about
UPDATE customers SET spend = cvp_predict('risk', customers) WHERE id < 5 RETURNING id, spend

-- A relation's row that a DELETE is about
DELETE FROM customers AS c WHERE c.id > 190 AND cvp_predict('risk', c) > 0.01 RETURNING c.id, cvp_predict('risk', c)

-- A relation's row that UPDATE … FROM reads
UPDATE scored AS s SET score = cvp_predict('risk', c) FROM customers AS c WHERE c.id = s.id AND s.id < 5 RETURNING s.id, s.score

-- A relation's row in MERGE
MERGE INTO scored AS s USING customers AS c ON s.id = c.id WHEN MATCHED THEN UPDATE SET score = cvp_predict('risk', c)

-- A relation's row in ON CONFLICT
INSERT INTO customers AS c SELECT * FROM customers WHERE id = 3 ON CONFLICT (id) DO UPDATE SET spend = cvp_predict('risk', c) RETURNING id, spend

-- A relation's row beside a volatile FROM item
SELECT c.id, cvp_predict('risk', c) FROM customers AS c, generate_series(1, (random() * 0)::int + 2) AS g WHERE c.id < 5 ORDER BY 1

-- A relation's row of a sample
SELECT c.id, cvp_predict('risk', c) FROM customers AS c TABLESAMPLE SYSTEM (100) WHERE id < 5 ORDER BY 1

-- An aggregate of a bare column of the block around
SELECT country, (SELECT max(cvp_predict('risk', id)) FROM countries AS k LIMIT 1) FROM customers AS c GROUP BY country ORDER BY 1

-- An aggregate of a bare column of the block around gives several rows
SELECT k.code, (SELECT max(cvp_predict('risk', chief)) FROM customers AS c) FROM countries AS k GROUP BY k.code ORDER BY 1

-- An aggregate of a bare column of the block around in HAVING
SELECT k.code FROM countries AS k GROUP BY k.code HAVING (SELECT max(cvp_predict('risk', chief)) > 0.5 FROM scored WHERE id = 1) ORDER BY 1

-- An aggregate of a bare column of a common table
WITH t AS (SELECT * FROM customers WHERE id < 30) SELECT k.code, (SELECT sum(cvp_predict('risk', id)) FROM t WHERE country = k.code) FROM countries AS k ORDER BY 1

-- A relation's row picked by LIMIT
SELECT id, cvp_predict('risk', x) FROM (SELECT * FROM customers ORDER BY id LIMIT 5) AS x ORDER BY 1

-- A relation's row of a common table picked by LIMIT
WITH x AS (SELECT * FROM customers ORDER BY id LIMIT 5) SELECT id, cvp_predict('risk', x) FROM x ORDER BY 1

-- A relation's row of a LATERAL subquery picked by LIMIT
SELECT k.code, cvp_predict('risk', c) FROM countries AS k LEFT JOIN LATERAL (SELECT * FROM customers AS d WHERE d.id = k.chief LIMIT 1) AS c ON true ORDER BY 1
