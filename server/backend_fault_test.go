package server_test

import (
	"context"
	"errors"
	"io"
	"os"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"cvp/internal/postgres"
	"github.com/jackc/pgx/v5"
)

// TestABackendThatFails kills and stops processes of Postgres, so it has a cluster of its own.
func TestABackendThatFails(t *testing.T) {
	dir, err := os.MkdirTemp("", "cvp-fault-")
	if err != nil {
		t.Fatal(err)
	}
	config := postgres.Config{Dir: dir, Settings: map[string]string{"fsync": "off", "shared_buffers": "16MB", "max_wal_size": "1GB"}}
	cluster, err := postgres.Start(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stopCluster(t, cluster); _ = postgres.Remove(dir) })
	config.Port = cluster.Port()
	url := cluster.URL("postgres")
	install(t, url)

	t.Run("that reads nothing holds the client back", func(t *testing.T) { backendThatReadsNothing(t, startAt(t, url)) })
	t.Run("that is killed ends its client's session", func(t *testing.T) { killedBackends(t, startAt(t, url)) })
	t.Run("that is down is told of, and found again", func(t *testing.T) {
		p := startAt(t, url)
		stopCluster(t, cluster)
		for range 3 {
			_, err := pgx.Connect(t.Context(), p.database)
			wantCode(t, err, "08006")
			if e := pgError(t, err); e.Severity != "FATAL" {
				t.Errorf("severity is %s, want FATAL", e.Severity)
			}
		}
		if cluster, err = postgres.Start(t.Context(), config); err != nil {
			t.Fatal(err)
		}
		if n := number(t, p.connect(t), "SELECT cvp_double(4)"); n != 8 {
			t.Errorf("the call gives %d, want 8", n)
		}
	})
}

func stopCluster(t *testing.T, cluster *postgres.Cluster) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	if err := cluster.Stop(ctx); err != nil {
		t.Error(err)
	}
}

// repeated reads as a line that comes again and again.
type repeated struct {
	line  []byte
	lines int
	taken atomic.Int64 // bytes
}

// Read implements io.Reader.
func (r *repeated) Read(b []byte) (int, error) {
	at := int(r.taken.Load())
	if at == len(r.line)*r.lines {
		return 0, io.EOF
	}
	n := copy(b, r.line[at%len(r.line):])
	r.taken.Add(int64(n))
	return n, nil
}

// awaitTaken waits until so many bytes were taken.
func (r *repeated) awaitTaken(t *testing.T, bytes int64) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); r.taken.Load() < bytes; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%d bytes are taken, want %d", r.taken.Load(), bytes)
		}
	}
}

// awaitStandstill waits until no more is taken.
func (r *repeated) awaitStandstill(t *testing.T) {
	t.Helper()
	for last := int64(-1); r.taken.Load() != last; time.Sleep(300 * time.Millisecond) {
		last = r.taken.Load()
	}
	if int(r.taken.Load()) == len(r.line)*r.lines {
		t.Fatal("everything was taken though the backend reads nothing")
	}
}

func signal(t *testing.T, pid int, s syscall.Signal) {
	t.Helper()
	if err := syscall.Kill(pid, s); err != nil {
		t.Fatalf("send %v to process %d: %v", s, pid, err)
	}
}

// backendThatReadsNothing stops the process while its client sends a COPY.
func backendThatReadsNothing(t *testing.T, p *proxy) {
	conn := p.connect(t)
	run(t, conn, "CREATE TEMP TABLE lines (text text)")
	size := mebibytes(24, 200) << 20
	lines := &repeated{line: []byte(strings.Repeat("x", 8191) + "\n")}
	lines.lines = size / len(lines.line)
	before := live()
	copied := make(chan error, 1)
	go func() {
		_, err := conn.PgConn().CopyFrom(context.Background(), lines, "COPY lines FROM STDIN")
		copied <- err
	}()
	lines.awaitTaken(t, 1<<20)
	pid := int(conn.PgConn().PID())
	signal(t, pid, syscall.SIGSTOP)
	defer signal(t, pid, syscall.SIGCONT) // whatever happens: a stopped process cannot be ended in order
	lines.awaitStandstill(t)
	wantSpare(t, before, "a COPY that nobody reads")
	signal(t, pid, syscall.SIGCONT)
	if err := <-copied; err != nil {
		t.Fatal(err)
	}
	if n := number(t, conn, "SELECT sum(length(text)) FROM lines"); n != int64(lines.lines*(len(lines.line)-1)) {
		t.Errorf("the lines have %d letters", n)
	}
}

// killedBackends kills backends with SIGKILL, which ends every session of the cluster.
func killedBackends(t *testing.T, p *proxy) {
	stream := func(conn *pgx.Conn) error {
		rows, err := conn.Query(context.Background(), "SELECT repeat('x', 1000) FROM generate_series(1, 10000000)")
		for err == nil && rows.Next() {
			time.Sleep(time.Microsecond)
		}
		return errors.Join(err, rows.Err())
	}
	feed := func(conn *pgx.Conn) error {
		_, err := conn.PgConn().CopyFrom(context.Background(), &repeated{line: []byte("1\n"), lines: 1 << 40}, "COPY trained FROM STDIN")
		return err
	}
	statement := func(sql string) func(*pgx.Conn) error {
		return func(conn *pgx.Conn) error { _, err := conn.Exec(context.Background(), sql); return err }
	}
	for name, work := range map[string]func(*pgx.Conn) error{
		"in a query": statement("SELECT pg_sleep(60)"), "in a call": statement("SELECT cvp_sleep()"),
		"in the engine's work": statement("SELECT cvp_spin()"),
		"in a COPY":            feed, "in a result": stream,
	} {
		t.Run(name, func(t *testing.T) {
			conn, witness := awaitConnection(t, p), awaitConnection(t, p)
			ended := make(chan error, 1)
			go func() { ended <- work(conn) }()
			time.Sleep(100 * time.Millisecond)
			signal(t, int(conn.PgConn().PID()), syscall.SIGKILL)
			select {
			case err := <-ended:
				if err == nil {
					t.Error("the work ends without an error")
				}
			case <-time.After(10 * time.Second):
				t.Fatal("the client still waits 10 s after its backend's end")
			}
			// Postgres has noticed only when it ends the others too.
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
			defer cancel()
			if _, err := witness.WaitForNotification(ctx); err == nil || ctx.Err() != nil {
				t.Errorf("another session goes on after the crash: %v", err)
			}
		})
	}
	if n := number(t, awaitConnection(t, p), "SELECT cvp_double(3)"); n != 6 {
		t.Errorf("the call gives %d, want 6", n)
	}
}

// awaitConnection connects as soon as Postgres has recovered.
func awaitConnection(t *testing.T, p *proxy) *pgx.Conn {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		conn, err := pgx.Connect(t.Context(), p.database)
		if err == nil {
			t.Cleanup(func() { _ = conn.Close(context.Background()) })
			return conn
		}
		if time.Now().After(end) {
			t.Fatalf("Postgres does not come back: %v", err)
		}
	}
}
