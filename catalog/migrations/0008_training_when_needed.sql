-- Training that may run every hour: cvp_train leaves a model as it is where it is young enough or its data are the same.

-- A function's arguments cannot be added to; a second one beside it would make short calls ambiguous.
DROP FUNCTION cvp.cvp_train(text, text, text, text, text, text, jsonb);
CREATE FUNCTION cvp.cvp_train(
    model text, question text DEFAULT NULL, relation text DEFAULT NULL, target text DEFAULT NULL,
    key text DEFAULT NULL, algorithm text DEFAULT 'auto', options jsonb DEFAULT '{}', max_age interval DEFAULT NULL,
    if_changed bool DEFAULT false
) RETURNS SETOF cvp.training LANGUAGE plpgsql VOLATILE ROWS 10 SET search_path = pg_catalog, pg_temp AS $fn$
BEGIN
    PERFORM cvp.refuse_direct('cvp_train');
END
$fn$;
COMMENT ON FUNCTION cvp.cvp_train(text, text, text, text, text, text, jsonb, interval, bool) IS
    'trains a model on a question about raw tables, or on the target column of a relation; one row per algorithm tried; max_age, if_changed: not where the newest version is younger, or the data are the same';

-- The newest version counts, deployed or not: one that did not deserve it would not do so after an hour either. It counts
-- only for the role that trained it, since another one may be shown other rows.
CREATE FUNCTION cvp.newest_version(model text, max_age interval) RETURNS TABLE (
    id uuid, version int, spec jsonb, age_seconds float8, young bool
) LANGUAGE sql STABLE ROWS 1 SET search_path = pg_catalog, pg_temp AS $fn$
    SELECT v.id, v.version, v.spec, extract(epoch FROM clock_timestamp() - v.trained_at)::float8,
        coalesce(v.trained_at > clock_timestamp() - newest_version.max_age, false)
    FROM (SELECT w.* FROM cvp.models AS m JOIN cvp.versions AS w ON w.model_id = m.id
          WHERE m.name = newest_version.model ORDER BY w.version DESC LIMIT 1) AS v
    WHERE v.trained_by = current_user
$fn$;
COMMENT ON FUNCTION cvp.newest_version(text, interval) IS
    'the last version of a model where the caller has trained it, and whether it is younger than max_age';

CREATE FUNCTION cvp.read_leaderboard(version uuid) RETURNS TABLE (
    algorithm text, chosen bool, metric text, value float8, baseline float8, rows bigint, fit_seconds float8
) LANGUAGE sql STABLE ROWS 10 SET search_path = pg_catalog, pg_temp AS $fn$
    SELECT l.algorithm, l.chosen, l.metric, l.value, l.baseline, l.rows, l.fit_seconds
    FROM cvp.leaderboard AS l WHERE l.version_id = read_leaderboard.version ORDER BY l.ordinal
$fn$;
COMMENT ON FUNCTION cvp.read_leaderboard(uuid) IS 'what cvp_train gave when it trained a version';

GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA cvp TO PUBLIC;
