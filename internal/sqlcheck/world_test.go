package sqlcheck

import (
	_ "embed"
	"flag"
	"fmt"
	"net/url"
	"regexp"
	"testing"

	"github.com/jackc/pgx/v5"

	"cvp/internal/cvptest"
	"cvp/internal/pgtest"
)

func TestMain(m *testing.M) { pgtest.Run(m) }

//go:embed testdata/world.sql
var worldSQL string

//go:embed testdata/twin.sql
var twinSQL string

// trained is a model of the world: what trains it, and the column that is its key. A name with a version is another
// version of a model that is trained already.
type trained struct{ name, key, arguments string }

const features = `"exclude": ["id", "big", "small", "code", "uid", "num", "born", "referrer", "churned", "spend"]`

var models = []trained{
	{"risk@1", "id", `relation => 'customers', target => 'churned', algorithm => 'logistic', options => '{` + features + `}'`},
	{"risk@2", "id", `relation => 'customers', target => 'churned', algorithm => 'tree', options => '{` + features + `}'`},
	{"worth", "id", `relation => 'customers', target => 'spend', algorithm => 'linear', options => '{` + features + `}'`},
	{"visits", "id", `question => 'PREDICT SUM(orders.amount) OVER NEXT 60 DAYS FOR EACH customers.id', algorithm => 'linear', options => '{"as_of": "2023-11-01", "exclude": ["spend", "churned"]}'`},
	{"by_big", "big", `relation => 'customers', target => 'spend', key => 'big', algorithm => 'linear', options => '{` + features + `}'`},
	{"by_small", "small", `relation => 'customers', target => 'spend', key => 'small', algorithm => 'linear', options => '{` + features + `}'`},
	{"by_code", "code", `relation => 'customers', target => 'spend', key => 'code', algorithm => 'linear', options => '{` + features + `}'`},
	{"by_uid", "uid", `relation => 'customers', target => 'spend', key => 'uid', algorithm => 'linear', options => '{` + features + `}'`},
	{"by_num", "num", `relation => 'customers', target => 'spend', key => 'num', algorithm => 'linear', options => '{` + features + `}'`},
	{"by_born", "born", `relation => 'customers', target => 'spend', key => 'born', algorithm => 'linear', options => '{` + features + `}'`},
}

var registry = flag.Bool("registry", false, "keep the models in another database")

// world is the three ways in which a statement runs. Both databases hold the same tables.
type world struct {
	// called goes through the server, which answers the calls; direct goes to the same database past it, where each call
	// asks the server; native goes to the twin, whose functions are its own.
	called, direct, native *wire
	// session and beside are further connections, the one through the server, the other to the twin.
	session, beside *pgx.Conn
}

// newWorld makes the databases, trains the models through the server, and writes down their scores in the twin.
func newWorld(t testing.TB) *world {
	t.Helper()
	twin := pgtest.Database(t)
	main, through := database(t)
	execute(t, pgtest.Connect(t, main), worldSQL)
	session := pgtest.Connect(t, through)
	beside := pgtest.Connect(t, twin)
	execute(t, beside, worldSQL)
	execute(t, beside, twinSQL)
	for _, m := range models {
		name, _, _ := cut(m.name)
		execute(t, session, fmt.Sprintf("SELECT * FROM cvp_train('%s', %s)", name, m.arguments))
	}
	execute(t, session, "SELECT cvp_deploy('risk', 1)")
	execute(t, beside, "ANALYZE")
	w := &world{called: dial(t, through), direct: dial(t, withPath(t, main)), native: dial(t, withPath(t, twin)), session: session, beside: beside}
	w.score(t)
	return w
}

// database makes the database with the models, or with a registry elsewhere, and the server in front of it.
func database(t testing.TB) (main, through string) {
	t.Helper()
	if *registry {
		main = pgtest.Database(t)
		return main, cvptest.WithRegistry(t, main, pgtest.Database(t))
	}
	main, through, _ = cvptest.Linked(t)
	return main, through
}

// score writes down in the twin what the models give for the rows that there are.
func (w *world) score(t testing.TB) {
	t.Helper()
	execute(t, w.beside, "TRUNCATE cvp.score, cvp.model")
	for _, m := range models {
		w.write(t, m.name, m.name, m.key)
		if name, version, versioned := cut(m.name); versioned && version == "1" {
			w.write(t, m.name, name, m.key)
			w.write(t, m.name, name+"@live", m.key)
		}
	}
	execute(t, w.beside, "ANALYZE cvp.score, cvp.model")
}

// withPath names a database to a session that finds the functions of schema cvp without its name.
func withPath(t testing.TB, database string) string {
	t.Helper()
	u, err := url.Parse(database)
	if err != nil {
		t.Fatal(err)
	}
	u.RawQuery += "&search_path=public,cvp"
	return u.String()
}

// write stores the scores of a model, as cvp_predictions gives them, under a name in the twin.
func (w *world) write(t testing.TB, model, name, key string) {
	t.Helper()
	rows, err := w.session.Query(t.Context(), "SELECT key, prediction, decile FROM cvp_predictions($1)", model)
	if err != nil {
		t.Fatal(err)
	}
	type score struct {
		Key        string
		Prediction *float64
		Decile     int32
	}
	scores, err := pgx.CollectRows(rows, pgx.RowToStructByPos[score])
	if err != nil {
		t.Fatalf("read the scores of %s: %v", model, err)
	}
	if len(scores) < 20 {
		t.Fatalf("model %s knows %d keys", model, len(scores))
	}
	execute(t, w.beside, fmt.Sprintf("INSERT INTO cvp.model VALUES ('%s', '%s')", name, key))
	_, err = w.beside.CopyFrom(t.Context(), pgx.Identifier{"cvp", "score"}, []string{"model", "key", "score", "decile"},
		pgx.CopyFromSlice(len(scores), func(i int) ([]any, error) {
			return []any{name, scores[i].Key, scores[i].Prediction, scores[i].Decile}, nil
		}))
	if err != nil {
		t.Fatal(err)
	}
}

// cut splits a model's name from its version.
func cut(name string) (model, version string, versioned bool) {
	for i := range name {
		if name[i] == '@' {
			return name[:i], name[i+1:], true
		}
	}
	return name, "", false
}

// tables are those that statements write to; the rest is restored where a statement names another.
const (
	restoreScored = `DROP SCHEMA IF EXISTS made CASCADE; CREATE SCHEMA made; DELETE FROM scored; INSERT INTO scored TABLE fresh.scored`
	restoreOthers = `TRUNCATE countries, customers, orders; INSERT INTO countries TABLE fresh.countries; INSERT INTO customers TABLE fresh.customers;
INSERT INTO orders TABLE fresh.orders; ANALYZE countries, customers, orders`
)

// restore brings both databases back to what they were before a statement.
func (w *world) restore(t testing.TB, after string) {
	t.Helper()
	for _, c := range []*wire{w.called, w.direct, w.native} {
		c.must(t, "ROLLBACK")
		c.must(t, "DISCARD ALL")
	}
	for _, c := range []*wire{w.called, w.native} { // the direct connection is to the database of the one through the server
		c.must(t, restoreScored)
		if others.MatchString(after) {
			c.must(t, restoreOthers)
		}
	}
}

// others finds a statement that writes to another table than scored.
var others = regexp.MustCompile(`(?i)(update|delete from|insert into|merge into)\s+(customers|countries|orders)`)

func execute(t testing.TB, c *pgx.Conn, sql string) {
	t.Helper()
	if _, err := c.PgConn().Exec(t.Context(), sql).ReadAll(); err != nil {
		t.Fatalf("%.300s: %v", sql, err)
	}
}
