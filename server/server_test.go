package server_test

import (
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"net"
	"net/url"
	"testing"
	"time"

	"cvp/internal/pgtest"
	"cvp/server"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { pgtest.Run(m) }

// proxy is a server in front of a test's database.
type proxy struct {
	*server.Server
	address  net.Addr
	database string // its URL, through the server
	direct   string // and without
}

// start runs a server in front of a fresh database. When the test ends it is shut down, and nothing of it may
// be left running.
func start(t testing.TB, change ...func(*server.Config)) *proxy {
	t.Helper()
	database := pgtest.Database(t)
	install(t, database)
	return startAt(t, database, change...)
}

func startAt(t testing.TB, database string, change ...func(*server.Config)) *proxy {
	t.Helper()
	before := goleak.IgnoreCurrent()
	backend, err := server.ParseBackend(database)
	if err != nil {
		t.Fatal(err)
	}
	config := server.Config{Listen: "127.0.0.1:0", Backend: backend, Planner: &testPlanner{}, Log: slog.New(slog.DiscardHandler)}
	for _, c := range change {
		c(&config)
	}
	s, err := server.New(config)
	if err != nil {
		t.Fatal(err)
	}
	ln, err := net.Listen("tcp", config.Listen)
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- s.Serve(context.Background(), ln) }()
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		if err := s.Shutdown(ctx); err != nil {
			t.Errorf("shut down: %v", err)
		}
		if err := <-served; !errors.Is(err, server.ErrClosed) {
			t.Errorf("serve: %v", err)
		}
		goleak.VerifyNone(t, before)
	})
	u, err := url.Parse(database)
	if err != nil {
		t.Fatal(err)
	}
	u.Host = ln.Addr().String()
	return &proxy{Server: s, address: ln.Addr(), database: u.String(), direct: database}
}

func withPlanner(p server.Planner) func(*server.Config) {
	return func(c *server.Config) { c.Planner = p }
}

func withTLS(config *tls.Config) func(*server.Config) {
	return func(c *server.Config) { c.TLS = config }
}

// connect opens a connection through the server.
func (p *proxy) connect(t testing.TB, change ...func(*pgx.ConnConfig)) *pgx.Conn {
	t.Helper()
	return open(t, p.database, change...)
}

func open(t testing.TB, database string, change ...func(*pgx.ConnConfig)) *pgx.Conn {
	t.Helper()
	config, err := pgx.ParseConfig(database)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range change {
		c(config)
	}
	conn, err := pgx.ConnectConfig(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	return conn
}

func simpleProtocol(c *pgx.ConnConfig) { c.DefaultQueryExecMode = pgx.QueryExecModeSimpleProtocol }

// number runs a query that gives one number.
func number(t testing.TB, conn *pgx.Conn, sql string, args ...any) int64 {
	t.Helper()
	var n int64
	if err := conn.QueryRow(t.Context(), sql, args...).Scan(&n); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return n
}

// run runs a statement.
func run(t testing.TB, conn *pgx.Conn, sql string, args ...any) {
	t.Helper()
	if _, err := conn.Exec(t.Context(), sql, args...); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
}

// refusal runs a statement that fails and gives its error.
func refusal(t testing.TB, conn *pgx.Conn, sql string, args ...any) *pgconn.PgError {
	t.Helper()
	_, err := conn.Exec(t.Context(), sql, args...)
	return pgError(t, err)
}

func pgError(t testing.TB, err error) *pgconn.PgError {
	t.Helper()
	var e *pgconn.PgError
	if !errors.As(err, &e) {
		t.Fatalf("error is %v, want one of Postgres's kind", err)
	}
	return e
}

func wantCode(t testing.TB, err error, code string) {
	t.Helper()
	if e := pgError(t, err); e.Code != code {
		t.Errorf("error is %v, want SQLSTATE %s", e, code)
	}
}
