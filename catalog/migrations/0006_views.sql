-- Views over the registry. A view reads tables with its owner's rights before PostgreSQL 15, a function called in
-- a view always runs with its caller's: so the rows come from functions.

CREATE FUNCTION cvp.visible_models() RETURNS TABLE (
    name text, version int, question text, target text, algorithm text, metric text, value float8, baseline float8,
    rows bigint, trained_at timestamptz, trained_by text, deployed bool
) LANGUAGE sql STABLE ROWS 100 SET search_path = pg_catalog, pg_temp AS $fn$
    SELECT m.name, v.version, v.question, v.target, v.algorithm, v.metric, v.value, v.baseline, v.rows, v.trained_at,
        v.trained_by::text, v.deployed
    FROM cvp.models AS m JOIN cvp.versions AS v ON v.model_id = m.id
    ORDER BY m.name, v.version
$fn$;
COMMENT ON FUNCTION cvp.visible_models() IS 'the rows of cvp_models';

CREATE FUNCTION cvp.visible_runs() RETURNS TABLE (
    name text, version int, algorithm text, trial int, step int, train float8, validation float8, seconds float8
) LANGUAGE sql STABLE ROWS 1000 SET search_path = pg_catalog, pg_temp AS $fn$
    SELECT m.name, v.version, r.algorithm, r.trial, r.step, r.train, r.validation, r.seconds
    FROM cvp.models AS m JOIN cvp.versions AS v ON v.model_id = m.id JOIN cvp.runs AS r ON r.version_id = v.id
    ORDER BY m.name, v.version, r.ordinal
$fn$;
COMMENT ON FUNCTION cvp.visible_runs() IS 'the rows of cvp_runs';

CREATE VIEW cvp.cvp_models AS SELECT * FROM cvp.visible_models();
COMMENT ON VIEW cvp.cvp_models IS 'versions of the models that you own or that were shared with you';
COMMENT ON COLUMN cvp.cvp_models.question IS 'what a model of raw tables predicts';
COMMENT ON COLUMN cvp.cvp_models.target IS 'the column that a model of a relation predicts';
COMMENT ON COLUMN cvp.cvp_models.value IS 'the metric on the hold-out';
COMMENT ON COLUMN cvp.cvp_models.baseline IS 'the metric of the baseline on the same hold-out';
COMMENT ON COLUMN cvp.cvp_models.deployed IS 'whether the model''s plain name stands for this version';

CREATE VIEW cvp.cvp_runs AS SELECT * FROM cvp.visible_runs();
COMMENT ON VIEW cvp.cvp_runs IS 'training steps (epochs, rounds, trials) of the models that you may use';

GRANT SELECT ON cvp.cvp_models, cvp.cvp_runs TO PUBLIC;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA cvp TO PUBLIC;
