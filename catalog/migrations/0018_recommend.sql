-- Models that recommend items.

ALTER TABLE cvp.versions DROP CONSTRAINT versions_task_check, ADD CONSTRAINT versions_task_check CHECK (task IN ('class', 'value', 'items'));

CREATE FUNCTION cvp.cvp_recommend(model text, key anyelement, n int DEFAULT NULL)
    RETURNS TABLE (item text, score float8, rank int)
    LANGUAGE plpgsql VOLATILE ROWS 10 SET search_path = pg_catalog, pg_temp AS $fn$
BEGIN
    PERFORM cvp.refuse_direct('cvp_recommend');
END
$fn$;
COMMENT ON FUNCTION cvp.cvp_recommend(text, anyelement, int) IS
    'the n items that a key is likeliest to have next, the likeliest first; n defaults to the question''s TOP';

CREATE FUNCTION cvp.cvp_recommend(model text, key text, n int DEFAULT NULL)
    RETURNS TABLE (item text, score float8, rank int)
    LANGUAGE plpgsql VOLATILE ROWS 10 SET search_path = pg_catalog, pg_temp AS $fn$
BEGIN
    PERFORM cvp.refuse_direct('cvp_recommend');
END
$fn$;
COMMENT ON FUNCTION cvp.cvp_recommend(text, text, int) IS
    'the n items that a key is likeliest to have next, the likeliest first; n defaults to the question''s TOP';

GRANT EXECUTE ON FUNCTION cvp.cvp_recommend(text, anyelement, int), cvp.cvp_recommend(text, text, int) TO PUBLIC;
