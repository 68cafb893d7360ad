-- Finding models by name. Everything runs with the caller's rights: what row-level security hides does not exist.

CREATE FUNCTION cvp.edit_distance(a text, b text) RETURNS int LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp AS $fn$
DECLARE
    line int[];  -- distances of a[1..i] to every prefix of b; line[j + 1] belongs to b[1..j]
    diagonal int;
    above int;
BEGIN
    SELECT array_agg(j ORDER BY j) INTO line FROM generate_series(0, length(b)) AS s (j);
    FOR i IN 1 .. length(a) LOOP
        diagonal := line[1];
        line[1] := i;
        FOR j IN 1 .. length(b) LOOP
            above := line[j + 1];
            line[j + 1] := least(above + 1, line[j] + 1,
                diagonal + CASE WHEN substr(a, i, 1) = substr(b, j, 1) THEN 0 ELSE 1 END);
            diagonal := above;
        END LOOP;
    END LOOP;
    RETURN line[length(b) + 1];
END
$fn$;
COMMENT ON FUNCTION cvp.edit_distance(text, text) IS 'Levenshtein distance of two texts, in characters';

CREATE FUNCTION cvp.nearest_model(name text) RETURNS text LANGUAGE sql STABLE
    SET search_path = pg_catalog, pg_temp AS $fn$
    -- Names that differ more in length than the limit need no comparison.
    SELECT near.name
    FROM (SELECT m.name, cvp.edit_distance(lower(left(nearest_model.name, 64)), lower(m.name)) AS distance
          FROM cvp.models AS m
          WHERE abs(length(m.name) - length(nearest_model.name)) <= greatest(2, length(m.name) / 3)
          LIMIT 1000) AS near
    WHERE near.distance <= greatest(2, length(near.name) / 3) AND near.distance < length(near.name)
    ORDER BY near.distance, near.name
    LIMIT 1
$fn$;
COMMENT ON FUNCTION cvp.nearest_model(text) IS 'the visible model whose name is spelt most like this one, NULL if none is near';

CREATE FUNCTION cvp.model_id(name text) RETURNS uuid LANGUAGE plpgsql STABLE
    SET search_path = pg_catalog, pg_temp AS $fn$
DECLARE
    found uuid;
    near text;
BEGIN
    SELECT m.id INTO found FROM cvp.models AS m WHERE m.name = model_id.name;
    IF found IS NOT NULL THEN
        RETURN found;
    END IF;
    IF name IS NULL THEN
        RAISE EXCEPTION 'model name must not be null' USING ERRCODE = 'null_value_not_allowed';
    END IF;
    near := cvp.nearest_model(name);
    RAISE EXCEPTION 'model "%" does not exist', left(name, 100) USING ERRCODE = 'undefined_object', HINT = CASE
        WHEN near IS NOT NULL THEN format('Did you mean "%s"?', near)
        WHEN EXISTS (SELECT FROM cvp.models) THEN 'SELECT name FROM cvp_models lists the models you may use.'
        ELSE 'There is no model that you may use yet; cvp_train makes one.' END;
END
$fn$;
COMMENT ON FUNCTION cvp.model_id(text) IS 'the id of a model by its bare name; an error with the nearest name where there is none';

-- plain_name is for calls about a whole model: churn@3 has no place there.
CREATE FUNCTION cvp.plain_name(model text) RETURNS text LANGUAGE plpgsql IMMUTABLE
    SET search_path = pg_catalog, pg_temp AS $fn$
BEGIN
    IF model IS NULL THEN
        RAISE EXCEPTION 'model name must not be null' USING ERRCODE = 'null_value_not_allowed';
    ELSIF model = '' OR octet_length(model) > 63 OR strpos(model, '@') > 0 THEN
        RAISE EXCEPTION 'invalid model name "%"', left(model, 100) USING ERRCODE = 'invalid_name',
            HINT = 'A model name has 1 to 63 bytes and no "@", which separates a version.';
    END IF;
    RETURN model;
END
$fn$;
COMMENT ON FUNCTION cvp.plain_name(text) IS 'the name itself; an error where it cannot name a model';

CREATE FUNCTION cvp.resolve(model text, newest bool DEFAULT false) RETURNS uuid LANGUAGE plpgsql STABLE
    SET search_path = pg_catalog, pg_temp AS $fn$
DECLARE
    at int := strpos(model, '@');
    name text := CASE WHEN at > 0 THEN left(model, at - 1) ELSE model END;
    alias text := CASE WHEN at > 0 THEN substr(model, at + 1) ELSE '' END;
    owner uuid := cvp.model_id(name);
    number int;
    found uuid;
BEGIN
    IF alias ~ '^[0-9]{1,9}$' THEN
        number := alias::int;
        SELECT v.id INTO found FROM cvp.versions AS v WHERE v.model_id = owner AND v.version = number;
    ELSIF alias = 'live' OR at = 0 THEN
        SELECT v.id INTO found FROM cvp.versions AS v WHERE v.model_id = owner AND v.deployed;
    ELSE
        RAISE EXCEPTION 'invalid version "%" of model "%"', left(alias, 100), name
            USING ERRCODE = 'invalid_parameter_value',
            HINT = format('A version is a number or live: %s, %s@3 or %s@live.', name, name, name);
    END IF;
    IF found IS NOT NULL THEN
        RETURN found;
    END IF;

    IF number IS NULL AND at = 0 AND newest THEN
        SELECT v.id INTO found FROM cvp.versions AS v WHERE v.model_id = owner ORDER BY v.version DESC LIMIT 1;
        IF found IS NOT NULL THEN
            RETURN found;
        END IF;
    END IF;
    IF number IS NOT NULL THEN
        RAISE EXCEPTION 'model "%" has no version %', name, number USING ERRCODE = 'undefined_object',
            HINT = cvp.versions_hint(owner);
    END IF;
    RAISE EXCEPTION 'no version of model "%" is deployed', name
        USING ERRCODE = 'object_not_in_prerequisite_state',
        HINT = cvp.versions_hint(owner) || format(' Deploy one with cvp_deploy(%L, version), or name it as %s@version.',
            name, name);
END
$fn$;
COMMENT ON FUNCTION cvp.resolve(text, bool) IS
    'the id of the version that churn, churn@3 or churn@live names; newest: an undeployed model gives its newest';

CREATE FUNCTION cvp.versions_hint(model_id uuid) RETURNS text LANGUAGE sql STABLE
    SET search_path = pg_catalog, pg_temp AS $fn$
    SELECT CASE WHEN count(*) = 0 THEN 'It has no versions.'
        WHEN count(*) = 1 THEN format('Its only version is %s.', min(listed.version))
        ELSE format('Its versions are %s.', string_agg(listed.version::text, ', ' ORDER BY listed.version)) END
    FROM (SELECT v.version FROM cvp.versions AS v WHERE v.model_id = versions_hint.model_id
          ORDER BY v.version DESC LIMIT 10) AS listed
$fn$;
COMMENT ON FUNCTION cvp.versions_hint(uuid) IS 'the versions of a model (the ten newest) as a sentence';

-- What a server needs to know of a version before it loads it.
CREATE TYPE cvp.version_description AS (
    database oid, id uuid, model text, version int, deployed bool, owner text, kind text, question text,
    relation text, target text, key text, algorithm text, task text, metric text, value float8, baseline float8,
    higher_better bool, rows bigint, spec jsonb, trained_at timestamptz, trained_by text);

-- In plpgsql since its plans last for the session; a function in sql is planned for every statement.
CREATE FUNCTION cvp.describe(id uuid) RETURNS SETOF cvp.version_description LANGUAGE plpgsql STABLE ROWS 1
    SET search_path = pg_catalog, pg_temp AS $fn$
BEGIN
    RETURN QUERY SELECT (SELECT d.oid FROM pg_database AS d WHERE d.datname = current_database()),
        v.id, m.name, v.version, v.deployed, pg_get_userbyid(m.owner)::text, v.kind, v.question, v.relation,
        v.target, v.key, v.algorithm, v.task, v.metric, v.value, v.baseline, v.higher_better, v.rows, v.spec,
        v.trained_at, v.trained_by::text
    FROM cvp.versions AS v JOIN cvp.models AS m ON m.id = v.model_id
    WHERE v.id = describe.id;
END
$fn$;
COMMENT ON FUNCTION cvp.describe(uuid) IS 'a version without its artifact';

CREATE FUNCTION cvp.artifact(id uuid) RETURNS bytea LANGUAGE sql STABLE
    SET search_path = pg_catalog, pg_temp AS $fn$
    SELECT v.artifact FROM cvp.versions AS v WHERE v.id = artifact.id
$fn$;
COMMENT ON FUNCTION cvp.artifact(uuid) IS 'the bytes of a version, NULL where there is none';

CREATE FUNCTION cvp.deployed_models(most int) RETURNS TABLE (id uuid, model text) LANGUAGE sql STABLE
    SET search_path = pg_catalog, pg_temp AS $fn$
    SELECT v.id, m.name FROM cvp.versions AS v JOIN cvp.models AS m ON m.id = v.model_id
    WHERE v.deployed ORDER BY m.name LIMIT most
$fn$;
COMMENT ON FUNCTION cvp.deployed_models(int) IS 'deployed versions that the caller may use, by name, at most so many';

GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA cvp TO PUBLIC;
GRANT USAGE ON TYPE cvp.version_description TO PUBLIC;
