package main

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"cvp/catalog"
)

// installCommand brings schema cvp of one database to this program's version.
type installCommand struct {
	Backend string `help:"Database, as a URL or keywords, with a user who owns it or is a superuser." required:"" env:"CVP_BACKEND" placeholder:"URL"`
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
	err = pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error { return catalog.Install(ctx, tx.Conn().PgConn()) })
	if err != nil {
		return fmt.Errorf("install schema cvp: %w", err)
	}
	database := conn.Config().Database
	switch after := catalog.Latest(); before {
	case after:
		fmt.Fprintf(t.out, "schema cvp in database %s is at version %d already\n", database, after)
	case 0:
		fmt.Fprintf(t.out, "created schema cvp in database %s at version %d\n", database, after)
	default:
		fmt.Fprintf(t.out, "migrated schema cvp in database %s from version %d to %d\n", database, before, after)
	}
	return nil
}
