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

-- EXPLAIN
EXPLAIN (COSTS OFF, TIMING OFF, SUMMARY OFF) SELECT cvp_predict('risk', 42)
