-- A schema that shadows whatever of pg_catalog can be shadowed: functions, aggregates, operators, types, tables.
-- Whatever of it is used counts the call in hostile.calls, which no rollback takes back, and fails.
CREATE SCHEMA hostile;
CREATE SEQUENCE hostile.calls;
CREATE FUNCTION hostile.sprung(what pg_catalog.text) RETURNS pg_catalog.bool LANGUAGE plpgsql VOLATILE
    SET search_path = pg_catalog AS $fn$
BEGIN
    PERFORM nextval('hostile.calls');
    RAISE EXCEPTION 'trap sprung: %', what;
END
$fn$;
DO $do$
DECLARE
    f record;
BEGIN
    PERFORM set_config('check_function_bodies', 'off', true);
    FOR f IN SELECT p.oid, p.proname, pg_get_function_identity_arguments(p.oid) AS args, p.prorettype, p.proretset
        FROM pg_proc AS p
        WHERE p.pronamespace = 'pg_catalog'::regnamespace AND p.prokind IN ('f', 'a', 'w') AND p.provariadic = 0
            AND NOT EXISTS (SELECT FROM unnest(p.proargtypes) AS a (t) JOIN pg_type AS y ON y.oid = a.t WHERE y.typtype = 'p'
                AND (y.typname = 'any' OR y.typname NOT LIKE 'any%') AND y.typname <> 'record')
            AND (p.prorettype::regtype::text NOT LIKE 'any%' AND p.prorettype NOT IN ('internal'::regtype, 'trigger'::regtype,
                'event_trigger'::regtype, 'cstring'::regtype, 'record'::regtype)
                AND NOT EXISTS (SELECT FROM pg_type AS r WHERE r.oid = p.prorettype AND r.typtype = 'p' AND r.typname <> 'void')) LOOP
        BEGIN
            EXECUTE format('CREATE FUNCTION hostile.%I (%s) RETURNS %s %s LANGUAGE plpgsql AS %L', f.proname,
                (SELECT coalesce(string_agg(format_type(a.t, NULL), ', ' ORDER BY a.n), '')
                 FROM unnest((SELECT p.proargtypes FROM pg_proc AS p WHERE p.oid = f.oid)) WITH ORDINALITY AS a (t, n)),
                CASE WHEN f.proretset THEN 'SETOF' ELSE '' END, format_type(f.prorettype, NULL),
                format('BEGIN PERFORM hostile.sprung(%L); END', f.oid::regprocedure));
        EXCEPTION WHEN duplicate_function THEN
            NULL;
        END;
    END LOOP;
END
$do$;
-- unnest and its kind give anyelement, so the loop above left them out.
CREATE FUNCTION hostile.unnest(anyarray) RETURNS SETOF anyelement LANGUAGE plpgsql AS $$ BEGIN PERFORM hostile.sprung('unnest'); END $$;
DO $do$
DECLARE
    o record;
    name text;
BEGIN
    FOR o IN SELECT p.oid, p.oprname, p.oprleft, p.oprright, p.oprresult FROM pg_operator AS p
        WHERE p.oprnamespace = 'pg_catalog'::regnamespace AND p.oprresult <> 0 AND p.oprright <> 0
            AND p.oprresult::regtype::text NOT LIKE 'any%' AND p.oprname NOT IN ('!', '=>') LOOP
        name := 'operator_' || o.oid;
        EXECUTE format('CREATE FUNCTION hostile.%I (%s) RETURNS %s LANGUAGE plpgsql AS %L', name,
            concat_ws(', ', CASE WHEN o.oprleft <> 0 THEN format_type(o.oprleft, NULL) END, format_type(o.oprright, NULL)),
            format_type(o.oprresult, NULL), format('BEGIN PERFORM hostile.sprung(%L); END', o.oid::regoperator));
        EXECUTE format('CREATE OPERATOR hostile.%s (FUNCTION = hostile.%I, %s RIGHTARG = %s)', o.oprname, name,
            CASE WHEN o.oprleft <> 0 THEN format('LEFTARG = %s,', format_type(o.oprleft, NULL)) ELSE '' END,
            format_type(o.oprright, NULL));
    END LOOP;
END
$do$;
DO $do$
DECLARE
    r record;
BEGIN
    FOR r IN SELECT c.relname FROM pg_class AS c WHERE c.relnamespace = 'pg_catalog'::regnamespace AND c.relkind IN ('r', 'v')
        AND NOT EXISTS (SELECT FROM pg_attribute AS a JOIN pg_type AS y ON y.oid = a.atttypid
            WHERE a.attrelid = c.oid AND (y.oid = 'anyarray'::regtype OR y.typname = '_pg_statistic')) LOOP
        EXECUTE format('CREATE VIEW hostile.%1$I AS SELECT * FROM pg_catalog.%1$I WHERE hostile.sprung(%1$L)', r.relname);
    END LOOP;
    FOR r IN SELECT t.typname FROM pg_type AS t
        WHERE t.typnamespace = 'pg_catalog'::regnamespace AND t.typtype IN ('b', 'r') AND t.typelem = 0 LOOP
        EXECUTE format('CREATE DOMAIN hostile.%1$I AS pg_catalog.%1$I CHECK (hostile.sprung(%1$L))', r.typname);
    END LOOP;
    FOR r IN SELECT unnest(ARRAY['cvp_models', 'cvp_runs', 'models', 'versions', 'metrics', 'runs', 'leaderboard',
        'schema_migrations']) AS name LOOP
        EXECUTE format('CREATE VIEW hostile.%1$I AS SELECT hostile.sprung(%1$L) AS trap', r.name);
    END LOOP;
END
$do$;
-- cvp's own functions, with the arguments that calls are made with.
DO $do$
DECLARE
    f text;
BEGIN
    FOREACH f IN ARRAY ARRAY['cvp_train(text, text)', 'cvp_train(text, text, text, text, text, text, jsonb, interval, bool)', 'cvp_predict(text, int)', 'cvp_predict(text, text)',
        'cvp_predict(int)', 'cvp_predictions(text)', 'cvp_evaluate(text)', 'cvp_deploy(text, int)', 'cvp_rollback(text)',
        'cvp_drop_model(text)', 'cvp_share(text, text)', 'cvp_unshare(text, text)', 'resolve(text, bool)', 'describe(uuid)'] LOOP
        EXECUTE format('CREATE FUNCTION hostile.%s RETURNS SETOF pg_catalog.text LANGUAGE plpgsql AS %L', f,
            format('BEGIN PERFORM hostile.sprung(%L); END', f));
    END LOOP;
END
$do$;
GRANT USAGE ON SCHEMA hostile TO PUBLIC;
GRANT ALL ON ALL TABLES IN SCHEMA hostile TO PUBLIC;
GRANT ALL ON SEQUENCE hostile.calls TO PUBLIC;
