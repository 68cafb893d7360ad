-- Whole rows, names of columns, spellings of keys

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
-- direct: refused, as a row without a named type is nothing to the other session
SELECT id, cvp_predict('risk', x) FROM (SELECT * FROM customers ORDER BY id LIMIT 5) AS x ORDER BY 1

-- A relation's row of a common table picked by LIMIT
-- direct: refused, as a row without a named type is nothing to the other session
WITH x AS (SELECT * FROM customers ORDER BY id LIMIT 5) SELECT id, cvp_predict('risk', x) FROM x ORDER BY 1

-- A relation's row of a LATERAL subquery picked by LIMIT
-- direct: refused, as a row without a named type is nothing to the other session
SELECT k.code, cvp_predict('risk', c) FROM countries AS k LEFT JOIN LATERAL (SELECT * FROM customers AS d WHERE d.id = k.chief LIMIT 1) AS c ON true ORDER BY 1

-- A row in a column of a composite type
SELECT (x.c).id, cvp_predict('risk', x.c) FROM (SELECT c FROM customers AS c WHERE id < 4) AS x ORDER BY 1

-- A row of a question in a column of a composite type
SELECT (x.c).id, cvp_predict('visits', x.c) FROM (SELECT c FROM customers AS c WHERE id < 4) AS x ORDER BY 1

-- A row that a subquery gives
SELECT k.code, cvp_predict('risk', (SELECT c FROM customers AS c WHERE id = k.chief)) FROM countries AS k ORDER BY 1

-- A numeric key of another scale
SELECT num, cvp_predict('by_num', num::numeric(12,4)), cvp_predict('by_num', num::text || '0') FROM customers WHERE id < 4 ORDER BY 1

-- Numbers spelled in several ways in one column
SELECT v, cvp_predict('risk', v), cvp_predict('by_num', v) FROM (VALUES (1.0), (1.00), (2), (1.250), (1.25), (42.5)) AS t(v) ORDER BY v::text

-- Whole numbers as numeric and as text
SELECT cvp_predict('risk', 42.0), cvp_predict('risk', 42.0::float8), cvp_predict('risk', 42.5), cvp_predict('risk', '42.0'), cvp_predict('risk', '042'), cvp_predict('risk', ' 42'), cvp_predict('risk', 99999999999999999999)

-- Texts that are no numbers
SELECT cvp_predict('by_num', '01.25'), cvp_predict('by_num', 'x'), cvp_predict('by_num', ''), cvp_predict('by_num', 'NaN'), cvp_predict('by_num', 1.25::float8)

-- Numbers of another scale in an UPDATE
UPDATE scored SET score = cvp_predict('risk', id * 1.0), note = cvp_predict('by_num', id + 0.250) WHERE id < 4 RETURNING *

-- uuids in other forms
SELECT cvp_predict('by_uid', upper('c4ca4238-a0b9-2382-0dcc-509a6f75849b')), cvp_predict('by_uid', '{c4ca4238a0b923820dcc509a6f75849b}'), cvp_predict('by_uid', 'nothing')

-- A key of a type without equality
SELECT cvp_predict('risk', j) FROM (SELECT '3'::json AS j) AS x

-- A cursor without SCROLL that goes back
-- ordered
BEGIN; DECLARE c CURSOR FOR SELECT id, cvp_predict('risk', id), cvp_predict('by_code', code) FROM customers; FETCH 3 FROM c; FETCH BACKWARD 2 FROM c; FETCH LAST FROM c; FETCH PRIOR FROM c; FETCH FIRST FROM c; COMMIT

-- A sorted cursor without SCROLL that goes back
-- ordered
BEGIN; DECLARE c CURSOR FOR SELECT id, cvp_predict('by_code', code) FROM customers WHERE cvp_predict('risk', id) > 0.5 ORDER BY 2; FETCH 3 FROM c; FETCH BACKWARD 2 FROM c; MOVE ABSOLUTE 2 FROM c; FETCH RELATIVE -1 FROM c; COMMIT

-- A cursor with NO SCROLL goes only forward
BEGIN; DECLARE c NO SCROLL CURSOR FOR SELECT id, cvp_predict('risk', id) FROM customers ORDER BY id; FETCH 3 FROM c; FETCH BACKWARD 2 FROM c

-- WHERE CURRENT OF a cursor without FOR UPDATE
-- ordered
BEGIN; DECLARE c CURSOR FOR SELECT id, cvp_predict('risk', id), cvp_predict('by_code', 'c00' || id) FROM scored; FETCH 3 FROM c; UPDATE scored SET score = cvp_predict('risk', id) WHERE CURRENT OF c; FETCH 1 FROM c; DELETE FROM scored WHERE CURRENT OF c; COMMIT; SELECT * FROM scored ORDER BY id

-- WHERE CURRENT OF a sorted cursor
BEGIN; DECLARE c CURSOR FOR SELECT id, cvp_predict('risk', id) FROM scored ORDER BY note, id; FETCH 3 FROM c; UPDATE scored SET score = 1 WHERE CURRENT OF c
