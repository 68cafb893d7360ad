package ops_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"go.uber.org/goleak"

	"cvp/internal/ops"
	"cvp/internal/pgtest"
	"cvp/server"
	"cvp/sqlfuncs"
)

// stand is a server with its listener for operators, in front of a database.
type stand struct {
	*server.Server
	direct, through string // URLs of the database
	http            string // URL of the listener
}

// build starts a stand, which ends with the test and may leave nothing running.
func build(t *testing.T, change func(*server.Config, *ops.Config)) *stand {
	t.Helper()
	database := pgtest.Database(t)
	before := goleak.IgnoreCurrent()
	target, err := server.ParseBackend(database)
	if err != nil {
		t.Fatal(err)
	}
	functions := sqlfuncs.New(sqlfuncs.Config{})
	metrics := ops.NewMetrics("of the test", functions.Models)
	config := server.Config{Backend: target, Planner: functions, Log: slog.New(slog.DiscardHandler), Observer: metrics}
	operators := ops.Config{Listen: "127.0.0.1:0", Metrics: metrics, ProbeAgain: time.Millisecond}
	if change != nil {
		change(&config, &operators)
	}
	s, err := server.New(config)
	if err != nil {
		t.Fatal(err)
	}
	operators.Server = s
	listener, err := ops.Listen(t.Context(), operators)
	if err != nil {
		t.Fatal(err)
	}
	clients, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- s.Serve(context.Background(), clients) }()
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		if err := s.Shutdown(ctx); err != nil {
			t.Errorf("shut down: %v", err)
		}
		if err := <-served; !errors.Is(err, server.ErrClosed) {
			t.Errorf("serve: %v", err)
		}
		if err := listener.Close(); err != nil {
			t.Errorf("close the listener: %v", err)
		}
		http.DefaultClient.CloseIdleConnections()
		goleak.VerifyNone(t, before, goleak.IgnoreAnyFunction("cvp/internal/postgres.startProcess.func1"))
	})
	u, err := url.Parse(database)
	if err != nil {
		t.Fatal(err)
	}
	u.Host = clients.Addr().String()
	return &stand{Server: s, direct: database, through: u.String(), http: "http://" + listener.Addr().String()}
}

// get gives the status and the body of a page.
func (s *stand) get(t *testing.T, path string) (status int, body string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.http+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	b, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(b)
}

// scrape gives the metrics by name and labels, as they stand in the text.
func (s *stand) scrape(t *testing.T) map[string]float64 {
	t.Helper()
	status, body := s.get(t, "/metrics")
	if status != http.StatusOK {
		t.Fatalf("/metrics gives %d: %s", status, body)
	}
	values := map[string]float64{}
	for line := range strings.Lines(body) {
		at := strings.LastIndexByte(line, ' ')
		if strings.HasPrefix(line, "#") || at < 0 {
			continue
		}
		value, err := strconv.ParseFloat(strings.TrimSpace(line[at+1:]), 64)
		if err != nil {
			t.Fatalf("line %q: %v", line, err)
		}
		values[line[:at]] = value
	}
	return values
}

// await scrapes until every metric has its value: what ends a session is counted after the client knows.
func (s *stand) await(t *testing.T, want map[string]float64) map[string]float64 {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		got := s.scrape(t)
		var wrong []string
		for name, value := range want {
			if v, ok := got[name]; !ok || v != value {
				wrong = append(wrong, name+" is "+strconv.FormatFloat(v, 'g', -1, 64)+", want "+strconv.FormatFloat(value, 'g', -1, 64))
			}
		}
		if len(wrong) == 0 {
			return got
		}
		if time.Now().After(deadline) {
			t.Fatal(strings.Join(wrong, "\n"))
		}
	}
}

func (s *stand) connect(t *testing.T) *pgx.Conn {
	t.Helper()
	return pgtest.Connect(t, s.through)
}

func run(t *testing.T, conn *pgx.Conn, sql string, args ...any) {
	t.Helper()
	if _, err := conn.Exec(t.Context(), sql, args...); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
}

// code is the SQLSTATE of an error.
func code(err error) string {
	var e *pgconn.PgError
	if errors.As(err, &e) {
		return e.Code
	}
	return ""
}
