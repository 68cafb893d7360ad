package main

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"

	"cvp/internal/postgres"
)

// stopLimit bounds a fast stop of Postgres before it is killed.
const stopLimit = 30 * time.Second

// backing is the Postgres behind the server. It keeps its port over restarts.
type backing struct {
	config  postgres.Config
	cluster *postgres.Cluster
}

// settings keep commits over a crash of Postgres (the kernel has them), which is what the clients verify; only a
// crash of the machine would lose them.
var settings = map[string]string{
	"fsync": "off", "full_page_writes": "off", "shared_buffers": "128MB", "max_connections": "300",
	"max_wal_size": "2GB",
}

func startBacking(ctx context.Context, dir string) (*backing, error) {
	b := &backing{config: postgres.Config{Dir: filepath.Join(dir, "postgres"), Settings: settings}}
	if err := os.Chmod(dir, 0o755); err != nil { // Postgres may run as another user
		return nil, fmt.Errorf("open the directory of the cluster: %w", err)
	}
	var err error
	if b.cluster, err = postgres.Start(ctx, b.config); err != nil {
		return nil, err
	}
	b.config.Port = b.cluster.Port()
	return b, nil
}

// restart stops Postgres, fast or at once (which is a crash to every session), and starts it again.
func (b *backing) restart(ctx context.Context, immediate bool) error {
	if immediate {
		if err := b.quit(); err != nil {
			return err
		}
	}
	stopping, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopLimit)
	defer cancel()
	if err := b.cluster.Stop(stopping); err != nil {
		return err
	}
	var err error
	b.cluster, err = postgres.Start(ctx, b.config)
	return err
}

// quit has the postmaster stop at once and waits for its end.
func (b *backing) quit() error {
	pid, err := b.postmaster()
	if err != nil {
		return err
	}
	if err := syscall.Kill(pid, syscall.SIGQUIT); err != nil {
		return fmt.Errorf("stop postgres at once: %w", err)
	}
	<-b.cluster.Done()
	return nil
}

func (b *backing) postmaster() (int, error) {
	text, err := os.ReadFile(filepath.Join(b.config.Dir, "data", "postmaster.pid"))
	if err != nil {
		return 0, fmt.Errorf("find the postmaster: %w", err)
	}
	first, _, _ := strings.Cut(string(text), "\n")
	pid, err := strconv.Atoi(first)
	if err != nil {
		return 0, fmt.Errorf("find the postmaster: %w", err)
	}
	return pid, nil
}

// remove ends Postgres and deletes its files.
func (b *backing) remove() {
	ctx, cancel := context.WithTimeout(context.Background(), stopLimit)
	defer cancel()
	_ = b.cluster.Stop(ctx)
	_ = postgres.Remove(b.config.Dir)
}

// address is Postgres as the server is told of it.
func (b *backing) address() string {
	return fmt.Sprintf("postgres://127.0.0.1:%d/?sslmode=disable", b.config.Port)
}

// direct connects to Postgres past the server.
func (b *backing) direct(ctx context.Context) (*pgx.Conn, error) {
	conn, err := pgx.Connect(ctx, b.cluster.URL("postgres"))
	if err != nil {
		return nil, fmt.Errorf("connect to postgres itself: %w", err)
	}
	return conn, nil
}

// user is who the clients are.
func (b *backing) user() *url.Userinfo { return url.UserPassword("postgres", b.cluster.Password()) }
