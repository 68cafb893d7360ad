-- What a training found of columns that know the answer.

CREATE FUNCTION cvp.cvp_leak_check(model text)
    RETURNS TABLE ("check" text, subject text, severity text, evidence text, advice text)
    LANGUAGE sql STABLE ROWS 20 SET search_path = pg_catalog, pg_temp AS $fn$
    SELECT f.finding->>'check', f.finding->>'subject', f.finding->>'severity', f.finding->>'evidence', f.finding->>'advice'
    FROM cvp.versions AS v, jsonb_array_elements(coalesce(v.spec->'leaks', '[]')) WITH ORDINALITY AS f (finding, n)
    WHERE v.id = cvp.resolve(cvp_leak_check.model, newest => true)
    ORDER BY array_position(ARRAY['error', 'warning', 'info'], f.finding->>'severity'), f.n
$fn$;
COMMENT ON FUNCTION cvp.cvp_leak_check(text) IS
    'columns that may know the answer, as found when the model was trained: check, subject, severity, evidence, advice';
GRANT EXECUTE ON FUNCTION cvp.cvp_leak_check(text) TO PUBLIC;
