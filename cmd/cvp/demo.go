package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"path/filepath"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"

	"cvp/engine/blas"
	"cvp/internal/postgres"
	"cvp/server"
	"cvp/sqlfuncs"
	"cvp/testdata"
)

// demoDatabase holds the data set of the tour.
const demoDatabase = "retail"

// demoSettings suit one analyst on a small machine, whose data can be loaded again.
var demoSettings = map[string]string{
	"shared_buffers":     "256MB",
	"work_mem":           "64MB",
	"max_wal_size":       "2GB",
	"wal_level":          "minimal",
	"max_wal_senders":    "0",
	"synchronous_commit": "off",
	"jit":                "off",
}

// demoCommand shows the whole product on real data.
type demoCommand struct {
	Once   bool   `help:"End after the tour, with status 0 only if every step gave what it should."`
	Reset  bool   `help:"Remove the demo's Postgres first: its data and models are made anew."`
	Dir    string `help:"Where that Postgres lives (default: in the user's cache directory)." type:"path" env:"CVP_DEMO_DIR" placeholder:"DIR"`
	Listen string `help:"Address to serve (default: 127.0.0.1:6432, or a free port where that is taken)." env:"CVP_DEMO_LISTEN" placeholder:"ADDRESS"`
}

// Run implements the command.
func (c *demoCommand) Run(ctx context.Context, t terminal, flags *logFlags) error {
	began := time.Now()
	dir, err := c.dir()
	if err != nil {
		return err
	}
	if c.Reset {
		if err := postgres.Remove(dir); err != nil {
			return err
		}
	}
	cluster, err := startDemoCluster(ctx, t, dir)
	if err != nil {
		return err
	}
	defer func() { _ = cluster.Stop(context.WithoutCancel(ctx)) }() // an unclean end is repaired by the next start
	if err := loadRetail(ctx, t, cluster); err != nil {
		return err
	}
	listener, err := c.listen()
	if err != nil {
		return err
	}
	stop, err := serveDemo(ctx, t, flags, cluster, listener)
	if err != nil {
		return err
	}
	defer stop()
	client := clientURL(cluster, listener.Addr())
	if err := takeTour(ctx, t, client, tour()); err != nil {
		if c.Once || ctx.Err() != nil {
			return err
		}
		fmt.Fprintln(t.errors, "cvp:", err)
	}
	fmt.Fprintf(t.out, "\nThe tour took %v, everything since the start included.\n", time.Since(began).Round(100*time.Millisecond))
	if c.Once {
		return nil
	}
	return waitForEnd(ctx, t, cluster, client)
}

func (c *demoCommand) dir() (string, error) {
	if c.Dir != "" {
		return c.Dir, nil
	}
	cache, err := postgres.CacheDir()
	return filepath.Join(cache, "demo"), err
}

// startDemoCluster says which Postgres and which libraries it found.
func startDemoCluster(ctx context.Context, t terminal, dir string) (*postgres.Cluster, error) {
	fmt.Fprintf(t.out, "cvp %s, %s, BLAS by %s\n", buildVersion(), parserName(), blas.Name())
	if postgres.Installed(ctx) == "" {
		fmt.Fprintln(t.out, "There is no Postgres on this machine: one is fetched unless that has been done before.")
	}
	cluster, err := postgres.Start(ctx, postgres.Config{Dir: dir, Settings: demoSettings})
	if err != nil {
		return nil, err
	}
	origin := "found on this machine"
	if cluster.Fetched {
		origin = "fetched"
	}
	state := "reused"
	if cluster.Fresh {
		state = "new"
	}
	fmt.Fprintf(t.out, "Postgres %s (%s: %s), cluster %s (%s)\n", cluster.Version, origin, cluster.BinDir, dir, state)
	return cluster, nil
}

// loadRetail makes the database and fills it, each only where it is not there yet.
func loadRetail(ctx context.Context, t terminal, cluster *postgres.Cluster) error {
	if err := createDatabase(ctx, cluster); err != nil {
		return err
	}
	conn, err := pgx.Connect(ctx, cluster.URL(demoDatabase))
	if err != nil {
		return fmt.Errorf("connect to the demo's database: %w", err)
	}
	defer conn.Close(context.WithoutCancel(ctx))
	loaded, err := testdata.HasOnlineRetail(ctx, conn)
	if err != nil || loaded {
		return err
	}
	began := time.Now()
	line := newProgressLine(t.out, "Loading Online Retail II (two years of a real shop)")
	if err := testdata.LoadOnlineRetail(ctx, conn, line.report); err != nil {
		return err
	}
	line.end()
	fmt.Fprintf(t.out, "Loaded %d order lines with keys and indexes in %v\n", testdata.RetailLines, time.Since(began).Round(100*time.Millisecond))
	return nil
}

func createDatabase(ctx context.Context, cluster *postgres.Cluster) error {
	conn, err := pgx.Connect(ctx, cluster.URL("postgres"))
	if err != nil {
		return fmt.Errorf("connect to the demo's Postgres: %w", err)
	}
	defer conn.Close(context.WithoutCancel(ctx))
	var exists bool
	err = conn.QueryRow(ctx, "SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)", demoDatabase).Scan(&exists)
	if err == nil && !exists {
		_, err = conn.Exec(ctx, "CREATE DATABASE "+demoDatabase)
	}
	if err != nil {
		return fmt.Errorf("create the demo's database: %w", err)
	}
	return nil
}

// listen takes the address that was asked for, else the usual one, else a free port.
func (c *demoCommand) listen() (net.Listener, error) {
	if c.Listen != "" {
		listener, err := net.Listen("tcp", c.Listen)
		if err != nil {
			return nil, fmt.Errorf("listen for clients: %w", err)
		}
		return listener, nil
	}
	if listener, err := net.Listen("tcp", "127.0.0.1:6432"); err == nil {
		return listener, nil
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listen for clients: %w", err)
	}
	return listener, nil
}

// serveDemo serves the cluster on listener until stop is called.
func serveDemo(ctx context.Context, t terminal, flags *logFlags, cluster *postgres.Cluster, listener net.Listener) (stop func(), err error) {
	backend, err := server.ParseBackend(cluster.URL(demoDatabase))
	if err != nil {
		return nil, err
	}
	demo := *flags
	demo.Level = max(demo.Level, slog.LevelWarn)
	log := demo.logger(t.errors)
	srv, err := server.New(server.Config{Backend: backend, Log: log, Planner: sqlfuncs.New(sqlfuncs.Config{Log: log})})
	if err != nil {
		return nil, err
	}
	serving, cancel := context.WithCancel(context.WithoutCancel(ctx))
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := srv.Serve(serving, listener); err != nil && !errors.Is(err, server.ErrClosed) {
			log.Error("serve the demo", "reason", err)
		}
	}()
	return func() { cancel(); <-done }, nil
}

// clientURL is how a client reaches the demo through the server.
func clientURL(cluster *postgres.Cluster, address net.Addr) string {
	host := "127.0.0.1"
	tcp := address.(*net.TCPAddr)
	if !tcp.IP.IsUnspecified() {
		host = tcp.IP.String()
	}
	u := url.URL{
		Scheme: "postgres", User: url.UserPassword("postgres", cluster.Password()),
		Host: net.JoinHostPort(host, strconv.Itoa(tcp.Port)), Path: "/" + demoDatabase, RawQuery: "sslmode=disable",
	}
	return u.String()
}

// waitForEnd keeps the server up for whoever wants to try more.
func waitForEnd(ctx context.Context, t terminal, cluster *postgres.Cluster, client string) error {
	fmt.Fprintf(t.out, "\nThe server keeps running. Ask it something yourself:\n\n  psql '%s'\n\nCtrl-C ends it; the data and the models stay for the next time.\n", client)
	select {
	case <-ctx.Done():
		return nil
	case <-cluster.Done():
		return errors.New("the demo's Postgres has ended by itself")
	}
}
