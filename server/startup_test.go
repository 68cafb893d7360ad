package server_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/binary"
	"fmt"
	"io"
	"log/slog"
	"math/big"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"cvp/internal/pgtest"
	"cvp/server"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgproto3"
)

// dial opens a bare connection to the server.
func (p *proxy) dial(t testing.TB) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", p.address.String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	_ = conn.SetDeadline(time.Now().Add(10 * time.Second))
	return conn
}

func write(t testing.TB, w io.Writer, b []byte) {
	t.Helper()
	if _, err := w.Write(b); err != nil {
		t.Fatal(err)
	}
}

func packet(code uint32, rest ...byte) []byte {
	b := binary.BigEndian.AppendUint32(nil, uint32(8+len(rest)))
	return append(binary.BigEndian.AppendUint32(b, code), rest...)
}

func sendCancel(t testing.TB, p *proxy, pid uint32, secret []byte) {
	t.Helper()
	conn := p.dial(t)
	write(t, conn, packet(80877102, append(binary.BigEndian.AppendUint32(nil, pid), secret...)...))
	_, _ = io.Copy(io.Discard, conn)
}

func TestTheBackendDecidesWhoMayConnect(t *testing.T) {
	p := start(t)
	analyst := pgtest.Role(t, p.direct, "analyst", "right")
	for _, c := range []struct {
		name, code string
		change     func(*pgx.ConnConfig)
	}{
		{"a wrong password", "28P01", func(c *pgx.ConnConfig) { c.Password = "wrong" }},
		{"an unknown role", "28P01", func(c *pgx.ConnConfig) { c.User = "nobody" }},
		{"an unknown database", "3D000", func(c *pgx.ConnConfig) { c.Database = "nosuch" }},
		{"a bad parameter", "22023", func(c *pgx.ConnConfig) { c.RuntimeParams["DateStyle"] = "nosuch" }},
	} {
		t.Run(c.name, func(t *testing.T) {
			outcome := func(database string) *pgconn.PgError {
				config, err := pgx.ParseConfig(database)
				if err != nil {
					t.Fatal(err)
				}
				c.change(config)
				_, err = pgx.ConnectConfig(t.Context(), config)
				return pgError(t, err)
			}
			through, direct := outcome(rehosted(t, analyst, p)), outcome(analyst)
			if *through != *direct || through.Code != c.code {
				t.Errorf("got %#v, want %#v with code %s", through, direct, c.code)
			}
		})
	}
	conn := open(t, rehosted(t, analyst, p))
	var who string
	if err := conn.QueryRow(t.Context(), "SELECT current_user").Scan(&who); err != nil || !strings.HasPrefix(who, "analyst") {
		t.Errorf("the session is %q's, %v", who, err)
	}
}

// rehosted aims a database's URL at the server.
func rehosted(t testing.TB, database string, p *proxy) string {
	t.Helper()
	u, err := url.Parse(database)
	if err != nil {
		t.Fatal(err)
	}
	u.Host = p.address.String()
	return u.String()
}

func TestABackendThatIsDown(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = ln.Close()
	p := startAt(t, "postgres://postgres@"+ln.Addr().String()+"/postgres?sslmode=disable")
	for range 2 {
		_, err := pgx.Connect(t.Context(), p.database)
		wantCode(t, err, "08006")
		if e := pgError(t, err); e.Severity != "FATAL" || !strings.Contains(e.Message, "could not connect to the backend server") {
			t.Errorf("error is %v", e)
		}
	}
}

func TestTooManyConnections(t *testing.T) {
	p := start(t, func(c *server.Config) { c.MaxConnections = 2 })
	first, second := p.connect(t), p.connect(t)
	_, err := pgx.Connect(t.Context(), p.database)
	wantCode(t, err, "53300")
	_ = second.Close(t.Context())
	for range 100 {
		var again *pgx.Conn
		if again, err = pgx.Connect(t.Context(), p.database); err == nil {
			_ = again.Close(t.Context())
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	if err != nil {
		t.Errorf("a place that was left is not free: %v", err)
	}
	run(t, first, "SELECT 1")
}

func TestStartupPacketsThatAreNone(t *testing.T) {
	p := start(t, func(c *server.Config) { c.StartupTimeout = 300 * time.Millisecond })
	for name, b := range map[string][]byte{
		"a huge length":           {0x7f, 0xff, 0xff, 0xff, 0, 3, 0, 0},
		"a negative length":       {0xff, 0xff, 0xff, 0xff, 0, 3, 0, 0},
		"a length of zero":        {0, 0, 0, 0},
		"one byte":                {0},
		"nothing":                 {},
		"half a packet":           {0, 0, 0, 20, 0, 3, 0, 0, 'u'},
		"a browser":               []byte("GET / HTTP/1.1\r\n\r\n"),
		"an empty cancel":         packet(80877102),
		"TLS to a server without": {0x16, 3, 1, 0, 10, 1, 2, 3, 4, 5},
	} {
		t.Run(name, func(t *testing.T) {
			conn := p.dial(t)
			write(t, conn, b)
			answer, err := io.ReadAll(conn)
			if err != nil && !strings.Contains(err.Error(), "reset") || len(answer) > 0 {
				t.Errorf("answer is %q, %v; want the connection closed", answer, err)
			}
		})
	}
	run(t, p.connect(t), "SELECT 1")
}

func TestMessagesWithImpossibleLengths(t *testing.T) {
	p := start(t)
	for _, b := range [][]byte{
		{'Q', 0, 0, 0, 0}, {'Q', 0xff, 0xff, 0xff, 0xff}, {'P', 0x7f, 0xff, 0xff, 0xff, 'x'}, {'d', 0, 0, 0, 3}, {'X', 0x80, 0, 0, 0},
	} {
		c := speak(t, p.database)
		write(t, c.conn, b)
		m, err := c.Receive()
		e, ok := m.(*pgproto3.ErrorResponse)
		if err != nil || !ok || e.Code != "08P01" || e.Severity != "FATAL" {
			t.Errorf("%v gives %v, %v; want FATAL 08P01", b, m, err)
		}
	}
	// Bodies that lie about their counts are the backend's to refuse, and must not harm us.
	for _, body := range []string{"\x00s\x00\xff\xff", "\x00s\x00\x00\x00\x00\x01\xff\xff\xff\x00", "nonul", "\x00s\x00\x00\x00\x7f\xff"} {
		c := speak(t, p.database)
		c.exchange(t, 1, parse("s", double), sync)
		b := binary.BigEndian.AppendUint32([]byte{'B'}, uint32(4+len(body)))
		write(t, c.conn, append(b, body...))
		if got := c.exchange(t, 1, sync); !strings.HasPrefix(got, "error:08P01") && !strings.HasPrefix(got, "error:") {
			t.Errorf("Bind %q gives %s", body, got)
		}
		if got := c.exchange(t, 1, query("SELECT cvp_double(1)")); !strings.Contains(got, "SELECT-1") {
			t.Errorf("afterwards, a call gives %s", got)
		}
	}
}

func TestRequestsForEncryptionAreRefusedWithoutACertificate(t *testing.T) {
	p := start(t)
	conn := p.dial(t)
	for _, code := range []uint32{80877104, 80877103} { // GSSENCRequest, SSLRequest
		write(t, conn, packet(code))
		var answer [1]byte
		if _, err := io.ReadFull(conn, answer[:]); err != nil || answer[0] != 'N' {
			t.Errorf("answer is %q, %v; want N", answer, err)
		}
	}
}

// certificate makes a certificate for 127.0.0.1 and a pool that trusts it.
func certificate(t testing.TB) (*tls.Config, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "cvp"}, NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(parsed)
	return &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}, pool
}

func TestTLSToTheClient(t *testing.T) {
	config, pool := certificate(t)
	p := start(t, withTLS(config))
	secured := func(c *pgx.ConnConfig) {
		c.TLSConfig = &tls.Config{RootCAs: pool, ServerName: "127.0.0.1"}
		c.Fallbacks = nil
	}
	t.Run("calls, cancelling and large values", func(t *testing.T) {
		conn := p.connect(t, secured)
		if _, ok := conn.PgConn().Conn().(*tls.Conn); !ok {
			t.Fatal("the connection is not secured")
		}
		for range 3 {
			if n := number(t, conn, "SELECT cvp_double(4)"); n != 8 {
				t.Errorf("got %d, want 8", n)
			}
		}
		if n := number(t, conn, "SELECT length($1::text)", strings.Repeat("x", 5<<20)); n != 5<<20 {
			t.Errorf("length is %d", n)
		}
	})
	t.Run("direct", func(t *testing.T) {
		conn := p.connect(t, secured, func(c *pgx.ConnConfig) {
			c.SSLNegotiation = "direct"
			c.TLSConfig.NextProtos = []string{"postgresql"}
		})
		if n := number(t, conn, "SELECT cvp_double(4)"); n != 8 {
			t.Errorf("got %d, want 8", n)
		}
	})
	t.Run("direct without naming the protocol", func(t *testing.T) {
		conn := tls.Client(p.dial(t), &tls.Config{RootCAs: pool, ServerName: "127.0.0.1"})
		if err := conn.Handshake(); err != nil {
			return
		}
		if b, _ := io.ReadAll(conn); len(b) > 0 {
			t.Errorf("answer is %q, want none", b)
		}
	})
	t.Run("a client without TLS is served too", func(t *testing.T) {
		if n := number(t, p.connect(t), "SELECT cvp_double(4)"); n != 8 {
			t.Errorf("got %d, want 8", n)
		}
	})
	t.Run("bytes sent in clear before the handshake are not taken for secured ones", func(t *testing.T) {
		conn := p.dial(t)
		startup := packet(3<<16, []byte("user\x00postgres\x00\x00")...)
		write(t, conn, append(packet(80877103), startup...)) // CVE-2021-23214
		answer, _ := io.ReadAll(conn)
		if len(answer) == 0 || answer[0] != 'S' || bytes.Contains(answer, []byte{'R', 0, 0, 0}) {
			t.Errorf("answer is %q; want S and no session", answer)
		}
	})
}

func TestTLSToTheBackendIsAskedFor(t *testing.T) {
	database := pgtest.Database(t)
	install(t, database)
	p := startAt(t, strings.Replace(database, "sslmode=disable", "sslmode=require", 1))
	_, err := pgx.Connect(t.Context(), strings.Replace(p.database, "sslmode=require", "sslmode=disable", 1))
	wantCode(t, err, "08006")
	if !strings.Contains(err.Error(), "backend refused TLS") {
		t.Errorf("error is %v", err)
	}
}

func TestUnixSocketsOnBothSides(t *testing.T) {
	database := pgtest.Database(t)
	install(t, database)
	var socket string
	if err := open(t, database).QueryRow(t.Context(), "SELECT split_part(setting, ',', 1) FROM pg_settings WHERE name = 'unix_socket_directories'").Scan(&socket); err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(database)
	if err != nil {
		t.Fatal(err)
	}
	if socket == "" {
		t.Log("the test cluster has no unix socket: the client side alone is tested")
	} else {
		u.RawQuery = url.Values{"host": {socket}, "port": {u.Port()}}.Encode()
		u.Host = ""
	}
	backend, err := server.ParseBackend(u.String())
	if err != nil {
		t.Fatal(err)
	}
	config, _ := certificate(t)
	path := filepath.Join(t.TempDir(), ".s.PGSQL.6432")
	left, err := net.Listen("unix", path) // a server that was killed leaves its socket behind
	if err != nil {
		t.Fatal(err)
	}
	left.(*net.UnixListener).SetUnlinkOnClose(false)
	_ = left.Close()
	s, err := server.New(server.Config{
		Listen: path, Backend: backend, Planner: &testPlanner{}, TLS: config, TLSMode: server.RequireTLS, Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- s.ListenAndServe(t.Context()) }()
	for range 200 {
		if s.Addr() != nil {
			break
		}
		time.Sleep(5 * time.Millisecond)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o777 {
		t.Errorf("the socket is %v, %v; want it open to every user, as Postgres's", info, err)
	}
	u.Host = ""
	u.RawQuery = url.Values{"host": {filepath.Dir(path)}, "port": {"6432"}}.Encode()
	conn := open(t, u.String())
	if n := number(t, conn, "SELECT cvp_double(4)"); n != 8 {
		t.Errorf("got %d, want 8", n)
	}
	if socket != "" && number(t, conn, "SELECT count(*) FROM pg_stat_activity WHERE pid = pg_backend_pid() AND client_addr IS NULL") != 1 {
		t.Error("the session did not reach the backend by its socket")
	}
	done := make(chan error, 1)
	go func() { _, err := conn.Exec(t.Context(), "SELECT pg_sleep(30)"); done <- err }()
	awaitSleepIn(t, open(t, database), conn.Config().Database)
	if err := conn.PgConn().CancelRequest(t.Context()); err != nil {
		t.Error(err)
	}
	wantCode(t, <-done, "57014")
	if who, err := psql(t, u.String()); err != nil || who != "postgres" {
		t.Errorf("psql is %q, %v", who, err)
	}
	bare, err := net.Dial("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	defer bare.Close()
	write(t, bare, packet(80877103)) // as Postgres, no TLS within the machine
	if _, err := io.ReadFull(bare, make([]byte, 1)); err != nil {
		t.Error(err)
	}
	_ = conn.Close(t.Context())
	if err := s.Shutdown(t.Context()); err != nil {
		t.Error(err)
	}
	<-served
}

func TestPeersThatVanishAreFound(t *testing.T) {
	p := start(t)
	conn := p.connect(t)
	mine := conn.PgConn().Conn().LocalAddr().(*net.TCPAddr).Port
	var backend int
	if err := conn.QueryRow(t.Context(), "SELECT client_port FROM pg_stat_activity WHERE pid = pg_backend_pid()").Scan(&backend); err != nil {
		t.Fatal(err)
	}
	for name, port := range map[string]string{
		"to the client":  fmt.Sprintf(":%04X :%04X", p.address.(*net.TCPAddr).Port, mine),
		"to the backend": fmt.Sprintf(":%04X", backend),
	} {
		kept := func(line string) bool { return strings.HasPrefix(line, port) }
		for tries := 0; !slices.ContainsFunc(keptAlive(t), kept); tries++ {
			if tries == 200 {
				t.Fatalf("the connection %s (%s) is not kept alive: %q", name, port, keptAlive(t))
			}
			time.Sleep(10 * time.Millisecond) // while something awaits its acknowledgement, that timer is told
		}
	}
}

// keptAlive gives the ports of the connections whose keep-alive timer runs.
func keptAlive(t testing.TB) (ports []string) {
	t.Helper()
	text, err := os.ReadFile("/proc/net/tcp")
	if err != nil {
		t.Skipf("the kernel does not tell of timers here: %v", err)
	}
	for line := range strings.Lines(string(text)) {
		f := strings.Fields(line)
		if len(f) > 5 && strings.HasPrefix(f[5], "02:") {
			ports = append(ports, f[1][strings.IndexByte(f[1], ':'):]+" "+f[2][strings.IndexByte(f[2], ':'):])
		}
	}
	return ports
}

func TestAConfigurationWithoutABackendIsRefused(t *testing.T) {
	if _, err := server.New(server.Config{StartupTimeout: -1}); err == nil ||
		!strings.Contains(err.Error(), "no backend") || !strings.Contains(err.Error(), "negative") {
		t.Errorf("error is %v, want both reasons", err)
	}
}
