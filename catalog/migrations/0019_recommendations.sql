-- Recommended items of every key.

CREATE FUNCTION cvp.cvp_recommendations(model text, n int DEFAULT NULL)
    RETURNS TABLE (key text, item text, score float8, rank int)
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $fn$
BEGIN
    PERFORM cvp.refuse_direct('cvp_recommendations');
END
$fn$;
COMMENT ON FUNCTION cvp.cvp_recommendations(text, int) IS
    'the n items that each key is likeliest to have next, the likeliest first; n defaults to the question''s TOP';
GRANT EXECUTE ON FUNCTION cvp.cvp_recommendations(text, int) TO PUBLIC;
