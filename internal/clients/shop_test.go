package clients_test

import (
	"context"
	"net/url"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"cvp/internal/cvptest"
	"cvp/internal/pgtest"
)

func TestMain(m *testing.M) { pgtest.Run(m) }

// shop is a database with a trained model, behind a server of the test's own.
type shop struct {
	t        *testing.T
	url      *url.URL // through the server
	postgres string   // host and port of the Postgres behind it, which calls the server itself where it has to
	conn     *pgx.Conn
}

// newShop makes customers and orders, the model buy30 and a table of its predictions.
func newShop(t *testing.T) *shop {
	t.Helper()
	database, through, _ := cvptest.Linked(t)
	u, err := url.Parse(through)
	if err != nil {
		t.Fatal(err)
	}
	direct, err := url.Parse(database)
	if err != nil {
		t.Fatal(err)
	}
	s := &shop{t: t, url: u, postgres: direct.Host, conn: pgtest.Connect(t, through)}
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
