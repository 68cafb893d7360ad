package main

import (
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"cvp/server"
	"cvp/sqlfuncs"
)

// TestClientsLoseNothingWhileConnectionsEndAndPostgresRestarts is `soak run` in a short form, with the server in
// this process.
func TestClientsLoseNothingWhileConnectionsEndAndPostgresRestarts(t *testing.T) {
	before := goleak.IgnoreCurrent()
	dir, err := os.MkdirTemp("", "cvp-soak-")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	b, err := startBacking(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	defer b.remove()
	f, stop := serveHere(t, dir, b)
	plan := plan{duration: 6 * time.Second, clients: 16, restarts: 1, kills: 4, seed: 1}
	report, err := soak(t.Context(), plan, b, f, func() (figures, error) {
		f, err := readFigures(os.Getpid())
		f.goroutines = runtime.NumGoroutine()
		return f, err
	})
	if err != nil {
		t.Fatal(err)
	}
	var table strings.Builder
	report.print(&table)
	if err := report.verdict(); err != nil {
		t.Errorf("%v\n%s", err, &table)
	}
	stop()
	b.remove()
	goleak.VerifyNone(t, before)
}

// serveHere runs a server in this process. Stop ends it and waits.
func serveHere(t *testing.T, dir string, b *backing) (front, func()) {
	t.Helper()
	certificate, key, err := writeCertificate(dir)
	if err != nil {
		t.Fatal(err)
	}
	pair, err := tls.LoadX509KeyPair(certificate, key)
	if err != nil {
		t.Fatal(err)
	}
	backend, err := server.ParseBackend(b.address())
	if err != nil {
		t.Fatal(err)
	}
	quiet := slog.New(slog.DiscardHandler)
	s, err := server.New(server.Config{
		Backend: backend, Log: quiet, Planner: sqlfuncs.New(sqlfuncs.Config{Log: quiet, CacheBytes: 64 << 20}),
		TLS: &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12},
	})
	if err != nil {
		t.Fatal(err)
	}
	f := front{unix: filepath.Join(dir, "server.sock")}
	served := make(chan error, 2)
	for _, network := range []string{"tcp", "unix"} {
		address := map[string]string{"tcp": "127.0.0.1:0", "unix": f.unix}[network]
		l, err := net.Listen(network, address)
		if err != nil {
			t.Fatal(err)
		}
		if network == "tcp" {
			f.tcp = l.Addr().String()
		}
		go func() { served <- s.Serve(context.Background(), l) }()
	}
	return f, func() {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		if err := s.Shutdown(ctx); err != nil {
			t.Errorf("shut down: %v", err)
		}
		for range 2 {
			if err := <-served; !errors.Is(err, server.ErrClosed) {
				t.Errorf("serve: %v", err)
			}
		}
	}
}

func TestAVerdictNamesWhatIsNotAsItHasToBe(t *testing.T) {
	clean := func() *report {
		return &report{plan: plan{duration: 4 * time.Minute}, tally: newTally(), before: figures{descriptors: 20, goroutines: 9}, after: figures{descriptors: 20, goroutines: 9}}
	}
	tests := map[string]struct {
		spoil func(r *report)
		want  string
	}{
		"nothing":         {func(*report) {}, ""},
		"a failure":       {func(r *report) { r.tally.fail("x") }, "1 failures"},
		"backends left":   {func(r *report) { r.backends = 2 }, "2 backends"},
		"descriptors":     {func(r *report) { r.after.descriptors = 40 }, "40 descriptors"},
		"goroutines":      {func(r *report) { r.after.goroutines = 40 }, "40 goroutines"},
		"sessions left":   {func(r *report) { r.after.sessions = 1 }, "1 sessions"},
		"a restart short": {func(r *report) { r.plan.restarts = 3 }, "0 restarts"},
		"memory that grows": {func(r *report) {
			for i := range 240 {
				r.samples = append(r.samples, figures{at: time.Duration(i) * time.Second, resident: int64(100+i) << 20})
			}
		}, "memory grows"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			r := clean()
			test.spoil(r)
			switch err := r.verdict(); {
			case test.want == "" && err != nil:
				t.Errorf("verdict is %v", err)
			case test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)):
				t.Errorf("verdict is %v, want %q", err, test.want)
			}
		})
	}
}
