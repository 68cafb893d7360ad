-- Writing a new version. Called by the server on the client's connection, as the client's role.

-- name_taken is the one question that must see past row-level security: names are unique over all roles.
CREATE FUNCTION cvp.name_taken(name text) RETURNS bool LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp AS $fn$
    SELECT EXISTS (SELECT FROM cvp.models AS m WHERE m.name = name_taken.name)
$fn$;
COMMENT ON FUNCTION cvp.name_taken(text) IS 'whether any role has a model of this name';

CREATE FUNCTION cvp.check_trainable(name text) RETURNS void LANGUAGE plpgsql STABLE
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
    ELSIF cvp.name_taken(model) THEN
        RAISE EXCEPTION 'model "%" already exists and belongs to another role', model
            USING ERRCODE = 'duplicate_object',
            HINT = 'Choose another name, or ask for the model to be shared with cvp_share.';
    END IF;
END
$fn$;
COMMENT ON FUNCTION cvp.check_trainable(text) IS 'an error unless the caller may train a model of this name';

-- claim_version holds the model's row lock until the transaction ends: trainings of one name are numbered one
-- after the other, and a rollback gives its number back.
CREATE FUNCTION cvp.claim_version(name text, OUT model_id uuid, OUT version int) LANGUAGE plpgsql VOLATILE
    SET search_path = pg_catalog, pg_temp AS $fn$
BEGIN
    LOOP
        PERFORM cvp.check_trainable(name);
        UPDATE cvp.models AS m SET last_version = m.last_version + 1 WHERE m.name = claim_version.name
            RETURNING m.id, m.last_version INTO model_id, version;
        EXIT WHEN model_id IS NOT NULL;
        -- Waits for a concurrent insert of the same name; whoever comes second goes round again.
        INSERT INTO cvp.models AS m (name) VALUES (claim_version.name) ON CONFLICT DO NOTHING;
    END LOOP;
END
$fn$;
COMMENT ON FUNCTION cvp.claim_version(text) IS 'makes the model if it is new and takes its next version number';

CREATE FUNCTION cvp.save_version(
    name text, kind text, question text, relation text, target text, key text, algorithm text, task text,
    metric text, value float8, baseline float8, higher_better bool, rows bigint, spec jsonb, artifact bytea,
    OUT id uuid, OUT version int
) LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $fn$
DECLARE
    claimed record;
BEGIN
    claimed := cvp.claim_version(name);
    INSERT INTO cvp.versions AS v (model_id, version, kind, question, relation, target, key, algorithm, task, metric,
            value, baseline, higher_better, rows, spec, artifact)
        VALUES (claimed.model_id, claimed.version, kind, question, relation, target, key, algorithm, task, metric,
            value, baseline, higher_better, rows, spec, artifact)
        RETURNING v.id, v.version INTO save_version.id, save_version.version;
END
$fn$;
COMMENT ON FUNCTION cvp.save_version(text, text, text, text, text, text, text, text, text, float8, float8, bool, bigint,
    jsonb, bytea) IS 'stores a trained version under the next number';

CREATE FUNCTION cvp.save_metrics(version_id uuid, splits text[], metrics text[], vals float8[]) RETURNS void
    LANGUAGE sql VOLATILE SET search_path = pg_catalog, pg_temp AS $fn$
    INSERT INTO cvp.metrics (version_id, ordinal, split, metric, value)
        SELECT $1, n.ordinal, n.split, n.metric, n.value
        FROM unnest($2, $3, $4) WITH ORDINALITY AS n (split, metric, value, ordinal)
$fn$;
COMMENT ON FUNCTION cvp.save_metrics(uuid, text[], text[], float8[]) IS 'stores the metrics of a version';

CREATE FUNCTION cvp.save_leaderboard(
    version_id uuid, algorithms text[], chosen bool[], metrics text[], vals float8[], baselines float8[],
    row_counts bigint[], fit_seconds float8[]
) RETURNS void LANGUAGE sql VOLATILE SET search_path = pg_catalog, pg_temp AS $fn$
    INSERT INTO cvp.leaderboard (version_id, ordinal, algorithm, chosen, metric, value, baseline, rows, fit_seconds)
        SELECT $1, n.ordinal, n.algorithm, n.chosen, n.metric, n.value, n.baseline, n.rows, n.fit_seconds
        FROM unnest($2, $3, $4, $5, $6, $7, $8) WITH ORDINALITY
            AS n (algorithm, chosen, metric, value, baseline, rows, fit_seconds, ordinal)
$fn$;
COMMENT ON FUNCTION cvp.save_leaderboard(uuid, text[], bool[], text[], float8[], float8[], bigint[], float8[]) IS
    'stores the algorithms tried for a version';

CREATE FUNCTION cvp.save_runs(
    version_id uuid, algorithms text[], trials int[], steps int[], train float8[], validation float8[], seconds float8[]
) RETURNS void LANGUAGE sql VOLATILE SET search_path = pg_catalog, pg_temp AS $fn$
    INSERT INTO cvp.runs (version_id, ordinal, algorithm, trial, step, train, validation, seconds)
        SELECT $1, n.ordinal, n.algorithm, n.trial, n.step, n.train, n.validation, n.seconds
        FROM unnest($2, $3, $4, $5, $6, $7) WITH ORDINALITY
            AS n (algorithm, trial, step, train, validation, seconds, ordinal)
$fn$;
COMMENT ON FUNCTION cvp.save_runs(uuid, text[], int[], int[], float8[], float8[], float8[]) IS
    'stores the epochs, rounds and trials of a version';

CREATE FUNCTION cvp.previous_version(name text) RETURNS uuid LANGUAGE plpgsql STABLE
    SET search_path = pg_catalog, pg_temp AS $fn$
BEGIN
    PERFORM cvp.check_trainable(name);
    RETURN (SELECT v.id FROM cvp.versions AS v JOIN cvp.models AS m ON m.id = v.model_id
            WHERE m.name = previous_version.name ORDER BY v.deployed DESC, v.version DESC LIMIT 1);
END
$fn$;
COMMENT ON FUNCTION cvp.previous_version(text) IS
    'the version a new training is compared with: the deployed one, else the newest, else NULL';

GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA cvp TO PUBLIC;
