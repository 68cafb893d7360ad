-- Engine calls that Postgres itself runs (a direct connection, a function, a trigger, a REFRESH) call back to the
-- server as the foreign server cvp_engine, where "cvp install --foreign-server" has set it up. docs/direct.md
-- says what such a call sees and whose rights it has.
--
-- dblink's connections belong to the session, not to the role that opened them, and any role that may execute dblink
-- could speak on them. So only the owner of this schema may, and ask_engine(), which runs with his rights, lets nobody use
-- a connection who does not show the password that opened it.

CREATE OR REPLACE FUNCTION cvp.refuse_direct(call text) RETURNS void LANGUAGE plpgsql VOLATILE
    SET search_path = pg_catalog, pg_temp AS $fn$
DECLARE
    hint text := 'Connect to the host and port of "cvp serve" instead of Postgres, with the same user and database, '
        'and call it in the statement itself rather than in a function or view';
BEGIN
    RAISE EXCEPTION '% must be called through the cvp server', call USING ERRCODE = 'feature_not_supported',
        HINT = hint || CASE call WHEN 'cvp_train' THEN ': a training belongs to its transaction, which a call from inside of Postgres cannot share.'
            ELSE '; or have "cvp install --foreign-server" let Postgres call the server.' END;
END
$fn$;

CREATE FUNCTION cvp.engine_password(call text) RETURNS text LANGUAGE plpgsql STABLE
    SET search_path = pg_catalog, pg_temp AS $fn$
DECLARE
    server oid := (SELECT s.oid FROM pg_foreign_server AS s WHERE s.srvname = 'cvp_engine');
    login text;
    password text;
BEGIN
    IF server IS NULL OR NOT EXISTS (SELECT FROM pg_extension AS e WHERE e.extname = 'dblink') THEN
        PERFORM cvp.refuse_direct(call);
    END IF;
    IF coalesce(nullif(current_setting('cvp.depth', true), ''), '0')::int >= 3 THEN
        RAISE EXCEPTION '% calls itself', call USING ERRCODE = 'statement_too_complex',
            HINT = 'The rows of the model come from a view or function that calls it again, or the foreign server cvp_engine names Postgres rather than "cvp serve".';
    END IF;
    IF NOT has_server_privilege(server, 'USAGE') THEN
        RAISE EXCEPTION 'permission denied for foreign server cvp_engine' USING ERRCODE = 'insufficient_privilege';
    END IF;
    -- A role sees the options of its own mapping. One for PUBLIC would make all roles one.
    SELECT (SELECT o.option_value FROM pg_options_to_table(m.umoptions) AS o WHERE o.option_name = 'user'),
        (SELECT o.option_value FROM pg_options_to_table(m.umoptions) AS o WHERE o.option_name = 'password')
    INTO login, password
    FROM pg_user_mappings AS m WHERE m.srvid = server AND m.umuser <> 0 AND m.usename = current_user;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'no user mapping of role % for foreign server cvp_engine', quote_ident(current_user)
            USING ERRCODE = 'invalid_authorization_specification',
            HINT = format('CREATE USER MAPPING FOR %I SERVER cvp_engine OPTIONS (user %1$L, password ''…'')', current_user);
    END IF;
    IF login IS DISTINCT FROM current_user THEN
        RAISE EXCEPTION 'the user mapping of role % for foreign server cvp_engine logs in as another role', quote_ident(current_user)
            USING ERRCODE = 'invalid_authorization_specification',
            HINT = format('ALTER USER MAPPING FOR %I SERVER cvp_engine OPTIONS (SET user %1$L)', current_user);
    END IF;
    IF coalesce(password, '') = '' THEN
        RAISE EXCEPTION 'the user mapping of role % for foreign server cvp_engine has no password', quote_ident(current_user)
            USING ERRCODE = 'invalid_authorization_specification',
            HINT = format('ALTER USER MAPPING FOR %I SERVER cvp_engine OPTIONS (ADD password ''…'')', current_user);
    END IF;
    RETURN password;
END
$fn$;
COMMENT ON FUNCTION cvp.engine_password(text) IS
    'the password with which the current role logs in to the cvp server; an error where it cannot be known who asks';

-- The settings that a prediction may depend on, as the server sees them. Role settings of somebody else's session do
-- not decide whom a role trusts. The session at the server cannot write: no ROLLBACK would undo it. It does not wait for
-- ever for a lock that its own caller may hold.
CREATE FUNCTION cvp.engine_settings(path text) RETURNS text LANGUAGE plpgsql STABLE
    SET search_path = pg_catalog, pg_temp AS $fn$
DECLARE
    settings text := '';
    setting record;
BEGIN
    FOR setting IN VALUES
        ('search_path', path), ('cvp.model', current_setting('cvp.model', true)),
        ('cvp.trusted_roles', CASE WHEN current_user = session_user THEN current_setting('cvp.trusted_roles', true) END),
        ('TimeZone', current_setting('TimeZone')), ('DateStyle', current_setting('DateStyle')),
        ('row_security', current_setting('row_security')), ('statement_timeout', current_setting('statement_timeout')),
        ('lock_timeout', coalesce(nullif(current_setting('lock_timeout'), '0'), '10s')),
        ('cvp.depth', (coalesce(nullif(current_setting('cvp.depth', true), ''), '0')::int + 1)::text)
    LOOP
        IF coalesce(setting.column2, '') <> '' THEN
            settings := settings || ' -c ' || setting.column1 || '=' || regexp_replace(setting.column2, '([\\\s])', '\\\1', 'g');
        END IF;
    END LOOP;
    RETURN settings || ' -c default_transaction_read_only=on -c standard_conforming_strings=on -c extra_float_digits=1'
        ' -c client_min_messages=error -c cvp.progress=off';
END
$fn$;
COMMENT ON FUNCTION cvp.engine_settings(text) IS 'the caller''s settings as options of a connection to the cvp server';

CREATE FUNCTION cvp.engine_session(role text, password text, settings text) RETURNS text LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp AS $fn$
DECLARE
    -- A name has at most 63 characters.
    session text := 'cvp/' || left(encode(sha256(convert_to(format('%L %L %L %L', role, password, settings,
        (SELECT s.srvoptions FROM pg_foreign_server AS s WHERE s.srvname = 'cvp_engine')), 'UTF8')), 'hex'), 56);
    known text[];
    logged_in text;
    place text;
BEGIN
    -- Nobody but a superuser makes the extension. Who made a mere schema of that name would be run here as the owner.
    IF NOT EXISTS (SELECT FROM pg_extension AS e JOIN pg_namespace AS n ON n.oid = e.extnamespace
                   WHERE e.extname = 'dblink' AND n.nspname = 'cvp_dblink') THEN
        RAISE EXCEPTION 'extension dblink is not in schema cvp_dblink' USING ERRCODE = 'object_not_in_prerequisite_state',
            HINT = 'Run "cvp install --foreign-server" again.';
    END IF;
    known := ARRAY(SELECT c FROM unnest(cvp_dblink.dblink_get_connections()) AS c WHERE starts_with(c, 'cvp/'));
    IF session = ANY (known) THEN
        RETURN session;
    END IF;
    -- dblink lets only superusers log in without being asked for the password.
    IF EXISTS (SELECT FROM pg_roles AS r WHERE r.rolname = current_user AND r.rolsuper) THEN
        RAISE EXCEPTION 'schema cvp belongs to a superuser' USING ERRCODE = 'object_not_in_prerequisite_state',
            HINT = 'Give it to another role with "cvp install --owner … --foreign-server …".';
    END IF;
    IF cardinality(known) >= 8 THEN
        PERFORM cvp_dblink.dblink_disconnect(c) FROM unnest(known) AS c;
    END IF;
    SELECT string_agg(o.option_name || '=''' || regexp_replace(o.option_value, '([\\''])', '\\\1', 'g') || '''', ' ') INTO place
    FROM (SELECT p.option_name, p.option_value FROM pg_foreign_server AS s, pg_options_to_table(s.srvoptions) AS p
          WHERE s.srvname = 'cvp_engine'
          UNION ALL VALUES ('dbname', current_database()::text), ('user', role), ('password', password), ('options', settings),
            ('fallback_application_name', 'cvp_engine')) AS o;
    PERFORM cvp_dblink.dblink_connect(session, place);
    SELECT t.who INTO logged_in FROM cvp_dblink.dblink(session,
        'SELECT CASE WHEN current_user = session_user THEN current_user::pg_catalog.text END') AS t (who text);
    IF logged_in IS DISTINCT FROM role THEN
        PERFORM cvp_dblink.dblink_disconnect(session);
        RAISE EXCEPTION 'foreign server cvp_engine logs role % in as another one', quote_ident(role)
            USING ERRCODE = 'invalid_authorization_specification';
    END IF;
    RETURN session;
END
$fn$;
COMMENT ON FUNCTION cvp.engine_session(text, text, text) IS
    'the name of the connection to the cvp server that a role has opened with this password and these settings, opened where there is none';

-- A row for each row of the statement, whose columns have these types.
CREATE FUNCTION cvp.ask_engine(role text, password text, settings text, statement text)
    RETURNS TABLE (key text, prediction float8, decile int) LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp AS $fn$
#variable_conflict use_column
DECLARE
    session text;
    code text;
    failure text;
    detail text;
    hint text;
BEGIN
    FOR attempt IN 1..2 LOOP
        session := cvp.engine_session(role, password, settings);
        BEGIN
            RETURN QUERY SELECT a.* FROM cvp_dblink.dblink(session, statement) AS a (key text, prediction float8, decile int);
            RETURN;
        EXCEPTION WHEN query_canceled OR OTHERS THEN
            GET STACKED DIAGNOSTICS code = RETURNED_SQLSTATE, failure = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
        END;
        -- The server was restarted, or the call was cancelled while its answer was on the way.
        IF code ~ '^(08|57)' THEN
            PERFORM cvp_dblink.dblink_disconnect(session) WHERE session = ANY (cvp_dblink.dblink_get_connections());
        END IF;
        EXIT WHEN code !~ '^(08|57P0)';
    END LOOP;
    -- Raised anew: the name of the connection, which depends on the password, stays here.
    CASE
        WHEN detail <> '' AND hint <> '' THEN RAISE EXCEPTION USING ERRCODE = code, MESSAGE = failure, DETAIL = detail, HINT = hint;
        WHEN detail <> '' THEN RAISE EXCEPTION USING ERRCODE = code, MESSAGE = failure, DETAIL = detail;
        WHEN hint <> '' THEN RAISE EXCEPTION USING ERRCODE = code, MESSAGE = failure, HINT = hint;
        ELSE RAISE EXCEPTION USING ERRCODE = code, MESSAGE = failure;
    END CASE;
END
$fn$;
COMMENT ON FUNCTION cvp.ask_engine(text, text, text, text) IS
    'the answer of the cvp server to a statement of a role, which is known by its password';

CREATE FUNCTION cvp.predict_direct(statement text, path text) RETURNS float8 LANGUAGE plpgsql STABLE
    SET search_path = pg_catalog, pg_temp AS $fn$
DECLARE
    password text := cvp.engine_password('cvp_predict');
BEGIN
    RETURN (SELECT a.prediction FROM cvp.ask_engine(current_user, password, cvp.engine_settings(path), statement) AS a);
END
$fn$;
COMMENT ON FUNCTION cvp.predict_direct(text, text) IS 'a prediction that the cvp server makes for the current role';

-- The one way from a value to SQL text that means the same in any session.
CREATE FUNCTION cvp.literal(subject anyelement) RETURNS text LANGUAGE plpgsql STABLE
    SET search_path = pg_catalog, pg_temp SET DateStyle = 'ISO, MDY' SET IntervalStyle = 'postgres' SET extra_float_digits = 1
    SET bytea_output = 'hex' AS $fn$
DECLARE
    of record;
BEGIN
    SELECT t.oid, t.typname, t.typnamespace, n.nspname INTO of
    FROM pg_type AS t JOIN pg_namespace AS n ON n.oid = t.typnamespace WHERE t.oid = pg_typeof(subject)::oid;
    IF of.oid = 'record'::regtype THEN
        RAISE EXCEPTION 'cvp_predict needs a row of a named type here' USING ERRCODE = 'feature_not_supported',
            HINT = 'Cast it, as in ROW(…)::loans, or give the key.';
    END IF;
    IF of.typnamespace = pg_my_temp_schema() THEN
        RAISE EXCEPTION 'cvp_predict cannot score a value of type % here', format_type(of.oid, -1) USING ERRCODE = 'feature_not_supported',
            HINT = 'The cvp server is another session and does not see the temporary tables of this one. Give the key.';
    END IF;
    RETURN format('%L::%I.%I', subject, of.nspname, of.typname);
END
$fn$;
COMMENT ON FUNCTION cvp.literal(anyelement) IS 'a value as an SQL expression that means the same in any session';

CREATE FUNCTION cvp.call_text(model text, subject anyelement) RETURNS text LANGUAGE plpgsql STABLE
    SET search_path = pg_catalog, pg_temp AS $fn$
DECLARE
    named text := CASE WHEN model IS NOT NULL THEN format('%L, ', model) ELSE '' END;
    value text := cvp.literal(subject);
BEGIN
    IF (SELECT t.typrelid <> 0 FROM pg_type AS t WHERE t.oid = pg_typeof(subject)::oid) THEN
        RETURN format('SELECT NULL::pg_catalog.text, cvp.cvp_predict(%ssubject), NULL::pg_catalog.int4 FROM (SELECT (%s).*) AS subject', named, value);
    END IF;
    RETURN format('SELECT NULL::pg_catalog.text, cvp.cvp_predict(%s%s), NULL::pg_catalog.int4', named, value);
END
$fn$;
COMMENT ON FUNCTION cvp.call_text(text, anyelement) IS 'the statement by which the cvp server predicts for a subject';

CREATE FUNCTION cvp.check_model(model text) RETURNS void LANGUAGE plpgsql STABLE
    SET search_path = pg_catalog, pg_temp AS $fn$
BEGIN
    IF model IS NULL THEN
        RAISE EXCEPTION 'the model of cvp_predict must not be NULL' USING ERRCODE = 'null_value_not_allowed';
    END IF;
END
$fn$;
COMMENT ON FUNCTION cvp.check_model(text) IS 'the error of a call whose model is NULL';

-- These follow the caller's search_path, which goes with the call: all names in them have their schema.
CREATE OR REPLACE FUNCTION cvp.cvp_predict(model text, subject anyelement) RETURNS float8 LANGUAGE plpgsql VOLATILE AS $fn$
BEGIN
    PERFORM cvp.check_model(model);
    RETURN cvp.predict_direct(cvp.call_text(model, subject), pg_catalog.current_setting('search_path'));
END
$fn$;

CREATE OR REPLACE FUNCTION cvp.cvp_predict(model text, key text) RETURNS float8 LANGUAGE plpgsql VOLATILE AS $fn$
BEGIN
    PERFORM cvp.check_model(model);
    RETURN cvp.predict_direct(cvp.call_text(model, key), pg_catalog.current_setting('search_path'));
END
$fn$;

CREATE OR REPLACE FUNCTION cvp.cvp_predict(subject anyelement) RETURNS float8 LANGUAGE plpgsql VOLATILE AS $fn$
BEGIN
    RETURN cvp.predict_direct(cvp.call_text(NULL, subject), pg_catalog.current_setting('search_path'));
END
$fn$;

CREATE OR REPLACE FUNCTION cvp.cvp_predict(key text) RETURNS float8 LANGUAGE plpgsql VOLATILE AS $fn$
BEGIN
    RETURN cvp.predict_direct(cvp.call_text(NULL, key), pg_catalog.current_setting('search_path'));
END
$fn$;

CREATE OR REPLACE FUNCTION cvp.cvp_predictions(model text) RETURNS TABLE (key text, prediction float8, decile int)
    LANGUAGE plpgsql VOLATILE AS $fn$
#variable_conflict use_column
DECLARE
    password pg_catalog.text := cvp.engine_password('cvp_predictions');
BEGIN
    RETURN QUERY SELECT a.key, a.prediction, a.decile
    FROM cvp.ask_engine(CURRENT_USER::pg_catalog.text, password, cvp.engine_settings(pg_catalog.current_setting('search_path')),
        pg_catalog.format('SELECT p.key, p.prediction, p.decile FROM cvp.cvp_predictions(%L) AS p', model)) AS a;
END
$fn$;

GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA cvp TO PUBLIC;
