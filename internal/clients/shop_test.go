package clients_test

import (
	"context"
	"log/slog"
	"net"
	"net/url"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"cvp/internal/pgtest"
	"cvp/server"
	"cvp/sqlfuncs"
)

func TestMain(m *testing.M) { pgtest.Run(m) }

// shop is a database with a trained model, behind a server of the test's own.
type shop struct {
	t    *testing.T
	url  *url.URL // through the server
	conn *pgx.Conn
}

// newShop makes customers and orders, the model buy30 and a table of its predictions.
func newShop(t *testing.T) *shop {
	t.Helper()
	s := &shop{t: t, url: through(t, pgtest.Database(t))}
	s.conn = pgtest.Connect(t, s.url.String())
	tables, err := os.ReadFile("testdata/shop.sql")
	if err != nil {
		t.Fatal(err)
	}
	s.exec(string(tables))
	s.exec(`SELECT FROM cvp_train('buy30', 'PREDICT COUNT(orders.*) > 0 OVER NEXT 30 DAYS FOR EACH customers.customer_id',
		options => '{"as_of": "2023-11-01"}', algorithm => 'logistic')`)
	s.exec("CREATE TABLE expected AS SELECT c.customer_id, p.prediction AS buy30 FROM customers AS c LEFT JOIN cvp_predictions('buy30') AS p ON p.key = c.customer_id::text")
	s.exec("CREATE VIEW scored AS SELECT customer_id, name, country, joined, cvp_predict('buy30', customer_id) AS buy30 FROM customers")
	s.exec("CREATE VIEW precomputed AS SELECT c.customer_id, c.name, c.country, c.joined, e.buy30 FROM customers AS c JOIN expected AS e USING (customer_id)")
	return s
}

// through starts a server in front of the database's Postgres and gives the database's URL through it.
func through(t *testing.T, database string) *url.URL {
	t.Helper()
	u, err := url.Parse(database)
	if err != nil {
		t.Fatal(err)
	}
	backend, err := server.ParseBackend("postgres://" + u.Host + "/?sslmode=disable")
	if err != nil {
		t.Fatal(err)
	}
	log := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
	s, err := server.New(server.Config{Backend: backend, Planner: sqlfuncs.New(sqlfuncs.Config{Log: log}), Log: log})
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.Serve(ctx, l) }()
	t.Cleanup(func() { cancel(); <-done })
	u.Host = l.Addr().String()
	return u
}

func (s *shop) exec(sql string) {
	s.t.Helper()
	if _, err := s.conn.Exec(s.t.Context(), sql); err != nil {
		s.t.Fatalf("%s: %v", sql, err)
	}
}

// environment names the database to a client as libpq does.
func (s *shop) environment() []string {
	password, _ := s.url.User.Password()
	return append(os.Environ(), "PGHOST="+s.url.Hostname(), "PGPORT="+s.url.Port(), "PGUSER="+s.url.User.Username(), "PGPASSWORD="+password,
		"PGDATABASE="+s.url.Path[1:], "PGSSLMODE=disable", "PGTZ=UTC", "PYTHONWARNINGS=ignore")
}

// run runs a client to its end and gives what it has printed.
func (s *shop) run(dir, program string, args ...string) string {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), 5*time.Minute)
	defer cancel()
	c := exec.CommandContext(ctx, program, args...)
	c.Dir, c.Env = dir, s.environment()
	out, err := c.CombinedOutput()
	if err != nil {
		s.t.Fatalf("%s %q: %v\n%s", program, args, err, out)
	}
	return string(out)
}
