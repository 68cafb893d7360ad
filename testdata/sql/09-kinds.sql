-- Other kinds of statements

-- COPY (query) TO
COPY (SELECT id, round(cvp_predict('risk', id)::numeric, 4) FROM customers WHERE id < 5 ORDER BY id) TO STDOUT

-- COPY (query) TO with options
COPY (SELECT id, cvp_predict('risk', id) > 0.5 AS risky FROM customers WHERE id < 5 ORDER BY id) TO STDOUT (FORMAT csv, HEADER)

-- DECLARE and FETCH
-- ordered
BEGIN; DECLARE c CURSOR FOR SELECT id, cvp_predict('risk', id) FROM customers ORDER BY id; FETCH 3 FROM c; MOVE 5 FROM c; FETCH 2 FROM c; COMMIT

-- A cursor that goes back
-- ordered
BEGIN; DECLARE c SCROLL CURSOR FOR SELECT id FROM customers ORDER BY cvp_predict('risk', id), id; FETCH 2 FROM c; FETCH BACKWARD 1 FROM c; FETCH LAST FROM c; COMMIT

-- A cursor that outlives its transaction
-- ordered
BEGIN; DECLARE c CURSOR WITH HOLD FOR SELECT id, cvp_predict('risk', id) FROM customers ORDER BY id; COMMIT; FETCH 3 FROM c; CLOSE c

-- PREPARE and EXECUTE
PREPARE p AS SELECT id, cvp_predict('risk', id) FROM customers WHERE id < 4 ORDER BY id; EXECUTE p; EXECUTE p; DEALLOCATE p

-- PREPARE with parameters
PREPARE p(int, text) AS SELECT id, cvp_predict($2, id) FROM customers WHERE id < $1 ORDER BY id; EXECUTE p(4, 'risk'); EXECUTE p(3, 'worth'); DEALLOCATE p

-- CREATE TABLE AS EXECUTE
PREPARE p AS SELECT id, cvp_predict('risk', id) AS s FROM customers WHERE id < 4; CREATE TABLE made.executed AS EXECUTE p; SELECT * FROM made.executed ORDER BY id; DEALLOCATE p
