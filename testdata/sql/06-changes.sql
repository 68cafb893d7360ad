-- Statements that change tables

-- INSERT … SELECT
INSERT INTO scored SELECT id, cvp_predict('risk', id) FROM customers WHERE id BETWEEN 101 AND 110 RETURNING *

-- INSERT … SELECT with a condition on the call
INSERT INTO scored (id, score) SELECT id, cvp_predict('risk', id) FROM customers WHERE id > 100 AND cvp_predict('risk', id) > 0.7

-- INSERT … VALUES
INSERT INTO scored VALUES (301, cvp_predict('risk', 1)), (302, cvp_predict('risk', 2), 'two') RETURNING id, score, note

-- INSERT … RETURNING a call
INSERT INTO scored (id) VALUES (150), (151), (999) RETURNING id, cvp_predict('risk', id) AS now

-- INSERT … ON CONFLICT DO UPDATE
INSERT INTO scored AS s (id, score) SELECT id, cvp_predict('risk', id) FROM customers WHERE id BETWEEN 18 AND 22 ON CONFLICT (id) DO UPDATE SET score = excluded.score + s.score, note = 'again' RETURNING *

-- ON CONFLICT with a call in SET and WHERE
INSERT INTO scored (id, score) VALUES (3, 1), (4, 1) ON CONFLICT (id) DO UPDATE SET score = cvp_predict('worth', scored.id) WHERE cvp_predict('risk', excluded.id) >= 0 RETURNING id, score

-- ON CONFLICT DO NOTHING
INSERT INTO scored (id, score) SELECT id, cvp_predict('risk', id) FROM customers WHERE id BETWEEN 19 AND 22 ON CONFLICT DO NOTHING

-- INSERT that violates a key
INSERT INTO scored (id, score) SELECT id, cvp_predict('risk', id) FROM customers WHERE id = 20

-- INSERT with a common table
WITH s AS (SELECT id, cvp_predict('risk', id) AS score FROM customers WHERE id > 195) INSERT INTO scored (id, score) SELECT * FROM s RETURNING id, score

-- INSERT of rows in the order of the call
INSERT INTO scored (id, note) SELECT 1000 + row_number() OVER (ORDER BY cvp_predict('risk', id) DESC, id), id::text FROM customers WHERE id < 6 RETURNING id, note

-- UPDATE … SET
UPDATE scored SET score = cvp_predict('risk', id) RETURNING id, score

-- UPDATE … SET in terms of itself
UPDATE scored SET score = score + cvp_predict('risk', id), note = CASE WHEN cvp_predict('risk', id) > 0.5 THEN 'high' ELSE note END WHERE id < 8 RETURNING *

-- UPDATE … WHERE
UPDATE scored SET note = 'risky' WHERE cvp_predict('risk', id) > 0.5

-- UPDATE … FROM
UPDATE scored AS s SET score = cvp_predict('risk', c.referrer) FROM customers AS c WHERE c.id = s.id AND c.referrer IS NOT NULL RETURNING s.id, c.referrer, s.score

-- UPDATE … FROM a subquery with a call
UPDATE scored AS s SET score = p.score FROM (SELECT id, cvp_predict('worth', id) AS score FROM customers) AS p WHERE p.id = s.id AND p.score > 100 RETURNING s.id, s.score

-- UPDATE of several columns from a row
UPDATE scored SET (score, note) = (SELECT cvp_predict('risk', c.id), c.code FROM customers AS c WHERE c.id = scored.id) WHERE id < 5 RETURNING *

-- UPDATE of several columns from a constructor
UPDATE scored SET (score, note) = ROW (cvp_predict('risk', id), 'row') WHERE id < 5 RETURNING *

-- UPDATE … RETURNING a call of the new value
UPDATE scored SET id = id + 100 RETURNING id, cvp_predict('risk', id)

-- DELETE … WHERE
DELETE FROM scored WHERE cvp_predict('risk', id) < 0.5 RETURNING id

-- DELETE … USING
DELETE FROM scored AS s USING customers AS c WHERE c.id = s.id AND cvp_predict('risk', c.id) > 0.5 RETURNING s.id, c.code

-- DELETE … RETURNING a call
DELETE FROM scored WHERE id < 4 RETURNING id, cvp_predict('risk', id)

-- DELETE with a subquery
DELETE FROM scored WHERE id IN (SELECT id FROM customers ORDER BY cvp_predict('risk', id) DESC, id LIMIT 40)

-- MERGE with a call in the source
MERGE INTO scored AS s USING (SELECT id, cvp_predict('risk', id) AS score FROM customers WHERE id BETWEEN 15 AND 25) AS p ON p.id = s.id WHEN MATCHED AND p.score > 0.5 THEN UPDATE SET score = p.score WHEN MATCHED THEN DELETE WHEN NOT MATCHED THEN INSERT (id, score) VALUES (p.id, p.score)

-- MERGE with calls in its actions
MERGE INTO scored AS s USING customers AS c ON c.id = s.id WHEN MATCHED AND cvp_predict('risk', c.id) > 0.5 THEN UPDATE SET score = cvp_predict('worth', s.id) WHEN NOT MATCHED AND cvp_predict('risk', c.id) > 0.9 THEN INSERT (id, score) VALUES (c.id, cvp_predict('risk', c.id))

-- A common table that inserts
WITH i AS (INSERT INTO scored (id, score) SELECT id, cvp_predict('risk', id) FROM customers WHERE id BETWEEN 50 AND 53 RETURNING id, score) SELECT i.id, i.score, cvp_predict('worth', i.id) FROM i ORDER BY i.id

-- A common table that updates
WITH u AS (UPDATE scored SET score = cvp_predict('risk', id) WHERE id < 6 RETURNING id, score) SELECT count(*), max(score) FROM u

-- A common table that deletes
WITH gone AS (DELETE FROM scored WHERE cvp_predict('risk', id) > 0.5 RETURNING id) SELECT id, cvp_predict('worth', id) FROM gone ORDER BY id

-- A common table that changes what the query reads
WITH u AS (UPDATE scored SET id = id + 100 RETURNING id) SELECT s.id, cvp_predict('risk', s.id) FROM scored AS s ORDER BY s.id LIMIT 5

-- CREATE TABLE AS
CREATE TABLE made.ranked AS SELECT id, cvp_predict('risk', id) FROM customers WHERE id < 10

-- CREATE TABLE AS with names, and what it holds
CREATE TABLE made.ranked (k, s) AS SELECT id, cvp_predict('risk', id) FROM customers WHERE id < 6; SELECT * FROM made.ranked ORDER BY k

-- CREATE TABLE AS WITH NO DATA
CREATE TABLE made.empty AS SELECT id, cvp_predict('risk', id) AS s FROM customers WITH NO DATA

-- CREATE TEMPORARY TABLE AS, read again
CREATE TEMP TABLE t ON COMMIT PRESERVE ROWS AS SELECT id, cvp_predict('risk', id) AS s FROM customers; SELECT count(*), max(s) FROM t; SELECT count(*) FROM t WHERE s = cvp_predict('risk', id)

-- SELECT INTO
SELECT id, cvp_predict('risk', id) AS s INTO made.into_table FROM customers WHERE id < 10

-- SELECT INTO, and what it holds
SELECT id, cvp_predict('risk', id) AS s INTO made.into_table FROM customers WHERE id < 6; TABLE made.into_table ORDER BY id

-- A change seen by the next statement of the string
UPDATE scored SET id = 42 WHERE id = 1; SELECT id, cvp_predict('risk', id) FROM scored WHERE id > 18 ORDER BY id

-- An update of a table that a call reads
UPDATE customers SET spend = cvp_predict('worth', id) WHERE id < 6 RETURNING id, spend
