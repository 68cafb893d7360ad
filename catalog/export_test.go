package catalog

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5/pgconn"
)

// MigrationNames lists the migrations as number_name.
func MigrationNames() ([]string, error) {
	steps, err := migrations()
	names := make([]string, len(steps))
	for i, step := range steps {
		names[i] = fmt.Sprintf("%d_%s", step.version, step.name)
	}
	return names, err
}

// InstallUpTo installs as a program would whose last migration is the given one; those beyond the present last
// one are empty.
func InstallUpTo(ctx context.Context, conn *pgconn.PgConn, version int) error {
	steps, err := migrations()
	if err != nil {
		return err
	}
	for len(steps) < version {
		steps = append(steps, migration{version: len(steps) + 1, name: "future", sql: "SELECT 1"})
	}
	return install(ctx, conn, steps[:version])
}

// InstallBroken installs a schema whose only migration fails half way.
func InstallBroken(ctx context.Context, conn *pgconn.PgConn) error {
	return install(ctx, conn, []migration{{version: 1, name: "broken", sql: "CREATE SCHEMA cvp; SELECT 1 / 0"}})
}

// InstallStep installs one migration behind the present last one.
func InstallStep(ctx context.Context, conn *pgconn.PgConn, sql string) error {
	steps, err := migrations()
	if err != nil {
		return err
	}
	return install(ctx, conn, append(steps, migration{version: len(steps) + 1, name: "later", sql: sql}))
}
