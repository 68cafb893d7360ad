-- The calls that the server answers. Postgres needs them to resolve names, to describe statements and to list
-- them in \df; run by Postgres itself they can only say where to go.

CREATE TYPE cvp.training AS (
    model text, version int, algorithm text, chosen bool, metric text, value float8, baseline float8, rows bigint,
    fit_seconds float8);
GRANT USAGE ON TYPE cvp.training TO PUBLIC;

CREATE FUNCTION cvp.refuse_direct(call text) RETURNS void LANGUAGE plpgsql VOLATILE
    SET search_path = pg_catalog, pg_temp AS $fn$
BEGIN
    RAISE EXCEPTION '% must be called through the cvp server', call USING ERRCODE = 'feature_not_supported',
        HINT = 'Connect to the host and port of "cvp serve" instead of Postgres, with the same user and database, '
            'and call it in the statement itself rather than in a function or view.';
END
$fn$;
COMMENT ON FUNCTION cvp.refuse_direct(text) IS 'the error of an engine call that reached Postgres';

CREATE FUNCTION cvp.cvp_train(
    model text, question text DEFAULT NULL, relation text DEFAULT NULL, target text DEFAULT NULL,
    key text DEFAULT NULL, algorithm text DEFAULT 'auto', options jsonb DEFAULT '{}'
) RETURNS SETOF cvp.training LANGUAGE plpgsql VOLATILE ROWS 10 SET search_path = pg_catalog, pg_temp AS $fn$
BEGIN
    PERFORM cvp.refuse_direct('cvp_train');
END
$fn$;
COMMENT ON FUNCTION cvp.cvp_train(text, text, text, text, text, text, jsonb) IS
    'trains a model on a question about raw tables, or on the target column of a relation; one row per algorithm tried';

CREATE FUNCTION cvp.cvp_predict(model text, subject anyelement) RETURNS float8 LANGUAGE plpgsql STABLE
    SET search_path = pg_catalog, pg_temp AS $fn$
BEGIN
    PERFORM cvp.refuse_direct('cvp_predict');
END
$fn$;
COMMENT ON FUNCTION cvp.cvp_predict(text, anyelement) IS
    'the model''s prediction for a key or for a whole row; NULL for a key that is not there';

CREATE FUNCTION cvp.cvp_predict(model text, key text) RETURNS float8 LANGUAGE plpgsql STABLE
    SET search_path = pg_catalog, pg_temp AS $fn$
BEGIN
    PERFORM cvp.refuse_direct('cvp_predict');
END
$fn$;
COMMENT ON FUNCTION cvp.cvp_predict(text, text) IS 'the model''s prediction for a key; NULL for a key that is not there';

CREATE FUNCTION cvp.cvp_predict(subject anyelement) RETURNS float8 LANGUAGE plpgsql STABLE
    SET search_path = pg_catalog, pg_temp AS $fn$
BEGIN
    PERFORM cvp.refuse_direct('cvp_predict');
END
$fn$;
COMMENT ON FUNCTION cvp.cvp_predict(anyelement) IS 'the only deployed model''s prediction for a key or for a whole row';

CREATE FUNCTION cvp.cvp_predict(key text) RETURNS float8 LANGUAGE plpgsql STABLE
    SET search_path = pg_catalog, pg_temp AS $fn$
BEGIN
    PERFORM cvp.refuse_direct('cvp_predict');
END
$fn$;
COMMENT ON FUNCTION cvp.cvp_predict(text) IS 'the only deployed model''s prediction for a key';

CREATE FUNCTION cvp.cvp_predictions(model text) RETURNS TABLE (key text, prediction float8, decile int)
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $fn$
BEGIN
    PERFORM cvp.refuse_direct('cvp_predictions');
END
$fn$;
COMMENT ON FUNCTION cvp.cvp_predictions(text) IS
    'predictions for every entity of a model; decile 1 holds the highest tenth';

GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA cvp TO PUBLIC;
