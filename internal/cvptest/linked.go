package cvptest

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"cvp/catalog"
	"cvp/internal/pgtest"
)

// Linked makes an empty database with a server in front of it, which Postgres calls for the superuser whose URLs these are, and for
// each other member of role user that has a user mapping. Schema cvp belongs to a role without a login.
func Linked(t testing.TB) (database, through, user string) {
	t.Helper()
	suffix := strings.ToLower(rand.Text()[:10])
	owner, user := "cvp_owner_"+suffix, "cvp_user_"+suffix
	cluster := pgtest.Cluster(t)
	t.Cleanup(func() { // after the database, in which they own things
		conn, err := pgx.Connect(context.Background(), cluster)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close(context.Background())
		if _, err := conn.Exec(context.Background(), fmt.Sprintf("DROP ROLE IF EXISTS %s, %s", owner, user)); err != nil {
			t.Error(err)
		}
	})
	database = pgtest.Database(t)
	through = Through(t, database)
	if err := link(t.Context(), pgtest.Connect(t, database), through, owner, user); err != nil {
		t.Fatalf("let Postgres call the server: %v", err)
	}
	return database, through, user
}

// link does what "cvp install --foreign-server" does, and maps the user of the server's URL.
func link(ctx context.Context, conn *pgx.Conn, through, owner, user string) error {
	u, err := url.Parse(through)
	if err != nil {
		return err
	}
	return pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
		c := tx.Conn().PgConn()
		if err := catalog.Install(ctx, c); err != nil {
			return err
		}
		if err := catalog.Secure(ctx, c, owner, user); err != nil {
			return err
		}
		if err := catalog.Link(ctx, c, map[string]string{"host": u.Hostname(), "port": u.Port()}); err != nil {
			return err
		}
		password, _ := u.User.Password()
		login, err := c.EscapeString(u.User.Username())
		if err != nil {
			return err
		}
		if password, err = c.EscapeString(password); err != nil {
			return err
		}
		_, err = tx.Exec(ctx, fmt.Sprintf("CREATE USER MAPPING FOR %s SERVER cvp_engine OPTIONS (user '%s', password '%s')",
			pgx.Identifier{u.User.Username()}.Sanitize(), login, password))
		return err
	})
}
