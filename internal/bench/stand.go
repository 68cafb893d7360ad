package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"

	"cvp/internal/postgres"
)

// stand is what every figure is measured on: a Postgres and a cvp server in front of it.
type stand struct {
	program string
	cluster *postgres.Cluster
	server  *exec.Cmd
	listen  string
	dir     string
}

// newStand starts both; the server's log goes to standard error.
func newStand(ctx context.Context, program string) (*stand, error) {
	dir, err := os.MkdirTemp("", "cvp-bench")
	if err != nil {
		return nil, fmt.Errorf("make a directory: %w", err)
	}
	s := &stand{program: program, dir: dir}
	s.cluster, err = postgres.Start(ctx, postgres.Config{Dir: dir, Settings: map[string]string{
		"fsync": "off", "shared_buffers": "512MB", "work_mem": "64MB", "max_wal_size": "4GB"}})
	if err != nil {
		return nil, fmt.Errorf("start Postgres: %w", err)
	}
	if s.listen, err = freeAddress(); err != nil {
		return nil, err
	}
	if err := s.serve(ctx); err != nil {
		return nil, err
	}
	return s, nil
}

// serve starts the server.
func (s *stand) serve(ctx context.Context) error {
	s.server = exec.CommandContext(ctx, s.program, "serve", "--listen", s.listen,
		"--backend", fmt.Sprintf("postgres://127.0.0.1:%d/?sslmode=disable", s.cluster.Port()))
	s.server.Stderr = os.Stderr
	s.server.Cancel = func() error { return s.server.Process.Signal(syscall.SIGTERM) }
	if err := s.server.Start(); err != nil {
		return fmt.Errorf("start %s: %w", s.program, err)
	}
	return nil
}

// restart gives a server that has done nothing yet: its peak is of what comes.
func (s *stand) restart(ctx context.Context) error {
	_ = s.server.Process.Signal(syscall.SIGTERM)
	_ = s.server.Wait()
	return s.serve(ctx)
}

func freeAddress() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("find a free port: %w", err)
	}
	defer l.Close()
	return l.Addr().String(), nil
}

func (s *stand) close() {
	_ = s.server.Process.Signal(syscall.SIGTERM)
	_ = s.server.Wait()
	_ = s.cluster.Stop(context.Background())
	_ = postgres.Remove(s.dir)
}

// direct connects to Postgres itself, through to the server in front of it.
func (s *stand) direct(ctx context.Context) (*pgx.Conn, error) {
	return pgx.Connect(ctx, s.cluster.URL("postgres"))
}

func (s *stand) through(ctx context.Context) (*pgx.Conn, error) {
	u, err := url.Parse(s.cluster.URL("postgres"))
	if err != nil {
		return nil, err
	}
	u.Host = s.listen
	var conn *pgx.Conn
	for range 100 { // the server may still be starting
		if conn, err = pgx.Connect(ctx, u.String()); err == nil {
			return conn, nil
		}
		time.Sleep(50 * time.Millisecond)
	}
	return nil, fmt.Errorf("connect through the server: %w", err)
}

// peak is the largest resident memory that the server has had, in bytes.
func (s *stand) peak() (int64, error) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.server.Process.Pid))
	if err != nil {
		return 0, fmt.Errorf("read the server's memory: %w", err)
	}
	m := regexp.MustCompile(`VmHWM:\s+(\d+) kB`).FindSubmatch(b)
	if m == nil {
		return 0, fmt.Errorf("read the server's memory: no VmHWM")
	}
	kib, err := strconv.ParseInt(string(m[1]), 10, 64)
	return kib << 10, err
}

// print writes one line of figures.
func print(figures map[string]any) error { return json.NewEncoder(os.Stdout).Encode(figures) }
