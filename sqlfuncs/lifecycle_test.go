package sqlfuncs_test

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"cvp/internal/cvptest"
	"cvp/internal/pgtest"
)

const trainRisk = "SELECT * FROM cvp_train('risk', relation => 'loans', target => 'defaulted', algorithm => 'logistic')"

func TestARolledBackTrainingLeavesNothing(t *testing.T) {
	c := connect(t, cvptest.Through(t, pgtest.Database(t)))
	c.exec(loans)
	c.exec("SELECT count(*) FROM cvp_models")
	c.exec("BEGIN")
	c.exec(trainRisk)
	if !c.noticed("kept only if this transaction commits") {
		t.Errorf("no notice about COMMIT: %q", c.notices)
	}
	if got := c.rows("SELECT cvp_predict('risk', 1) IS NOT NULL"); got[0] != "t" {
		t.Errorf("inside the transaction: %v", got)
	}
	c.exec("ROLLBACK")
	if got := c.rows("SELECT (SELECT count(*) FROM cvp.models), (SELECT count(*) FROM cvp.versions), (SELECT count(*) FROM cvp.metrics), (SELECT count(*) FROM cvp.runs)"); got[0] != "0|0|0|0" {
		t.Errorf("after ROLLBACK: %v", got)
	}
	if _, err := c.try("SELECT cvp_predict('risk', 1)"); code(err) != "42704" {
		t.Errorf("the rolled back model: %v", err)
	}
}

func TestASecondVersionIsDeployedOnlyIfItIsAsGood(t *testing.T) {
	c := connect(t, cvptest.Through(t, pgtest.Database(t)))
	c.exec(loans)
	c.exec(trainRisk)
	c.exec(trainRisk)
	if got := c.rows("SELECT version, deployed FROM cvp_models ORDER BY 1"); fmt.Sprint(got) != "[1|f 2|t]" {
		t.Errorf("the same again: %v", got)
	}
	c.exec("SELECT * FROM cvp_train('risk', relation => 'loans', target => 'defaulted', algorithm => 'logistic', options => '{\"exclude\": [\"income\"]}')")
	if got := c.rows("SELECT version, deployed FROM cvp_models ORDER BY 1"); fmt.Sprint(got) != "[1|f 2|t 3|f]" {
		t.Errorf("a worse one: %v", got)
	}
	if !c.noticed("keeps version 2 deployed") {
		t.Errorf("no notice: %q", c.notices)
	}
	c.exec("SELECT cvp_deploy('risk', 3)")
	if got := c.rows("SELECT version FROM cvp_models WHERE deployed"); fmt.Sprint(got) != "[3]" {
		t.Errorf("deployed by hand: %v", got)
	}
	if got := c.rows("SELECT cvp_predict('risk', 1) = cvp_predict('risk@3', 1), cvp_predict('risk', 1) <> cvp_predict('risk@2', 1)"); got[0] != "t|t" {
		t.Errorf("versions by name: %v", got)
	}
	c.exec("SELECT cvp_drop_model('risk')")
	if got := c.rows("SELECT * FROM cvp_models"); len(got) != 0 {
		t.Errorf("after dropping: %v", got)
	}
}

func TestAThirdVersionIsTestedOnTheRowsOfTheFirst(t *testing.T) {
	c := connect(t, cvptest.Through(t, pgtest.Database(t)))
	c.exec(loans)
	c.exec("SELECT * FROM cvp_train('risk', relation => 'loans', target => 'defaulted', algorithm => 'logistic', options => '{\"seed\": 7}')")
	c.exec(trainRisk)
	c.exec(trainRisk)
	if got := c.rows("SELECT count(*), count(DISTINCT spec->>'holdout'), count(DISTINCT value) FROM cvp.versions"); got[0] != "3|1|1" {
		t.Errorf("versions, hold-outs and figures: %v", got)
	}
}

func TestAModelThatDoesNotBeatTheBaselineIsNotDeployed(t *testing.T) {
	c := connect(t, cvptest.Through(t, pgtest.Database(t)))
	c.exec("CREATE TABLE noise AS SELECT i AS id, hashint4(i) AS x, hashint4(i + 7) % 2 = 0 AS y FROM generate_series(1, 1000) i; ALTER TABLE noise ADD PRIMARY KEY (id)")
	for seed := 1; seed <= 12; seed++ { // some splits make noise look useful: look for one that does not
		c.exec(fmt.Sprintf("SELECT * FROM cvp_train('n%d', relation => 'noise', target => 'y', algorithm => 'logistic', options => '{\"seed\": %d}')", seed, seed))
	}
	refused := c.rows("SELECT count(*) FROM cvp_models WHERE NOT deployed AND value <= baseline")
	wrong := c.rows("SELECT count(*) FROM cvp_models WHERE deployed = (value <= baseline)")
	if refused[0] == "0" || wrong[0] != "0" || !c.noticed("is not deployed") {
		t.Errorf("refused %v, wrongly decided %v, notices %q", refused, wrong, c.notices)
	}
}

func TestRowLevelSecurityDecidesWhatTrainsAndPredicts(t *testing.T) {
	database := pgtest.Database(t)
	owner := connect(t, cvptest.Through(t, database))
	owner.exec(loans + `ALTER TABLE loans ENABLE ROW LEVEL SECURITY;
		CREATE POLICY own ON loans USING (region = 'north' OR current_user = 'postgres'); GRANT SELECT ON loans TO PUBLIC`)
	owner.exec("SELECT count(*) FROM cvp_models")
	north := connect(t, cvptest.Through(t, pgtest.Role(t, database, "north", "secret")))
	if got := north.rows("SELECT DISTINCT rows FROM cvp_train('mine', relation => 'loans', target => 'defaulted', algorithm => 'logistic') WHERE chosen"); len(got) != 1 {
		t.Fatalf("training: %v", got)
	}
	if got := owner.rows("SELECT rows FROM cvp_models"); fmt.Sprint(got) != "["+owner.rows("SELECT count(*) FROM loans WHERE region = 'north'")[0]+"]" {
		t.Errorf("rows that trained: %v", got)
	}
	if got := north.rows("SELECT count(cvp_predict('mine', i)) FROM generate_series(1, 1200) i"); got[0] != "400" {
		t.Errorf("rows that predict: %v", got)
	}
	owner.exec("SELECT * FROM cvp_train('theirs', relation => 'loans', target => 'defaulted', algorithm => 'logistic')")
	if _, err := north.try("SELECT cvp_predict('theirs', 1)"); code(err) != "42704" {
		t.Errorf("another role's model: %v", err)
	}
	owner.exec("CREATE TABLE hidden AS SELECT * FROM loans")
	if _, err := north.try("SELECT * FROM cvp_train('h', relation => 'hidden', target => 'defaulted')"); code(err) != "42501" {
		t.Errorf("a relation without the right to read it: %v", err)
	}
}

func TestCancellingStopsATrainingSoonAndTheSessionGoesOn(t *testing.T) {
	c := connect(t, cvptest.Through(t, pgtest.Database(t)))
	c.exec(`CREATE TABLE wide AS SELECT i AS id, random() AS a, random() AS b, random() AS c, random() AS d, random() < 0.5 AS y FROM generate_series(1, 150000) i; ALTER TABLE wide ADD PRIMARY KEY (id)`)
	c.exec("SELECT count(*) FROM cvp_models")
	for _, after := range []time.Duration{50 * time.Millisecond, 2 * time.Second} { // while pulling, while fitting
		var asked time.Time
		timer := time.AfterFunc(after, func() {
			asked = time.Now()
			_ = c.PgConn().CancelRequest(context.Background())
		})
		_, err := c.try("SELECT * FROM cvp_train('w', relation => 'wide', target => 'y', algorithm => 'mlp', options => '{\"epochs\": 1000, \"patience\": 1000}')")
		took := time.Since(asked)
		timer.Stop()
		if code(err) != "57014" || took > 500*time.Millisecond {
			t.Errorf("cancelled after %v: %v, answered %v later", after, err, took)
		}
		if got := c.rows("SELECT count(*) FROM cvp.versions"); got[0] != "0" {
			t.Errorf("versions: %v", got)
		}
	}
}

func TestProgressIsToldAndCanBeTurnedOff(t *testing.T) {
	c := connect(t, cvptest.Through(t, pgtest.Database(t)))
	c.exec(`CREATE TABLE wide AS SELECT i AS id, random() AS a, random() AS b, random() < 0.5 AS y FROM generate_series(1, 30000) i; ALTER TABLE wide ADD PRIMARY KEY (id)`)
	train := "SELECT * FROM cvp_train('w', relation => 'wide', target => 'y', algorithm => 'mlp', options => '{\"epochs\": 60, \"patience\": 60}')"
	c.exec(train)
	if !c.noticed("mlp") {
		t.Errorf("no progress: %q", c.notices)
	}
	c.mu.Lock()
	c.notices = nil
	c.mu.Unlock()
	c.exec("SET cvp.progress = off")
	c.exec(train)
	if c.noticed("step") {
		t.Errorf("progress although off: %q", c.notices)
	}
}

func TestPreparedStatementsAndDriversModes(t *testing.T) {
	database := cvptest.Through(t, pgtest.Database(t))
	c := connect(t, database)
	c.exec(loans)
	c.exec(trainRisk)
	want := c.rows("SELECT cvp_predict('risk', 7)")[0]
	for _, mode := range []pgx.QueryExecMode{pgx.QueryExecModeCacheStatement, pgx.QueryExecModeCacheDescribe, pgx.QueryExecModeDescribeExec, pgx.QueryExecModeExec, pgx.QueryExecModeSimpleProtocol} {
		for range 3 {
			var got float64
			if err := c.QueryRow(context.Background(), "SELECT cvp_predict($1, $2::int)", mode, "risk", 7).Scan(&got); err != nil || fmt.Sprint(got) != want {
				t.Errorf("%v: %v %v, want %s", mode, got, err, want)
			}
		}
	}
	batch := &pgx.Batch{}
	batch.Queue("CREATE TABLE kept (v float8)")
	batch.Queue("SELECT cvp_predict('risk', $1::int)", 7)
	batch.Queue("SELECT 1 / $1::int", 0)
	if err := c.SendBatch(context.Background(), batch).Close(); code(err) != "22012" {
		t.Errorf("a batch that fails at its end: %v", err)
	}
	if got := c.rows("SELECT to_regclass('kept')"); got[0] != "∅" {
		t.Error("part of a failed batch was kept")
	}
}

func TestTheBackendsOwnErrorsReachTheClient(t *testing.T) {
	database := pgtest.Database(t)
	address := cvptest.Through(t, database)
	c := connect(t, address)
	c.exec(loans)
	u, _ := url.Parse(address)
	u.User = url.UserPassword("postgres", "wrong")
	if _, err := pgx.Connect(context.Background(), u.String()); code(err) != "28P01" {
		t.Errorf("wrong password: %v", err)
	}
	other := connect(t, database)
	other.exec(fmt.Sprintf("SELECT pg_terminate_backend(%d)", c.PgConn().PID()))
	if _, err := c.try("SELECT cvp_predict('risk', 1)"); code(err) != "57P01" && !strings.Contains(fmt.Sprint(err), "closed") && !strings.Contains(fmt.Sprint(err), "EOF") {
		t.Errorf("a killed backend: %v", err)
	}
	if got := connect(t, address).rows("SELECT 1"); got[0] != "1" {
		t.Error("the server is gone")
	}
}

func code(err error) string {
	var e *pgconn.PgError
	if errors.As(err, &e) {
		return e.Code
	}
	return ""
}
