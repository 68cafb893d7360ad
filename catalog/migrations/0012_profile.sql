-- What cleaning finds in a relation.

CREATE FUNCTION cvp.cvp_profile(relation text)
    RETURNS TABLE (column_name text, kind text, rows bigint, missing bigint, distinct_values bigint, mean float8, stddev float8,
        min float8, median float8, max float8, low float8, high float8, cut bigint, most_frequent text, rare_levels bigint, finding text)
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $fn$
BEGIN
    PERFORM cvp.refuse_direct('cvp_profile');
END
$fn$;
COMMENT ON FUNCTION cvp.cvp_profile(text) IS
    'what cleaning finds in a table, a view or a query in parentheses, a row for each column: missing values, bounds to which numbers are cut, rare levels';
GRANT EXECUTE ON FUNCTION cvp.cvp_profile(text) TO PUBLIC;
