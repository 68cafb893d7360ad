-- A registry may keep the models of databases that have no schema cvp of their own ("cvp serve --registry"). The server
-- comes as role cvp_served, which nobody else may be, and says by settings for whom: the database, the role and the roles
-- that this one may act as there, all by name. Its models are separate by database; row-level security, which registry.go
-- sets up for that role, lets each see those that are his.

CREATE FUNCTION cvp.served_database() RETURNS text LANGUAGE sql STABLE
    SET search_path = pg_catalog, pg_temp AS $fn$
    SELECT CASE WHEN current_user = 'cvp_served' THEN coalesce(current_setting('cvp.served_database', true), '') ELSE '' END
$fn$;
COMMENT ON FUNCTION cvp.served_database() IS 'the database for which a server keeps models here, empty for this one';

CREATE FUNCTION cvp.served_role() RETURNS name LANGUAGE sql STABLE
    SET search_path = pg_catalog, pg_temp AS $fn$
    SELECT CASE WHEN current_user = 'cvp_served' THEN nullif(current_setting('cvp.served_role', true), '')::name END
$fn$;
COMMENT ON FUNCTION cvp.served_role() IS 'the role of a served database for whom a server asks, NULL where nobody is served';

-- A star, for a superuser of the served database, stands for every role of it.
CREATE FUNCTION cvp.serves(database text, owner text) RETURNS bool LANGUAGE sql STABLE
    SET search_path = pg_catalog, pg_temp AS $fn$
    SELECT database = cvp.served_database()
        AND CASE WHEN current_setting('cvp.served_roles', true) = '*' THEN true
            ELSE owner = ANY (nullif(current_setting('cvp.served_roles', true), '')::text[]) END
$fn$;
COMMENT ON FUNCTION cvp.serves(text, text) IS 'whether a model of a served database is one of those for whom a server asks';

ALTER TABLE cvp.models
    ADD COLUMN database text NOT NULL DEFAULT cvp.served_database(),
    ADD COLUMN served_owner text DEFAULT cvp.served_role(),
    DROP CONSTRAINT models_name_key,
    ADD UNIQUE (name, database);
COMMENT ON COLUMN cvp.models.database IS 'the served database that the model is of, empty for this one';
COMMENT ON COLUMN cvp.models.served_owner IS 'its owner where the database is a served one: a role there';
ALTER TABLE cvp.versions ALTER COLUMN trained_by SET DEFAULT coalesce(cvp.served_role(), current_user);

CREATE FUNCTION cvp.name_taken(name text, database text) RETURNS bool LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp AS $fn$
    SELECT EXISTS (SELECT FROM cvp.models AS m WHERE m.name = name_taken.name AND m.database = name_taken.database)
$fn$;
COMMENT ON FUNCTION cvp.name_taken(text, text) IS 'whether any role of a database has a model of this name';

CREATE OR REPLACE FUNCTION cvp.check_trainable(name text) RETURNS void LANGUAGE plpgsql STABLE
    SET search_path = pg_catalog, pg_temp AS $fn$
DECLARE
    model text := cvp.plain_name(name);
    owner regrole;
BEGIN
    SELECT m.owner INTO owner FROM cvp.models AS m WHERE m.name = model;
    IF owner IS NOT NULL THEN
        IF NOT pg_has_role(owner, 'USAGE') THEN
            RAISE EXCEPTION 'must be owner of model "%"', model USING ERRCODE = 'insufficient_privilege',
                HINT = format('It belongs to %s and is shared with you for predictions.', owner);
        END IF;
    ELSIF cvp.name_taken(model, cvp.served_database()) THEN
        RAISE EXCEPTION 'model "%" already exists and belongs to another role', model
            USING ERRCODE = 'duplicate_object', HINT = CASE WHEN cvp.served_role() IS NULL
                THEN 'Choose another name, or ask for the model to be shared with cvp_share.'
                ELSE 'Choose another name, or become a member of its owner.' END;
    END IF;
END
$fn$;
DROP FUNCTION cvp.name_taken(text);

CREATE OR REPLACE FUNCTION cvp.describe(id uuid) RETURNS SETOF cvp.version_description LANGUAGE plpgsql STABLE ROWS 1
    SET search_path = pg_catalog, pg_temp AS $fn$
BEGIN
    RETURN QUERY SELECT (SELECT d.oid FROM pg_database AS d WHERE d.datname = current_database()),
        v.id, m.name, v.version, v.deployed, coalesce(m.served_owner, pg_get_userbyid(m.owner)::text), v.kind, v.question,
        v.relation, v.target, v.key, v.algorithm, v.task, v.metric, v.value, v.baseline, v.higher_better, v.rows, v.spec,
        v.trained_at, v.trained_by::text
    FROM cvp.versions AS v JOIN cvp.models AS m ON m.id = v.model_id
    WHERE v.id = describe.id;
END
$fn$;

CREATE OR REPLACE FUNCTION cvp.deployed_models(most int) RETURNS TABLE (id uuid, model text) LANGUAGE sql STABLE
    SET search_path = pg_catalog, pg_temp AS $fn$
    SELECT v.id, m.name FROM cvp.versions AS v JOIN cvp.models AS m ON m.id = v.model_id
    WHERE v.deployed AND CASE WHEN m.served_owner IS NULL THEN cvp.trusts(m.owner)
        ELSE m.served_owner = ANY (current_setting('cvp.served_trusted', true)::text[]) END
    ORDER BY m.name LIMIT most
$fn$;

CREATE OR REPLACE FUNCTION cvp.newest_version(model text, max_age interval) RETURNS TABLE (
    id uuid, version int, spec jsonb, age_seconds float8, young bool
) LANGUAGE sql STABLE ROWS 1 SET search_path = pg_catalog, pg_temp AS $fn$
    SELECT v.id, v.version, v.spec, extract(epoch FROM clock_timestamp() - v.trained_at)::float8,
        coalesce(v.trained_at > clock_timestamp() - newest_version.max_age, false)
    FROM (SELECT w.* FROM cvp.models AS m JOIN cvp.versions AS w ON w.model_id = m.id
          WHERE m.name = newest_version.model ORDER BY w.version DESC LIMIT 1) AS v
    WHERE v.trained_by = coalesce(cvp.served_role(), current_user)
$fn$;

GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA cvp TO PUBLIC;
