package main

import (
	"context"
	"errors"
	"net/url"
	"os"
	"os/exec"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"cvp/internal/pgtest"
)

// program starts cvp serve as a process of its own and gives the URL of a database through it.
func program(t *testing.T, database string, args ...string) (*exec.Cmd, string) {
	t.Helper()
	u, err := url.Parse(database)
	if err != nil {
		t.Fatal(err)
	}
	u.Host = freeAddress(t)
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self, append([]string{"serve", "--listen", u.Host, "--backend", database, "--log-level", "error"}, args...)...)
	cmd.Env = append(os.Environ(), asProgram+"=1")
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill() })
	return cmd, u.String()
}

// ended waits for a process, within bounds, and gives how it ended.
func ended(t *testing.T, cmd *exec.Cmd) *os.ProcessState {
	t.Helper()
	late := time.AfterFunc(20*time.Second, func() { _ = cmd.Process.Kill() })
	_ = cmd.Wait()
	if !late.Stop() {
		t.Fatal("the program does not end")
	}
	return cmd.ProcessState
}

func terminate(t *testing.T, cmd *exec.Cmd) {
	t.Helper()
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
}

// awaitRefusal waits for the program to take no more clients.
func awaitRefusal(t *testing.T, client string) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		conn, err := pgx.Connect(t.Context(), client)
		if err != nil {
			return
		}
		_ = conn.Close(t.Context())
		if time.Now().After(deadline) {
			t.Fatal("a program that was told to end takes clients")
		}
	}
}

func TestSIGTERMLetsAnOpenTransactionEnd(t *testing.T) {
	database := pgtest.Database(t)
	cmd, client := program(t, database)
	idle, open := connect(t, client), connect(t, client)
	if _, err := open.Exec(t.Context(), "BEGIN; CREATE TABLE kept (n int)"); err != nil {
		t.Fatal(err)
	}
	terminate(t, cmd)
	awaitRefusal(t, client)
	_, err := idle.PgConn().ReceiveMessage(t.Context())
	if told := (*pgconn.PgError)(nil); !errors.As(err, &told) || told.Code != "57P01" {
		t.Errorf("an idle client is told %v, want 57P01", err)
	}
	for _, sql := range []string{"INSERT INTO kept VALUES (1)", "COMMIT"} {
		if _, err := open.Exec(t.Context(), sql); err != nil {
			t.Fatalf("%s: %v", sql, err)
		}
	}
	if state := ended(t, cmd); state.ExitCode() != 0 {
		t.Errorf("the program ends with %v", state)
	}
	var kept int
	if err := pgtest.Connect(t, database).QueryRow(t.Context(), "SELECT count(*) FROM kept").Scan(&kept); err != nil || kept != 1 {
		t.Errorf("%d rows were kept, %v", kept, err)
	}
}

func TestMoreThanOneSIGTERMEndsTheProgramAtOnce(t *testing.T) {
	cmd, client := program(t, pgtest.Database(t))
	open := connect(t, client)
	if _, err := open.Exec(t.Context(), "BEGIN"); err != nil {
		t.Fatal(err)
	}
	terminate(t, cmd)
	awaitRefusal(t, client)
	began := time.Now()
	insistent := time.NewTicker(20 * time.Millisecond) // it lets go of its handler a moment after it has heard the first
	over, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		for {
			select {
			case <-over:
				return
			case <-insistent.C:
				_ = cmd.Process.Signal(syscall.SIGTERM)
			}
		}
	}()
	state := ended(t, cmd)
	close(over)
	<-stopped
	if status, ok := state.Sys().(syscall.WaitStatus); !ok || status.Signal() != syscall.SIGTERM {
		t.Errorf("the program ends with %v", state)
	}
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("it took %v", took)
	}
	if _, err := open.Exec(context.Background(), "SELECT 1"); err == nil {
		t.Error("the session goes on")
	}
}
