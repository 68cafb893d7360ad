package server_test

import (
	"fmt"
	"net"
	"net/url"
	"strings"
	"testing"

	"cvp/server"
)

// testBackendModes speaks to the backend as libpq would, by its sslmode and pg_hba.conf.
func testBackendModes(t *testing.T, c *secureCluster) {
	wrong := "&sslrootcert=" + url.QueryEscape(c.clients.file)
	right := "&sslrootcert=" + url.QueryEscape(c.backends.file)
	for _, mode := range []struct {
		parameters         string
		onlytls, onlyclear string // the SQLSTATE, "" for a session
	}{
		{"sslmode=disable", "28000", ""},
		{"sslmode=allow", "", ""},
		{"sslmode=prefer", "", ""},
		{"sslmode=require", "", "28000"},
		{"sslmode=verify-ca" + right, "", "28000"},
		{"sslmode=verify-full" + right, "", "28000"},
		{"sslmode=verify-ca" + wrong, "08006", "08006"},
		{"sslmode=verify-full" + wrong, "08006", "08006"},
		{"sslmode=require" + wrong, "08006", "08006"},
		{"sslmode=require&sslnegotiation=direct", "08006", "08006"}, // before PostgreSQL 17
	} {
		t.Run(mode.parameters[:min(len(mode.parameters), 40)], func(t *testing.T) {
			p := c.front(t, mode.parameters)
			for role, code := range map[string]string{"onlytls": mode.onlytls, "onlyclear": mode.onlyclear} {
				who, err := login(t, p.through(role, "secret", "sslmode=disable"))
				if code != "" {
					wantCode(t, err, code)
				} else if err != nil || who != role {
					t.Errorf("%s is %q, %v", role, who, err)
				}
			}
		})
	}
	t.Run("what pg_hba.conf says to the last attempt reaches the client", func(t *testing.T) {
		p := c.front(t, "sslmode=prefer")
		_, err := login(t, p.through("bycert", "", "sslmode=disable"))
		wantCode(t, err, "28000")
		if !strings.Contains(err.Error(), "pg_hba.conf rejects connection") || !strings.Contains(err.Error(), "no encryption") {
			t.Errorf("error is %v", err)
		}
	})
	t.Run("hosts are tried in order", func(t *testing.T) {
		nobody, starting := closedPort(t), startingBackend(t)
		hosts := fmt.Sprintf("postgres://%s,%s,127.0.0.1:%d/?sslmode=prefer", nobody, starting, c.Port())
		p := startAt(t, c.backend("sslmode=disable"), func(config *server.Config) {
			b, err := server.ParseBackend(hosts)
			if err != nil {
				t.Fatal(err)
			}
			config.Backend = b
		})
		conn := open(t, p.through("scram", "secret", "sslmode=disable"))
		done := make(chan error, 1)
		go func() { _, err := conn.Exec(t.Context(), "SELECT pg_sleep(30)"); done <- err }()
		awaitSleep(t, c)
		if err := conn.PgConn().CancelRequest(t.Context()); err != nil {
			t.Error(err)
		}
		wantCode(t, <-done, "57014")
	})
	t.Run("the last host's words where none takes a session", func(t *testing.T) {
		hosts := fmt.Sprintf("postgres://%s,%s/?sslmode=disable", closedPort(t), startingBackend(t))
		p := startAt(t, c.backend("sslmode=disable"), func(config *server.Config) {
			b, err := server.ParseBackend(hosts)
			if err != nil {
				t.Fatal(err)
			}
			config.Backend = b
		})
		_, err := login(t, p.through("scram", "secret", "sslmode=disable"))
		wantCode(t, err, "57P03")
	})
	if _, err := server.ParseBackend("postgres://a,b/?target_session_attrs=primary"); err == nil || !strings.Contains(err.Error(), "target_session_attrs") {
		t.Errorf("target_session_attrs gives %v", err)
	}
}

// awaitSleep waits until a session sleeps.
func awaitSleep(t testing.TB, c *secureCluster) {
	t.Helper()
	watcher := open(t, c.URL("postgres"))
	for range 2000 {
		if number(t, watcher, "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'") > 0 {
			return
		}
	}
	t.Fatal("nobody sleeps")
}

func closedPort(t testing.TB) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = ln.Close()
	return ln.Addr().String()
}

// startingBackend says to everybody that it takes no connections yet, as Postgres does while it recovers.
func startingBackend(t testing.TB) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	t.Cleanup(func() { _ = ln.Close(); <-done })
	go func() {
		defer close(done)
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			recover57P03(conn)
		}
	}()
	return ln.Addr().String()
}

func recover57P03(conn net.Conn) {
	defer conn.Close()
	buf := make([]byte, 10000)
	n, err := conn.Read(buf)
	if err == nil && n == 8 { // SSLRequest
		if _, err = conn.Write([]byte{'N'}); err == nil {
			_, err = conn.Read(buf)
		}
	}
	if err == nil {
		body := "SFATAL\x00VFATAL\x00C57P03\x00Mthe database system is starting up\x00\x00"
		_, _ = conn.Write(append([]byte{'E', 0, 0, 0, byte(4 + len(body))}, body...))
	}
}
