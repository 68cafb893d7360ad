package sqlfuncs_test

import (
	"context"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"cvp/internal/cvptest"
	"cvp/internal/pgtest"
)

// readOnly makes a database with data, and a role that may read it and do nothing else, and gives its URL as both.
func readOnly(t *testing.T) (owner, reader string) {
	t.Helper()
	owner = pgtest.Database(t)
	admin := pgtest.Connect(t, owner)
	run := func(sql string) {
		t.Helper()
		if _, err := admin.Exec(t.Context(), sql); err != nil {
			t.Fatalf("%s: %v", sql, err)
		}
	}
	run(`CREATE TABLE loans AS SELECT i AS id, (i * 7919) % 100 AS income, (i * 104729) % 60 AS age, 'c' || i % 3 AS country,
		((i * 7919) % 100 + (i * 31) % 17 > 60) AS defaulted FROM generate_series(1, 600) AS i`)
	reader = pgtest.Role(t, owner, "reader", "secret")
	name := roleOf(t, reader)
	run("REVOKE ALL ON SCHEMA public FROM PUBLIC; REVOKE ALL ON DATABASE " + pgx.Identifier{databaseOf(t, owner)}.Sanitize() + " FROM PUBLIC")
	run("GRANT CONNECT ON DATABASE " + pgx.Identifier{databaseOf(t, owner)}.Sanitize() + " TO " + name)
	run("GRANT USAGE ON SCHEMA public TO " + name + "; GRANT SELECT ON loans TO " + name)
	run("ALTER ROLE " + name + " SET default_transaction_read_only = on")
	return owner, reader
}

func databaseOf(t *testing.T, database string) string {
	t.Helper()
	config, err := pgx.ParseConfig(database)
	if err != nil {
		t.Fatal(err)
	}
	return config.Database
}

const trainKept = "SELECT * FROM cvp_train('risk', relation => 'loans', target => 'defaulted', key => 'id', algorithm => 'logistic')"

func TestAReadOnlyRoleTrainsAndPredictsWithModelsInARegistry(t *testing.T) {
	owner, reader := readOnly(t)
	c := connect(t, cvptest.WithRegistry(t, reader, pgtest.Database(t)))
	if board := c.rows(trainKept); len(board) < 2 {
		t.Fatalf("leaderboard: %v", board)
	}
	if rows := c.rows("SELECT country, count(*), avg(cvp_predict('risk', id)) BETWEEN 0 AND 1 FROM loans GROUP BY country ORDER BY country"); len(rows) != 3 || rows[0] != "c0|200|t" {
		t.Errorf("grouped: %v", rows)
	}
	all := c.rows("SELECT id, cvp_predict('risk', id) FROM loans ORDER BY id")
	if len(all) != 600 {
		t.Fatalf("%d rows", len(all))
	}
	var one float64
	if err := c.QueryRow(context.Background(), "SELECT cvp_predict('risk', $1::int)", 7).Scan(&one); err != nil || one <= 0 || one >= 1 {
		t.Errorf("prepared: %v, %v", one, err)
	}
	if rows := c.rows("SELECT l.id FROM loans l JOIN cvp_predictions('risk') p ON p.key = l.id::text WHERE p.decile = 1"); len(rows) != 60 {
		t.Errorf("joined: %d rows", len(rows))
	}
	if rows := c.rows("SELECT name, version, deployed, trained_by FROM cvp_models"); len(rows) != 1 || rows[0] != "risk|1|t|"+strings.Trim(roleOf(t, reader), `"`) {
		t.Errorf("models: %v", rows)
	}
	if rows := c.rows("SELECT cvp_drop_model('risk')"); len(rows) != 1 {
		t.Errorf("dropped: %v", rows)
	}
	if rows := c.rows("SELECT * FROM cvp_models"); len(rows) != 0 {
		t.Errorf("models are left: %v", rows)
	}
	admin := connect(t, owner)
	if rows := admin.rows("SELECT nspname FROM pg_namespace WHERE nspname = 'cvp'"); len(rows) != 0 {
		t.Error("the client's database has a schema cvp")
	}
}

func TestAStatementInARegistrysShapeHasTheNamesAndErrorsOfPostgres(t *testing.T) {
	_, reader := readOnly(t)
	c := connect(t, cvptest.WithRegistry(t, reader, pgtest.Database(t)))
	c.rows(trainKept)
	for _, test := range []struct{ sql, code, message string }{
		{"SELECT cvp_predict('risk', nothing) FROM loans", "42703", `column "nothing" does not exist`},
		{"SELECT cvp_predict('risk', id, 3) FROM loans", "42883", "function cvp_predict(unknown, integer, integer) does not exist"},
		{"SELECT cvp_predict(5, id) FROM loans", "42883", "function cvp_predict(… integer) does not exist"},
		{"SELECT * FROM cvp_predictions(5)", "42883", "function cvp_predictions(… integer) does not exist"},
		{"SELECT cvp_predict(model => 'risk', keys => id) FROM loans", "42883", "function cvp_predict(model => unknown, keys => integer) does not exist"},
		{"SELECT * FROM cvp_train('risk', relation => 'loans', target => 'defaulted', options => 'x')", "22P02", "invalid input syntax for type json"},
		{"SELECT cvp_predict('risc', id) FROM loans", "42704", `model "risc" does not exist`},
		{"CREATE VIEW v AS SELECT cvp_predict('risk', id) FROM loans", "0A000", "a call of cvp's cannot be kept in the database, whose models are in another Postgres"},
		{"SELECT * FROM cvp_define_source('loans')", "0A000", "cvp_define_source is not available where models are in another Postgres"},
		{"SELECT cvp_share('risk', 'public')", "0A000", "cvp_share is not available where models are in another Postgres"},
	} {
		_, err := c.try(test.sql)
		e := asPgError(err)
		if e == nil || e.Code != test.code || !strings.Contains(e.Message, test.message) {
			t.Errorf("%s: %s", test.sql, errorText(err))
		}
	}
	rows, err := c.Query(context.Background(), "SELECT cvp_predict('risk', id), cvp_predict('risk', id)::numeric, cvp_predict('risk', id) AS own, 1 FROM loans")
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, f := range rows.FieldDescriptions() {
		names = append(names, f.Name)
	}
	rows.Close()
	if got := strings.Join(names, " "); got != "cvp_predict cvp_predict own ?column?" || rows.Err() != nil {
		t.Errorf("columns are %s, %v", got, rows.Err())
	}
}

func errorText(err error) string {
	if err == nil {
		return "no error"
	}
	return describe(err)
}

// trainTree trains another version of risk.
const trainTree = "SELECT * FROM cvp_train('risk', relation => 'loans', target => 'defaulted', key => 'id', algorithm => 'tree')"

func TestAChangeInARegistryEndsWithTheStatementOfTheClient(t *testing.T) {
	owner, _ := readOnly(t)
	c := connect(t, cvptest.WithRegistry(t, owner, pgtest.Database(t)))
	versions := func() string { return strings.Join(c.rows("SELECT name || version FROM cvp_models ORDER BY 1"), " ") }
	c.rows(trainKept)

	if _, err := c.try("BEGIN; " + trainTree); asPgError(err) == nil || asPgError(err).Code != "25001" {
		t.Errorf("a training in a transaction block: %s", errorText(err))
	}
	c.exec("ROLLBACK")
	c.exec("BEGIN")
	if got := c.rows("SELECT count(cvp_predict('risk', id)) FROM loans"); got[0] != "600" {
		t.Errorf("a prediction in a transaction block: %v", got)
	}
	if _, err := c.try("SELECT cvp_drop_model('risk')"); asPgError(err) == nil || asPgError(err).Code != "25001" {
		t.Errorf("a drop in a transaction block: %s", errorText(err))
	}
	c.exec("ROLLBACK")
	c.exec("CREATE TABLE boards (algorithm text PRIMARY KEY)")
	for _, sql := range []string{
		"INSERT INTO boards SELECT 'same' FROM (" + trainTree + ") AS b", // twice the same key
		trainTree + "; SELECT 1 / 0",
		"SELECT cvp_drop_model('risk'); SELECT 1 / 0",
	} {
		if _, err := c.try(sql); err == nil {
			t.Errorf("%s has not failed", sql)
		}
		if got := versions(); got != "risk1" {
			t.Fatalf("after %s there are %s", sql, got)
		}
	}
	if _, err := c.Exec(context.Background(), "INSERT INTO boards SELECT 'same' FROM ("+trainTree+") AS b WHERE algorithm <> $1", "none"); err == nil {
		t.Error("a failing INSERT in the extended protocol has not failed")
	}
	if got := versions(); got != "risk1" {
		t.Fatalf("after a failure in the extended protocol there are %s", got)
	}
	// What one statement of a string has changed the next one sees, and both take effect.
	if got := c.rows(trainTree + "; SELECT count(*) FROM cvp_models WHERE name = 'risk'"); got[len(got)-1] != "2" {
		t.Errorf("behind a training in the same string: %v", got)
	}
	if got := versions(); got != "risk1 risk2" {
		t.Errorf("there are %s", got)
	}
}

func TestModelsInARegistryBelongToADatabaseAndAnOwner(t *testing.T) {
	registry := pgtest.Database(t)
	owner, reader := readOnly(t)
	other, stranger := readOnly(t)
	ask := func(database string) *client { return connect(t, cvptest.WithRegistry(t, database, registry)) }
	c := ask(reader)
	c.rows(trainKept)

	for _, database := range []string{other, stranger} {
		if _, err := ask(database).try("SELECT cvp_predict('risk', 7)"); asPgError(err) == nil || asPgError(err).Code != "42704" {
			t.Errorf("a model of another database is found: %s", errorText(err))
		}
	}
	admin := pgtest.Connect(t, owner)
	second := pgtest.Role(t, owner, "second", "secret")
	run := func(sql string) {
		t.Helper()
		if _, err := admin.Exec(t.Context(), sql); err != nil {
			t.Fatalf("%s: %v", sql, err)
		}
	}
	run("GRANT CONNECT ON DATABASE " + pgx.Identifier{databaseOf(t, owner)}.Sanitize() + " TO " + roleOf(t, second) +
		"; GRANT USAGE ON SCHEMA public TO " + roleOf(t, second) + "; GRANT SELECT ON loans TO " + roleOf(t, second))
	s := ask(second)
	if _, err := s.try("SELECT cvp_predict('risk', 7)"); asPgError(err) == nil || asPgError(err).Code != "42704" {
		t.Errorf("a model of another role is found: %s", errorText(err))
	}
	if got := s.rows("SELECT * FROM cvp_models"); len(got) != 0 {
		t.Errorf("it lists %v", got)
	}
	for _, sql := range []string{trainKept, "SELECT cvp_drop_model('risk')", "SELECT * FROM cvp_deploy('risk', 1)"} {
		if _, err := s.try(sql); err == nil {
			t.Errorf("another role may %s", sql)
		}
	}
	run("GRANT " + roleOf(t, reader) + " TO " + roleOf(t, second))
	if got := s.rows("SELECT cvp_predict('risk', 7) = cvp_predict(7), count(*) OVER () FROM cvp_models"); len(got) != 1 || got[0] != "t|1" {
		t.Errorf("a member of the owner: %v", got)
	}
	// A superuser may name it, but a call without a model does not mean it.
	a := ask(owner)
	if got := a.rows("SELECT cvp_predict('risk', 7) > 0"); got[0] != "t" {
		t.Errorf("a superuser: %v", got)
	}
	if _, err := a.try("SELECT cvp_predict(7)"); asPgError(err) == nil || asPgError(err).Code != "42704" {
		t.Errorf("a superuser's call without a model: %s", errorText(err))
	}
}

func TestARegistryThatIsGoneFailsOnlyTheCallsOfModels(t *testing.T) {
	_, reader := readOnly(t)
	registry := pgtest.Database(t)
	c := connect(t, cvptest.WithRegistry(t, reader, registry))
	c.rows(trainKept)
	admin := pgtest.Connect(t, at(t, registry, "/postgres"))
	name := databaseOf(t, registry)
	run := func(sql string) {
		t.Helper()
		if _, err := admin.Exec(t.Context(), sql); err != nil {
			t.Fatalf("%s: %v", sql, err)
		}
	}
	run("ALTER DATABASE " + pgx.Identifier{name}.Sanitize() + " ALLOW_CONNECTIONS false")
	run("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '" + name + "'")
	for range 3 {
		if _, err := c.try("SELECT cvp_predict('risk', 7)"); asPgError(err) == nil || asPgError(err).Code != "08006" {
			t.Errorf("a prediction without a registry: %s", errorText(err))
		}
	}
	if got := c.rows("SELECT count(*) FROM loans"); got[0] != "600" {
		t.Errorf("beside it: %v", got)
	}
	run("ALTER DATABASE " + pgx.Identifier{name}.Sanitize() + " ALLOW_CONNECTIONS true")
	if got := c.rows("SELECT cvp_predict('risk', 7) > 0"); got[0] != "t" {
		t.Errorf("after it is back: %v", got)
	}
}
