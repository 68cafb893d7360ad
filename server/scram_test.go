package server_test

import (
	"crypto/tls"
	"io"
	"net"
	"strings"
	group "sync" // sync is a frame here
	"testing"

	"cvp/server"
	"github.com/jackc/pgx/v5/pgconn"
)

// testRelayedAuthentication logs in by every method over every pair of connections.
func testRelayedAuthentication(t *testing.T, c *secureCluster) {
	for _, side := range []struct{ name, backend, client string }{
		{"in clear", "sslmode=disable", "sslmode=disable"},
		{"TLS to the client", "sslmode=disable", c.trusting()},
		{"TLS to the backend", c.verified(), "sslmode=disable"},
		{"TLS on both sides", c.verified(), c.trusting() + "&channel_binding=disable"},
	} {
		t.Run(side.name, func(t *testing.T) {
			p := c.front(t, side.backend)
			for _, role := range []string{"scram", "mdfive", "clear"} {
				if who, err := login(t, p.through(role, "secret", side.client)); err != nil || who != role {
					t.Errorf("%s is %q, %v", role, who, err)
				}
				if who, err := psql(t, p.through(role, "secret", side.client)); err != nil || who != role {
					t.Errorf("to psql, %s is %q, %v", role, who, err)
				}
				_, err := login(t, p.through(role, "wrong", side.client))
				wantCode(t, err, "28P01")
			}
			if who, err := login(t, p.through("trusted", "", side.client)); err != nil || who != "trusted" {
				t.Errorf("without a password: %q, %v", who, err)
			}
		})
	}
	t.Run("TLS on both sides, and a client that could bind the channel, is told why not", func(t *testing.T) {
		p := c.front(t, c.verified())
		_, err := login(t, p.through("scram", "secret", c.trusting()))
		wantCode(t, err, "28000")
		if e := pgError(t, err); e.Severity != "FATAL" || !strings.Contains(e.Message, "channel binding") || !strings.Contains(e.Hint, "--auth-query") {
			t.Errorf("error is %+v", e)
		}
		if out, err := psql(t, p.through("scram", "secret", c.trusting())); err == nil || !strings.Contains(out, "SCRAM channel binding cannot pass") {
			t.Errorf("psql says %s", out)
		}
		if out, err := psql(t, p.through("scram", "secret", c.trusting()+"&channel_binding=require")); err == nil {
			t.Errorf("psql, told to bind, says %s", out)
		}
	})
}

// testScramOnBothSides has the server do the exchange with each.
func testScramOnBothSides(t *testing.T, c *secureCluster) {
	p := c.front(t, c.verified()+"&channel_binding=require", c.verifiers(t))
	for name, parameters := range map[string]string{
		"bound": c.trusting() + "&channel_binding=require", "as it comes": c.trusting(), "unbound": c.trusting() + "&channel_binding=disable", "in clear": "sslmode=disable",
	} {
		t.Run(name, func(t *testing.T) {
			for role, password := range map[string]string{"scram": "secret", "onlytls": "secret", "Ümläut": "pass wörd"} {
				if who, err := login(t, p.through(role, password, parameters)); err != nil || who != role {
					t.Errorf("%s is %q, %v", role, who, err)
				}
				if who, err := psql(t, p.through(role, password, parameters)); err != nil || who != role {
					t.Errorf("to psql, %s is %q, %v", role, who, err)
				}
			}
		})
	}
	t.Run("every refusal is the backend's", func(t *testing.T) {
		for _, who := range []struct{ role, password, code string }{
			{"scram", "wrong", "28P01"}, {"scram", "x", "28P01"}, {"nobody at all", "secret", "28P01"}, {"expired", "secret", "28P01"},
			{"passwordless", "secret", "28P01"}, {"mdfive", "wrong", "28P01"}, {"nologin", "secret", "28000"}, {"limited", "secret", "53300"},
		} {
			refused := func(database string) *pgconn.PgError {
				_, err := login(t, database)
				return pgError(t, err)
			}
			mode := c.trusting()
			if who.role == "mdfive" {
				p := c.front(t, c.verified(), c.verifiers(t))
				_, err := login(t, p.through(who.role, who.password, mode))
				wantCode(t, err, who.code)
				continue
			}
			through, direct := refused(p.through(who.role, who.password, mode)), refused(c.url(who.role, who.password, "sslmode=require"))
			if *through != *direct || through.Code != who.code {
				t.Errorf("%s with %q: got %+v, want %+v and %s", who.role, who.password, through, direct, who.code)
			}
		}
	})
	t.Run("nothing tells a role that is not there from one that is", func(t *testing.T) {
		for _, role := range []string{"scram", "nobody at all"} {
			first, second := challenge(t, p, role), challenge(t, p, role)
			if first != second || !strings.HasSuffix(first, ",i=4096") {
				t.Errorf("%s gets %q, and then %q", role, first, second)
			}
		}
	})
	t.Run("an authentication that cannot be bound is not led into", func(t *testing.T) {
		for _, role := range []string{"clear", "mdfive", "trusted"} {
			_, err := login(t, p.through(role, "secret", c.trusting()))
			wantCode(t, err, "28000")
			if e := pgError(t, err); !strings.Contains(e.Message, "channel binding to the backend is required") {
				t.Errorf("%s gets %v", role, e)
			}
		}
	})
	t.Run("without a way to look verifiers up", func(t *testing.T) {
		q, err := server.NewAuthQuery(c.url("keeper", "wrong", c.verified()))
		if err != nil {
			t.Fatal(err)
		}
		p := c.front(t, c.verified(), func(config *server.Config) { config.Verifiers = q })
		_, err = login(t, p.through("scram", "secret", c.trusting()))
		wantCode(t, err, "08006")
		if strings.Contains(err.Error(), "keeper") {
			t.Errorf("the client is told %v", err)
		}
	})
	t.Run("a connection for verifiers that has broken is made anew", func(t *testing.T) {
		run(t, open(t, c.URL("postgres")), "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'keeper'")
		if who, err := login(t, p.through("scram", "secret", c.trusting())); err != nil || who != "scram" {
			t.Errorf("scram is %q, %v", who, err)
		}
	})
	t.Run("messages that are none", func(t *testing.T) {
		for _, b := range []string{"x", "n,,n=,r=", strings.Repeat("n", 2000), "n,,n=,r=" + strings.Repeat("r", 3000)} {
			conn := startSession(t, p, "scram")
			write(t, conn, response(saslInitial("SCRAM-SHA-256", b)))
			if answer, _ := io.ReadAll(conn); !strings.Contains(string(answer), "08P01") {
				t.Errorf("%.20q gets %q", b, answer)
			}
		}
		conn := startSession(t, p, "scram")
		write(t, conn, []byte{'Q', 0, 0, 0, 5, 0})
		if answer, _ := io.ReadAll(conn); !strings.Contains(string(answer), "08P01") {
			t.Errorf("a query in place of a proof gets %q", answer)
		}
	})
}

// startSession begins a session in clear and reads the offer of mechanisms.
func startSession(t testing.TB, p *proxy, role string) net.Conn {
	t.Helper()
	conn := p.dial(t)
	write(t, conn, packet(3<<16, []byte("user\x00"+role+"\x00database\x00postgres\x00\x00")...))
	if f := readFrame(t, conn); !strings.Contains(f, "SCRAM-SHA-256\x00") {
		t.Fatalf("offered %q", f)
	}
	return conn
}

// challenge is the salt and the iterations that a role gets.
func challenge(t testing.TB, p *proxy, role string) string {
	t.Helper()
	conn := startSession(t, p, role)
	write(t, conn, response(saslInitial("SCRAM-SHA-256", "n,,n=,r=abc")))
	f := readFrame(t, conn)
	_, salt, ok := strings.Cut(f, ",s=")
	if !ok {
		t.Fatalf("challenged with %q", f)
	}
	return salt
}

func saslInitial(mechanism, data string) string {
	return mechanism + "\x00" + string([]byte{byte(len(data) >> 24), byte(len(data) >> 16), byte(len(data) >> 8), byte(len(data))}) + data
}

func response(body string) []byte {
	n := len(body) + 4
	return append([]byte{'p', byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n)}, body...)
}

// readFrame reads one frame and gives its body.
func readFrame(t testing.TB, conn net.Conn) string {
	t.Helper()
	head := make([]byte, 5)
	if _, err := io.ReadFull(conn, head); err != nil {
		t.Fatal(err)
	}
	body := make([]byte, int(head[1])<<24|int(head[2])<<16|int(head[3])<<8|int(head[4])-4)
	if _, err := io.ReadFull(conn, body); err != nil {
		t.Fatal(err)
	}
	return string(body)
}

// testManInTheMiddle puts somebody with a certificate that the client accepts between it and the server.
func testManInTheMiddle(t *testing.T, c *secureCluster) {
	p := c.front(t, c.verified(), c.verifiers(t))
	stolen := c.clients.issueAs(t, "middle", "127.0.0.1").load(t)
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var middle group.WaitGroup
	t.Cleanup(func() { _ = ln.Close(); middle.Wait() })
	middle.Go(func() {
		for {
			client, err := ln.Accept()
			if err != nil {
				return
			}
			middle.Go(func() { listenIn(client, p.address.String(), stolen) })
		}
	})
	for _, binding := range []string{"prefer", "require"} {
		_, err := login(t, connection(ln.Addr().String(), "scram", "secret", c.trusting()+"&channel_binding="+binding))
		wantCode(t, err, "28000")
		if e := pgError(t, err); e.Message != "SCRAM channel binding check failed" {
			t.Errorf("binding=%s: error is %v", binding, e)
		}
	}
	if who, err := login(t, connection(ln.Addr().String(), "scram", "secret", c.trusting()+"&channel_binding=disable")); err != nil || who != "scram" {
		t.Errorf("the man in the middle does not work: %q, %v", who, err)
	}
}

// listenIn ends TLS and speaks TLS on to a server.
func listenIn(client net.Conn, address string, certificate tls.Certificate) {
	defer client.Close()
	server, err := net.Dial("tcp", address)
	if err != nil {
		return
	}
	defer server.Close()
	ask := make([]byte, 8)
	if _, err := io.ReadFull(client, ask); err != nil {
		return
	}
	if _, err := server.Write(ask); err != nil {
		return
	}
	if _, err := io.ReadFull(server, ask[:1]); err != nil {
		return
	}
	if _, err := client.Write(ask[:1]); err != nil {
		return
	}
	in := tls.Server(client, &tls.Config{Certificates: []tls.Certificate{certificate}})
	out := tls.Client(server, &tls.Config{InsecureSkipVerify: true, NextProtos: []string{"postgresql"}})
	var both group.WaitGroup
	both.Go(func() { _, _ = io.Copy(out, in); _ = out.CloseWrite() })
	_, _ = io.Copy(in, out)
	_ = client.Close()
	both.Wait()
}
