package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"cvp/catalog"
	"cvp/internal/pgtest"
)

// asProgram in the environment makes the test binary the program itself, for tests of signals.
const asProgram = "CVP_TEST_AS_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		main()
	}
	pgtest.Run(m)
}

// cvp runs one command line to its end.
func cvp(t *testing.T, args ...string) (status int, out, errors string) {
	t.Helper()
	var o, e strings.Builder
	status = run(t.Context(), args, terminal{out: &o, errors: &e})
	return status, o.String(), e.String()
}

func TestExitStatusTellsAMistakeFromAFailure(t *testing.T) {
	tests := map[string]struct {
		args   []string
		status int
		shows  string
	}{
		"help":                        {[]string{"--help"}, 0, "Usage: cvp <command>"},
		"help of a command":           {[]string{"serve", "--help"}, 0, "--tls-cert"},
		"version":                     {[]string{"version"}, 0, "blas: "},
		"no command":                  {nil, 2, "expected one of"},
		"unknown command":             {[]string{"server"}, 2, `did you mean "serve"`},
		"nobody answers":              {[]string{"install", "--backend", "postgres://127.0.0.1:1/x?sslmode=disable"}, 1, "connect to the database"},
		"profiles without a listener": {[]string{"serve", "--backend", "postgres://127.0.0.1:1/", "--pprof"}, 2, "--pprof needs --metrics-listen"},
		"a negative limit":            {[]string{"serve", "--backend", "postgres://127.0.0.1:1/", "--idle-timeout=-1s"}, 2, "limits cannot be negative"},
		"a listener that is taken":    {[]string{"serve", "--backend", "postgres://127.0.0.1:1/", "--metrics-listen", "127.0.0.1:99999"}, 1, "for metrics"},
		"bad backend":                 {[]string{"serve", "--backend", "postgres://%zz"}, 1, "backend"},
		"missing certificate": {[]string{"serve", "--backend", "postgres://127.0.0.1:1/", "--tls-cert", "none", "--tls-key", "none"},
			1, "load the TLS certificate"},
		"TLS asked of clients without a certificate": {[]string{"serve", "--backend", "postgres://127.0.0.1:1/", "--tls-mode", "require"}, 2, "need --tls-cert"},
		"certificates asked for without an authority": {[]string{"serve", "--backend", "postgres://127.0.0.1:1/", "--tls-cert", "c", "--tls-key", "k", "--tls-mode", "verify-client"},
			2, "need --tls-client-ca"},
		"verifiers from nowhere": {[]string{"serve", "--backend", "postgres://127.0.0.1:1/", "--auth-file", "none"}, 1, "file of verifiers"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			status, out, errors := cvp(t, test.args...)
			if status != test.status || !strings.Contains(out+errors, test.shows) {
				t.Errorf("status %d (want %d), output without %q:\n%s%s", status, test.status, test.shows, out, errors)
			}
		})
	}
}

func TestInstallCreatesSchemaCvpOnce(t *testing.T) {
	database := pgtest.Database(t)
	for _, want := range []string{"created schema cvp", "at version " + fmt.Sprint(catalog.Latest()) + " already"} {
		if status, out, errors := cvp(t, "install", "--backend", database); status != 0 || !strings.Contains(out, want) {
			t.Errorf("install gives status %d, want output with %q: %s%s", status, want, out, errors)
		}
	}
	if version, err := catalog.Installed(t.Context(), pgtest.Connect(t, database).PgConn()); err != nil || version != catalog.Latest() {
		t.Errorf("installed version is %d, %v, want %d", version, err, catalog.Latest())
	}
	if status, out, errors := cvp(t, "install", "--backend", database, "--open"); status != 0 || !strings.Contains(out, `it belongs to cvp_owner; a role may use it after GRANT "cvp_user" TO`) {
		t.Errorf("--open opens a schema that was closed: %d %s%s", status, out, errors)
	}
	open := pgtest.Database(t)
	for _, test := range []struct{ option, want string }{
		{"--open", "it belongs to postgres; every role may use it"},
		{"--user=cvp_user", "it belongs to postgres; every role may use it"}, // who uses it already goes on
		{"--owner=cvp_owner", `it belongs to cvp_owner; a role may use it after GRANT "cvp_user" TO`},
	} {
		if status, out, errors := cvp(t, "install", "--backend", open, test.option); status != 0 || !strings.Contains(out, test.want) {
			t.Errorf("install %s gives status %d, want output with %q: %s%s", test.option, status, test.want, out, errors)
		}
	}
	analyst := pgtest.Role(t, pgtest.Database(t), "analyst", "secret")
	status, _, errors := cvp(t, "install", "--backend", analyst)
	if status != 1 || !strings.Contains(errors, "42501") {
		t.Errorf("install without rights gives status %d, want 42501 in: %s", status, errors)
	}
}

func TestDoctorJudgesADatabase(t *testing.T) {
	database := pgtest.Database(t)
	withPassword := func(password string) string {
		u, err := url.Parse(database)
		if err != nil {
			t.Fatal(err)
		}
		u.User = url.UserPassword(u.User.Username(), password)
		return u.String()
	}
	installed := pgtest.Database(t)
	if status, _, errors := cvp(t, "install", "--backend", installed, "--open"); status != 0 {
		t.Fatal(errors)
	}
	secured := pgtest.Database(t)
	if status, _, errors := cvp(t, "install", "--backend", secured); status != 0 {
		t.Fatal(errors)
	}
	tests := map[string]struct {
		backend string
		status  int
		line    string
	}{
		"an owner without the schema": {database, 0, `(?m)^ok    schema cvp  not there yet; the first cvp_ statement`},
		"with the schema":             {installed, 0, `(?m)^ok    schema cvp  version \d+, owned by postgres, every role may use it\n +→ A role without a login`},
		"with the schema secured":     {secured, 0, `(?m)^ok    schema cvp  version \d+, owned by cvp_owner, a role may use it after GRANT "cvp_user" TO …$`},
		"a role that owns nothing":    {pgtest.Role(t, pgtest.Database(t), "analyst", "secret"), 1, `(?m)^fail  schema cvp  not there yet, and analyst\S* may not create it\n +→ Let the owner do it once`},
		"a wrong password":            {withPassword("wrong"), 1, `(?s)fail  postgres .*28P01.*→ Check user and password`},
		"nobody there":                {"postgres://127.0.0.1:1/x?sslmode=disable", 1, `(?s)fail  postgres .*refused.*→ Check host and port`},
		"no such database":            {strings.Replace(database, "/test_", "/no_such_", 1), 1, `→ Create the database`},
		"none given":                  {"", 0, `(?m)^warn  postgres    not checked`},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			status, out, _ := cvp(t, "doctor", "--backend", test.backend)
			if status != test.status || !regexp.MustCompile(test.line).MatchString(out) {
				t.Errorf("status %d (want %d), no line like %s in:\n%s", status, test.status, test.line, out)
			}
			if !regexp.MustCompile(`(?m)^(ok|warn)  +blas  `).MatchString(out) {
				t.Errorf("nothing about the BLAS in:\n%s", out)
			}
		})
	}
}

func TestDoctorNamesTheGPUThatTheDriverLists(t *testing.T) {
	driver := t.TempDir()
	if got := gpuFinding(driver); got.verdict != ok || !strings.HasPrefix(got.found, "none") {
		t.Errorf("without a device: %+v", got)
	}
	device := filepath.Join(driver, "0000:01:00.0")
	if err := os.Mkdir(device, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(device, "information"), []byte("Model: \t\t NVIDIA H100\nIRQ: 7\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := gpuFinding(driver); got.verdict != warn || got.found != "NVIDIA H100, not used" {
		t.Errorf("with a device: %+v", got)
	}
}

// freeAddress is one that nobody listens on.
func freeAddress(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().String()
}

// serving runs `cvp serve` in front of the test server and gives the client's URL of a database and what ends
// the server: it returns the exit status.
func serving(t *testing.T, database string, args ...string) (client string, end func() int) {
	t.Helper()
	return servingTo(t, os.Stderr, database, append([]string{"--log-level", "error"}, args...)...)
}

// servingTo is serving with the log written to where the test wants it.
func servingTo(t *testing.T, log io.Writer, database string, args ...string) (client string, end func() int) {
	t.Helper()
	address := freeAddress(t)
	ctx, cancel := context.WithCancel(t.Context())
	status := make(chan int, 1)
	go func() {
		status <- run(ctx, append([]string{"serve", "--listen", address, "--backend", database}, args...), terminal{out: os.Stdout, errors: log})
	}()
	u, err := url.Parse(database)
	if err != nil {
		t.Fatal(err)
	}
	u.Host = address
	t.Cleanup(cancel)
	return u.String(), func() int { cancel(); return <-status }
}

// connect waits for the server to listen.
func connect(t *testing.T, url string) *pgx.Conn {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		conn, err := pgx.Connect(t.Context(), url)
		if err == nil {
			t.Cleanup(func() { _ = conn.Close(context.Background()) })
			return conn
		}
		if !strings.Contains(err.Error(), "refused") || time.Now().After(deadline) {
			t.Fatal(err)
		}
	}
}

func TestServeEndsInOrder(t *testing.T) {
	client, end := serving(t, pgtest.Database(t))
	idle, busy := connect(t, client), connect(t, client)
	answered := make(chan error, 1)
	started := make(chan struct{})
	go func() {
		close(started)
		var slept string
		answered <- busy.QueryRow(context.Background(), "SELECT pg_sleep(1)::text", pgx.QueryExecModeSimpleProtocol).Scan(&slept)
	}()
	<-started
	for running := 0; running == 0; { // until the statement is under way
		if err := idle.QueryRow(t.Context(), "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep%' AND state = 'active'").Scan(&running); err != nil {
			t.Fatal(err)
		}
	}
	if status := end(); status != 0 {
		t.Errorf("a server told to stop ends with status %d, want 0", status)
	}
	if err := <-answered; err != nil {
		t.Errorf("a statement under way at the end gives %v, want its answer", err)
	}
	_, err := idle.Exec(context.Background(), "SELECT 1")
	if err == nil {
		t.Error("an idle client can still use the server that has ended")
	}
}

func TestServeGivesUpOnAClientThatIsBusyForTooLong(t *testing.T) {
	client, end := serving(t, pgtest.Database(t), "--shutdown-timeout", "200ms")
	busy := connect(t, client)
	if _, err := busy.Exec(t.Context(), "BEGIN; SELECT 1"); err != nil {
		t.Fatal(err)
	}
	watched := make(chan error, 1)
	go func() { _, err := busy.Exec(context.Background(), "SELECT pg_sleep(30)"); watched <- err }()
	began := time.Now()
	if status := end(); status != 0 {
		t.Errorf("status is %d, want 0", status)
	}
	if took := time.Since(began); took > 10*time.Second {
		t.Errorf("the server took %v to end, want little more than 200ms", took)
	}
	if err := <-watched; err == nil {
		t.Error("the client that was cut off was told that all is well")
	}
}
