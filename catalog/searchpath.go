package catalog

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// SearchPath is where sessions of a database look for a name without its schema.
type SearchPath struct {
	// Holds says that schema cvp is among the places.
	Holds bool
	// Statement appends it for the sessions to come, and Owner is the role that may run it: the owner of the database.
	Statement, Owner string
	// MayAlter says that the current role may, too.
	MayAlter bool
}

// searchPathSQL reads what a new session of the database starts with: the setting of the database, that of all, or the
// server's. One that the session itself or its role has chosen says nothing of others.
const searchPathSQL = `
SELECT coalesce(own.setting, every.setting,
           CASE WHEN s.source OPERATOR(pg_catalog.=) ANY (ARRAY['default', 'configuration file', 'command line']) THEN s.setting ELSE s.boot_val END),
       d.datname::pg_catalog.text, pg_catalog.pg_get_userbyid(d.datdba)::pg_catalog.text,
       pg_catalog.pg_has_role(d.datdba, 'USAGE'::pg_catalog.text)
FROM pg_catalog.pg_database AS d CROSS JOIN pg_catalog.pg_settings AS s
     LEFT JOIN LATERAL (
         SELECT pg_catalog.substr(c.config, 13) FROM pg_catalog.pg_db_role_setting AS r, pg_catalog.unnest(r.setconfig) AS c (config)
         WHERE r.setdatabase OPERATOR(pg_catalog.=) d.oid AND r.setrole OPERATOR(pg_catalog.=) 0::pg_catalog.oid
           AND pg_catalog.starts_with(c.config, 'search_path=')) AS own (setting) ON true
     LEFT JOIN LATERAL (
         SELECT pg_catalog.substr(c.config, 13) FROM pg_catalog.pg_db_role_setting AS r, pg_catalog.unnest(r.setconfig) AS c (config)
         WHERE r.setdatabase OPERATOR(pg_catalog.=) 0::pg_catalog.oid AND r.setrole OPERATOR(pg_catalog.=) 0::pg_catalog.oid
           AND pg_catalog.starts_with(c.config, 'search_path=')) AS every (setting) ON true
WHERE d.datname OPERATOR(pg_catalog.=) pg_catalog.current_database() AND s.name OPERATOR(pg_catalog.=) 'search_path'::pg_catalog.text`

// InspectSearchPath tells whether schema cvp is on the search_path of the database, outside of any transaction that has set
// its own. It is an error where the schema belongs to a role that others have no reason to trust: its functions
// would be run by whoever leaves out a name's schema.
func InspectSearchPath(ctx context.Context, conn *pgconn.PgConn) (SearchPath, error) {
	if _, err := Inspect(ctx, conn); err != nil {
		return SearchPath{}, err
	}
	var s SearchPath
	var setting, database string
	if err := queryRow(ctx, conn, searchPathSQL, nil, &setting, &database, &s.Owner, &s.MayAlter); err != nil {
		return SearchPath{}, failed("read the search_path of the database", err)
	}
	places := identifiers(setting)
	if s.Holds = slices.Contains(places, "cvp"); s.Holds {
		return s, nil
	}
	quoted := make([]string, 0, len(places)+1)
	for _, p := range append(places, "cvp") {
		if p == "" {
			quoted = append(quoted, "''") // the empty path, which no quoted name can be
			continue
		}
		quoted = append(quoted, pgx.Identifier{p}.Sanitize())
	}
	s.Statement = fmt.Sprintf("ALTER DATABASE %s SET search_path = %s", pgx.Identifier{database}.Sanitize(), strings.Join(quoted, ", "))
	return s, nil
}

// Extend appends schema cvp to the search_path of the database, for the sessions to come.
func (s SearchPath) Extend(ctx context.Context, conn *pgconn.PgConn) error {
	if err := execute(ctx, conn, s.Statement); err != nil {
		return failed("put schema cvp on the search_path of the database", err)
	}
	return nil
}

// identifiers takes a list of names apart as Postgres does: commas between, folded unless they are quoted.
func identifiers(list string) []string {
	var out []string
	for rest := strings.TrimSpace(list); rest != ""; {
		var name string
		if rest[0] == '"' {
			name, rest = quotedName(rest[1:])
			_, rest, _ = strings.Cut(rest, ",")
		} else {
			name, rest, _ = strings.Cut(rest, ",")
			name = strings.ToLower(strings.TrimSpace(name))
		}
		out, rest = append(out, name), strings.TrimSpace(rest)
	}
	return out
}

// quotedName reads a name up to the quotation mark that ends it.
func quotedName(text string) (name, rest string) {
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		if text[i] == '"' {
			if i+1 == len(text) || text[i+1] != '"' {
				return b.String(), text[i+1:]
			}
			i++
		}
		b.WriteByte(text[i])
	}
	return b.String(), ""
}
