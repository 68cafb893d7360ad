package server_test

import (
	"context"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgproto3"
)

// testReplication streams the log through the server: physically, logically, and as a whole backup.
func testReplication(t *testing.T, c *secureCluster) {
	p := c.front(t, "sslmode=disable")
	u, err := url.Parse(c.URL("postgres"))
	if err != nil {
		t.Fatal(err)
	}
	password, _ := u.User.Password()
	address := p.through("postgres", password, "sslmode=disable")
	owner := open(t, c.URL("postgres"))
	t.Run("IDENTIFY_SYSTEM and START_REPLICATION", func(t *testing.T) { streamLog(t, address) })
	t.Run("logical decoding of changes", func(t *testing.T) {
		run(t, owner, "CREATE TABLE replicated (x int)")
		run(t, owner, "SELECT pg_create_logical_replication_slot('through', 'test_decoding')")
		run(t, owner, "SET synchronous_commit = on") // the stream has only what is flushed
		run(t, owner, "INSERT INTO replicated VALUES (4711)")
		ctx, stop := context.WithTimeout(t.Context(), 20*time.Second)
		defer stop()
		end := ""
		if err := owner.QueryRow(t.Context(), "SELECT pg_current_wal_flush_lsn()::text").Scan(&end); err != nil {
			t.Fatal(err)
		}
		out := runTool(ctx, t, "pg_recvlogical", "-d", address, "-S", "through", "--start", "--no-loop", "--endpos", end, "-f", "-")
		if !strings.Contains(out, "INSERT: x[integer]:4711") {
			t.Errorf("decoded %s", out)
		}
		run(t, owner, "SELECT pg_drop_replication_slot('through')")
	})
	t.Run("a subscription", func(t *testing.T) { subscribe(t, c, owner, p.through("postgres", password, "sslmode=disable")) })
	t.Run("a base backup", func(t *testing.T) {
		ctx, stop := context.WithTimeout(t.Context(), 30*time.Second)
		defer stop()
		dir := filepath.Join(t.TempDir(), "backup")
		runTool(ctx, t, "pg_basebackup", "-d", address, "-D", dir, "-X", "stream", "-c", "fast", "--no-sync", "-Ft")
		for _, name := range []string{"base.tar", "pg_wal.tar", "backup_manifest"} {
			if info, err := os.Stat(filepath.Join(dir, name)); err != nil || info.Size() == 0 {
				t.Errorf("%s: %v, %v", name, info, err)
			}
		}
	})
}

// subscribe has another database follow a table through the server.
func subscribe(t *testing.T, c *secureCluster, owner *pgx.Conn, address string) {
	run(t, owner, "CREATE TABLE published (x int PRIMARY KEY)")
	run(t, owner, "CREATE PUBLICATION published FOR TABLE published")
	run(t, owner, "SELECT pg_create_logical_replication_slot('subscription', 'pgoutput')")
	run(t, owner, "CREATE DATABASE subscriber")
	subscriber := open(t, c.URL("subscriber"))
	run(t, subscriber, "CREATE TABLE published (x int PRIMARY KEY)")
	run(t, subscriber, "CREATE SUBSCRIPTION through CONNECTION '"+strings.ReplaceAll(address, "'", "''")+
		"' PUBLICATION published WITH (create_slot = false, slot_name = 'subscription', copy_data = false)")
	run(t, owner, "INSERT INTO published SELECT generate_series(1, 1000)")
	for deadline := time.Now().Add(20 * time.Second); number(t, subscriber, "SELECT count(*) FROM published") != 1000; {
		if time.Now().After(deadline) {
			t.Fatal("the rows did not come")
		}
		time.Sleep(10 * time.Millisecond)
	}
	run(t, subscriber, "DROP SUBSCRIPTION through")
}

// runTool runs one of Postgres's own clients of replication.
func runTool(ctx context.Context, t *testing.T, name string, args ...string) string {
	t.Helper()
	program, err := exec.LookPath(name)
	if err != nil {
		t.Skipf("%s is not installed", name)
	}
	out, err := exec.CommandContext(ctx, program, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", name, err, out)
	}
	return string(out)
}

// streamLog follows the write-ahead log until a change that is made meanwhile has come.
func streamLog(t *testing.T, address string) {
	ctx, stop := context.WithTimeout(t.Context(), 20*time.Second)
	defer stop()
	conn, err := pgconn.Connect(ctx, address+"&replication=true")
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.WithoutCancel(ctx))
	system, err := conn.Exec(ctx, "IDENTIFY_SYSTEM").ReadAll()
	if err != nil || len(system) != 1 || len(system[0].Rows) != 1 {
		t.Fatalf("IDENTIFY_SYSTEM gives %v, %v", system, err)
	}
	front := conn.Frontend()
	front.SendQuery(&pgproto3.Query{String: "START_REPLICATION PHYSICAL " + string(system[0].Rows[0][2])})
	if err := front.Flush(); err != nil {
		t.Fatal(err)
	}
	if m, err := conn.ReceiveMessage(ctx); err != nil {
		t.Fatal(err)
	} else if _, ok := m.(*pgproto3.CopyBothResponse); !ok {
		t.Fatalf("got %T, want CopyBothResponse", m)
	}
	writer := open(t, address)
	const mark = "cvp_predict in the log is not ours to look at"
	run(t, writer, "SELECT pg_logical_emit_message(true, 'test', $1)", mark)
	for seen := ""; !strings.Contains(seen, mark); {
		m, err := conn.ReceiveMessage(ctx)
		if err != nil {
			t.Fatalf("the change did not come: %v", err)
		}
		switch d := m.(type) {
		case *pgproto3.CopyData:
			seen = tail(seen+string(d.Data), 1<<16)
			answer := append([]byte{'r'}, make([]byte, 33)...) // a standby's report of its progress
			front.Send(&pgproto3.CopyData{Data: answer})
			if err := front.Flush(); err != nil {
				t.Fatal(err)
			}
		default:
			t.Fatalf("got %T", m)
		}
	}
	front.Send(&pgproto3.CopyDone{})
	if err := front.Flush(); err != nil {
		t.Fatal(err)
	}
	for {
		m, err := conn.ReceiveMessage(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if _, ok := m.(*pgproto3.ReadyForQuery); ok {
			break
		}
	}
	if _, err := conn.Exec(ctx, "IDENTIFY_SYSTEM").ReadAll(); err != nil {
		t.Errorf("behind the stream: %v", err)
	}
}

func tail(s string, n int) string { return s[max(0, len(s)-n):] }
