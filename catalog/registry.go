package catalog

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

// Registry is a Postgres that keeps the models of databases which have no schema cvp of their own. It serves any number
// of sessions at a time.
type Registry struct {
	pool *pgxpool.Pool
	// Functions and Views are what schema cvp offers to clients.
	Functions []Function
	Views     []View
}

// Served is for whom a registry is asked: a role of another database, all by names there.
type Served struct {
	// Database names the database for good.
	Database string
	Role     string
	// Roles are those whose models the role may use and change, its own among them; All, for a superuser, are all of them.
	Roles []string
	All   bool
	// Trusted are the roles whose models a call without a model may mean.
	Trusted []string
}

// connections is how many a registry has at most where its address does not say.
const connections = 16

// patience bounds the wait for a registry when the server starts.
const patience = 15 * time.Second

// servedRole is the role as which a registry's rows are read and written. It is neither a superuser nor the owner of the
// tables, so row-level security holds for it.
const servedRole = "cvp_served"

// policiesSQL keeps the models of served databases apart, which the policies that hold for all roles do not.
const policiesSQL = `
DO $do$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_catalog.pg_policy WHERE polname = 'served' AND polrelid = 'cvp.models'::pg_catalog.regclass) THEN
        CREATE POLICY served ON cvp.models AS RESTRICTIVE TO cvp_served
            USING (cvp.serves(database, served_owner)) WITH CHECK (cvp.serves(database, served_owner));
    END IF;
END
$do$`

// OpenRegistry connects to a registry, brings its schema cvp to this version and reads what that offers. Connections are
// made as they are needed; Close ends them.
func OpenRegistry(ctx context.Context, url string) (*Registry, error) {
	config, err := pgxpool.ParseConfig(url)
	if err != nil {
		return nil, errors.New("read the address of the registry: it is neither a URL nor keywords of Postgres") // the reason may show its password
	}
	if !strings.Contains(url, "pool_max_conns") {
		config.MaxConns = connections
	}
	config.ConnConfig.RuntimeParams["application_name"] = "cvp registry"
	config.ConnConfig.OnNotice = func(c *pgconn.PgConn, n *pgconn.Notice) {
		if say, ok := c.CustomData()[noticeKey].(func(*pgconn.Notice)); ok {
			say(n)
		}
	}
	pool, err := pgxpool.NewWithConfig(context.WithoutCancel(ctx), config)
	if err != nil {
		return nil, fmt.Errorf("open the registry: %w", err)
	}
	r := &Registry{pool: pool}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if err := r.prepare(ctx); err != nil {
		pool.Close()
		return nil, fmt.Errorf("open the registry: %w", err)
	}
	return r, nil
}

// noticeKey is where a connection keeps who hears its notices.
const noticeKey = "notice"

// Close ends the registry's connections.
func (r *Registry) Close() { r.pool.Close() }

// prepare makes the registry's database one that can serve others.
func (r *Registry) prepare(ctx context.Context) error {
	return pgx.BeginFunc(ctx, r.pool, func(tx pgx.Tx) error {
		conn := tx.Conn().PgConn()
		if err := Install(ctx, conn); err != nil {
			return err
		}
		if err := lock(ctx, conn); err != nil { // another server may start at the same time
			return err
		}
		if err := becomes(ctx, conn); err != nil {
			return err
		}
		if err := admit(ctx, conn); err != nil {
			return err
		}
		if _, err := conn.Exec(ctx, policiesSQL).ReadAll(); err != nil {
			return failed("keep served databases apart", err)
		}
		var err error
		if r.Functions, err = functions(ctx, conn); err != nil {
			return err
		}
		r.Views, err = views(ctx, conn)
		return err
	})
}

// becomes sees to it that the login role may act as servedRole.
func becomes(ctx context.Context, conn *pgconn.PgConn) error {
	run := func(sql string) error {
		_, err := conn.Exec(ctx, sql).ReadAll()
		return err
	}
	if err := run("SAVEPOINT cvp_served"); err != nil {
		return err
	}
	if run("SET LOCAL ROLE "+servedRole+"; RESET ROLE; RELEASE cvp_served") == nil {
		return nil
	}
	if err := run("ROLLBACK TO cvp_served"); err != nil {
		return err
	}
	if err := createRole(ctx, conn, servedRole); err != nil {
		return err
	}
	if err := run("GRANT " + servedRole + " TO CURRENT_USER; SET LOCAL ROLE " + servedRole + "; RESET ROLE"); err != nil {
		return fmt.Errorf("act as role %s of the registry (a superuser can GRANT %s to the role that --registry names): %w", servedRole, servedRole, err)
	}
	return nil
}

// admit lets servedRole use a schema that is closed to PUBLIC, as those who may use it do.
func admit(ctx context.Context, conn *pgconn.PgConn) error {
	r, err := InspectRights(ctx, conn)
	if err != nil || r.Public {
		return err
	}
	for _, user := range r.Users {
		if user == servedRole {
			continue
		}
		if _, err := conn.Exec(ctx, "GRANT "+pgx.Identifier{user}.Sanitize()+" TO "+servedRole).ReadAll(); err != nil {
			return failed(fmt.Sprintf("let role %s use schema cvp of the registry", servedRole), err)
		}
	}
	return nil
}

// Tx is a transaction in a registry on behalf of one role.
type Tx struct {
	conn *pgxpool.Conn
	once sync.Once
}

// Begin opens a transaction in the registry on behalf of a role. Notices of the registry go to say, which may be nil.
func (r *Registry) Begin(ctx context.Context, served Served, say func(*pgconn.Notice)) (*Tx, error) {
	tx, err := r.begin(ctx, served, say)
	if err != nil && ctx.Err() == nil && Lost(err) {
		tx, err = r.begin(ctx, served, say) // the connection was of before the registry's restart
	}
	return tx, err
}

func (r *Registry) begin(ctx context.Context, served Served, say func(*pgconn.Notice)) (*Tx, error) {
	conn, err := r.pool.Acquire(ctx)
	if err != nil {
		return nil, fmt.Errorf("connect to the registry: %w", err)
	}
	tx := &Tx{conn: conn}
	conn.Conn().PgConn().CustomData()[noticeKey] = say
	roles := "*"
	if !served.All {
		roles = array(served.Roles)
	}
	_, err = conn.Conn().PgConn().Exec(ctx, fmt.Sprintf(`BEGIN; SET LOCAL ROLE %s;
SELECT pg_catalog.set_config('cvp.served_database', %s, true), pg_catalog.set_config('cvp.served_role', %s, true),
       pg_catalog.set_config('cvp.served_roles', %s, true), pg_catalog.set_config('cvp.served_trusted', %s, true)`,
		servedRole, literal(served.Database), literal(served.Role), literal(roles), literal(array(served.Trusted)))).ReadAll()
	if err != nil {
		tx.Rollback()
		return nil, fmt.Errorf("begin in the registry: %w", err)
	}
	return tx, nil
}

// Conn is the connection on which the transaction is open.
func (tx *Tx) Conn() *pgconn.PgConn { return tx.conn.Conn().PgConn() }

// Commit ends the transaction. It is an error where what it did has not taken effect.
func (tx *Tx) Commit(ctx context.Context) error {
	var err error
	tx.once.Do(func() {
		defer tx.release()
		if tx.Conn().TxStatus() != 'T' {
			err = refusal("25P02", "the registry's transaction has failed", "")
			return
		}
		_, err = tx.Conn().Exec(ctx, "COMMIT").ReadAll()
	})
	switch {
	case Lost(err):
		slog.Error("commit in the registry", "reason", err)
		return Unreachable()
	case err != nil:
		return failed("commit in the registry", err)
	}
	return nil
}

// Rollback ends the transaction without effect, unless it has ended.
func (tx *Tx) Rollback() { tx.once.Do(tx.release) }

// release gives the connection back; one that is in a transaction is rolled back first.
func (tx *Tx) release() {
	conn := tx.Conn()
	delete(conn.CustomData(), noticeKey)
	if !conn.IsClosed() && conn.TxStatus() != 'I' {
		ctx, cancel := context.WithTimeout(context.Background(), rollbackPatience)
		defer cancel()
		if _, err := conn.Exec(ctx, "ROLLBACK").ReadAll(); err != nil {
			slog.Debug("roll back in the registry", "reason", err)
		}
	}
	tx.conn.Release() // which closes one that is still busy
}

// rollbackPatience bounds the wait for the end of a transaction that has no effect.
const rollbackPatience = 5 * time.Second

// Lost reports whether an error is of the connection to a registry rather than of what was asked there.
func Lost(err error) bool {
	var raised *pgconn.PgError
	if errors.As(err, &raised) {
		return raised.SeverityUnlocalized == "FATAL" || raised.SeverityUnlocalized == "PANIC"
	}
	return err != nil && !errors.Is(err, context.Canceled) && !errors.Is(err, context.DeadlineExceeded)
}

// Unreachable is what a client gets for a lost connection: neither its address nor a FATAL, which would be about his own.
func Unreachable() error {
	return refusal("08006", "the registry of models cannot be reached", "The log of the server that runs with --registry says why.")
}

// array writes an array of texts as Postgres reads it.
func array(elements []string) string {
	var b []byte
	b = append(b, '{')
	for i, e := range elements {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, '"')
		for _, c := range []byte(e) {
			if c == '"' || c == '\\' {
				b = append(b, '\\')
			}
			b = append(b, c)
		}
		b = append(b, '"')
	}
	return string(append(b, '}'))
}
