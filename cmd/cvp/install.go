package main

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"cvp/catalog"
)

// installCommand brings schema cvp of one database to this program's version.
type installCommand struct {
	Backend string            `help:"Database, as a URL or keywords, with a user who owns it or is a superuser." required:"" env:"CVP_BACKEND" placeholder:"URL"`
	Owner   string            `help:"Role without a login that is to own the schema; created where it is missing. A new schema belongs to cvp_owner where the user may create roles." placeholder:"ROLE"`
	User    string            `help:"Role whose members may use the schema; created where it is missing." default:"cvp_user" placeholder:"ROLE"`
	Server  map[string]string `name:"foreign-server" help:"Where Postgres reaches \"cvp serve\", as libpq options: calls from functions, triggers and direct connections then work." mapsep:" " placeholder:"HOST-AND-PORT"`
	Path    bool              `name:"search-path" help:"Append the schema to the search_path of the database, so that calls on direct connections, \\df cvp_* and completion find it; where only the owner of the database may, say so." default:"true" negatable:""`
	Open    bool              `help:"Let a new schema belong to the owner of the database and every role use it, as after the first cvp_ statement."`
}

// Run implements the command.
func (c *installCommand) Run(ctx context.Context, t terminal) error {
	conn, err := pgx.Connect(ctx, c.Backend)
	if err != nil {
		return fmt.Errorf("connect to the database: %w", err)
	}
	defer conn.Close(context.WithoutCancel(ctx))
	before, err := catalog.Installed(ctx, conn.PgConn())
	if err != nil {
		return err
	}
	owner, err := c.owner(ctx, conn, before)
	if err != nil {
		return err
	}
	err = pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
		if err := catalog.Install(ctx, tx.Conn().PgConn()); err != nil {
			return err
		}
		if owner != "" {
			if err := catalog.Secure(ctx, tx.Conn().PgConn(), owner, c.User); err != nil {
				return err
			}
		}
		if len(c.Server) == 0 {
			return nil
		}
		return catalog.Link(ctx, tx.Conn().PgConn(), c.Server)
	})
	if err != nil {
		return fmt.Errorf("install schema cvp: %w", err)
	}
	c.report(t, conn.Config().Database, before)
	rights, err := catalog.InspectRights(ctx, conn.PgConn())
	if err != nil {
		return err
	}
	fmt.Fprintf(t.out, "it belongs to %s; %s\n", rights.Owner, usable(rights))
	if len(c.Server) > 0 {
		fmt.Fprintf(t.out, "Postgres calls the server for each role that has a user mapping: CREATE USER MAPPING FOR … SERVER cvp_engine OPTIONS (user '…', password '…')\n")
	}
	if !c.Path {
		return nil
	}
	return searchPath(ctx, t, conn)
}

// searchPath puts the schema on the search_path of the database, or says who may.
func searchPath(ctx context.Context, t terminal, conn *pgx.Conn) error {
	path, err := catalog.InspectSearchPath(ctx, conn.PgConn())
	switch {
	case err != nil:
		return err
	case path.Holds:
		return nil
	case !path.MayAlter:
		fmt.Fprintf(t.out, "it is not on the search_path of the database, which %s may change: %s\n", path.Owner, path.Statement)
		return nil
	}
	if err := path.Extend(ctx, conn.PgConn()); err != nil {
		return err
	}
	fmt.Fprintf(t.out, "it is on the search_path of new sessions: %s\n", path.Statement)
	return nil
}

// owner is the role that is to own the schema, "" for whoever owns it or would.
func (c *installCommand) owner(ctx context.Context, conn *pgx.Conn, before int) (string, error) {
	if c.Owner != "" || c.Open || before > 0 {
		return c.Owner, nil
	}
	may, err := catalog.MayCreateRole(ctx, conn.PgConn())
	if err != nil || !may {
		return "", err
	}
	return "cvp_owner", nil
}

// usable says who may use the schema.
func usable(r catalog.Rights) string {
	switch {
	case r.Public:
		return "every role may use it"
	case len(r.Users) == 0:
		return "no other role may use it"
	}
	return fmt.Sprintf("a role may use it after GRANT %s TO …", pgx.Identifier{r.Users[0]}.Sanitize())
}

func (c *installCommand) report(t terminal, database string, before int) {
	switch after := catalog.Latest(); before {
	case after:
		fmt.Fprintf(t.out, "schema cvp in database %s is at version %d already\n", database, after)
	case 0:
		fmt.Fprintf(t.out, "created schema cvp in database %s at version %d\n", database, after)
	default:
		fmt.Fprintf(t.out, "migrated schema cvp in database %s from version %d to %d\n", database, before, after)
	}
}
