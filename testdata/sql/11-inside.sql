-- Views, functions, triggers: what keeps a call for later

-- CREATE MATERIALIZED VIEW
-- inside Postgres
CREATE MATERIALIZED VIEW made.m AS SELECT id, cvp_predict('risk', id) AS s FROM customers; SELECT * FROM made.m WHERE id < 5 ORDER BY id; REFRESH MATERIALIZED VIEW made.m; SELECT count(*) FROM made.m

-- A materialised view that is filled later, with an index
-- inside Postgres
CREATE MATERIALIZED VIEW made.m AS SELECT id, cvp_predict('risk', id) AS s FROM customers WHERE id < 9 WITH NO DATA; CREATE UNIQUE INDEX ON made.m (id); REFRESH MATERIALIZED VIEW made.m; REFRESH MATERIALIZED VIEW CONCURRENTLY made.m; TABLE made.m ORDER BY id

-- CREATE VIEW, read in the same string
CREATE VIEW made.v AS SELECT id, country, cvp_predict('risk', id) AS s FROM customers; SELECT * FROM made.v WHERE id < 5 ORDER BY id; SELECT country, max(s) FROM made.v GROUP BY country ORDER BY country

-- A view on a view, read in the same string
CREATE VIEW made.v AS SELECT id, cvp_predict('risk', id) AS s FROM customers; CREATE VIEW made.w AS SELECT id, s FROM made.v WHERE s > 0.5; SELECT * FROM made.w ORDER BY id

-- A view of cvp_predictions
CREATE VIEW made.v AS SELECT p.key::int AS id, p.prediction, p.decile FROM cvp_predictions('risk') AS p; SELECT * FROM made.v WHERE id < 5 ORDER BY id; SELECT decile, count(*) FROM made.v GROUP BY decile ORDER BY decile

-- A function in SQL
-- inside Postgres
CREATE FUNCTION made.risk(k int) RETURNS float8 LANGUAGE sql STABLE AS $$ SELECT cvp.cvp_predict('risk', k) $$; SELECT id, made.risk(id) FROM customers WHERE id < 4 ORDER BY id

-- A function whose body is parsed when it is made
-- inside Postgres
CREATE FUNCTION made.risk(k int) RETURNS float8 LANGUAGE sql BEGIN ATOMIC SELECT cvp_predict('risk', k); END; SELECT id, made.risk(id) FROM customers WHERE id < 4 ORDER BY id

-- A function that gives rows
-- inside Postgres
CREATE FUNCTION made.likely(above float8) RETURNS TABLE (id int, s float8) LANGUAGE sql STABLE AS $$ SELECT p.key::int, p.prediction FROM cvp.cvp_predictions('risk') AS p WHERE p.prediction >= above $$; SELECT c.id, c.country, l.s FROM made.likely(0.9) AS l JOIN customers AS c USING (id) ORDER BY c.id

-- A function in PL/pgSQL
-- inside Postgres
CREATE FUNCTION made.class(k int) RETURNS text LANGUAGE plpgsql AS $$ DECLARE s float8 := cvp.cvp_predict('risk', k); BEGIN IF s > 0.5 THEN RETURN 'high'; END IF; RETURN 'low'; END $$; SELECT id, made.class(id) FROM customers WHERE id < 8 ORDER BY id

-- A loop in PL/pgSQL
-- inside Postgres
CREATE FUNCTION made.top(n int) RETURNS SETOF int LANGUAGE plpgsql AS $$ DECLARE r record; BEGIN FOR r IN SELECT id FROM customers WHERE id < 20 ORDER BY cvp.cvp_predict('risk', id) DESC, id LIMIT n LOOP RETURN NEXT r.id; END LOOP; END $$; SELECT * FROM made.top(4)

-- Dynamic SQL in PL/pgSQL
-- inside Postgres
CREATE FUNCTION made.ask(model text, k int) RETURNS float8 LANGUAGE plpgsql AS $$ DECLARE s float8; BEGIN EXECUTE format('SELECT cvp.cvp_predict(%L, $1)', model) INTO s USING k; RETURN s; END $$; SELECT made.ask('risk', 3), made.ask('worth', 3), made.ask('risk', NULL)

-- An error caught in PL/pgSQL
-- inside Postgres
CREATE FUNCTION made.ask(model text) RETURNS text LANGUAGE plpgsql AS $$ BEGIN RETURN cvp.cvp_predict(model, 3) IS NULL; EXCEPTION WHEN undefined_object THEN RETURN SQLERRM; END $$; SELECT made.ask('risk'), made.ask('nobody')

-- An error not caught in PL/pgSQL
-- inside Postgres
CREATE FUNCTION made.ask(model text) RETURNS float8 LANGUAGE plpgsql AS $$ BEGIN RETURN cvp.cvp_predict(model, 3); END $$; SELECT made.ask('nobody')

-- A cursor that a function opens
-- inside Postgres
BEGIN; CREATE FUNCTION made.open() RETURNS refcursor LANGUAGE plpgsql AS $$ DECLARE c refcursor := 'found'; BEGIN OPEN c FOR SELECT id, cvp.cvp_predict('risk', id) FROM customers ORDER BY id; RETURN c; END $$; SELECT made.open(); FETCH 3 FROM found; MOVE 2 FROM found; FETCH 1 FROM found; COMMIT

-- A procedure
-- inside Postgres
CREATE PROCEDURE made.fill() LANGUAGE plpgsql AS $$ BEGIN UPDATE scored SET score = cvp.cvp_predict('risk', id) WHERE id < 5; END $$; CALL made.fill(); SELECT id, score FROM scored WHERE id < 7 ORDER BY id

-- DO
-- inside Postgres
DO $$ BEGIN INSERT INTO scored (id, score) VALUES (700, cvp.cvp_predict('risk', 7)); END $$

-- DO, and what it leaves
-- inside Postgres
DO $$ DECLARE k int; BEGIN FOREACH k IN ARRAY ARRAY[3, 4, 999] LOOP INSERT INTO scored (id, score) VALUES (700 + k, cvp.cvp_predict('risk', k)); END LOOP; END $$; SELECT id, score FROM scored WHERE id > 700 ORDER BY id

-- A trigger for each row
-- inside Postgres
CREATE TABLE made.asked (id int, s float8); CREATE FUNCTION made.fill() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.s := cvp.cvp_predict('risk', NEW.id); RETURN NEW; END $$; CREATE TRIGGER fill BEFORE INSERT OR UPDATE ON made.asked FOR EACH ROW EXECUTE FUNCTION made.fill(); INSERT INTO made.asked VALUES (1), (2), (NULL); UPDATE made.asked SET id = id + 40 WHERE id = 2 RETURNING *; TABLE made.asked ORDER BY id

-- A trigger with a condition
-- inside Postgres
CREATE TABLE made.asked (id int, note text); CREATE FUNCTION made.fill() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.note := 'risky'; RETURN NEW; END $$; CREATE TRIGGER fill BEFORE INSERT ON made.asked FOR EACH ROW WHEN (cvp_predict('risk', NEW.id) > 0.5) EXECUTE FUNCTION made.fill(); INSERT INTO made.asked SELECT id FROM customers WHERE id < 8 RETURNING *

-- A trigger for each statement
-- inside Postgres
CREATE TABLE made.asked (id int); CREATE TABLE made.seen (n bigint, top float8); CREATE FUNCTION made.note() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO made.seen SELECT count(*), max(cvp.cvp_predict('risk', id)) FROM added; RETURN NULL; END $$; CREATE TRIGGER note AFTER INSERT ON made.asked REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION made.note(); INSERT INTO made.asked SELECT id FROM customers WHERE id < 6; TABLE made.seen

-- A default
-- inside Postgres
CREATE TABLE made.asked (id int, s float8 DEFAULT cvp_predict('risk', 7)); INSERT INTO made.asked (id) VALUES (1), (2) RETURNING *

-- A constraint
-- inside Postgres
CREATE TABLE made.safe (id int CONSTRAINT likely CHECK (cvp_predict('risk', id) < 0.9)); INSERT INTO made.safe VALUES (1), (2), (999); INSERT INTO made.safe VALUES (4)

-- A rule
-- inside Postgres
CREATE TABLE made.asked (id int); CREATE TABLE made.log (id int, s float8); CREATE RULE kept AS ON INSERT TO made.asked DO ALSO INSERT INTO made.log VALUES (NEW.id, cvp_predict('risk', NEW.id)); INSERT INTO made.asked VALUES (3), (4); TABLE made.log ORDER BY id

-- An index, for which a call may change too much
CREATE INDEX ON customers (cvp_predict('risk', id))

-- A generated column, for which a call may change too much
CREATE TABLE made.asked (id int, s float8 GENERATED ALWAYS AS (cvp_predict('risk', id)) STORED)
