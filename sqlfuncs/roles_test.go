package sqlfuncs_test

import (
	"encoding/binary"
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"cvp/internal/cvptest"
	"cvp/internal/pgtest"
)

// cast are two roles through one server: of the loans anna sees the north, ben the south, and nobody but the
// superuser the east.
type cast struct {
	super, anna, ben *client
	annaRole         string // quoted
	benRole          string
	annaURL, benURL  string // through the server
}

func newCast(t *testing.T) *cast {
	t.Helper()
	database := pgtest.Database(t)
	server := cvptest.Through(t, database)
	c := &cast{super: connect(t, server)}
	anna, ben := pgtest.Role(t, database, "anna", "secret"), pgtest.Role(t, database, "ben", "secret")
	c.annaRole, c.benRole = roleOf(t, anna), roleOf(t, ben)
	c.annaURL, c.benURL = hostOf(t, anna, server), hostOf(t, ben, server)
	c.super.exec(loans + shop)
	c.super.exec("SELECT name FROM cvp_models")
	c.super.exec(fmt.Sprintf(`
ALTER TABLE loans ADD COLUMN state text;
UPDATE loans SET state = CASE WHEN region = 'east' AND loan_id %% 2 = 0 THEN 'hidden state' WHEN defaulted THEN 'bad' ELSE 'good' END;
ALTER TABLE loans ENABLE ROW LEVEL SECURITY;
CREATE POLICY regional ON loans USING (region = CASE current_user WHEN %s THEN 'north' WHEN %s THEN 'south' END);
GRANT SELECT ON loans, customers, orders TO %s, %s`,
		literal(c.annaRole), literal(c.benRole), c.annaRole, c.benRole))
	c.anna, c.ben = connect(t, c.annaURL), connect(t, c.benURL)
	return c
}

func literal(role string) string { return "'" + strings.Trim(role, `"`) + "'" }

// roleOf gives the quoted role of a database URL.
func roleOf(t *testing.T, database string) string {
	t.Helper()
	u, err := url.Parse(database)
	if err != nil {
		t.Fatal(err)
	}
	return pgx.Identifier{u.User.Username()}.Sanitize()
}

// hostOf is a URL with the host of another one.
func hostOf(t *testing.T, database, server string) string {
	t.Helper()
	u, err := url.Parse(database)
	if err != nil {
		t.Fatal(err)
	}
	of, err := url.Parse(server)
	if err != nil {
		t.Fatal(err)
	}
	u.Host = of.Host
	return u.String()
}

const train = "SELECT rows FROM cvp_train(%s, relation => 'loans', target => 'defaulted', algorithm => 'tree', options => '{\"exclude\": [\"state\"]}') WHERE chosen"

func TestEachRoleTrainsAndPredictsOnTheRowsThatItSees(t *testing.T) {
	c := newCast(t)
	for who, name := range map[*client]string{c.anna: "annas", c.ben: "bens", c.super: "whole"} {
		visible := who.rows("SELECT count(*) FROM loans")
		who.exec(fmt.Sprintf(train, "'"+name+"'"))
		if got := who.rows("SELECT rows FROM cvp_models WHERE name = '" + name + "'"); got[0] != visible[0] {
			t.Errorf("%s was trained on %s rows, the role sees %s", name, got[0], visible[0])
		}
	}
	c.anna.exec("SELECT cvp_predict('annas', 1)") // in the server's cache from here on
	c.anna.exec("SELECT cvp_share('annas', $1)", strings.Trim(c.benRole, `"`))
	hidden := c.super.rows("SELECT min(loan_id) FROM loans WHERE region = 'north'")[0]
	for _, q := range []struct{ sql, want string }{
		{"SELECT count(*) FROM cvp_predictions('annas')", "400"},
		{"SELECT count(*) FROM cvp_predictions('annas') p JOIN loans l ON l.loan_id::text = p.key WHERE l.region <> 'south'", "0"},
		{"SELECT count(cvp_predict('annas', loan_id)) FROM loans", "400"},
		{"SELECT count(cvp_predict('annas', i)) FROM generate_series(1, 1200) i", "400"},
		{"SELECT cvp_predict('annas', " + hidden + ") IS NULL", "t"},
		{"SELECT cvp_predict('annas', '" + hidden + "') IS NULL", "t"},
	} {
		if got := c.ben.rows(q.sql); got[0] != q.want {
			t.Errorf("%s: %s, want %s", q.sql, got[0], q.want)
		}
	}
	if got := c.anna.rows("SELECT count(*) FROM cvp_predictions('annas')"); got[0] != "400" {
		t.Errorf("the owner's predictions: %v", got)
	}
}

func TestAModelThatIsNotSharedDoesNotExistForOthers(t *testing.T) {
	c := newCast(t)
	c.anna.exec(fmt.Sprintf(train, "'annas'"))
	c.anna.exec("SELECT cvp_predict('annas', 1)")
	attempts := []string{
		"SELECT cvp_predict('annas', 1)", "SELECT cvp_predict('annas@1', 2)", "SELECT cvp_predict('annas@live', loans) FROM loans",
		"SELECT cvp_predict('annas', loan_id) FROM loans", "SELECT * FROM cvp_predictions('annas')", "SELECT * FROM cvp_evaluate('annas')",
		"SELECT cvp_predict(1)", "SELECT cvp_deploy('annas', 1)", "SELECT cvp_rollback('annas')", "SELECT cvp_drop_model('annas')",
		"SELECT cvp_share('annas', 'public')",
	}
	refused := func(when string) {
		t.Helper()
		for _, sql := range attempts {
			if _, err := c.ben.try(sql); code(err) != "42704" && code(err) != "42710" {
				t.Errorf("%s: %s: %v", when, sql, err)
			}
		}
		for _, sql := range []string{"SELECT * FROM cvp_models", "SELECT * FROM cvp_runs", "SELECT * FROM cvp.models", "SELECT * FROM cvp.versions", "SELECT * FROM cvp.metrics", "SELECT * FROM cvp.leaderboard"} {
			if got := c.ben.rows(sql); len(got) > 0 {
				t.Errorf("%s: %s: %q", when, sql, got)
			}
		}
	}
	refused("before it is shared")
	role := strings.Trim(c.benRole, `"`)
	const prepared = "SELECT cvp_predict('annas', $1::int) IS NOT NULL"
	visible := c.ben.rows("SELECT min(loan_id) FROM loans")[0]
	for range 2 {
		c.anna.exec("SELECT cvp_share('annas', $1)", role)
		if got := c.ben.rows(prepared, visible); len(got) != 1 {
			t.Errorf("while it is shared: %v", got)
		}
		c.anna.exec("SELECT cvp_unshare('annas', $1)", role)
		if _, err := c.ben.try(prepared, visible); code(err) != "42704" {
			t.Errorf("the prepared statement after it was shared: %v", err)
		}
		refused("after it was shared")
	}
}

func TestTheRoleOfTheMomentDecides(t *testing.T) {
	c := newCast(t)
	c.anna.exec(fmt.Sprintf(train, "'annas'"))
	const count = "SELECT count(cvp_predict('annas', loan_id)) FROM loans"
	for _, step := range []struct {
		set  string
		want string // a number of rows or an SQLSTATE
	}{
		{"SET ROLE " + c.annaRole, "400"},
		{"SET ROLE " + c.benRole, "42704"},
		{"RESET ROLE", "1200"},
		{"SET SESSION AUTHORIZATION " + c.benRole, "42704"},
		{"RESET SESSION AUTHORIZATION", "1200"},
		{"SET SESSION AUTHORIZATION " + c.annaRole, "400"},
		{"RESET SESSION AUTHORIZATION", "1200"},
		{"BEGIN; SET LOCAL ROLE " + c.benRole, "42704"},
		{"ROLLBACK", "1200"},
		{"BEGIN; SET LOCAL ROLE " + c.annaRole, "400"},
		{"COMMIT", "1200"},
		{"SET ROLE " + c.benRole, "42704"},
		{"DISCARD ALL", "1200"},
	} {
		c.super.exec(step.set)
		for _, args := range [][]any{nil, {1}} {
			sql := count
			if args != nil {
				sql += " WHERE $1 = 1"
			}
			got, err := c.super.try(sql, args...)
			if err != nil {
				got = []string{code(err)}
			} else if args != nil {
				got = []string{number(got[0])}
			}
			if got[0] != step.want {
				t.Errorf("after %s: %v, %v, want %s", step.set, got, err, step.want)
			}
			if step.want == "42704" && strings.HasPrefix(step.set, "BEGIN") || step.set == "DISCARD ALL" {
				break // the transaction has failed, or the driver's prepared statements are gone
			}
		}
	}
}

// number reads a bigint in binary form.
func number(s string) string {
	if len(s) != 8 {
		return s
	}
	return fmt.Sprint(binary.BigEndian.Uint64([]byte(s)))
}

func TestASettingOfOneSessionIsNoneOfAnother(t *testing.T) {
	c := newCast(t)
	c.anna.exec(fmt.Sprintf(train, "'annas'"))
	c.anna.exec(fmt.Sprintf(train, "'another'"))
	c.ben.exec(fmt.Sprintf(train, "'bens'"))
	c.anna.exec("SET cvp.model = 'annas'")
	if got := c.anna.rows("SELECT count(cvp_predict(loan_id)) FROM loans"); got[0] != "400" {
		t.Errorf("the session that has set it: %v", got)
	}
	if _, err := connect(t, c.annaURL).try("SELECT cvp_predict(1)"); code(err) != "42725" {
		t.Errorf("another session of the same role: %v", err)
	}
	if got := c.ben.rows("SELECT cvp_predict(loan_id) = cvp_predict('bens', loan_id) FROM loans LIMIT 1"); got[0] != "t" {
		t.Errorf("a session of another role: %v", got)
	}
	c.ben.exec("SET cvp.model = 'annas'")
	if _, err := c.ben.try("SELECT cvp_predict(1)"); code(err) != "42704" {
		t.Errorf("a setting that names another's model: %v", err)
	}
}

func TestColumnsThatARoleMayNotReadAreNotReadForIt(t *testing.T) {
	c := newCast(t)
	c.anna.exec(fmt.Sprintf(train, "'annas'"))
	c.anna.exec("SELECT cvp_share('annas', 'public')")
	c.super.exec(fmt.Sprintf("REVOKE SELECT ON loans, orders FROM %[1]s; GRANT SELECT (loan_id, age, region) ON loans TO %[1]s; GRANT SELECT (order_id, customer_id, ordered_at, channel) ON orders TO %[1]s", c.benRole))
	for _, sql := range []string{
		"SELECT cvp_predict('annas', 2)", "SELECT cvp_predict('annas', loan_id) FROM loans", "SELECT * FROM cvp_predictions('annas')",
		fmt.Sprintf(train, "'bens'"),
		"SELECT * FROM cvp_train('sum', 'PREDICT SUM(orders.amount) OVER NEXT 30 DAYS FOR EACH customers.customer_id', algorithm => 'linear')",
		"SELECT * FROM cvp_train('if', 'PREDICT COUNT(orders.* WHERE amount > 9) OVER NEXT 30 DAYS FOR EACH customers.customer_id', algorithm => 'linear')",
	} {
		if _, err := c.ben.try(sql); code(err) != "42501" {
			t.Errorf("%s: %v", sql, err)
		}
	}
	c.ben.exec("SELECT * FROM cvp_train('count', 'PREDICT COUNT(orders.*) OVER NEXT 30 DAYS FOR EACH customers.customer_id', algorithm => 'linear')")
	if got := c.ben.rows("SELECT spec::text LIKE '%channel%', spec::text LIKE '%amount%' FROM cvp.versions v JOIN cvp.models m ON m.id = v.model_id WHERE m.name = 'count'"); got[0] != "t|f" {
		t.Errorf("columns read: %v", got)
	}
}

func TestErrorsAndNoticesTellNothingOfHiddenRows(t *testing.T) {
	c := newCast(t)
	for _, sql := range []string{
		"SELECT * FROM cvp_train('a', relation => 'loans', target => 'state', algorithm => 'tree')", // two classes for ben, three in all
		"SELECT * FROM cvp_train('b', relation => 'loans', target => 'state', algorithm => 'tree', options => '{\"positive\": \"hidden state\"}')",
		"SELECT * FROM cvp_train('c', relation => 'loans', target => 'defaulted', key => 'region', algorithm => 'tree')",
		"SELECT * FROM cvp_train('d', relation => '(SELECT region, state, defaulted FROM loans)', target => 'region', algorithm => 'tree')",
		"SELECT * FROM cvp_train('e', relation => '(SELECT loan_id, (1 / (loan_id - loan_id)) AS x FROM loans WHERE region <> ''south'')', target => 'x', algorithm => 'tree')",
		"SELECT cvp_predict('a', 3)", "SELECT cvp_predict('a', loan_id) FROM loans", "SELECT * FROM cvp_predictions('a')",
		"SELECT split, metric FROM cvp_evaluate('a')",
	} {
		got, err := c.ben.try(sql)
		told := strings.Join(got, "\n")
		if err != nil {
			told += describe(err)
		}
		c.ben.mu.Lock()
		told += strings.Join(c.ben.notices, "\n")
		c.ben.notices = nil
		c.ben.mu.Unlock()
		for _, secret := range []string{"hidden state", "north", "1200"} {
			if strings.Contains(strings.ReplaceAll(told, "has no class \"hidden state\"", ""), secret) {
				t.Errorf("%s tells of %q: %s", sql, secret, told)
			}
		}
	}
	if got := c.ben.rows("SELECT count(*) FROM cvp_models WHERE name = 'a'"); got[0] != "1" {
		t.Errorf("the two classes that the role sees make no model: %v", got)
	}
}

// Whoever owns a database owns its schema cvp, and can have its functions say what he likes: that a version is one of
// another database, whose model is in the server's cache or soon will be.
func TestAForgedVersionOfOneDatabaseIsNotTakenForAnothers(t *testing.T) {
	database, other := pgtest.Database(t), pgtest.Database(t)
	server := cvptest.Through(t, database)
	victim, mallory := connect(t, server), connect(t, at(t, server, other))
	victim.exec(loans)
	victim.exec(trainRisk)
	mallory.exec(loans)
	mallory.exec("SELECT * FROM cvp_train('risk', relation => '(SELECT loan_id, age, NOT defaulted AS defaulted FROM loans)', key => 'loan_id', target => 'defaulted', algorithm => 'tree')")
	const predict = "SELECT cvp_predict('risk', 7)"
	genuine, own := connect(t, cvptest.Through(t, database)).rows(predict)[0], connect(t, cvptest.Through(t, other)).rows(predict)[0]
	if genuine == own {
		t.Fatal("both models say the same, so the test would show nothing")
	}
	id, oid, _ := strings.Cut(victim.rows("SELECT id, (SELECT oid FROM pg_database WHERE datname = current_database()) FROM cvp.versions")[0], "|")
	mallory.exec(fmt.Sprintf(`
CREATE OR REPLACE FUNCTION cvp.describe(id uuid) RETURNS SETOF cvp.version_description LANGUAGE sql AS $$
	SELECT %s::oid, '%s'::uuid, m.name, v.version, v.deployed, pg_get_userbyid(m.owner)::text, v.kind, v.question, v.relation, v.target, v.key, v.algorithm, v.task,
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
