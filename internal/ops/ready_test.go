package ops_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"cvp/internal/ops"
	"cvp/server"
)

// awaitReady asks /readyz until it gives a status, with a text.
func (s *stand) awaitReady(t *testing.T, want int, text string) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		status, body := s.get(t, "/readyz")
		if status == want && strings.Contains(body, text) {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("/readyz gives %d %q, want %d with %q", status, body, want, text)
		}
	}
}

func TestReadyFollowsTheBackend(t *testing.T) {
	s := build(t, nil)
	s.awaitReady(t, http.StatusOK, "ok")
	held := s.connect(t)
	backend.retire(t)
	s.awaitReady(t, http.StatusServiceUnavailable, "the backend accepts no connections: the database system is shutting down")
	run(t, held, "SELECT 1") // who is in stays in
	_ = held.Close(t.Context())
	<-backend.running.Done()
	s.awaitReady(t, http.StatusServiceUnavailable, "connect to the backend")
	if status, body := s.get(t, "/healthz"); status != http.StatusOK || body != "ok\n" {
		t.Errorf("without a backend /healthz gives %d %q", status, body)
	}
	if err := backend.stop(); err != nil {
		t.Fatal(err)
	}
	if err := backend.start(); err != nil {
		t.Fatal(err)
	}
	s.awaitReady(t, http.StatusOK, "ok")
	run(t, s.connect(t), "SELECT 1")
}

func TestReadySaysThatTheServerDrains(t *testing.T) {
	s := build(t, nil)
	conn := s.connect(t)
	run(t, conn, "BEGIN")
	ended := make(chan error, 1)
	go func() { ended <- s.Shutdown(context.Background()) }()
	s.awaitReady(t, http.StatusServiceUnavailable, "shutting down")
	if status, _ := s.get(t, "/healthz"); status != http.StatusOK {
		t.Errorf("while draining /healthz gives %d", status)
	}
	if s.scrape(t)["cvp_sessions_open"] != 1 {
		t.Error("while draining the metrics do not tell of the client that is still there")
	}
	run(t, conn, "COMMIT")
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

func TestReadyDoesNotAskTheBackendEachTime(t *testing.T) {
	s := build(t, func(_ *server.Config, c *ops.Config) { c.ProbeAgain = time.Hour })
	s.awaitReady(t, http.StatusOK, "ok")
	if err := backend.stop(); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if status, body := s.get(t, "/readyz"); status != http.StatusOK {
			t.Errorf("/readyz gives %d %q, want the answer of before", status, body)
		}
	}
	if err := backend.start(); err != nil {
		t.Fatal(err)
	}
}

func TestProfilesAreShownOnDemand(t *testing.T) {
	for _, on := range []bool{false, true} {
		s := build(t, func(_ *server.Config, c *ops.Config) { c.Pprof = on })
		for path, never := range map[string]bool{
			"/debug/pprof/": false, "/debug/pprof/goroutine?debug=1": false, "/debug/pprof/heap": false,
			"/debug/pprof/cmdline": true, // it may hold a password
		} {
			want := http.StatusNotFound
			if on && !never {
				want = http.StatusOK
			}
			if status, _ := s.get(t, path); status != want {
				t.Errorf("with profiles %t %s gives %d, want %d", on, path, status, want)
			}
		}
	}
}
