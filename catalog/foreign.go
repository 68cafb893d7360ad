package catalog

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// Foreign server through which Postgres calls the cvp server, and the schema of the extension that speaks to it.
const (
	foreignServer = "cvp_engine"
	dblinkSchema  = "cvp_dblink"
)

// linked is what there is of the way from Postgres to the cvp server.
type linked struct {
	available bool   // the machine has the extension
	schema    string // of the extension, "" where it is not in the database
	options   []string
	exists    bool // there is a foreign server of that name
	ours      bool // and it is one of dblink's that the current role may change
}

const linkedSQL = `
SELECT EXISTS (SELECT FROM pg_catalog.pg_available_extensions AS e WHERE e.name OPERATOR(pg_catalog.=) 'dblink'::pg_catalog.name),
       coalesce((SELECT n.nspname::pg_catalog.text FROM pg_catalog.pg_extension AS e JOIN pg_catalog.pg_namespace AS n
                     ON n.oid OPERATOR(pg_catalog.=) e.extnamespace
                 WHERE e.extname OPERATOR(pg_catalog.=) 'dblink'::pg_catalog.name), ''),
       coalesce((SELECT pg_catalog.array_agg(o.option_name) FROM pg_catalog.pg_options_to_table(s.srvoptions) AS o), '{}'),
       s.oid IS NOT NULL,
       coalesce(w.fdwname OPERATOR(pg_catalog.=) 'dblink_fdw'::pg_catalog.name
           AND pg_catalog.pg_has_role(s.srvowner, 'USAGE'::pg_catalog.text), false)
FROM (VALUES ($1::pg_catalog.name)) AS wanted (name)
     LEFT JOIN pg_catalog.pg_foreign_server AS s ON s.srvname OPERATOR(pg_catalog.=) wanted.name
     LEFT JOIN pg_catalog.pg_foreign_data_wrapper AS w ON w.oid OPERATOR(pg_catalog.=) s.srvfdw`

// Link lets the functions of an installed schema cvp call the cvp server that a libpq connection with these options
// (host, port, sslmode, …) reaches, inside the transaction that the caller has opened. Extension dblink comes into a
// schema of its own, for the owner of schema cvp alone: its connections are open to whoever may execute it. The current role
// has to be a superuser, unless the extension is there and the role may use its foreign data wrapper.
func Link(ctx context.Context, conn *pgconn.PgConn, options map[string]string) error {
	rights, err := InspectRights(ctx, conn)
	if err != nil {
		return err
	}
	if rights.Superuser {
		return refusal("55000", "schema \"cvp\" belongs to a superuser, whose functions must not log in to a foreign server for others",
			"Give it to a role without a login: add --owner cvp_owner.")
	}
	var l linked
	if err := queryRow(ctx, conn, linkedSQL, []argument{text(foreignServer)}, &l.available, &l.schema, &l.options, &l.exists, &l.ours); err != nil {
		return failed("inspect foreign server "+foreignServer, err)
	}
	if err := l.may(); err != nil {
		return err
	}
	for _, sql := range l.statements(rights, options) {
		if err := execute(ctx, conn, sql); err != nil {
			return failed("set up foreign server "+foreignServer, err)
		}
	}
	return nil
}

func (l *linked) may() error {
	switch {
	case l.schema == "" && !l.available:
		return refusal("0A000", "extension \"dblink\" is not installed on the database's machine",
			"Install the contrib modules of PostgreSQL there, or leave out --foreign-server.")
	case l.schema != "" && l.schema != dblinkSchema:
		return refusal("55000", fmt.Sprintf("extension \"dblink\" is in schema %q, where other roles may use its connections", l.schema),
			"Drop it, and let \"cvp install --foreign-server\" create it in schema "+dblinkSchema+".")
	case l.exists && !l.ours:
		return refusal("55000", fmt.Sprintf("foreign server %q belongs to another role or to another foreign data wrapper", foreignServer),
			"Drop it, and run \"cvp install --foreign-server\" again.")
	}
	return nil
}

// statements are those that bring about what is missing.
func (l *linked) statements(rights Rights, options map[string]string) []string {
	var out []string
	owner := pgx.Identifier{rights.Owner}.Sanitize()
	if l.schema == "" {
		out = append(out, "CREATE SCHEMA "+dblinkSchema, "CREATE EXTENSION dblink WITH SCHEMA "+dblinkSchema,
			"REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA "+dblinkSchema+" FROM PUBLIC")
	}
	out = append(out, "GRANT USAGE ON SCHEMA "+dblinkSchema+" TO "+owner)
	for _, f := range []string{"dblink(text, text)", "dblink_connect(text, text)", "dblink_disconnect(text)", "dblink_get_connections()"} {
		out = append(out, fmt.Sprintf("GRANT EXECUTE ON FUNCTION %s.%s TO %s", dblinkSchema, f, owner))
	}
	out = append(out, l.server(options)...)
	users := make([]string, 0, len(rights.Users)+1)
	for _, u := range append(slices.Clone(rights.Users), rights.Owner) {
		users = append(users, pgx.Identifier{u}.Sanitize())
	}
	if rights.Public {
		users = append(users, "PUBLIC")
	}
	return append(out, "GRANT USAGE ON FOREIGN SERVER "+foreignServer+" TO "+strings.Join(users, ", "))
}

// server creates the foreign server, or gives the one that is there these options in place of its own.
func (l *linked) server(options map[string]string) []string {
	action := ""
	if l.exists {
		action = "ADD "
	}
	list := make([]string, 0, len(options))
	for _, name := range slices.Sorted(maps.Keys(options)) {
		list = append(list, action+pgx.Identifier{name}.Sanitize()+" "+literal(options[name]))
	}
	if !l.exists {
		return []string{fmt.Sprintf("CREATE SERVER %s FOREIGN DATA WRAPPER dblink_fdw OPTIONS (%s)", foreignServer, strings.Join(list, ", "))}
	}
	var out []string
	for _, name := range l.options {
		out = append(out, fmt.Sprintf("ALTER SERVER %s OPTIONS (DROP %s)", foreignServer, pgx.Identifier{name}.Sanitize()))
	}
	return append(out, fmt.Sprintf("ALTER SERVER %s OPTIONS (%s)", foreignServer, strings.Join(list, ", ")))
}
