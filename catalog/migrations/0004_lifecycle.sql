-- What clients call to govern their models. Plain SQL over the registry: it works on any connection.

CREATE FUNCTION cvp.owned_model(name text) RETURNS uuid LANGUAGE plpgsql VOLATILE
    SET search_path = pg_catalog, pg_temp AS $fn$
DECLARE
    visible uuid := cvp.model_id(name);
    locked uuid;
BEGIN
    -- FOR UPDATE is under the policy for changes, so a model shared with the caller is not found here.
    SELECT m.id INTO locked FROM cvp.models AS m WHERE m.id = visible FOR UPDATE;
    IF locked IS NULL THEN
        PERFORM cvp.check_trainable(name);
        RAISE EXCEPTION 'model "%" was dropped meanwhile', name USING ERRCODE = 'undefined_object';
    END IF;
    RETURN locked;
END
$fn$;
COMMENT ON FUNCTION cvp.owned_model(text) IS 'locks a model that the caller may change; an error if he may not';

CREATE TYPE cvp.deployment AS (model text, version int, metric text, value float8, replaced int);
GRANT USAGE ON TYPE cvp.deployment TO PUBLIC;

-- put_live makes one version the deployed one. since: when it went live, NULL for now.
CREATE FUNCTION cvp.put_live(version_id uuid, since timestamptz) RETURNS cvp.deployment LANGUAGE plpgsql VOLATILE
    SET search_path = pg_catalog, pg_temp AS $fn$
DECLARE
    chosen cvp.versions;
    result cvp.deployment;
BEGIN
    SELECT v.* INTO chosen FROM cvp.versions AS v WHERE v.id = version_id;
    result.metric := chosen.metric;
    result.value := chosen.value;
    result.version := chosen.version;
    SELECT m.name INTO result.model FROM cvp.models AS m WHERE m.id = chosen.model_id;
    SELECT v.version INTO result.replaced FROM cvp.versions AS v WHERE v.model_id = chosen.model_id AND v.deployed;
    IF NOT chosen.deployed THEN
        UPDATE cvp.versions AS v SET deployed = false WHERE v.model_id = chosen.model_id AND v.deployed;
        UPDATE cvp.versions AS v SET deployed = true, deployed_at = coalesce(since, clock_timestamp())
            WHERE v.id = version_id;
    END IF;
    RETURN result;
END
$fn$;
COMMENT ON FUNCTION cvp.put_live(uuid, timestamptz) IS 'makes a version the only deployed one of its model';

CREATE FUNCTION cvp.cvp_deploy(model text, version int) RETURNS cvp.deployment LANGUAGE plpgsql VOLATILE
    SET search_path = pg_catalog, pg_temp AS $fn$
DECLARE
    owned uuid := cvp.owned_model(cvp.plain_name(model));
    chosen uuid;
BEGIN
    SELECT v.id INTO chosen FROM cvp.versions AS v WHERE v.model_id = owned AND v.version = cvp_deploy.version;
    IF chosen IS NULL THEN
        RAISE EXCEPTION 'model "%" has no version %', model, version USING ERRCODE = 'undefined_object',
            HINT = cvp.versions_hint(owned);
    END IF;
    RETURN cvp.put_live(chosen, NULL);
END
$fn$;
COMMENT ON FUNCTION cvp.cvp_deploy(text, int) IS
    'makes a version the one that the model''s plain name stands for, and returns it';

CREATE FUNCTION cvp.cvp_rollback(model text) RETURNS cvp.deployment LANGUAGE plpgsql VOLATILE
    SET search_path = pg_catalog, pg_temp AS $fn$
DECLARE
    owned uuid := cvp.owned_model(cvp.plain_name(model));
    earlier cvp.versions;
    result cvp.deployment;
BEGIN
    SELECT v.* INTO earlier FROM cvp.versions AS v
        WHERE v.model_id = owned AND NOT v.deployed AND v.deployed_at IS NOT NULL
        ORDER BY v.deployed_at DESC LIMIT 1;
    IF earlier.id IS NULL THEN
        RAISE EXCEPTION 'model "%" has no earlier deployment', model
            USING ERRCODE = 'object_not_in_prerequisite_state', HINT = cvp.versions_hint(owned);
    END IF;
    -- The version left behind drops out of the history, so the next rollback goes one further back.
    UPDATE cvp.versions AS v SET deployed_at = NULL WHERE v.model_id = owned AND v.deployed;
    result := cvp.put_live(earlier.id, earlier.deployed_at);
    RETURN result;
END
$fn$;
COMMENT ON FUNCTION cvp.cvp_rollback(text) IS 'deploys the version that was deployed before the present one, and returns it';

CREATE FUNCTION cvp.cvp_drop_model(model text) RETURNS void LANGUAGE plpgsql VOLATILE
    SET search_path = pg_catalog, pg_temp AS $fn$
DECLARE
    owned uuid := cvp.owned_model(split_part(model, '@', 1));
    chosen cvp.versions;
BEGIN
    IF strpos(model, '@') > 0 THEN
        SELECT v.* INTO chosen FROM cvp.versions AS v WHERE v.id = cvp.resolve(model);
        UPDATE cvp.versions AS v SET dropped = true WHERE v.id = chosen.id;
        IF EXISTS (SELECT FROM cvp.versions AS v WHERE v.model_id = owned) THEN
            IF chosen.deployed THEN
                RAISE NOTICE 'version % was the deployed one of model "%": none is deployed now',
                    chosen.version, split_part(model, '@', 1)
                    USING HINT = format('%s Deploy one with cvp_deploy.', cvp.versions_hint(owned));
            END IF;
            RETURN;
        END IF;
    END IF;
    UPDATE cvp.models AS m SET dropped = true WHERE m.id = owned;
END
$fn$;
COMMENT ON FUNCTION cvp.cvp_drop_model(text) IS 'drops a model with all its versions, or one version: churn@3';

CREATE FUNCTION cvp.role_oid(name text) RETURNS oid LANGUAGE plpgsql STABLE
    SET search_path = pg_catalog, pg_temp AS $fn$
DECLARE
    found oid;
BEGIN
    IF name = 'public' THEN
        RETURN 0;
    END IF;
    SELECT r.oid INTO found FROM pg_roles AS r WHERE r.rolname = role_oid.name;
    IF found IS NULL THEN
        RAISE EXCEPTION 'role "%" does not exist', coalesce(name, 'null') USING ERRCODE = 'undefined_object';
    END IF;
    RETURN found;
END
$fn$;
COMMENT ON FUNCTION cvp.role_oid(text) IS 'the oid of a role by name, 0 for public';

CREATE FUNCTION cvp.cvp_share(model text, role text) RETURNS void LANGUAGE plpgsql VOLATILE
    SET search_path = pg_catalog, pg_temp AS $fn$
DECLARE
    owned uuid := cvp.owned_model(cvp.plain_name(model));
    reader regrole := cvp.role_oid(role)::regrole;
BEGIN
    UPDATE cvp.models AS m SET readers = array_append(m.readers, reader)
        WHERE m.id = owned AND NOT reader = ANY (m.readers);
END
$fn$;
COMMENT ON FUNCTION cvp.cvp_share(text, text) IS
    'lets a role (or public) predict with a model and read what it has learnt, but not change it';

CREATE FUNCTION cvp.cvp_unshare(model text, role text) RETURNS void LANGUAGE plpgsql VOLATILE
    SET search_path = pg_catalog, pg_temp AS $fn$
DECLARE
    owned uuid := cvp.owned_model(cvp.plain_name(model));
    reader regrole := cvp.role_oid(role)::regrole;
BEGIN
    UPDATE cvp.models AS m SET readers = array_remove(m.readers, reader) WHERE m.id = owned;
END
$fn$;
COMMENT ON FUNCTION cvp.cvp_unshare(text, text) IS 'takes back what cvp_share gave';

CREATE FUNCTION cvp.cvp_evaluate(model text) RETURNS TABLE (split text, metric text, value float8)
    LANGUAGE sql STABLE ROWS 20 SET search_path = pg_catalog, pg_temp AS $fn$
    SELECT q.split, q.metric, q.value FROM cvp.metrics AS q
    WHERE q.version_id = cvp.resolve(cvp_evaluate.model, newest => true) ORDER BY q.ordinal
$fn$;
COMMENT ON FUNCTION cvp.cvp_evaluate(text) IS
    'quality of a model on each split, as measured when it was trained; of the newest version if none is deployed';

GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA cvp TO PUBLIC;
