-- Keys, models and parameters

-- A bigint key
SELECT id, cvp_predict('by_big', big) FROM customers WHERE id < 5 ORDER BY id

-- A smallint key
SELECT id, cvp_predict('by_small', small), cvp_predict('risk', small) FROM customers WHERE id < 5 ORDER BY id

-- A text key
SELECT code, cvp_predict('by_code', code) FROM customers WHERE cvp_predict('by_code', code) > 170 ORDER BY code

-- A uuid key
SELECT id, cvp_predict('by_uid', uid) FROM customers WHERE id < 5 ORDER BY id

-- A numeric key
SELECT num, cvp_predict('by_num', num) FROM customers WHERE id < 5 ORDER BY id

-- A date key
SELECT born, cvp_predict('by_born', born) FROM customers WHERE id < 5 ORDER BY id

-- An integer key given as text
SELECT cvp_predict('risk', '42'), cvp_predict('risk', '42'::text), cvp_predict('risk', '042')

-- An integer key given as bigint and smallint
SELECT cvp_predict('risk', 42::bigint), cvp_predict('risk', 42::smallint), cvp_predict('risk', 42::int)

-- A uuid key given as text
SELECT cvp_predict('by_uid', 'c4ca4238-a0b9-2382-0dcc-509a6f75849b'), cvp_predict('by_uid', 'c4ca4238-a0b9-2382-0dcc-509a6f75849b'::uuid)

-- A date key given as text
SELECT cvp_predict('by_born', '1950-04-08'), cvp_predict('by_born', DATE '1950-04-08')

-- A varchar and a name as keys
SELECT cvp_predict('by_code', 'c007'::varchar(10)), cvp_predict('by_code', 'c007'::name)

-- NULL keys
SELECT cvp_predict('risk', NULL), cvp_predict('risk', NULL::int), cvp_predict('risk', NULL::text), cvp_predict('by_uid', NULL::uuid)

-- Keys that are not there
SELECT cvp_predict('risk', 0), cvp_predict('risk', -1), cvp_predict('risk', 2147483647), cvp_predict('risk', 9223372036854775807), cvp_predict('by_code', '')

-- NULL and missing keys in a column
SELECT code, chief, cvp_predict('risk', chief), cvp_predict('risk', chief) IS NULL FROM countries ORDER BY code

-- Text keys with characters that need quoting
SELECT k, cvp_predict('by_code', k) FROM (VALUES ('c001'), (''''), ('"'), ('\'), ('c001 '), ('ü'), ('{c001}'), (E'a\nb'), ('NULL')) AS v(k) ORDER BY k COLLATE "C"

-- A whole row
SELECT id, cvp_predict('risk', customers) FROM customers WHERE id < 5 ORDER BY id

-- A whole row by its alias
SELECT c.id, cvp_predict('risk', c) FROM customers AS c WHERE c.id < 5 ORDER BY c.id

-- A whole row with a star
SELECT c.id, cvp_predict('risk', c.*) FROM customers AS c WHERE c.id < 5 ORDER BY c.id

-- A whole row of a subquery
-- direct: refused, as a row without a named type is nothing to the other session
SELECT c.id, cvp_predict('risk', c) FROM (SELECT * FROM customers WHERE age > 70) AS c ORDER BY c.id

-- A whole row of a question
SELECT c.id, cvp_predict('visits', c) FROM customers AS c WHERE c.id < 5 ORDER BY c.id

-- A whole row that an outer join leaves empty
SELECT k.code, cvp_predict('risk', c) FROM countries AS k LEFT JOIN customers AS c ON c.id = k.chief ORDER BY k.code

-- Whole rows in WHERE and aggregates
SELECT country, max(cvp_predict('risk', c)) FROM customers AS c WHERE cvp_predict('risk', c) < 0.9 GROUP BY country ORDER BY country

-- A question
SELECT id, cvp_predict('visits', id) FROM customers WHERE id < 8 ORDER BY id

-- A question for those who never ordered
SELECT count(*), count(cvp_predict('visits', id)) FROM customers

-- A version of a model
SELECT id, cvp_predict('risk@1', id), cvp_predict('risk@2', id) FROM customers WHERE id < 5 ORDER BY id

-- The live version
SELECT count(*) FROM customers WHERE cvp_predict('risk@live', id) = cvp_predict('risk', id)

-- The session's model
SET cvp.model = 'worth'; SELECT id, cvp_predict(id) FROM customers WHERE id < 5 ORDER BY id; SET cvp.model = 'by_code'; SELECT cvp_predict('c001'), cvp_predict(code) FROM customers WHERE id = 2

-- The model out of an expression
SELECT id, cvp_predict('ri' || 'sk', id), cvp_predict(lower('RISK'), id) FROM customers WHERE id < 4 ORDER BY id

-- The model out of a cast
SELECT cvp_predict('risk'::text, 42), cvp_predict('risk'::varchar, 42), cvp_predict($$risk$$, 42), cvp_predict(E'r\x69sk', 42)

-- The model as a parameter
-- parameters: text=worth
SELECT id, cvp_predict($1, id) FROM customers WHERE id < 4 ORDER BY id

-- The key as a parameter
-- parameters: int4=42
SELECT cvp_predict('risk', $1)

-- Model and key as parameters
-- parameters: text=by_code, text=c009
SELECT cvp_predict($1, $2)

-- A parameter in a condition beside a call
-- parameters: float8=0.5, text=de
SELECT id FROM customers WHERE cvp_predict('risk', id) > $1 AND country = $2 ORDER BY id

-- A parameter as the key of a point query
-- parameters: int4=7
SELECT id, cvp_predict('risk', id) FROM customers WHERE id = $1

-- A parameter inside the key
-- parameters: int4=3
SELECT id, cvp_predict('risk', id + $1) FROM customers WHERE id < 5 ORDER BY id

-- A NULL parameter as the key
-- parameters: int4=NULL
SELECT cvp_predict('risk', $1), cvp_predict('worth', $1 + 1)

-- A parameter as LIMIT
-- parameters: int8=3
SELECT id FROM customers ORDER BY cvp_predict('risk', id) DESC, id LIMIT $1

-- An array parameter
-- parameters: _int4={3,4,999}
SELECT k, cvp_predict('risk', k) FROM unnest($1::int[]) AS k ORDER BY k

-- A parameter of ANY
-- parameters: _int4={3,4,999}
SELECT id, cvp_predict('risk', id) FROM customers WHERE id = ANY ($1) ORDER BY id

-- Parameters of a change
-- parameters: int4=5, text=checked
UPDATE scored SET score = cvp_predict('risk', id), note = $2 WHERE id <= $1 RETURNING *

-- Parameters that are used in another order
-- parameters: float8=0.5, text=risk, int4=10
SELECT id FROM customers WHERE id < $3 AND cvp_predict($2, id) > $1 ORDER BY id

-- Many calls in one statement
SELECT id, cvp_predict('risk', id), cvp_predict('worth', id), cvp_predict('by_big', big), cvp_predict('by_code', code), cvp_predict('by_uid', uid), cvp_predict('visits', id), cvp_predict('risk@2', id) FROM customers WHERE id < 4 ORDER BY id

-- A call inside a built-in function
SELECT id, format('%s: %s', id, round(cvp_predict('risk', id)::numeric, 3)), to_char(cvp_predict('worth', id), 'FM999.0'), width_bucket(cvp_predict('risk', id), 0, 1, 10) FROM customers WHERE id < 5 ORDER BY id

-- A call inside a function of the user's
CREATE FUNCTION made.double(float8) RETURNS float8 LANGUAGE sql IMMUTABLE AS 'SELECT 2 * $1'; SELECT id, made.double(cvp_predict('risk', id)) FROM customers WHERE id < 5 ORDER BY id

-- A function of the user's inside the key
CREATE FUNCTION made.next(int) RETURNS int LANGUAGE sql STABLE AS 'SELECT $1 + 1'; SELECT id, cvp_predict('risk', made.next(id)) FROM customers WHERE id < 5 ORDER BY id

-- A call inside jsonb
SELECT jsonb_build_object('id', id, 'risky', cvp_predict('risk', id) > 0.5) FROM customers WHERE id < 5 ORDER BY id

-- A call as the key of a call
SELECT id, cvp_predict('risk', cvp_predict('worth', id)::int) FROM customers WHERE id < 8 ORDER BY id

-- Casts of a call
SELECT id, cvp_predict('worth', id)::int, cvp_predict('worth', id)::numeric(8,2), CAST(cvp_predict('worth', id) AS float4), cvp_predict('risk', id)::text IS NOT NULL FROM customers WHERE id < 5 ORDER BY id

-- A domain over a call
CREATE DOMAIN made.chance AS float8 CHECK (VALUE BETWEEN 0 AND 1); SELECT id, cvp_predict('risk', id)::made.chance IS NOT NULL FROM customers WHERE id < 5 ORDER BY id

-- Operators written with their schema
SELECT id FROM customers WHERE cvp_predict('risk', id) OPERATOR(pg_catalog.>) 0.8 ORDER BY id

-- A string of a call among plain statements
SELECT 1 AS one; SELECT cvp_predict('risk', 1); SELECT 2 AS two

-- A whole row of the block around
SELECT c.id FROM customers AS c WHERE c.id < 50 AND EXISTS (SELECT FROM countries AS k WHERE k.code = c.country AND cvp_predict('visits', c) > 500) ORDER BY c.id

-- A whole row in a subquery of one value
SELECT id, (SELECT cvp_predict('visits', customers)) FROM customers WHERE id < 5 ORDER BY id

-- The whole row that an UPDATE is about
UPDATE customers SET spend = cvp_predict('visits', customers) WHERE id < 5 RETURNING id, spend, cvp_predict('visits', customers)

-- The whole row that a DELETE is about
DELETE FROM customers AS c WHERE c.id > 190 AND cvp_predict('visits', c) IS NULL RETURNING c.id

-- A row that UPDATE … FROM reads
UPDATE scored AS s SET score = cvp_predict('visits', c) FROM customers AS c WHERE c.id = s.id AND s.id < 5 RETURNING s.id, s.score

-- An alias of plain values around a block
SELECT i, (SELECT cvp_predict('risk', i)) FROM generate_series(1, 3) AS i ORDER BY i

-- A row that the same transaction has inserted
-- direct: what is not committed is not seen
BEGIN; INSERT INTO customers SELECT * FROM people WHERE id > 900; SELECT id, cvp_predict('risk', id), cvp_predict('worth', id) FROM customers WHERE id > 198 ORDER BY id; ROLLBACK

-- A row that the same string has inserted
-- direct: what is not committed is not seen
INSERT INTO customers SELECT * FROM people WHERE id > 900; SELECT id, cvp_predict('risk', id) FROM customers WHERE id > 198 ORDER BY id

-- A whole row that the same transaction has inserted
BEGIN; INSERT INTO customers SELECT * FROM people WHERE id > 900; SELECT c.id, cvp_predict('risk', c) FROM customers AS c WHERE c.id > 198 ORDER BY c.id; ROLLBACK

-- A whole row of a temporary table
-- direct: refused, as temporary tables are not there in another session
CREATE TEMP TABLE t ON COMMIT PRESERVE ROWS AS SELECT * FROM customers WHERE id < 4; SELECT id, cvp_predict('risk', t) FROM t ORDER BY id

-- A table that the same transaction has locked
-- direct: refused once lock_timeout has passed, as it is locked to another session
BEGIN; SET LOCAL lock_timeout = '50ms'; LOCK TABLE customers; SELECT cvp_predict('risk', 7); COMMIT
