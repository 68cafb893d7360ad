// Package cvptest gives tests a whole server in front of a database: the wire with the engine behind it.
package cvptest

import (
	"context"
	"log/slog"
	"net"
	"net/url"
	"os"
	"testing"

	"cvp/server"
	"cvp/sqlfuncs"
)

// Through starts a server in front of the database's Postgres, which ends with the test, and gives the database's URL
// through it. Warnings of the server go to standard error.
func Through(t testing.TB, database string) string {
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
	s, err := server.New(server.Config{Backend: backend, Planner: sqlfuncs.New(sqlfuncs.Config{Log: log}), Log: log})
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
