package ops_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"cvp/internal/pgtest"
	"cvp/internal/postgres"
)

// backend is the cluster of this package's tests: one of its own, because a test stops it and starts it again.
var backend restartable

type restartable struct {
	config  postgres.Config
	running *postgres.Cluster
}

func TestMain(m *testing.M) {
	code, err := runWithCluster(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

func runWithCluster(m *testing.M) (code int, err error) {
	dir, err := os.MkdirTemp("", "cvp-ops-")
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(dir)
	backend.config = postgres.Config{Dir: dir, Settings: map[string]string{"fsync": "off", "shared_buffers": "32MB"}}
	if err := backend.start(); err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, backend.stop()) }()
	// pgtest makes its databases there.
	if err := os.Setenv("CVP_TEST_POSTGRES", backend.running.URL("postgres")); err != nil {
		return 0, err
	}
	return m.Run(), nil
}

// start starts the cluster, at the port that it had before.
func (b *restartable) start() (err error) {
	b.running, err = postgres.Start(context.Background(), b.config)
	if err == nil {
		b.config.Port = b.running.Port()
	}
	return err
}

func (b *restartable) stop() error {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	return b.running.Stop(ctx)
}

// retire has the cluster end when the last client has gone, and take no new one until then.
func (b *restartable) retire(t *testing.T) {
	t.Helper()
	conn := pgtest.Connect(t, b.running.URL("postgres"))
	var file string
	if err := conn.QueryRow(t.Context(), "SELECT pg_read_file('postmaster.pid')").Scan(&file); err != nil {
		t.Fatal(err)
	}
	_ = conn.Close(t.Context())
	line, _, _ := strings.Cut(file, "\n")
	pid, err := strconv.Atoi(line)
	if err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(pid, syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
}
