package catalog

import (
	"context"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// Rights are who owns schema cvp and who may use it.
type Rights struct {
	Owner string
	// Superuser says that the owner is one: the two functions that run with the owner's rights then run with a
	// superuser's.
	Superuser bool
	// Users are the roles besides the owner that may use the schema; Public says that every role may.
	Users  []string
	Public bool
}

const rightsSQL = `
SELECT o.rolname::pg_catalog.text, o.rolsuper,
       ARRAY(SELECT g.rolname::pg_catalog.text FROM pg_catalog.aclexplode(n.nspacl) AS a JOIN pg_catalog.pg_roles AS g
                 ON g.oid OPERATOR(pg_catalog.=) a.grantee
             WHERE a.privilege_type OPERATOR(pg_catalog.=) 'USAGE'::pg_catalog.text AND g.oid OPERATOR(pg_catalog.<>) n.nspowner
             ORDER BY g.rolname),
       EXISTS (SELECT FROM pg_catalog.aclexplode(n.nspacl) AS a
               WHERE a.privilege_type OPERATOR(pg_catalog.=) 'USAGE'::pg_catalog.text
                 AND a.grantee OPERATOR(pg_catalog.=) 0::pg_catalog.oid)
FROM pg_catalog.pg_namespace AS n JOIN pg_catalog.pg_roles AS o ON o.oid OPERATOR(pg_catalog.=) n.nspowner
WHERE n.nspname OPERATOR(pg_catalog.=) 'cvp'::pg_catalog.name`

// InspectRights tells who owns an installed schema cvp and who may use it.
func InspectRights(ctx context.Context, conn *pgconn.PgConn) (Rights, error) {
	var r Rights
	if err := queryRow(ctx, conn, rightsSQL, nil, &r.Owner, &r.Superuser, &r.Users, &r.Public); err != nil {
		return Rights{}, failed("inspect the rights on schema cvp", err)
	}
	return r, nil
}

// movesSQL lists the statements that give what PUBLIC has in schema cvp to the roles of $1, quoted and with commas
// between, and take it from PUBLIC. A function of triggers needs no EXECUTE from whoever sets it off.
const movesSQL = `
WITH given (place, what, privilege, moves) AS (
    SELECT 1, 'SCHEMA cvp'::pg_catalog.text, a.privilege_type, true
    FROM pg_catalog.pg_namespace AS n, pg_catalog.aclexplode(n.nspacl) AS a
    WHERE n.nspname OPERATOR(pg_catalog.=) 'cvp'::pg_catalog.name AND a.grantee OPERATOR(pg_catalog.=) 0::pg_catalog.oid
  UNION ALL
    SELECT 2, pg_catalog.format('TABLE cvp.%I', c.relname), a.privilege_type, true
    FROM pg_catalog.pg_namespace AS n JOIN pg_catalog.pg_class AS c ON c.relnamespace OPERATOR(pg_catalog.=) n.oid,
         pg_catalog.aclexplode(c.relacl) AS a
    WHERE n.nspname OPERATOR(pg_catalog.=) 'cvp'::pg_catalog.name AND a.grantee OPERATOR(pg_catalog.=) 0::pg_catalog.oid
  UNION ALL
    SELECT 3, pg_catalog.format('TABLE cvp.%I', c.relname), pg_catalog.format('%s (%I)', a.privilege_type, t.attname), true
    FROM pg_catalog.pg_namespace AS n JOIN pg_catalog.pg_class AS c ON c.relnamespace OPERATOR(pg_catalog.=) n.oid
         JOIN pg_catalog.pg_attribute AS t ON t.attrelid OPERATOR(pg_catalog.=) c.oid,
         pg_catalog.aclexplode(t.attacl) AS a
    WHERE n.nspname OPERATOR(pg_catalog.=) 'cvp'::pg_catalog.name AND a.grantee OPERATOR(pg_catalog.=) 0::pg_catalog.oid
  UNION ALL
    SELECT 4, pg_catalog.format('FUNCTION %s', p.oid::pg_catalog.regprocedure), a.privilege_type,
           p.prorettype OPERATOR(pg_catalog.<>) 2279::pg_catalog.oid
    FROM pg_catalog.pg_namespace AS n JOIN pg_catalog.pg_proc AS p ON p.pronamespace OPERATOR(pg_catalog.=) n.oid,
         pg_catalog.aclexplode(COALESCE(p.proacl, pg_catalog.acldefault('f'::pg_catalog."char", p.proowner))) AS a
    WHERE n.nspname OPERATOR(pg_catalog.=) 'cvp'::pg_catalog.name AND a.grantee OPERATOR(pg_catalog.=) 0::pg_catalog.oid
  UNION ALL
    SELECT 5, pg_catalog.format('TYPE %s', t.oid::pg_catalog.regtype), a.privilege_type, true
    FROM pg_catalog.pg_namespace AS n JOIN pg_catalog.pg_type AS t ON t.typnamespace OPERATOR(pg_catalog.=) n.oid
         JOIN pg_catalog.pg_class AS c ON c.oid OPERATOR(pg_catalog.=) t.typrelid AND c.relkind OPERATOR(pg_catalog.=) 'c'::pg_catalog."char",
         pg_catalog.aclexplode(COALESCE(t.typacl, pg_catalog.acldefault('T'::pg_catalog."char", t.typowner))) AS a
    WHERE n.nspname OPERATOR(pg_catalog.=) 'cvp'::pg_catalog.name AND a.grantee OPERATOR(pg_catalog.=) 0::pg_catalog.oid
)
SELECT pg_catalog.format('REVOKE %s ON %s FROM PUBLIC', g.privilege, g.what) OPERATOR(pg_catalog.||)
       CASE WHEN g.moves AND $1::pg_catalog.text OPERATOR(pg_catalog.<>) '' THEN pg_catalog.format('; GRANT %s ON %s TO %s', g.privilege, g.what, $1::pg_catalog.text)
            ELSE '' END
FROM given AS g ORDER BY g.place, g.what, g.privilege`

// closeToPublic gives what PUBLIC has in schema cvp to these roles instead, as the owner of the schema.
func closeToPublic(ctx context.Context, conn *pgconn.PgConn, users []string) error {
	quoted := make([]string, len(users))
	for i, u := range users {
		quoted[i] = pgx.Identifier{u}.Sanitize()
	}
	return each(ctx, conn, movesSQL, strings.Join(quoted, ", "))
}

// each runs the statements that a query over $1 gives.
func each(ctx context.Context, conn *pgconn.PgConn, sql, argument string) error {
	rows, err := query(ctx, conn, sql, text(argument))
	if err != nil {
		return err
	}
	statements, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil || len(statements) == 0 {
		return err
	}
	_, err = conn.Exec(ctx, strings.Join(statements, ";\n")).ReadAll()
	return err
}

// ownersSQL lists the statements that give schema cvp and all in it to the role $1, which is quoted. What belongs
// to a table goes with it.
const ownersSQL = `
SELECT s.statement FROM (
    SELECT 1, pg_catalog.format('ALTER SCHEMA cvp OWNER TO %s', $1::pg_catalog.text)
    FROM pg_catalog.pg_namespace AS n WHERE n.nspname OPERATOR(pg_catalog.=) 'cvp'::pg_catalog.name
  UNION ALL
    SELECT 2, pg_catalog.format('ALTER %s cvp.%I OWNER TO %s', CASE c.relkind::pg_catalog.text WHEN 'v' THEN 'VIEW' WHEN 'c' THEN 'TYPE' ELSE 'TABLE' END, c.relname, $1::pg_catalog.text)
    FROM pg_catalog.pg_namespace AS n JOIN pg_catalog.pg_class AS c ON c.relnamespace OPERATOR(pg_catalog.=) n.oid
    WHERE n.nspname OPERATOR(pg_catalog.=) 'cvp'::pg_catalog.name
      AND c.relkind::pg_catalog.text OPERATOR(pg_catalog.=) ANY (ARRAY['r', 'v', 'c']::pg_catalog.text[])
  UNION ALL
    SELECT 3, pg_catalog.format('ALTER FUNCTION %s OWNER TO %s', p.oid::pg_catalog.regprocedure, $1::pg_catalog.text)
    FROM pg_catalog.pg_namespace AS n JOIN pg_catalog.pg_proc AS p ON p.pronamespace OPERATOR(pg_catalog.=) n.oid
    WHERE n.nspname OPERATOR(pg_catalog.=) 'cvp'::pg_catalog.name
) AS s (place, statement) ORDER BY s.place`

// Secure gives an installed schema cvp, inside the transaction that the caller has opened, to a role without a
// login, and its use to the members of another role in place of PUBLIC. Roles that do not exist are created. The
// current role has to be a superuser, or to own the database and to have CREATEROLE where a role is missing.
func Secure(ctx context.Context, conn *pgconn.PgConn, owner, user string) error {
	state, err := Inspect(ctx, conn)
	if err != nil {
		return err
	}
	if state.Version != Latest() {
		return fmt.Errorf("secure schema cvp: it is at version %d, not %d", state.Version, Latest())
	}
	if conn.TxStatus() != 'T' {
		return fmt.Errorf("secure schema cvp: no transaction is open")
	}
	state.Owner = state.role // what follows is the current role's own doing
	restore, err := neutralise(ctx, conn, state)
	if err != nil {
		return err
	}
	for _, role := range []string{owner, user} {
		if err := createRole(ctx, conn, role); err != nil {
			return err
		}
	}
	if err := handOver(ctx, conn, owner); err != nil {
		return err
	}
	if err := closeToPublic(ctx, conn, []string{user}); err != nil {
		return failed(fmt.Sprintf("give the use of schema cvp to role %q", user), err)
	}
	return restore()
}

func createRole(ctx context.Context, conn *pgconn.PgConn, name string) error {
	var exists bool
	err := queryRow(ctx, conn, `SELECT EXISTS (SELECT FROM pg_catalog.pg_roles AS r WHERE r.rolname OPERATOR(pg_catalog.=) $1::pg_catalog.name)`,
		[]argument{text(name)}, &exists)
	if err == nil && !exists {
		err = execute(ctx, conn, "CREATE ROLE "+pgx.Identifier{name}.Sanitize()+" NOLOGIN")
	}
	if err != nil {
		return failed(fmt.Sprintf("create role %q", name), err)
	}
	return nil
}

// handOver gives schema cvp to a role, unless it is that role's already.
func handOver(ctx context.Context, conn *pgconn.PgConn, owner string) error {
	before, err := InspectRights(ctx, conn)
	if err != nil || before.Owner == owner {
		return err
	}
	attempted := fmt.Sprintf("give schema cvp to role %q", owner)
	quoted := pgx.Identifier{owner}.Sanitize()
	var member bool
	if err := queryRow(ctx, conn, "SELECT pg_catalog.pg_has_role($1::pg_catalog.name, 'USAGE'::pg_catalog.text)",
		[]argument{text(owner)}, &member); err != nil {
		return failed(attempted, err)
	}
	if !member { // a superuser is one of every role
		if err := execute(ctx, conn, "GRANT "+quoted+" TO CURRENT_USER"); err != nil {
			return failed(attempted, err)
		}
	}
	if err := each(ctx, conn, ownersSQL, quoted); err != nil {
		return failed(attempted, err)
	}
	if _, err := Inspect(ctx, conn); err != nil {
		return refusal("42501", fmt.Sprintf("role %q cannot own schema \"cvp\"", owner),
			"Name a role without LOGIN that has no members but superusers and the owner of the database.")
	}
	return nil
}

// mayCreateRoleSQL tells whether the current role may create roles.
const mayCreateRoleSQL = `
SELECT r.rolsuper OR r.rolcreaterole FROM pg_catalog.pg_roles AS r WHERE r.rolname OPERATOR(pg_catalog.=) current_user`

// MayCreateRole tells whether the current role may create roles, as Secure does.
func MayCreateRole(ctx context.Context, conn *pgconn.PgConn) (may bool, err error) {
	if err := queryRow(ctx, conn, mayCreateRoleSQL, nil, &may); err != nil {
		return false, failed("inspect the current role", err)
	}
	return may, nil
}

// keepClosed takes from PUBLIC what a migration has given to it where the schema is not PUBLIC's to use.
func keepClosed(ctx context.Context, conn *pgconn.PgConn) error {
	r, err := InspectRights(ctx, conn)
	if err != nil || r.Public {
		return err
	}
	if err := closeToPublic(ctx, conn, r.Users); err != nil {
		return failed("keep schema cvp closed to PUBLIC", err)
	}
	return nil
}
