-- Functions of Postgres's own with the names and arguments of ours: they read scores that were written down.
CREATE SCHEMA cvp;
CREATE TABLE cvp.score (model text, key text, score float8, decile int, PRIMARY KEY (model, key));
CREATE TABLE cvp.model (name text PRIMARY KEY, key text NOT NULL);

CREATE FUNCTION cvp.named(model text) RETURNS cvp.model LANGUAGE plpgsql STABLE AS $$
DECLARE
    asked text := coalesce(nullif(model, ''), current_setting('cvp.model', true));
    found cvp.model;
BEGIN
    SELECT m.* INTO found FROM cvp.model AS m WHERE m.name = asked;
    IF found.name IS NULL THEN
        RAISE EXCEPTION 'model "%" does not exist', split_part(asked, '@', 1) USING ERRCODE = 'undefined_object';
    END IF;
    RETURN found;
END
$$;

CREATE FUNCTION cvp.given(model text) RETURNS text LANGUAGE plpgsql STABLE AS $$
BEGIN
    IF model IS NULL THEN
        RAISE EXCEPTION 'the model of cvp_predict must not be NULL' USING ERRCODE = 'null_value_not_allowed';
    END IF;
    RETURN model;
END
$$;

-- A row is known by its key column. The rows of people above 900 are copies of those of customers 900 below, and are
-- scored by their columns.
CREATE FUNCTION cvp.key_of(subject anyelement, model text, key text) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT CASE WHEN (SELECT t.typtype FROM pg_type AS t WHERE t.oid = pg_typeof(subject)) IN ('c', 'p') THEN
        CASE WHEN model <> 'visits' AND (to_jsonb(subject) ->> 'id')::int > 900 THEN ((to_jsonb(subject) ->> 'id')::int - 900)::text ELSE to_jsonb(subject) ->> key END
    ELSE subject::text END
$$;

-- Numbers and uuids have one spelling.
CREATE FUNCTION cvp.spelled(key text, col text) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT CASE WHEN col IN ('id', 'big', 'small', 'num') AND key ~ '^-?[0-9]+[.][0-9]+$' THEN rtrim(rtrim(key, '0'), '.')
    WHEN col = 'uid' AND replace(trim(key, '{}'), '-', '') ~* '^[0-9a-f]{32}$' THEN replace(trim(key, '{}'), '-', '')::uuid::text ELSE key END
$$;

CREATE FUNCTION cvp.cvp_predict(model text, subject anyelement) RETURNS float8 LANGUAGE sql STABLE AS $$
    SELECT s.score FROM cvp.named(cvp.given(model)) AS m JOIN cvp.score AS s ON s.model = m.name WHERE s.key = cvp.spelled(cvp.key_of(subject, m.name, m.key), m.key)
$$;
CREATE FUNCTION cvp.cvp_predict(model text, key text) RETURNS float8 LANGUAGE sql STABLE AS $$
    SELECT s.score FROM cvp.named(cvp.given(model)) AS m JOIN cvp.score AS s ON s.model = m.name WHERE s.key = cvp.spelled(cvp_predict.key, m.key)
$$;
CREATE FUNCTION cvp.cvp_predict(subject anyelement) RETURNS float8 LANGUAGE sql STABLE AS $$
    SELECT s.score FROM cvp.named(NULL) AS m JOIN cvp.score AS s ON s.model = m.name WHERE s.key = cvp.spelled(cvp.key_of(subject, m.name, m.key), m.key)
$$;
CREATE FUNCTION cvp.cvp_predict(key text) RETURNS float8 LANGUAGE sql STABLE AS $$
    SELECT s.score FROM cvp.named(NULL) AS m JOIN cvp.score AS s ON s.model = m.name WHERE s.key = cvp.spelled(cvp_predict.key, m.key)
$$;
-- In PL/pgSQL, so that no condition of the statement's is put below the one on the model.
CREATE FUNCTION cvp.cvp_predictions(model text) RETURNS TABLE (key text, prediction float8, decile int) LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN QUERY SELECT s.key, s.score, s.decile FROM cvp.named(cvp_predictions.model) AS m JOIN cvp.score AS s ON s.model = m.name;
END
$$;

-- A customer above 900 has the scores of the one whose copy he is.
CREATE FUNCTION cvp.copied() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO cvp.score
    SELECT s.model, NEW.id::text, s.score, s.decile FROM cvp.score AS s JOIN cvp.model AS m ON m.name = s.model
    WHERE m.key = 'id' AND s.model <> 'visits' AND s.key = (NEW.id - 900)::text;
    RETURN NULL;
END
$$;
CREATE TRIGGER copied AFTER INSERT ON customers FOR EACH ROW WHEN (NEW.id > 900) EXECUTE FUNCTION cvp.copied();
CREATE FUNCTION cvp.emptied() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN DELETE FROM cvp.score WHERE key ~ '^9[0-9][0-9]$'; RETURN NULL; END $$;
CREATE TRIGGER emptied AFTER TRUNCATE ON customers EXECUTE FUNCTION cvp.emptied();
