-- What a model sees of one key.

CREATE FUNCTION cvp.cvp_features(model text, key anyelement, as_of timestamptz DEFAULT NULL)
    RETURNS TABLE (feature text, value float8, level text, formula text)
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $fn$
BEGIN
    PERFORM cvp.refuse_direct('cvp_features');
END
$fn$;
COMMENT ON FUNCTION cvp.cvp_features(text, anyelement, timestamptz) IS
    'the features of one key as the model reads them, now or as of a moment: a number, or the level of a category; NULL is missing';

CREATE FUNCTION cvp.cvp_features(model text, key text, as_of timestamptz DEFAULT NULL)
    RETURNS TABLE (feature text, value float8, level text, formula text)
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $fn$
BEGIN
    PERFORM cvp.refuse_direct('cvp_features');
END
$fn$;
COMMENT ON FUNCTION cvp.cvp_features(text, text, timestamptz) IS
    'the features of one key as the model reads them, now or as of a moment: a number, or the level of a category; NULL is missing';

GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA cvp TO PUBLIC;
