package catalog

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"
)

// installLock is the key of the advisory lock that lets one installation run at a time in a database: "cvp".
const installLock int64 = 0x637670

// neutral are the settings under which migrations run, whatever the client has chosen. Each is put back after.
var neutral = []struct{ name, value string }{
	{"search_path", "pg_catalog, pg_temp"},
	{"standard_conforming_strings", "on"},
	{"client_min_messages", "warning"},
	{"default_tablespace", ""},
}

// Install brings schema cvp to the latest version, inside the transaction that the caller has opened. The
// schema belongs to the owner of the database, or stays with its present owner, so the current role has to be
// a member of that one (or a superuser). It does nothing, and any role may call it, where the schema is up to date.
func Install(ctx context.Context, conn *pgconn.PgConn) error {
	steps, err := migrations()
	if err != nil {
		return err
	}
	return install(ctx, conn, steps)
}

func install(ctx context.Context, conn *pgconn.PgConn, steps []migration) error {
	version, err := Installed(ctx, conn)
	if err != nil || version == len(steps) {
		return err
	}
	state, err := Inspect(ctx, conn)
	if err != nil {
		return err
	}
	if err := mayInstall(state, len(steps)); err != nil {
		return err
	}
	if conn.TxStatus() != 'T' {
		return fmt.Errorf("install schema cvp: no transaction is open")
	}
	if err := lock(ctx, conn); err != nil {
		return err
	}
	// Another session may have installed it while we waited.
	if state, err = Inspect(ctx, conn); err != nil {
		return err
	}
	if state.Version >= len(steps) {
		return nil
	}
	restore, err := neutralise(ctx, conn, state)
	if err != nil {
		return err
	}
	for _, step := range steps[state.Version:] {
		if err := apply(ctx, conn, step); err != nil {
			return err
		}
	}
	if err := keepClosed(ctx, conn); err != nil {
		return err
	}
	return restore()
}

func mayInstall(s State, latest int) error {
	switch {
	case s.exists && !s.ours:
		return refusal("42P06", "schema \"cvp\" already exists and is not a model registry",
			"Rename it or drop it, then run \"cvp install\".")
	case s.Version > latest:
		return refusal("55000", fmt.Sprintf("schema \"cvp\" is at version %d, this cvp knows versions up to %d", s.Version, latest),
			"Use the newer cvp that has installed it.")
	case !s.MayInstall && s.exists:
		return refusal("42501", fmt.Sprintf("permission denied to bring schema \"cvp\" from version %d to %d", s.Version, latest),
			fmt.Sprintf("Run \"cvp install\" as %s, who owns the schema.", s.Owner))
	case !s.MayInstall:
		return refusal("42501", "permission denied to create schema \"cvp\"",
			fmt.Sprintf("Run \"cvp install\" once as %s, who owns the database.", s.Owner))
	}
	return nil
}

func lock(ctx context.Context, conn *pgconn.PgConn) error {
	err := execute(ctx, conn, "SELECT pg_catalog.pg_advisory_xact_lock($1)", argument{pgtype.Int8OID, installLock})
	if err != nil {
		return failed("wait for another installation of schema cvp", err)
	}
	return nil
}

// apply runs one migration and records it, in the table for people and in schema_version() for Inspect.
func apply(ctx context.Context, conn *pgconn.PgConn, step migration) error {
	attempted := fmt.Sprintf("apply migration %d (%s) of schema cvp", step.version, step.name)
	if _, err := conn.Exec(ctx, step.sql).ReadAll(); err != nil {
		return failed(attempted, err)
	}
	if err := execute(ctx, conn, "INSERT INTO cvp.schema_migrations (version, name) VALUES ($1, $2)",
		argument{pgtype.Int4OID, step.version}, text(step.name)); err != nil {
		return failed(attempted, err)
	}
	record := fmt.Sprintf(`
CREATE OR REPLACE FUNCTION cvp.schema_version() RETURNS int LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS 'SELECT %d';
COMMENT ON FUNCTION cvp.schema_version() IS 'the last migration applied to schema cvp';
GRANT EXECUTE ON FUNCTION cvp.schema_version() TO PUBLIC;`, step.version)
	if _, err := conn.Exec(ctx, record).ReadAll(); err != nil {
		return failed(attempted, err)
	}
	return nil
}

// neutralise becomes the schema's owner-to-be under neutral settings until the transaction ends, or until the
// returned function puts back what the client had. After an error the client's rollback does that.
func neutralise(ctx context.Context, conn *pgconn.PgConn, state State) (restore func() error, err error) {
	settings := neutral
	if state.role != state.Owner {
		settings = append(settings[:len(settings):len(settings)], struct{ name, value string }{"role", state.Owner})
	}
	before := make([]string, len(settings))
	for i, s := range settings {
		if before[i], err = set(ctx, conn, s.name, s.value); err != nil {
			return nil, failed("prepare the session for installing schema cvp", err)
		}
	}
	return func() error {
		for i := len(settings) - 1; i >= 0; i-- {
			if _, err := set(ctx, conn, settings[i].name, before[i]); err != nil {
				return failed("put back the client's settings after installing schema cvp", err)
			}
		}
		return nil
	}, nil
}

// set changes a setting for the rest of the transaction and returns what it was.
func set(ctx context.Context, conn *pgconn.PgConn, name, value string) (before string, err error) {
	err = queryRow(ctx, conn, "SELECT pg_catalog.current_setting($1)", []argument{text(name)}, &before)
	if err != nil {
		return "", err
	}
	return before, execute(ctx, conn, "SELECT pg_catalog.set_config($1, $2, true)", text(name), text(value))
}
