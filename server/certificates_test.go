package server_test

import (
	"bytes"
	"crypto/tls"
	"log/slog"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"cvp/server"
	"github.com/jackc/pgx/v5"
)

func withMode(m server.TLSMode) func(*server.Config) {
	return func(c *server.Config) { c.TLSMode = m }
}

func withNames(t testing.TB, lines string) func(*server.Config) {
	t.Helper()
	names, err := server.ReadCertNames(strings.NewReader(lines))
	if err != nil {
		t.Fatal(err)
	}
	return func(c *server.Config) { c.CertNames = names }
}

// testClientCertificates asks clients for certificates, on top of what the backend asks for.
func testClientCertificates(t *testing.T, c *secureCluster) {
	scram, other := c.clients.issue(t, "scram"), c.clients.issue(t, "other")
	foreign := c.backends.issueAs(t, "foreign", "scram")
	const backend = "sslmode=disable"
	for _, mode := range []struct {
		name    string
		mode    server.TLSMode
		names   string
		client  string
		message string // of the refusal, "" for none
	}{
		{"TLS is not asked for", server.AllowTLS, "", "sslmode=disable", ""},
		{"TLS is asked for, and there", server.RequireTLS, "", c.trusting(), ""},
		{"TLS is asked for, and not there", server.RequireTLS, "", "sslmode=disable", "connection requires TLS"},
		{"a certificate of another name does no harm where none is asked for", server.RequireTLS, "", c.showing(other), ""},
		{"a certificate is asked for, and names the role", server.VerifyClient, "", c.showing(scram), ""},
		{"a certificate is asked for, and there is no TLS", server.VerifyClient, "", "sslmode=disable", "connection requires TLS"},
		{"a certificate is asked for, and not there", server.VerifyClient, "", c.trusting(), "connection requires a valid client certificate"},
		{"a certificate is asked for, and names another", server.VerifyClient, "", c.showing(other), `certificate authentication failed for user "scram"`},
		{"a certificate is mapped to the role", server.VerifyClient, "other scram", c.showing(other), ""},
		{"a certificate is mapped to another role", server.VerifyClient, "other clear", c.showing(other), `certificate authentication failed for user "scram"`},
		{"with a map, a name alone is not enough", server.VerifyClient, "other scram", c.showing(scram), `certificate authentication failed for user "scram"`},
	} {
		t.Run(mode.name, func(t *testing.T) {
			change := []func(*server.Config){withMode(mode.mode)}
			if mode.names != "" {
				change = append(change, withNames(t, mode.names))
			}
			p := c.front(t, backend, change...)
			who, err := login(t, p.through("scram", "secret", mode.client))
			if mode.message == "" {
				if err != nil || who != "scram" {
					t.Errorf("session is %q, %v", who, err)
				}
				_, err := login(t, p.through("scram", "wrong", mode.client))
				wantCode(t, err, "28P01") // a certificate is no substitute for what the backend wants
				return
			}
			wantCode(t, err, "28000")
			if e := pgError(t, err); e.Message != mode.message || e.Severity != "FATAL" {
				t.Errorf("error is %v, want %s", e, mode.message)
			}
			if out, err := psql(t, p.through("scram", "secret", mode.client)); err == nil || !strings.Contains(out, mode.message) {
				t.Errorf("psql says %s, want %s", out, mode.message)
			}
		})
	}
	t.Run("a certificate of somebody else's authority", func(t *testing.T) {
		p := c.front(t, backend)
		if out, err := psql(t, p.through("scram", "secret", c.showing(foreign))); err == nil || !strings.Contains(out, "unknown ca") {
			t.Errorf("psql says %s", out)
		}
		shown := foreign.load(t)
		if _, err := insist(t, p.through("scram", "secret", c.trusting()), &shown); err == nil {
			t.Error("there is a session")
		}
	})
	t.Run("the role is read as the backend reads it", func(t *testing.T) {
		p := c.front(t, backend, withMode(server.VerifyClient))
		conn := tls.Client(p.dial(t), &tls.Config{RootCAs: c.clients.pool(), ServerName: "127.0.0.1", Certificates: []tls.Certificate{scram.load(t)}, NextProtos: []string{"postgresql"}})
		write(t, conn, packet(3<<16, []byte("user\x00scram\x00user\x00postgres\x00database\x00postgres\x00\x00")...))
		if f := readFrame(t, conn); !strings.Contains(f, "C28000") {
			t.Errorf("a role named behind the certificate's gets %q", f)
		}
	})
}

// testBackendCertificate logs in by a certificate of ours that pg_hba.conf takes in place of a password.
func testBackendCertificate(t *testing.T, c *secureCluster) {
	ours := c.backends.issueAs(t, "cvp-client", "cvp")
	identified := c.verified() + "&sslcert=" + url.QueryEscape(ours.cert) + "&sslkey=" + url.QueryEscape(ours.key)
	bycert, other := c.clients.issue(t, "bycert"), c.clients.issue(t, "somebody")
	foreign := c.backends.issueAs(t, "foreign", "bycert")
	t.Run("with a certificate of its own, a client needs no password", func(t *testing.T) {
		p := c.front(t, identified)
		if who, err := login(t, p.through("bycert", "", c.showing(bycert))); err != nil || who != "bycert" {
			t.Errorf("session is %q, %v", who, err)
		}
		if who, err := psql(t, p.through("bycert", "", c.showing(bycert))); err != nil || who != "bycert" {
			t.Errorf("to psql, the session is %q, %v", who, err)
		}
	})
	t.Run("by the name in a map", func(t *testing.T) {
		p := c.front(t, identified, withNames(t, `/^some(.*)$ by\1
somebody bycert`))
		if who, err := login(t, p.through("bycert", "", c.showing(other))); err != nil || who != "bycert" {
			t.Errorf("session is %q, %v", who, err)
		}
	})
	for _, mode := range []string{"allow", "require"} {
		for name, client := range map[string]string{
			"without TLS": "sslmode=disable", "without a certificate": c.trusting(), "with another's certificate": c.showing(other),
		} {
			t.Run("ours does not let in a client "+name+" (sslcertmode="+mode+")", func(t *testing.T) {
				p := c.front(t, identified+"&sslcertmode="+mode)
				who, err := login(t, p.through("bycert", "", client))
				wantCode(t, err, "28000")
				if who != "" || !strings.Contains(err.Error(), "connection requires a valid client certificate") {
					t.Errorf("session is %q, %v", who, err)
				}
				conn := open(t, p.through("clear", "secret", "sslmode=disable"))
				const sessions = "SELECT count(*) FROM pg_stat_activity WHERE usename = 'bycert'"
				for tries := 0; number(t, conn, sessions) != 0; tries++ {
					// Shown our certificate, the backend has begun a session, and learns that it is over.
					if mode == "allow" || tries == 500 {
						t.Fatal("there is a session of bycert's")
					}
					time.Sleep(10 * time.Millisecond)
				}
			})
		}
		t.Run("nor one with a certificate of the backend's authority (sslcertmode="+mode+")", func(t *testing.T) {
			p := c.front(t, identified+"&sslcertmode="+mode)
			shown := foreign.load(t)
			if who, err := insist(t, p.through("bycert", "", c.trusting()), &shown); err == nil {
				t.Errorf("session is %q", who)
			}
		})
	}
	t.Run("beside a password, ours is shown in every session on demand", func(t *testing.T) {
		for mode, code := range map[string]string{"allow": "28000", "require": ""} {
			p := c.front(t, identified+"&sslcertmode="+mode)
			who, err := login(t, p.through("twofold", "secret", "sslmode=disable"))
			if code != "" {
				wantCode(t, err, code)
				continue
			}
			if err != nil || who != "twofold" {
				t.Errorf("session is %q, %v", who, err)
			}
			_, err = login(t, p.through("twofold", "wrong", "sslmode=disable"))
			wantCode(t, err, "28P01")
		}
	})
}

// insist logs in with a certificate that is shown whatever authorities the server names.
func insist(t testing.TB, database string, shown *tls.Certificate) (string, error) {
	t.Helper()
	config, err := pgx.ParseConfig(database)
	if err != nil {
		t.Fatal(err)
	}
	config.TLSConfig.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return shown, nil }
	conn, err := pgx.ConnectConfig(t.Context(), config)
	if err != nil {
		return "", err
	}
	return config.User, conn.Close(t.Context())
}

func TestCertificatesAreReadAgainWhenTheirFilesChange(t *testing.T) {
	dir := t.TempDir()
	a, clients, later := newAuthority(t, dir, "server-ca"), newAuthority(t, dir, "clients"), newAuthority(t, t.TempDir(), "clients")
	own := a.issueAs(t, "own", "first")
	var logged bytes.Buffer
	files := server.CertificateFiles{Cert: own.cert, Key: own.key, ClientCA: clients.file}
	config, err := files.Load(slog.New(slog.NewTextHandler(&logged, nil)))
	if err != nil {
		t.Fatal(err)
	}
	p := start(t, withTLS(config), withMode(server.VerifyClient))
	postgres := later.issue(t, "postgres")
	connect := func(shown *tls.Certificate) (name string, err error) {
		config, err := pgx.ParseConfig(p.database)
		if err != nil {
			t.Fatal(err)
		}
		config.TLSConfig, config.Fallbacks = &tls.Config{RootCAs: a.pool(), ServerName: "127.0.0.1"}, nil
		if shown != nil {
			config.TLSConfig.Certificates = []tls.Certificate{*shown}
		}
		config.TLSConfig.VerifyConnection = func(state tls.ConnectionState) error {
			name = state.PeerCertificates[0].Subject.CommonName
			return nil
		}
		conn, err := pgx.ConnectConfig(t.Context(), config)
		if err == nil {
			_ = conn.Close(t.Context())
		}
		return name, err
	}
	shown := postgres.load(t)
	if name, err := connect(&shown); name != "first" || err == nil {
		t.Errorf("before the change: shown %q, %v", name, err)
	}
	a.issueAs(t, "own", "second")
	touch(t, own.cert, 1)
	text, err := os.ReadFile(later.file)
	if err != nil {
		t.Fatal(err)
	}
	writeFile(t, clients.file, string(text))
	touch(t, clients.file, 1)
	if name, err := connect(&shown); name != "second" || err != nil {
		t.Errorf("after the change: shown %q, %v", name, err)
	}
	writeFile(t, own.key, "no key")
	touch(t, own.key, 2)
	if name, err := connect(&shown); name != "second" || err != nil {
		t.Errorf("after a bad change: shown %q, %v", name, err)
	}
	if !strings.Contains(logged.String(), "not reloaded") || strings.Contains(logged.String(), "no key") {
		t.Errorf("log says %s", &logged)
	}
}

// touch gives a file a time of change that differs, on file systems of whatever resolution.
func touch(t testing.TB, file string, minutes int) {
	t.Helper()
	at := time.Now().Add(time.Duration(minutes) * time.Minute)
	if err := os.Chtimes(file, at, at); err != nil {
		t.Fatal(err)
	}
}

func TestCertificateFilesThatAreNone(t *testing.T) {
	a := newAuthority(t, t.TempDir(), "ca")
	own, other := a.issue(t, "own"), a.issue(t, "other")
	for name, files := range map[string]server.CertificateFiles{
		"no such file":       {Cert: "none", Key: own.key},
		"a key of another":   {Cert: own.cert, Key: other.key},
		"no authority":       {Cert: own.cert, Key: own.key, ClientCA: "none"},
		"an authority empty": {Cert: own.cert, Key: own.key, ClientCA: own.key},
	} {
		if _, err := files.Load(slog.New(slog.DiscardHandler)); err == nil || !strings.Contains(err.Error(), "load the") {
			t.Errorf("%s: %v", name, err)
		}
	}
	b, err := server.ParseBackend("postgres://127.0.0.1/")
	if err != nil {
		t.Fatal(err)
	}
	for _, mode := range []server.TLSMode{server.RequireTLS, server.VerifyClient, "nonsense"} {
		if _, err := server.New(server.Config{Backend: b, TLSMode: mode}); err == nil {
			t.Errorf("mode %s is accepted without a certificate", mode)
		}
	}
}
