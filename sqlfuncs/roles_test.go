package sqlfuncs_test

import (
	"net/url"
	"testing"

	"github.com/jackc/pgx/v5"
)

// roleOf gives the quoted role of a database URL.
func roleOf(t *testing.T, database string) string {
	t.Helper()
	u, err := url.Parse(database)
	if err != nil {
		t.Fatal(err)
	}
	return pgx.Identifier{u.User.Username()}.Sanitize()
}
