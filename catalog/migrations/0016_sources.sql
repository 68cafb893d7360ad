-- What a schema does not say of a table or view: which column is the time of its rows, which rows are one purchase, and to
-- which rows of other tables they belong. Questions read it; options of a training go before it.

CREATE TABLE cvp.sources (
    relation regclass PRIMARY KEY,
    time_column name,
    group_column name,
    recorded_column name,
    links text[] NOT NULL DEFAULT '{}',
    defined_by name NOT NULL DEFAULT current_user,
    defined_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    dropped bool NOT NULL DEFAULT false
);
COMMENT ON TABLE cvp.sources IS 'what questions should know of tables and views beyond their schema';
COMMENT ON COLUMN cvp.sources.dropped IS 'set to drop the row: a trigger deletes it at once';

-- Who owns the relation says what it means. Everybody may read that.
CREATE FUNCTION cvp.owns(relation regclass) RETURNS bool LANGUAGE sql STABLE STRICT SET search_path = pg_catalog, pg_temp AS $fn$
    SELECT EXISTS (SELECT FROM pg_class AS c WHERE c.oid = owns.relation AND pg_has_role(c.relowner, 'USAGE'))
$fn$;
COMMENT ON FUNCTION cvp.owns(regclass) IS 'whether the caller has the rights of the owner of a relation';
ALTER TABLE cvp.sources ENABLE ROW LEVEL SECURITY;
CREATE POLICY readable ON cvp.sources FOR SELECT USING (true);
CREATE POLICY creatable ON cvp.sources FOR INSERT WITH CHECK (cvp.owns(relation));
CREATE POLICY changeable ON cvp.sources FOR UPDATE USING (cvp.owns(relation));
REVOKE ALL ON cvp.sources FROM PUBLIC;
GRANT SELECT, INSERT (relation, time_column, group_column, recorded_column, links),
    UPDATE (time_column, group_column, recorded_column, links, dropped) ON cvp.sources TO PUBLIC;

CREATE OR REPLACE FUNCTION cvp.delete_dropped() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp AS $fn$
BEGIN
    CASE TG_TABLE_NAME
        WHEN 'models' THEN DELETE FROM cvp.models AS m WHERE m.id = NEW.id;
        WHEN 'versions' THEN DELETE FROM cvp.versions AS v WHERE v.id = NEW.id;
        ELSE DELETE FROM cvp.sources AS s WHERE s.relation = NEW.relation;
    END CASE;
    RETURN NULL;
END
$fn$;
COMMENT ON FUNCTION cvp.delete_dropped() IS 'deletes a model, version or declaration that was marked as dropped';
CREATE TRIGGER delete_dropped AFTER UPDATE OF dropped ON cvp.sources
    FOR EACH ROW WHEN (NEW.dropped) EXECUTE FUNCTION cvp.delete_dropped();

CREATE FUNCTION cvp.check_source_column(relation regclass, named text, of_time bool) RETURNS name LANGUAGE plpgsql STABLE
    SET search_path = pg_catalog, pg_temp AS $fn$
DECLARE
    col record;
BEGIN
    IF named IS NULL THEN
        RETURN NULL;
    END IF;
    SELECT a.attname, a.atttypid INTO col FROM pg_attribute AS a
    WHERE a.attrelid = relation AND a.attname = named AND a.attnum > 0 AND NOT a.attisdropped;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'column "%" of relation "%" does not exist', named, (SELECT c.relname FROM pg_class AS c WHERE c.oid = relation)
            USING ERRCODE = 'undefined_column', HINT = 'Its columns are ' || (SELECT string_agg(a.attname, ', ' ORDER BY a.attnum)
                FROM pg_attribute AS a WHERE a.attrelid = relation AND a.attnum > 0 AND NOT a.attisdropped) || '.';
    END IF;
    IF of_time AND cvp.getbasetype(col.atttypid) NOT IN ('date'::regtype, 'timestamp'::regtype, 'timestamptz'::regtype) THEN
        RAISE EXCEPTION 'column "%" is of type %, not a date or timestamp', named, format_type(col.atttypid, NULL)
            USING ERRCODE = 'datatype_mismatch';
    END IF;
    RETURN col.attname;
END
$fn$;
COMMENT ON FUNCTION cvp.check_source_column(regclass, text, bool) IS 'a column of a relation, an error where there is none or it is no time';

-- The base type of a domain, the type itself otherwise.
CREATE FUNCTION cvp.getbasetype(type oid) RETURNS oid LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $fn$
    WITH RECURSIVE base (oid, of) AS (
        SELECT t.oid, t.typbasetype FROM pg_type AS t WHERE t.oid = getbasetype.type
        UNION ALL SELECT t.oid, t.typbasetype FROM base AS b JOIN pg_type AS t ON t.oid = b.of)
    SELECT b.oid FROM base AS b WHERE b.of = 0
$fn$;
COMMENT ON FUNCTION cvp.getbasetype(oid) IS 'the type under a domain';

-- 'customer_id = customers.customer_id', the table found by the caller's search_path; written out for good.
CREATE FUNCTION cvp.check_source_link(relation regclass, link text, path text) RETURNS text LANGUAGE plpgsql STABLE
    SET search_path = pg_catalog, pg_temp AS $fn$
DECLARE
    sides text[] := string_to_array(link, '=');
    own text[];
    other text[];
    target regclass;
BEGIN
    IF cardinality(sides) = 2 THEN
        own := parse_ident(btrim(sides[1]));
        other := parse_ident(btrim(sides[2]));
    END IF;
    IF own IS NULL OR cardinality(other) NOT BETWEEN 2 AND 3 THEN
        RAISE EXCEPTION 'link "%" does not say column = table.column', link USING ERRCODE = 'invalid_parameter_value',
            HINT = 'Write it like ''customer_id = customers.customer_id''.';
    END IF;
    PERFORM set_config('search_path', path, true);
    target := to_regclass((SELECT string_agg(quote_ident(part), '.') FROM unnest(other[:cardinality(other) - 1]) AS part));
    PERFORM set_config('search_path', 'pg_catalog, pg_temp', true);
    IF target IS NULL THEN
        RAISE EXCEPTION 'relation "%" does not exist', array_to_string(other[:cardinality(other) - 1], '.') USING ERRCODE = 'undefined_table';
    END IF;
    PERFORM cvp.check_source_column(target, other[cardinality(other)], false);
    RETURN (SELECT format('%I.%I.%I', n.nspname, c.relname, cvp.check_source_column(relation, own[cardinality(own)], false))
            FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace WHERE c.oid = relation)
        || ' = ' || (SELECT format('%I.%I.%I', n.nspname, c.relname, other[cardinality(other)])
            FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace WHERE c.oid = target);
END
$fn$;
COMMENT ON FUNCTION cvp.check_source_link(regclass, text, text) IS 'a link with all its names written out, an error where it names nothing';

CREATE FUNCTION cvp.cvp_define_source(relation regclass, time_column text DEFAULT NULL, links text[] DEFAULT '{}',
    group_column text DEFAULT NULL, recorded_at text DEFAULT NULL)
    RETURNS TABLE (relation_name text, "time" text, linked text[], "group" text, recorded text)
    LANGUAGE plpgsql VOLATILE AS $fn$
DECLARE
    path pg_catalog.text := pg_catalog.current_setting('search_path');
BEGIN
    RETURN QUERY SELECT * FROM cvp.define_source(relation, time_column, links, group_column, recorded_at, path);
END
$fn$;
COMMENT ON FUNCTION cvp.cvp_define_source(regclass, text, text[], text, text) IS
    'says what the schema does not of a table or view: the column of its rows'' time, links such as ''customer_id = customers.customer_id'', the purchase a row belongs to, and when a row was recorded';

CREATE FUNCTION cvp.define_source(relation regclass, time_column text, links text[], group_column text, recorded_at text, path text)
    RETURNS TABLE (relation_name text, "time" text, linked text[], "group" text, recorded text)
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $fn$
#variable_conflict use_variable
BEGIN
    IF relation IS NULL THEN
        RAISE EXCEPTION 'the relation must not be NULL' USING ERRCODE = 'null_value_not_allowed';
    END IF;
    IF NOT cvp.owns(relation) THEN
        RAISE EXCEPTION 'must be owner of relation %', (SELECT c.relname FROM pg_class AS c WHERE c.oid = relation)
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    time_column := cvp.check_source_column(relation, time_column, true);
    group_column := cvp.check_source_column(relation, group_column, false);
    recorded_at := cvp.check_source_column(relation, recorded_at, true);
    links := ARRAY(SELECT cvp.check_source_link(relation, l, path) FROM unnest(coalesce(links, '{}')) AS l);
    INSERT INTO cvp.sources AS s (relation, time_column, group_column, recorded_column, links)
    VALUES (relation, time_column, group_column, recorded_at, links)
    ON CONFLICT ON CONSTRAINT sources_pkey DO UPDATE SET time_column = EXCLUDED.time_column, group_column = EXCLUDED.group_column,
        recorded_column = EXCLUDED.recorded_column, links = EXCLUDED.links;
    RETURN QUERY SELECT relation::text, time_column, links, group_column, recorded_at;
END
$fn$;
COMMENT ON FUNCTION cvp.define_source(regclass, text, text[], text, text, text) IS 'the work of cvp_define_source, which knows the caller''s search_path';

CREATE FUNCTION cvp.cvp_drop_source(relation regclass) RETURNS bool LANGUAGE plpgsql VOLATILE
    SET search_path = pg_catalog, pg_temp AS $fn$
BEGIN
    IF NOT coalesce(cvp.owns(relation), false) THEN
        RAISE EXCEPTION 'must be owner of relation %', (SELECT c.relname FROM pg_class AS c WHERE c.oid = relation)
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    UPDATE cvp.sources AS s SET dropped = true WHERE s.relation = cvp_drop_source.relation;
    RETURN FOUND;
END
$fn$;
COMMENT ON FUNCTION cvp.cvp_drop_source(regclass) IS 'forgets what cvp_define_source said of a relation; false where it said nothing';

CREATE FUNCTION cvp.defined_sources() RETURNS TABLE (schema_name text, relation_name text, time_column text, group_column text,
    recorded_column text, links text[]) LANGUAGE sql STABLE ROWS 10 SET search_path = pg_catalog, pg_temp AS $fn$
    SELECT n.nspname::text, c.relname::text, s.time_column::text, s.group_column::text, s.recorded_column::text, s.links
    FROM cvp.sources AS s JOIN pg_class AS c ON c.oid = s.relation JOIN pg_namespace AS n ON n.oid = c.relnamespace
    ORDER BY 1, 2
$fn$;
COMMENT ON FUNCTION cvp.defined_sources() IS 'what cvp_define_source has said, without relations that are gone';
CREATE VIEW cvp.cvp_sources AS SELECT * FROM cvp.defined_sources();
COMMENT ON VIEW cvp.cvp_sources IS 'what questions know of tables and views beyond their schema';
GRANT SELECT ON cvp.cvp_sources TO PUBLIC;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA cvp TO PUBLIC;
