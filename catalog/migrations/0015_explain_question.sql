-- What a question would be learnt from.

CREATE FUNCTION cvp.cvp_explain_question(question text, options jsonb DEFAULT '{}')
    RETURNS TABLE (item text, value text)
    LANGUAGE plpgsql VOLATILE ROWS 30 SET search_path = pg_catalog, pg_temp AS $fn$
BEGIN
    PERFORM cvp.refuse_direct('cvp_explain_question');
END
$fn$;
COMMENT ON FUNCTION cvp.cvp_explain_question(text, jsonb) IS
    'what cvp_train would learn a question from, without training: tables, paths, time, cutoffs, examples, the rate or mean of the answer in each part, features, notes and the SQL that is pulled; options as of cvp_train';
GRANT EXECUTE ON FUNCTION cvp.cvp_explain_question(text, jsonb) TO PUBLIC;
