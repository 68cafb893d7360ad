package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"text/tabwriter"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgproto3"
)

// idleCommand measures what a session costs that does nothing.
type idleCommand struct {
	Server   string        `help:"The built cvp program." default:"bin/cvp" type:"existingfile"`
	Sessions int           `help:"Sessions in front of a backend that says nothing." default:"5000"`
	Real     int           `help:"Sessions in front of Postgres." default:"100"`
	Settle   time.Duration `help:"How long the sessions have been idle when they are measured." default:"10s"`
}

// Aims for idle sessions.
const (
	aimEach = 32 << 10
	aimAll  = 250 << 20
)

// Run implements the command.
func (c *idleCommand) Run(ctx context.Context) error {
	if c.Sessions < 2 || c.Real < 2 {
		return errors.New("there must be two sessions at least")
	}
	dir, err := os.MkdirTemp("", "cvp-idle-")
	if err != nil {
		return fmt.Errorf("make a directory: %w", err)
	}
	defer os.RemoveAll(dir)
	silent, err := c.inFrontOfStub(ctx, dir)
	if err != nil {
		return err
	}
	ordinary, err := c.inFrontOfPostgres(ctx, dir)
	if err != nil {
		return err
	}
	t := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintf(t, "sessions\tbackend\tall MiB\teach over the first KiB\n")
	for _, m := range append(silent, ordinary...) {
		fmt.Fprintf(t, "%d\t%s\t%.1f\t%.1f\n", m.sessions, m.backend, float64(m.all)/(1<<20), float64(m.each)/(1<<10))
	}
	if err := t.Flush(); err != nil {
		return err
	}
	if full := silent[len(silent)-1]; full.each > aimEach || full.all > aimAll {
		return fmt.Errorf("%d idle sessions hold %d MiB, %d KiB each, the aim is %d MiB and %d KiB",
			full.sessions, full.all>>20, full.each>>10, aimAll>>20, aimEach>>10)
	}
	return nil
}

// held is the memory of the server with so many sessions.
type held struct {
	sessions  int
	backend   string
	all, each int64 // bytes; each is over what it holds with one session
}

// inFrontOfStub measures sessions whose backend says nothing.
func (c *idleCommand) inFrontOfStub(ctx context.Context, dir string) ([]held, error) {
	s, err := startStub()
	if err != nil {
		return nil, err
	}
	p, err := startProcess(ctx, c.Server, dir, fmt.Sprintf("postgres://%s/?sslmode=disable", s.listener.Addr()))
	if err != nil {
		return nil, err
	}
	var open []net.Conn
	defer func() {
		for _, conn := range open {
			_ = conn.Close()
		}
		p.stop()
		s.stop()
	}()
	var all []held
	for _, n := range []int{1, c.Sessions / 10, c.Sessions} {
		for len(open) < n {
			conn, err := greeted(ctx, p.front.tcp)
			if err != nil {
				return nil, fmt.Errorf("open session %d: %w", len(open)+1, err)
			}
			open = append(open, conn)
		}
		time.Sleep(c.Settle)
		if all, err = measured(all, p, n, "stub"); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// measured appends what the server holds now.
func measured(all []held, p *process, sessions int, backend string) ([]held, error) {
	bytes, err := proportional(p.main().Pid)
	if err != nil {
		return nil, err
	}
	h := held{sessions: sessions, backend: backend, all: bytes}
	if len(all) > 0 {
		h.each = (bytes - all[0].all) / int64(sessions-all[0].sessions)
	}
	return append(all, h), nil
}

// greeted opens a session with the least of a client.
func greeted(ctx context.Context, address string) (net.Conn, error) {
	var d net.Dialer
	conn, err := d.DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	f := pgproto3.NewFrontend(conn, conn)
	f.Send(&pgproto3.StartupMessage{ProtocolVersion: pgproto3.ProtocolVersion30, Parameters: map[string]string{"user": "postgres"}})
	if err := f.Flush(); err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	for {
		m, err := f.Receive()
		if err != nil {
			return nil, errors.Join(err, conn.Close())
		}
		if _, ready := m.(*pgproto3.ReadyForQuery); ready {
			return conn, nil
		}
	}
}

// inFrontOfPostgres measures sessions of a real client library that have done some work.
func (c *idleCommand) inFrontOfPostgres(ctx context.Context, dir string) ([]held, error) {
	b, err := startBacking(ctx, dir)
	if err != nil {
		return nil, err
	}
	defer b.remove()
	p, err := startProcess(ctx, c.Server, dir, b.address())
	if err != nil {
		return nil, err
	}
	defer p.stop()
	config, err := p.front.config(plain, b.user(), "idle", pgx.QueryExecModeCacheStatement)
	if err != nil {
		return nil, err
	}
	var open []*pgx.Conn
	defer func() {
		for _, conn := range open {
			_ = conn.Close(ctx)
		}
	}()
	var all []held
	for _, n := range []int{1, c.Real} {
		for len(open) < n {
			conn, err := pgx.ConnectConfig(ctx, config.Copy())
			if err != nil {
				return nil, fmt.Errorf("open session %d: %w", len(open)+1, err)
			}
			open = append(open, conn)
			if err := someWork(ctx, conn); err != nil {
				return nil, err
			}
		}
		time.Sleep(c.Settle)
		if all, err = measured(all, p, n, "Postgres, after work"); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// someWork leaves what a session may keep: buffers of a large result and a large value, a prepared statement.
func someWork(ctx context.Context, conn *pgx.Conn) error {
	for _, n := range []int{1, 100_000} {
		rows, err := conn.Query(ctx, "SELECT n, repeat('x', 20) FROM generate_series(1, $1::int) n", n)
		if err != nil {
			return err
		}
		rows.Close()
		if rows.Err() != nil {
			return fmt.Errorf("read a large result: %w", rows.Err())
		}
	}
	_, err := conn.Exec(ctx, "SELECT length($1::text)", fmt.Sprintf("%01000000d", 1))
	return err
}

var pssLine = regexp.MustCompile(`(?m)^Pss:\s+(\d+) kB`)

// proportional is the memory of a process, with shared pages counted in part.
func proportional(pid int) (int64, error) {
	text, err := os.ReadFile(filepath.Join("/proc", fmt.Sprint(pid), "smaps_rollup"))
	if err != nil {
		return 0, fmt.Errorf("look at the server: %w", err)
	}
	kib, err := lineNumber(text, pssLine)
	return kib << 10, err
}
