package server_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"cvp/internal/postgres"
	"cvp/server"
	"github.com/jackc/pgx/v5"
)

// authority signs certificates.
type authority struct {
	dir  string
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	file string // its certificate
}

func newAuthority(t testing.TB, dir, name string) *authority {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	a := &authority{dir: dir, cert: cert, key: key, file: filepath.Join(dir, name+".crt")}
	writePEM(t, a.file, "CERTIFICATE", der)
	return a
}

// pair is the files of a certificate and its key.
type pair struct{ cert, key string }

// issue makes a certificate for 127.0.0.1 with a common name, in files named after that.
func (a *authority) issue(t testing.TB, name string) pair {
	t.Helper()
	return a.issueAs(t, name, name)
}

func (a *authority) issueAs(t testing.TB, file, name string) pair {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	serial, err := rand.Int(rand.Reader, big.NewInt(1<<62))
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: name}, NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.cert, &key.PublicKey, a.key)
	if err != nil {
		t.Fatal(err)
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	p := pair{filepath.Join(a.dir, file+".crt"), filepath.Join(a.dir, file+".key")}
	writePEM(t, p.cert, "CERTIFICATE", der)
	writePEM(t, p.key, "PRIVATE KEY", keyDER)
	return p
}

func (a *authority) pool() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(a.cert)
	return pool
}

func (p pair) load(t testing.TB) tls.Certificate {
	t.Helper()
	c, err := tls.LoadX509KeyPair(p.cert, p.key)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func writePEM(t testing.TB, path, kind string, der []byte) {
	t.Helper()
	writeFile(t, path, string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})))
}

// writeFile replaces a file in one step, as tools that renew certificates do.
func writeFile(t testing.TB, path, text string) {
	t.Helper()
	if err := os.WriteFile(path+".new", []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(path+".new", path); err != nil {
		t.Fatal(err)
	}
}

// secureCluster is a Postgres with TLS and a pg_hba.conf that has a line for each way to log in.
type secureCluster struct {
	*postgres.Cluster
	backends *authority // signs the backend's certificate and those that it accepts
	clients  *authority // signs those of the server and of its clients
	dir      string
}

const accessRules = `
local   all          all                       scram-sha-256
hostssl all          onlytls    127.0.0.1/32   scram-sha-256
hostnossl all        onlyclear  127.0.0.1/32   scram-sha-256
hostssl all          bycert     127.0.0.1/32   cert map=cvp
hostssl all          twofold    127.0.0.1/32   scram-sha-256 clientcert=verify-ca
host    all          onlytls,onlyclear,bycert,twofold 127.0.0.1/32 reject
host    all          mdfive     127.0.0.1/32   md5
host    all          clear      127.0.0.1/32   password
host    all          trusted    127.0.0.1/32   trust
host    all          all        127.0.0.1/32   scram-sha-256
host    replication  all        127.0.0.1/32   scram-sha-256
`

const loginRoles = `
SET password_encryption = 'md5';
CREATE ROLE mdfive LOGIN PASSWORD 'secret';
SET password_encryption = 'scram-sha-256';
CREATE ROLE clear LOGIN PASSWORD 'secret';
CREATE ROLE scram LOGIN PASSWORD 'secret';
CREATE ROLE onlytls LOGIN PASSWORD 'secret';
CREATE ROLE onlyclear LOGIN PASSWORD 'secret';
CREATE ROLE bycert LOGIN;
CREATE ROLE twofold LOGIN PASSWORD 'secret';
CREATE ROLE trusted LOGIN;
CREATE ROLE expired LOGIN PASSWORD 'secret' VALID UNTIL '2001-01-01';
CREATE ROLE limited LOGIN PASSWORD 'secret' CONNECTION LIMIT 0;
CREATE ROLE passwordless LOGIN;
CREATE ROLE nologin PASSWORD 'secret';
CREATE ROLE "Ümläut" LOGIN PASSWORD 'pass wörd';
CREATE ROLE keeper LOGIN PASSWORD 'secret';
GRANT SELECT (rolname, rolpassword) ON pg_catalog.pg_authid TO keeper`

func startSecureCluster(t *testing.T) *secureCluster {
	t.Helper()
	dir, err := os.MkdirTemp("", "cvp-secure-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	cluster, err := postgres.Start(context.WithoutCancel(t.Context()), postgres.Config{Dir: dir, Settings: map[string]string{
		"fsync": "off", "synchronous_commit": "off", "shared_buffers": "32MB", "wal_level": "logical", "autovacuum": "off", "max_wal_senders": "4",
	}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, stop := context.WithTimeout(context.Background(), 20*time.Second)
		defer stop()
		if err := cluster.Stop(ctx); err != nil {
			t.Error(err)
		}
	})
	c := &secureCluster{Cluster: cluster, dir: dir}
	c.backends, c.clients = newAuthority(t, t.TempDir(), "backends"), newAuthority(t, t.TempDir(), "clients")
	c.configure(t)
	return c
}

// configure gives the cluster its certificate, its rules and its roles.
func (c *secureCluster) configure(t *testing.T) {
	t.Helper()
	data := filepath.Join(c.dir, "data")
	own := c.backends.issueAs(t, "postgres", "localhost")
	c.give(t, own.cert, filepath.Join(data, "server.crt"))
	c.give(t, own.key, filepath.Join(data, "server.key"))
	c.give(t, c.backends.file, filepath.Join(data, "root.crt"))
	for name, text := range map[string]string{"pg_hba.conf": accessRules, "pg_ident.conf": "cvp cvp bycert\n"} {
		file := filepath.Join(data, name)
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	conn := open(t, c.URL("postgres"))
	for _, sql := range append(strings.Split(loginRoles, ";"),
		"ALTER SYSTEM SET ssl_ca_file = 'root.crt'", "ALTER SYSTEM SET ssl = on", "SELECT pg_reload_conf()") {
		run(t, conn, sql)
	}
	for range 200 {
		if open(t, c.URL("postgres")).QueryRow(t.Context(), "SHOW ssl").Scan(new(onOff)) == nil {
			return
		}
		time.Sleep(10 * time.Millisecond) // poll: a reload does not report back
	}
	t.Fatal("the cluster does not speak TLS")
}

// onOff scans a setting that has to be on.
type onOff struct{}

func (*onOff) Scan(v any) error {
	if v != "on" {
		return fmt.Errorf("setting is %v", v)
	}
	return nil
}

// give copies a file into the data directory, as a file of the directory's owner.
func (c *secureCluster) give(t *testing.T, from, to string) {
	t.Helper()
	b, err := os.ReadFile(from)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(to, b, 0o600); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(filepath.Dir(to))
	if err != nil {
		t.Fatal(err)
	}
	if owner := info.Sys().(*syscall.Stat_t); int(owner.Uid) != os.Geteuid() {
		if err := os.Chown(to, int(owner.Uid), int(owner.Gid)); err != nil {
			t.Fatal(err)
		}
	}
}

// url is the cluster's own address for a role, with more parameters of a connection string.
func (c *secureCluster) url(role, password, parameters string) string {
	return connection(net.JoinHostPort("127.0.0.1", strconv.Itoa(c.Port())), role, password, parameters)
}

func connection(address, role, password, parameters string) string {
	u := url.URL{Scheme: "postgres", Host: address, Path: "/postgres", RawQuery: parameters, User: url.User(role)}
	if password != "" {
		u.User = url.UserPassword(role, password)
	}
	return u.String()
}

// backend is the cluster as the server is told of it.
func (c *secureCluster) backend(parameters string) string {
	return c.url("nobody", "", parameters)
}

// verified are the parameters of a connection to the cluster that checks its certificate.
func (c *secureCluster) verified() string {
	return "sslmode=verify-full&sslrootcert=" + url.QueryEscape(c.backends.file)
}

// front runs a server before the cluster, with TLS to clients.
func (c *secureCluster) front(t *testing.T, parameters string, change ...func(*server.Config)) *proxy {
	t.Helper()
	own := c.clients.issueAs(t, "cvp-server", "127.0.0.1")
	withOwn := func(config *server.Config) {
		var err error
		files := server.CertificateFiles{Cert: own.cert, Key: own.key, ClientCA: c.clients.file}
		if config.TLS, err = files.Load(config.Log); err != nil {
			t.Fatal(err)
		}
	}
	return startAt(t, c.backend(parameters), append([]func(*server.Config){withOwn}, change...)...)
}

// through is the server's address for a role.
func (p *proxy) through(role, password, parameters string) string {
	return connection(p.address.String(), role, password, parameters)
}

// trusting are a client's parameters that check the server's certificate.
func (c *secureCluster) trusting() string {
	return "sslmode=verify-full&sslrootcert=" + url.QueryEscape(c.clients.file)
}

// showing are a client's parameters that also show a certificate.
func (c *secureCluster) showing(p pair) string {
	return c.trusting() + "&sslcert=" + url.QueryEscape(p.cert) + "&sslkey=" + url.QueryEscape(p.key)
}

// verifiers looks up in the cluster, by a role that may read nothing else.
func (c *secureCluster) verifiers(t *testing.T) func(*server.Config) {
	t.Helper()
	q, err := server.NewAuthQuery(c.url("keeper", "secret", c.verified()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := q.Close(); err != nil {
			t.Error(err)
		}
	})
	return func(config *server.Config) { config.Verifiers = q }
}

// login connects and gives who the session is, or why it is not.
func login(t testing.TB, database string) (string, error) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), database)
	if err != nil {
		return "", err
	}
	defer conn.Close(context.Background())
	var who string
	err = conn.QueryRow(t.Context(), "SELECT session_user").Scan(&who)
	return who, err
}

// psql logs in with libpq's own client and gives what it prints.
func psql(t testing.TB, database string) (string, error) {
	t.Helper()
	program, err := exec.LookPath("psql")
	if err != nil {
		t.Skip("psql, the client of libpq, is not installed")
	}
	cmd := exec.CommandContext(t.Context(), program, "-XAtq", "-d", database, "-c", "SELECT session_user")
	cmd.Env = []string{"LC_ALL=C.UTF-8", "HOME=/nonexistent", "PATH=" + os.Getenv("PATH"), "PGPASSFILE=/nonexistent", "PGCONNECT_TIMEOUT=10"}
	out, err := cmd.CombinedOutput()
	return strings.TrimSpace(string(out)), err
}
