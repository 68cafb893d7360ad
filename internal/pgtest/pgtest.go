// Package pgtest gives tests a real Postgres: one cluster for the run of a package, a fresh database for
// each test.
package pgtest

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"cvp/internal/postgres"
)

// environment names the server as a URL of a superuser. Where it is not set, Run starts a cluster and sets it.
const environment = "CVP_TEST_POSTGRES"

// settings trade durability, of which a test needs none, for speed.
var settings = map[string]string{
	"fsync":              "off",
	"synchronous_commit": "off",
	"full_page_writes":   "off",
	"shared_buffers":     "64MB",
	"max_connections":    "200",
	"autovacuum":         "off",
}

// Run runs the tests of a package with a Postgres beside them and exits the process. Use it as
//
//	func TestMain(m *testing.M) { pgtest.Run(m) }
func Run(m *testing.M) {
	code, err := run(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, "pgtest:", err)
		code = 1
	}
	os.Exit(code)
}

func run(m *testing.M) (code int, err error) {
	if os.Getenv(environment) != "" {
		return m.Run(), nil
	}
	dir, err := os.MkdirTemp("", "cvp-test-")
	if err != nil {
		return 0, fmt.Errorf("make a directory for the cluster: %w", err)
	}
	defer os.RemoveAll(dir)
	ctx := context.Background()
	cluster, err := postgres.Start(ctx, postgres.Config{Dir: dir, Settings: settings})
	if err != nil {
		return 0, err
	}
	if err := os.Setenv(environment, cluster.URL("postgres")); err != nil {
		return 0, fmt.Errorf("name the cluster to the tests: %w", err)
	}
	code = m.Run()
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	return code, cluster.Stop(ctx)
}

// Cluster gives the URL of the cluster's own database, as a superuser.
func Cluster(t testing.TB) string {
	t.Helper()
	return parse(t, os.Getenv(environment)).String()
}

// Database makes an empty database, dropped when the test ends, and gives its URL: over TCP, as a superuser.
func Database(t testing.TB) string {
	t.Helper()
	name := unique("test")
	server := Cluster(t)
	execute(t, server, "CREATE DATABASE "+quote(name))
	t.Cleanup(func() { execute(t, server, "DROP DATABASE IF EXISTS "+quote(name)+" WITH (FORCE)") })
	u := parse(t, server)
	u.Path = "/" + name
	return u.String()
}

// Role makes a role that may log in to the database of the given URL but owns nothing, dropped with all it
// came to own when the test ends, and gives that database's URL as this role. Its name begins with prefix.
func Role(t testing.TB, database, prefix, password string) string {
	t.Helper()
	name := unique(prefix)
	execute(t, database, fmt.Sprintf("CREATE ROLE %s LOGIN PASSWORD '%s'", quote(name), password))
	t.Cleanup(func() {
		execute(t, database, "DROP OWNED BY "+quote(name)+" CASCADE")
		execute(t, database, "DROP ROLE "+quote(name))
	})
	u := parse(t, database)
	u.User = url.UserPassword(name, password)
	return u.String()
}

// Connect opens a connection that is closed when the test ends.
func Connect(t testing.TB, database string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), database)
	if err != nil {
		t.Fatalf("connect to the test database: %v", err)
	}
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	return conn
}

func unique(prefix string) string {
	return prefix + "_" + strings.ToLower(rand.Text()[:10])
}

func quote(name string) string { return pgx.Identifier{name}.Sanitize() }

func parse(t testing.TB, text string) *url.URL {
	t.Helper()
	u, err := url.Parse(text)
	if err != nil || text == "" {
		t.Fatalf("no postgres for tests (is pgtest.Run called from TestMain?): %q: %v", text, err)
	}
	return u
}

// execute runs one statement on a connection of its own. It works in a cleanup, when the test's context has
// already ended.
func execute(t testing.TB, database, sql string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	parse(t, database)
	conn, err := pgx.Connect(ctx, database)
	if err != nil {
		t.Fatalf("connect to the test server: %v", err)
	}
	defer conn.Close(ctx)
	if _, err := conn.Exec(ctx, sql); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
}
