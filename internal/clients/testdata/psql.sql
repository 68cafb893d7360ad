-- What is typed into psql; psql_test.go has this run once with calls and once with the precomputed scores.
\pset format unaligned
SELECT PREDICTED AS p, customer_id FROM SOURCE \gdesc
SELECT customer_id, PREDICTED AS p FROM SOURCE ORDER BY 1 LIMIT 5;
SELECT PREDICTED AS score FROM SOURCE WHERE customer_id = 7 \gset
\echo :score
\set FETCH_COUNT 7
SELECT customer_id, PREDICTED AS p FROM SOURCE WHERE customer_id < 30 ORDER BY 1;
SELECT customer_id, buy30 FROM VIEWED WHERE buy30 > 0.5 ORDER BY 1;
\unset FETCH_COUNT
\copy (SELECT customer_id, PREDICTED AS p FROM SOURCE ORDER BY 1) TO STDOUT WITH (FORMAT csv, HEADER)
\copy (SELECT customer_id, buy30 FROM VIEWED WHERE customer_id < 9 ORDER BY 1) TO pstdout
\copy VIEWED TO STDOUT
SELECT country, CASE WHEN buy30 > 0.5 THEN 'likely' ELSE 'no' END AS guess, count(*) FROM VIEWED GROUP BY 1, 2 ORDER BY 1, 2 \crosstabview
SELECT format('SELECT buy30 FROM VIEWED WHERE customer_id = %s', k) FROM generate_series(1, 2) AS k \gexec
SELECT 1 \; SELECT PREDICTED AS p FROM SOURCE WHERE customer_id = 3 \; SELECT 2;
\d VIEWED
SELECT count(PREDICTED) FROM SOURCE;
\errverbose
-- ends when the sequence does
CREATE TEMP SEQUENCE rounds MAXVALUE 3;
\pset tuples_only on
SELECT PREDICTED AS p, nextval('rounds') FROM SOURCE WHERE customer_id = 7
\watch 0.02
