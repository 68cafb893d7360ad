// Package cvptest gives tests a whole server in front of a database: the wire with the engine behind it.
package cvptest

import (
	"context"
	"log/slog"
	"net"
	"net/url"
	"os"
	"testing"

	"cvp/catalog"
	"cvp/server"
	"cvp/sqlfuncs"
)

// Through starts a server in front of the database's Postgres, which ends with the test, and gives the database's URL
// through it. Warnings of the server go to standard error.
func Through(t testing.TB, database string) string {
	t.Helper()
	return through(t, database, nil)
}

// WithRegistry is Through with the models in another database, which may be on another Postgres.
func WithRegistry(t testing.TB, database, registry string) string {
	t.Helper()
	r, err := catalog.OpenRegistry(t.Context(), registry)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.Close)
	return through(t, database, r)
}

func through(t testing.TB, database string, registry *catalog.Registry) string {
	t.Helper()
	u, err := url.Parse(database)
	if err != nil {
		t.Fatal(err)
	}
	backend, err := server.ParseBackend("postgres://" + u.Host + "/?sslmode=disable")
	if err != nil {
		t.Fatal(err)
	}
	log := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
	s, err := server.New(server.Config{Backend: backend, Planner: sqlfuncs.New(sqlfuncs.Config{Log: log, Registry: registry}), Log: log})
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.Serve(ctx, l) }()
	t.Cleanup(func() { cancel(); <-done })
	u.Host = l.Addr().String()
	return u.String()
}
