package pgtest_test

import (
	"errors"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"cvp/internal/pgtest"
)

func TestMain(m *testing.M) { pgtest.Run(m) }

func TestEveryTestHasADatabaseOfItsOwn(t *testing.T) {
	first, second := pgtest.Connect(t, pgtest.Database(t)), pgtest.Connect(t, pgtest.Database(t))
	if _, err := first.Exec(t.Context(), "CREATE TABLE mine (x int)"); err != nil {
		t.Fatal(err)
	}
	var seen bool
	if err := second.QueryRow(t.Context(), "SELECT to_regclass('mine') IS NOT NULL").Scan(&seen); err != nil {
		t.Fatal(err)
	}
	if seen {
		t.Error("a table made in one database is seen in the other")
	}
}

func TestARoleMayLogInButNotReadOthersTables(t *testing.T) {
	database := pgtest.Database(t)
	if _, err := pgtest.Connect(t, database).Exec(t.Context(), "CREATE TABLE secret (x int)"); err != nil {
		t.Fatal(err)
	}
	analyst := pgtest.Connect(t, pgtest.Role(t, database, "analyst", "p@ss word"))
	_, err := analyst.Exec(t.Context(), "SELECT * FROM secret")
	if refused := (*pgconn.PgError)(nil); !errors.As(err, &refused) || refused.Code != "42501" {
		t.Errorf("reading another's table gives %v, want insufficient_privilege", err)
	}
}
