package catalog

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// State is how schema cvp stands in the connection's database and what the current role could do about it.
type State struct {
	// Version is the last migration applied, 0 where schema cvp does not exist.
	Version int
	// Owner is the role that owns schema cvp or, where there is none, that would own it: the database's owner.
	Owner string
	// MayInstall says that the current role can act as Owner.
	MayInstall bool
	// ReadOnly says that the current transaction cannot write: a replica, or the client's own choice.
	ReadOnly bool

	role   string // current role
	exists bool   // there is a schema of that name
	ours   bool   // and it holds a registry
	// trusted says that the owner could hurt the current role without us too: he is a superuser, the
	// database's owner or the role itself; or that nobody but these can act as the owner. Whoever else has CREATE on
	// the database could plant functions in a schema of this name, and the sessions that we serve would run them.
	trusted bool
}

// closedOwner is the condition that the schema's owner is a role as which nobody can act but superusers and the owner
// of the database: it cannot log in and has no other members.
const closedOwner = `EXISTS (
    SELECT FROM pg_catalog.pg_roles AS r
    WHERE r.oid OPERATOR(pg_catalog.=) n.nspowner AND NOT r.rolcanlogin AND NOT EXISTS (
        SELECT FROM pg_catalog.pg_auth_members AS m JOIN pg_catalog.pg_roles AS g ON g.oid OPERATOR(pg_catalog.=) m.member
        WHERE m.roleid OPERATOR(pg_catalog.=) r.oid AND NOT g.rolsuper AND g.oid OPERATOR(pg_catalog.<>) d.datdba))`

// The version is read from the source of cvp.schema_version(), not by calling it: this statement has to work
// where schema cvp is missing, and must not run what someone else has put there.
const inspectSQL = `
SELECT coalesce((SELECT pg_catalog.substr(p.prosrc, 8)::pg_catalog.int4
                 FROM pg_catalog.pg_proc AS p
                 WHERE p.pronamespace OPERATOR(pg_catalog.=) n.oid
                   AND p.proname OPERATOR(pg_catalog.=) 'schema_version'::pg_catalog.name
                   AND p.pronargs OPERATOR(pg_catalog.=) 0::pg_catalog.int2
                   AND p.prosrc OPERATOR(pg_catalog.~) '^SELECT [0-9]{1,9}$'::pg_catalog.text), 0),
       pg_catalog.pg_get_userbyid(coalesce(n.nspowner, d.datdba))::pg_catalog.text,
       pg_catalog.pg_has_role(coalesce(n.nspowner, d.datdba), 'MEMBER'::pg_catalog.text),
       pg_catalog.current_setting('transaction_read_only'::pg_catalog.text) OPERATOR(pg_catalog.=) 'on'::pg_catalog.text,
       current_user::pg_catalog.text,
       n.oid IS NOT NULL,
       coalesce(o.rolsuper OR n.nspowner OPERATOR(pg_catalog.=) d.datdba
                OR o.rolname OPERATOR(pg_catalog.=) current_user
                OR ` + closedOwner + `, true)
FROM pg_catalog.pg_database AS d
     LEFT JOIN pg_catalog.pg_namespace AS n ON n.nspname OPERATOR(pg_catalog.=) 'cvp'::pg_catalog.name
     LEFT JOIN pg_catalog.pg_roles AS o ON o.oid OPERATOR(pg_catalog.=) n.nspowner
WHERE d.datname OPERATOR(pg_catalog.=) pg_catalog.current_database()`

// Inspect tells the state of schema cvp, in one round trip. It is an error where a schema of that name belongs
// to a role that other roles have no reason to trust.
func Inspect(ctx context.Context, conn *pgconn.PgConn) (State, error) {
	var s State
	err := queryRow(ctx, conn, inspectSQL, nil,
		&s.Version, &s.Owner, &s.MayInstall, &s.ReadOnly, &s.role, &s.exists, &s.trusted)
	if err != nil {
		return State{}, failed("inspect schema cvp", err)
	}
	s.ours = s.Version > 0
	if !s.trusted {
		return State{}, refusal("42501",
			fmt.Sprintf("schema \"cvp\" belongs to role %q, who is neither a superuser nor the owner of the database", s.Owner),
			"Drop it, or, if its content can be trusted, give it to the owner of the database with ALTER SCHEMA cvp OWNER TO.")
	}
	return s, nil
}

// versionSQL gives the version where the schema's owner is plainly to be trusted, and no row otherwise. It costs
// a third of inspectSQL, and sessions ask it again and again.
const versionSQL = `
SELECT (SELECT pg_catalog.substr(p.prosrc, 8)::pg_catalog.int4
        FROM pg_catalog.pg_proc AS p
        WHERE p.pronamespace OPERATOR(pg_catalog.=) n.oid
          AND p.proname OPERATOR(pg_catalog.=) 'schema_version'::pg_catalog.name
          AND p.pronargs OPERATOR(pg_catalog.=) 0::pg_catalog.int2
          AND p.prosrc OPERATOR(pg_catalog.~) '^SELECT [0-9]{1,9}$'::pg_catalog.text)
FROM pg_catalog.pg_namespace AS n
WHERE n.nspname OPERATOR(pg_catalog.=) 'cvp'::pg_catalog.name
  AND (n.nspowner OPERATOR(pg_catalog.=) 10::pg_catalog.oid -- who ran initdb
       OR n.nspowner OPERATOR(pg_catalog.=) (SELECT d.datdba FROM pg_catalog.pg_database AS d
           WHERE d.datname OPERATOR(pg_catalog.=) pg_catalog.current_database()))`

// Installed is the version of schema cvp, 0 where there is none: Inspect for those who need no more, and cheaper.
func Installed(ctx context.Context, conn *pgconn.PgConn) (int, error) {
	var version *int
	err := queryRow(ctx, conn, versionSQL, nil, &version)
	switch {
	case err == nil && version != nil:
		return *version, nil
	case err == nil || errors.Is(err, pgx.ErrNoRows):
		s, err := Inspect(ctx, conn)
		return s.Version, err
	}
	return 0, failed("read the version of schema cvp", err)
}
