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

// world is the two ways in which a statement runs. Both hold the same tables.
type world struct {
	// called goes through the server, which answers the calls; native goes to the twin, whose functions are its own.
	called, native *wire
}

// newWorld makes the databases, trains the models through the server, and writes down their scores in the twin.
func newWorld(t testing.TB) *world {
	t.Helper()
	main, twin := pgtest.Database(t), pgtest.Database(t)
	execute(t, pgtest.Connect(t, main), worldSQL)
	through := ""
	if *registry {
		through = cvptest.WithRegistry(t, main, pgtest.Database(t))
	} else {
		through = cvptest.Through(t, main)
	}
	session := pgtest.Connect(t, through)
	beside := pgtest.Connect(t, twin)
	execute(t, beside, worldSQL)
	execute(t, beside, twinSQL)
	for _, m := range models {
		name, _, _ := cut(m.name)
		execute(t, session, fmt.Sprintf("SELECT * FROM cvp_train('%s', %s)", name, m.arguments))
	}
	execute(t, session, "SELECT cvp_deploy('risk', 1)")
	for _, m := range models {
		write(t, session, beside, m.name, m.name, m.key)
		if name, version, versioned := cut(m.name); versioned && version == "1" {
			write(t, session, beside, m.name, name, m.key)
			write(t, session, beside, m.name, name+"@live", m.key)
		}
	}
	execute(t, beside, "ANALYZE")
	twinURL := parse(t, twin)
	twinURL.RawQuery += "&search_path=public,cvp"
	return &world{called: dial(t, through), native: dial(t, twinURL.String())}
}

// write stores the scores of a model, as cvp_predictions gives them, under a name in the twin.
func write(t testing.TB, session, beside *pgx.Conn, model, name, key string) {
	t.Helper()
	rows, err := session.Query(t.Context(), "SELECT key, prediction, decile FROM cvp_predictions($1)", model)
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
	if len(scores) < 100 {
		t.Fatalf("model %s knows %d keys", model, len(scores))
	}
	execute(t, beside, fmt.Sprintf("INSERT INTO cvp.model VALUES ('%s', '%s')", name, key))
	_, err = beside.CopyFrom(t.Context(), pgx.Identifier{"cvp", "score"}, []string{"model", "key", "score", "decile"},
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
	sqls := []string{"ROLLBACK", "DISCARD ALL", restoreScored}
	if others.MatchString(after) {
		sqls = append(sqls, restoreOthers)
	}
	for _, c := range []*wire{w.called, w.native} {
		for _, sql := range sqls {
			c.must(t, sql)
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

func parse(t testing.TB, database string) *url.URL {
	t.Helper()
	u, err := url.Parse(database)
	if err != nil {
		t.Fatal(err)
	}
	return u
}
