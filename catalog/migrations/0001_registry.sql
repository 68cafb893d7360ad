-- The tables of the registry and who may touch which row.
--
-- Any role may use them, so the grants are by column: what a role may not choose (owner, id, who trained and
-- when) is not grantable at all, and nobody holds INSERT, UPDATE or DELETE on a whole table, which would also
-- let him LOCK it.

CREATE SCHEMA cvp;
COMMENT ON SCHEMA cvp IS 'customer value prediction: models, their versions and the cvp_ functions';
GRANT USAGE ON SCHEMA cvp TO PUBLIC;

CREATE TABLE cvp.schema_migrations (
    version int PRIMARY KEY,
    name text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    applied_by name NOT NULL DEFAULT session_user
);
COMMENT ON TABLE cvp.schema_migrations IS 'migrations applied to schema cvp';

-- gen_random_uuid() is built in from PostgreSQL 13 on.
DO $do$
BEGIN
    IF current_setting('server_version_num')::int >= 130000 THEN
        CREATE FUNCTION cvp.new_id() RETURNS uuid LANGUAGE sql VOLATILE
            SET search_path = pg_catalog, pg_temp
            AS 'SELECT gen_random_uuid()';
    ELSE
        CREATE FUNCTION cvp.new_id() RETURNS uuid LANGUAGE sql VOLATILE
            SET search_path = pg_catalog, pg_temp
            AS 'SELECT md5(random()::text || clock_timestamp()::text || txid_current()::text)::uuid';
    END IF;
END
$do$;
COMMENT ON FUNCTION cvp.new_id() IS 'a fresh id for a model or a version';

-- Roles are kept as regrole: they survive a rename, and a role created later under the name of a dropped one
-- inherits nothing. A dump holds their names.
CREATE TABLE cvp.models (
    id uuid PRIMARY KEY DEFAULT cvp.new_id(),
    name text NOT NULL UNIQUE,
    owner regrole NOT NULL DEFAULT quote_ident(current_user::text)::regrole,
    readers regrole[] NOT NULL DEFAULT '{}',
    last_version int NOT NULL DEFAULT 0,
    dropped bool NOT NULL DEFAULT false,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT models_name_check CHECK (name <> '' AND octet_length(name) <= 63 AND strpos(name, '@') = 0)
);
COMMENT ON TABLE cvp.models IS 'models by name; their content is in versions';
COMMENT ON COLUMN cvp.models.readers IS 'roles that may use the model beside its owner; 0 (shown as -) is PUBLIC';
COMMENT ON COLUMN cvp.models.last_version IS 'the number given last; raised under the row''s lock, so no two trainings get the same';
COMMENT ON COLUMN cvp.models.dropped IS 'set to drop the model: a trigger deletes the row at once';

CREATE TABLE cvp.versions (
    id uuid PRIMARY KEY DEFAULT cvp.new_id(),
    model_id uuid NOT NULL REFERENCES cvp.models ON DELETE CASCADE,
    version int NOT NULL CHECK (version > 0),
    kind text NOT NULL CHECK (kind IN ('question', 'relation')),
    question text CHECK ((question IS NOT NULL) = (kind = 'question')),
    relation text CHECK ((relation IS NOT NULL) = (kind = 'relation')),
    target text,
    key text,
    algorithm text NOT NULL,
    task text NOT NULL CHECK (task IN ('class', 'value')),
    metric text NOT NULL,
    value float8,
    baseline float8,
    higher_better bool NOT NULL,
    rows bigint NOT NULL CHECK (rows >= 0),
    spec jsonb NOT NULL,
    artifact bytea NOT NULL,
    trained_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    trained_by name NOT NULL DEFAULT current_user,
    deployed bool NOT NULL DEFAULT false,
    deployed_at timestamptz,
    dropped bool NOT NULL DEFAULT false,
    UNIQUE (model_id, version)
);
CREATE UNIQUE INDEX versions_one_deployed ON cvp.versions (model_id) WHERE deployed;
COMMENT ON TABLE cvp.versions IS 'trained versions of each model';
COMMENT ON COLUMN cvp.versions.spec IS 'options, cutoffs and the frozen hold-out';
COMMENT ON COLUMN cvp.versions.artifact IS 'the model''s bytes, as the engine encodes them';
COMMENT ON COLUMN cvp.versions.deployed_at IS 'when it was last deployed; the previous one is what cvp_rollback returns to';
COMMENT ON COLUMN cvp.versions.dropped IS 'set to drop the version: a trigger deletes the row at once';

CREATE TABLE cvp.metrics (
    version_id uuid NOT NULL REFERENCES cvp.versions ON DELETE CASCADE,
    ordinal int NOT NULL,
    split text NOT NULL,
    metric text NOT NULL,
    value float8,
    PRIMARY KEY (version_id, split, metric)
);
COMMENT ON TABLE cvp.metrics IS 'quality of each version on each split, as measured when it was trained';

CREATE TABLE cvp.leaderboard (
    version_id uuid NOT NULL REFERENCES cvp.versions ON DELETE CASCADE,
    ordinal int NOT NULL,
    algorithm text NOT NULL,
    chosen bool NOT NULL,
    metric text NOT NULL,
    value float8,
    baseline float8,
    rows bigint NOT NULL,
    fit_seconds float8 NOT NULL,
    PRIMARY KEY (version_id, ordinal)
);
COMMENT ON TABLE cvp.leaderboard IS 'algorithms tried for each version';

CREATE TABLE cvp.runs (
    version_id uuid NOT NULL REFERENCES cvp.versions ON DELETE CASCADE,
    ordinal int NOT NULL,
    algorithm text NOT NULL,
    trial int NOT NULL,
    step int NOT NULL,
    train float8,
    validation float8,
    seconds float8,
    PRIMARY KEY (version_id, ordinal)
);
COMMENT ON TABLE cvp.runs IS 'one row per epoch, round or trial of a training';

-- Row-level security. The owner of the schema sees every row, as the owner of any table does (and so can dump it).
ALTER TABLE cvp.models ENABLE ROW LEVEL SECURITY;
ALTER TABLE cvp.versions ENABLE ROW LEVEL SECURITY;
ALTER TABLE cvp.metrics ENABLE ROW LEVEL SECURITY;
ALTER TABLE cvp.leaderboard ENABLE ROW LEVEL SECURITY;
ALTER TABLE cvp.runs ENABLE ROW LEVEL SECURITY;

CREATE POLICY readable ON cvp.models FOR SELECT USING (
    pg_has_role(owner, 'USAGE') OR 0::oid::regrole = ANY (readers)
    OR EXISTS (SELECT FROM unnest(readers) AS r (reader) WHERE pg_has_role(r.reader, 'USAGE')));
CREATE POLICY creatable ON cvp.models FOR INSERT WITH CHECK (pg_has_role(owner, 'USAGE'));
CREATE POLICY changeable ON cvp.models FOR UPDATE USING (pg_has_role(owner, 'USAGE'));

-- The sub-selects run under the policies of the table they read: a version is readable where its model is.
CREATE POLICY readable ON cvp.versions FOR SELECT USING (
    EXISTS (SELECT FROM cvp.models AS m WHERE m.id = model_id));
CREATE POLICY creatable ON cvp.versions FOR INSERT WITH CHECK (
    EXISTS (SELECT FROM cvp.models AS m WHERE m.id = model_id AND pg_has_role(m.owner, 'USAGE')));
CREATE POLICY changeable ON cvp.versions FOR UPDATE USING (
    EXISTS (SELECT FROM cvp.models AS m WHERE m.id = model_id AND pg_has_role(m.owner, 'USAGE')));

DO $do$
DECLARE
    part text;
BEGIN
    FOREACH part IN ARRAY ARRAY['metrics', 'leaderboard', 'runs'] LOOP
        EXECUTE format($sql$
            CREATE POLICY readable ON cvp.%1$I FOR SELECT USING (
                EXISTS (SELECT FROM cvp.versions AS v WHERE v.id = version_id));
            CREATE POLICY creatable ON cvp.%1$I FOR INSERT WITH CHECK (
                EXISTS (SELECT FROM cvp.versions AS v JOIN cvp.models AS m ON m.id = v.model_id
                        WHERE v.id = version_id AND pg_has_role(m.owner, 'USAGE')));
            $sql$, part);
    END LOOP;
END
$do$;

-- ALTER DEFAULT PRIVILEGES of the installing role may have given others more than that.
DO $do$
DECLARE
    given record;
BEGIN
    FOR given IN SELECT DISTINCT c.relname, a.grantee FROM pg_class AS c, aclexplode(c.relacl) AS a
                 WHERE c.relnamespace = 'cvp'::regnamespace AND c.relkind = 'r' AND a.grantee NOT IN (0, c.relowner) LOOP
        EXECUTE format('REVOKE ALL ON cvp.%I FROM %s', given.relname, given.grantee::regrole);
    END LOOP;
END
$do$;
REVOKE ALL ON ALL TABLES IN SCHEMA cvp FROM PUBLIC;

GRANT SELECT ON cvp.schema_migrations TO PUBLIC;
GRANT SELECT, INSERT (name), UPDATE (readers, last_version, dropped) ON cvp.models TO PUBLIC;
GRANT SELECT,
    INSERT (model_id, version, kind, question, relation, target, key, algorithm, task, metric, value, baseline,
            higher_better, rows, spec, artifact),
    UPDATE (deployed, deployed_at, dropped)
    ON cvp.versions TO PUBLIC;
GRANT SELECT, INSERT (version_id, ordinal, split, metric, value) ON cvp.metrics TO PUBLIC;
GRANT SELECT, INSERT (version_id, ordinal, algorithm, chosen, metric, value, baseline, rows, fit_seconds)
    ON cvp.leaderboard TO PUBLIC;
GRANT SELECT, INSERT (version_id, ordinal, algorithm, trial, step, train, validation, seconds) ON cvp.runs TO PUBLIC;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA cvp TO PUBLIC;

-- Dropping: the row's UPDATE policy has let the caller mark it, and the table's owner deletes it. A DELETE
-- privilege could only be granted on the whole table.
CREATE FUNCTION cvp.delete_dropped() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp AS $fn$
BEGIN
    IF TG_TABLE_NAME = 'models' THEN
        DELETE FROM cvp.models AS m WHERE m.id = NEW.id;
    ELSE
        DELETE FROM cvp.versions AS v WHERE v.id = NEW.id;
    END IF;
    RETURN NULL;
END
$fn$;
COMMENT ON FUNCTION cvp.delete_dropped() IS 'deletes a model or version that was marked as dropped';
CREATE TRIGGER delete_dropped AFTER UPDATE OF dropped ON cvp.models
    FOR EACH ROW WHEN (NEW.dropped) EXECUTE FUNCTION cvp.delete_dropped();
CREATE TRIGGER delete_dropped AFTER UPDATE OF dropped ON cvp.versions
    FOR EACH ROW WHEN (NEW.dropped) EXECUTE FUNCTION cvp.delete_dropped();
