-- A row that an outer join leaves empty has no prediction, as through the server. Written as a literal and taken
-- apart it would be a row of NULLs, which has one.

CREATE OR REPLACE FUNCTION cvp.call_text(model text, subject anyelement) RETURNS text LANGUAGE plpgsql STABLE
    SET search_path = pg_catalog, pg_temp AS $fn$
DECLARE
    named text := CASE WHEN model IS NOT NULL THEN format('%L, ', model) ELSE '' END;
    value text := cvp.literal(subject);
BEGIN
    IF (SELECT t.typrelid = 0 FROM pg_type AS t WHERE t.oid = pg_typeof(subject)::oid) THEN
        RETURN format('SELECT NULL::pg_catalog.text, cvp.cvp_predict(%s%s), NULL::pg_catalog.int4', named, value);
    END IF;
    IF subject IS NOT DISTINCT FROM NULL THEN
        RETURN format('SELECT NULL::pg_catalog.text, cvp.cvp_predict(%sNULL::pg_catalog.text), NULL::pg_catalog.int4', named);
    END IF;
    RETURN format('SELECT NULL::pg_catalog.text, cvp.cvp_predict(%ssubject), NULL::pg_catalog.int4 FROM (SELECT (%s).*) AS subject', named, value);
END
$fn$;
