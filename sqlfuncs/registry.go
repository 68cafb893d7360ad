package sqlfuncs

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"cvp/catalog"
	"cvp/sqlfuncs/pull"
	"cvp/sqlfuncs/shape"
)

// Models are in schema cvp of the client's own database, and all about them is asked on the client's connection, as his
// role, in his transaction. Or they are in a registry, another Postgres: then the client's database has nothing of cvp's.
// Postgres checks statements in the shape that package shape gives them, and what Postgres would do by a function of
// schema cvp is done here, in a transaction of the registry's.

// kept is a registry as Functions uses it.
type kept struct {
	*catalog.Registry
	surface *shape.Surface
	as      string // names the databases that are served, "" for the identity of their Postgres
}

func newKept(r *catalog.Registry, as string) *kept {
	if r == nil {
		return nil
	}
	return &kept{Registry: r, surface: shape.NewSurface(r.Functions, r.Views), as: as}
}

// servedSettings are SQL expressions for who asks, as a registry needs to know: the database, which a replica shares with
// its primary; the role; the roles that it may act as, NULL for a superuser; and those that it has reason to trust.
func (k *kept) servedSettings() []string {
	identity := "(SELECT c.system_identifier::pg_catalog.text FROM pg_catalog.pg_control_system() AS c)"
	if k.as != "" {
		identity = "'" + strings.ReplaceAll(k.as, "'", "''") + "'::pg_catalog.text"
	}
	const me = "(SELECT m.rolsuper FROM pg_catalog.pg_roles AS m WHERE m.rolname OPERATOR(pg_catalog.=) current_user)"
	const names = "(SELECT pg_catalog.json_agg(r.rolname)::pg_catalog.text FROM pg_catalog.pg_roles AS r WHERE "
	const member = "pg_catalog.pg_has_role(r.oid, 'USAGE'::pg_catalog.text)"
	return []string{
		identity + " OPERATOR(pg_catalog.||) '/' OPERATOR(pg_catalog.||) pg_catalog.current_database()::pg_catalog.text",
		"(SELECT b.oid::pg_catalog.text FROM pg_catalog.pg_database AS b WHERE b.datname OPERATOR(pg_catalog.=) pg_catalog.current_database())",
		"current_user::pg_catalog.text",
		"CASE WHEN NOT " + me + " THEN " + names + member + ") END",
		names + "r.rolsuper OR r.rolname OPERATOR(pg_catalog.=) current_user OR NOT " + me + " AND " + member +
			" OR r.oid OPERATOR(pg_catalog.=) (SELECT b.datdba FROM pg_catalog.pg_database AS b WHERE b.datname OPERATOR(pg_catalog.=) pg_catalog.current_database()))",
	}
}

// serve takes the values of servedSettings.
func (w *work) serve(values []*string) error {
	database, oid, role, roles, trusted := values[0], values[1], values[2], values[3], values[4]
	if database == nil || oid == nil || role == nil {
		return fmt.Errorf("the database does not say who asks")
	}
	number, err := strconv.ParseUint(*oid, 10, 32)
	if err != nil {
		return fmt.Errorf("read the oid of the database: %w", err)
	}
	w.database = uint32(number)
	w.served = catalog.Served{Database: *database, Role: *role, All: roles == nil}
	for text, into := range map[*string]*[]string{roles: &w.served.Roles, trusted: &w.served.Trusted} {
		if text == nil {
			continue
		}
		if err := json.Unmarshal([]byte(*text), into); err != nil {
			return fmt.Errorf("read the roles that the client may act as: %w", err)
		}
	}
	return nil
}

// inRegistry runs what only reads where the models are.
func (w *work) inRegistry(ctx context.Context, read func(*pgconn.PgConn) error) error {
	if w.functions.kept == nil {
		return read(w.conn)
	}
	if tx, ok := w.call.Attachment.(*catalog.Tx); ok {
		return w.ofRegistry(ctx, read(tx.Conn()))
	}
	tx, err := w.functions.kept.Begin(ctx, w.served, w.call.Notice)
	if err != nil {
		return w.ofRegistry(ctx, err)
	}
	defer tx.Rollback()
	return w.ofRegistry(ctx, read(tx.Conn()))
}

// changeRegistry runs what changes models. In a registry it takes effect with the transaction that the server has opened for
// the client; where that ends is not known of one that the client has opened.
func (w *work) changeRegistry(ctx context.Context, what string, change func(*pgconn.PgConn) error) error {
	if w.functions.kept == nil {
		return change(w.conn)
	}
	if err := w.changeable(what); err != nil {
		return err
	}
	tx, ok := w.call.Attachment.(*catalog.Tx)
	if !ok {
		var err error
		if tx, err = w.functions.kept.Begin(ctx, w.served, w.call.Notice); err != nil {
			return w.ofRegistry(ctx, err)
		}
		w.call.Attachment = tx
		w.call.Attach(tx)
	}
	return w.ofRegistry(ctx, change(tx.Conn()))
}

// changeable refuses what changes models in a registry where nobody would undo it.
func (w *work) changeable(what string) error {
	if w.functions.kept == nil || w.call.Attach != nil {
		return nil
	}
	return failure("25001", what+" cannot run inside a transaction block",
		"The models are in another Postgres, which a ROLLBACK here does not reach. Run it by itself, in autocommit.")
}

// ofRegistry keeps a lost connection to the registry from the client, and its reason for the log.
func (w *work) ofRegistry(ctx context.Context, err error) error {
	var refused *pgconn.PgError
	if !catalog.Lost(err) || ctx.Err() != nil && !errors.As(err, &refused) {
		return err
	}
	w.log().ErrorContext(ctx, "the registry cannot be used", "reason", err)
	return catalog.Unreachable()
}

// adopt makes a registry's version one of the client's database.
func (w *work) adopt(v *catalog.Version) *catalog.Version {
	if v != nil && w.functions.kept != nil {
		v.ID.Database = w.database
		v.Trusted = slices.Contains(w.served.Trusted, v.Owner)
	}
	return v
}

// resolve finds the version that a name means to the session's role, "" meaning the only deployed model.
func (w *work) resolve(ctx context.Context, name string) (v *catalog.Version, err error) {
	err = w.inRegistry(ctx, func(conn *pgconn.PgConn) (err error) {
		if name == "" {
			v, err = catalog.Deployed(ctx, conn)
		} else {
			v, err = catalog.Resolve(ctx, conn, name)
		}
		return err
	})
	return w.adopt(v), err
}

// ask reads settings of the session, each an SQL expression of type text.
func (w *work) ask(ctx context.Context, expressions []string) ([]*string, error) {
	values := make([]*string, len(expressions))
	sinks := make([]pull.Sink, len(expressions))
	for i := range sinks {
		sinks[i] = &oneText{&values[i]}
	}
	if _, err := pull.Into(ctx, w.conn, pull.Query{SQL: "SELECT " + strings.Join(expressions, ", ")}, sinks...); err != nil {
		return nil, fmt.Errorf("read session settings: %w", err)
	}
	return values, nil
}
