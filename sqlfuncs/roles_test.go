package sqlfuncs_test

import (
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"cvp/internal/pgtest"
)

// roleOf gives the quoted role of a database URL.
func roleOf(t *testing.T, database string) string {
	t.Helper()
	u, err := url.Parse(database)
	if err != nil {
		t.Fatal(err)
	}
	return pgx.Identifier{u.User.Username()}.Sanitize()
}

// Whoever owns a database owns its schema cvp, and can have its functions say what he likes: that a version is one of
// another database, whose model is in the server's cache or soon will be.
func TestAForgedVersionOfOneDatabaseIsNotTakenForAnothers(t *testing.T) {
	database, other := pgtest.Database(t), pgtest.Database(t)
	server := through(t, database)
	victim, mallory := connect(t, server), connect(t, at(t, server, other))
	victim.exec(loans)
	victim.exec(trainRisk)
	mallory.exec(loans)
	mallory.exec("SELECT * FROM cvp_train('risk', relation => '(SELECT loan_id, age, NOT defaulted AS defaulted FROM loans)', key => 'loan_id', target => 'defaulted', algorithm => 'tree')")
	const predict = "SELECT cvp_predict('risk', 7)"
	genuine, own := connect(t, through(t, database)).rows(predict)[0], connect(t, through(t, other)).rows(predict)[0]
	if genuine == own {
		t.Fatal("both models say the same, so the test would show nothing")
	}
	id, oid, _ := strings.Cut(victim.rows("SELECT id, (SELECT oid FROM pg_database WHERE datname = current_database()) FROM cvp.versions")[0], "|")
	mallory.exec(fmt.Sprintf(`
CREATE OR REPLACE FUNCTION cvp.describe(id uuid) RETURNS SETOF cvp.version_description LANGUAGE sql AS $$
	SELECT %s::oid, '%s'::uuid, m.name, v.version, v.deployed, 'x', v.kind, v.question, v.relation, v.target, v.key, v.algorithm, v.task,
		v.metric, v.value, v.baseline, v.higher_better, v.rows, v.spec, v.trained_at, v.trained_by::text
	FROM cvp.versions v JOIN cvp.models m ON m.id = v.model_id $$;
CREATE OR REPLACE FUNCTION cvp.artifact(id uuid) RETURNS bytea LANGUAGE sql AS 'SELECT v.artifact FROM cvp.versions v'`, oid, id))

	for _, c := range []struct {
		who  *client
		want string
	}{{mallory, own}, {victim, genuine}, {mallory, own}} {
		if got := c.who.rows(predict); got[0] != c.want {
			t.Errorf("the prediction is %s, want %s", got[0], c.want)
		}
	}
}

// at is a URL with the database of another one.
func at(t *testing.T, server, database string) string {
	t.Helper()
	u, err := url.Parse(server)
	if err != nil {
		t.Fatal(err)
	}
	of, err := url.Parse(database)
	if err != nil {
		t.Fatal(err)
	}
	u.Path = of.Path
	return u.String()
}
