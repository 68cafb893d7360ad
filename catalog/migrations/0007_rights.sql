-- A call without a model never picks one of a role that the caller has no reason to trust: whoever shares a model
-- decides which rows are read for it, and with whose model a statement answers. Such a model has to be named.

-- To a superuser every role looks like one that he is a member of: he trusts superusers and the database's owner.
-- In plpgsql since its plans last for the session.
CREATE FUNCTION cvp.trusts(role oid) RETURNS bool LANGUAGE plpgsql STABLE STRICT
    SET search_path = pg_catalog, pg_temp AS $fn$
BEGIN
    RETURN EXISTS (SELECT FROM pg_roles AS r WHERE r.oid = trusts.role AND r.rolsuper)
        OR EXISTS (SELECT FROM pg_database AS d WHERE d.datname = current_database() AND d.datdba = trusts.role)
        OR EXISTS (SELECT FROM pg_roles AS me WHERE me.rolname = current_user AND NOT me.rolsuper)
            AND pg_has_role(trusts.role, 'USAGE');
END
$fn$;
COMMENT ON FUNCTION cvp.trusts(oid) IS
    'whether a role could act for the caller anyway: it is one of his own, a superuser, or owns the database';

CREATE OR REPLACE FUNCTION cvp.deployed_models(most int) RETURNS TABLE (id uuid, model text) LANGUAGE sql STABLE
    SET search_path = pg_catalog, pg_temp AS $fn$
    SELECT v.id, m.name FROM cvp.versions AS v JOIN cvp.models AS m ON m.id = v.model_id
    WHERE v.deployed AND cvp.trusts(m.owner) ORDER BY m.name LIMIT most
$fn$;
COMMENT ON FUNCTION cvp.deployed_models(int) IS
    'deployed versions that a call without a model may mean for the caller, by name, at most so many';

GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA cvp TO PUBLIC;
