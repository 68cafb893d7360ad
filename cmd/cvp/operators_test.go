package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"cvp/internal/pgtest"
)

// logged is what a server has logged so far.
type logged struct {
	mu   sync.Mutex
	text bytes.Buffer
}

// Write implements io.Writer.
func (l *logged) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

// String is the text.
func (l *logged) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// lines gives the lines with a message, which the test demands to be JSON.
func (l *logged) lines(t *testing.T, message string) (found []map[string]any) {
	t.Helper()
	for line := range strings.Lines(l.String()) {
		var fields map[string]any
		if err := json.Unmarshal([]byte(line), &fields); err != nil {
			t.Fatalf("line %q of the log: %v", line, err)
		}
		if fields["msg"] == message {
			found = append(found, fields)
		}
	}
	return found
}

// servingLogged runs `cvp serve` with a log of everything, in JSON, and a listener for operators.
func servingLogged(t *testing.T, database string, args ...string) (client, operators string, log *logged, end func() int) {
	t.Helper()
	log = &logged{}
	operators = freeAddress(t)
	client, end = servingTo(t, log, database, append([]string{"--log-level", "debug", "--log-format", "json", "--metrics-listen", operators}, args...)...)
	return client, "http://" + operators, log, end
}

// page gives the status and the text of one of the operators' pages.
func page(t *testing.T, address string) (int, string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(body)
}

const people = `CREATE TABLE people (id int PRIMARY KEY, age int, name text, buys bool);
	INSERT INTO people SELECT i, i % 70, 'n' || i, i % 70 > 30 FROM generate_series(1, 400) i; ANALYZE people`

func TestTheLogTellsOfSlowCallsAndOfNoSecrets(t *testing.T) {
	database := pgtest.Database(t)
	analyst, err := url.Parse(pgtest.Role(t, database, "analyst", "zq7-login"))
	if err != nil {
		t.Fatal(err)
	}
	through, operators, log, end := servingLogged(t, database, "--slow-call", "1ns")
	connect(t, through) // waits for the server to listen
	u, err := url.Parse(through)
	if err != nil {
		t.Fatal(err)
	}
	query := u.Query()
	query.Set("application_name", "night_report")
	u.RawQuery = query.Encode()
	conn := connect(t, u.String())
	exec := func(sql string) error {
		_, err := conn.Exec(t.Context(), sql, pgx.QueryExecModeSimpleProtocol)
		return err
	}
	role := pgx.Identifier{analyst.User.Username()}.Sanitize()
	for _, sql := range []string{
		people,
		"SELECT * FROM cvp_train('m', relation => 'people', target => 'buys', algorithm => 'logistic')",
		"SELECT count(cvp_predict('m', id)) FROM people WHERE name <> 'zq7-literal' /* zq7-comment */ AND age < 4711",
		"CREATE TABLE scored AS SELECT cvp_predict('m', id), 'zq7-literal' FROM people",
		"ALTER ROLE " + role + " PASSWORD 'zq7-password'; SELECT cvp_predict('m', id) FROM people",
		"SELECT set_config('cvp.token', 'zq7-setting', false)",
	} {
		if err := exec(sql); err != nil {
			t.Fatalf("%s: %v", sql, err)
		}
	}
	if _, err := conn.Exec(t.Context(), "SELECT cvp_predict('m', id) FROM people WHERE name = $1", "zq7-parameter"); err != nil {
		t.Fatal(err)
	}
	for _, sql := range []string{"SELECT cvp_predict('zq7-model', id) FROM people", "SELECT cvp_predict('m', id), 'zq7-cast'::int FROM people",
		"ALTER ROLE " + role + " PASSWORD 'zq7-password' WITH; SELECT cvp_predict('m', 1)"} {
		if err := exec(sql); err == nil {
			t.Fatalf("%s succeeds", sql)
		}
	}
	for _, password := range []string{"zq7-password", "zq7-wrong"} { // the role's own by now, and none
		login := *u
		login.User = url.UserPassword(analyst.User.Username(), password)
		c, err := pgx.Connect(t.Context(), login.String())
		if refused := (*pgconn.PgError)(nil); (password == "zq7-wrong") != (errors.As(err, &refused) && refused.Code == "28P01") {
			t.Fatalf("logging in with %s gives %v", password, err)
		}
		if err == nil {
			_ = c.Close(t.Context())
		}
	}
	if status, _ := page(t, operators+"/debug/pprof/"); status != http.StatusNotFound {
		t.Errorf("without --pprof the profiles give %d", status)
	}
	if status, body := page(t, operators+"/metrics"); status != http.StatusOK || !strings.Contains(body, `cvp_call_duration_seconds_count{outcome="error"} 2`) {
		t.Errorf("/metrics gives %d and not the two failed calls", status)
	}
	if status, body := page(t, operators+"/readyz"); status != http.StatusOK {
		t.Errorf("/readyz gives %d %s", status, body)
	}
	pid := float64(conn.PgConn().PID())
	if status := end(); status != 0 {
		t.Errorf("status is %d", status)
	}
	if strings.Contains(log.String(), "zq7") || strings.Contains(log.String(), "4711") {
		t.Errorf("the log holds what is nobody's business:\n%s", log)
	}
	checkSlowLines(t, log, u, pid)
}

// checkSlowLines compares the lines of the calls, all of one session.
func checkSlowLines(t *testing.T, log *logged, client *url.URL, pid float64) {
	t.Helper()
	lines := log.lines(t, "slow call")
	want := []struct{ outcome, statement string }{
		{"ok", "SELECT * FROM cvp.cvp_train(?, relation => ?, target => ?, algorithm => ?)"},
		{"ok", "SELECT count(cvp.cvp_predict(?, id)) FROM people WHERE name <> ? AND age < ?"},
		{"ok", "CREATE TABLE scored AS SELECT cvp.cvp_predict(?, id), ? FROM people"},
		{"ok", "SELECT cvp.cvp_predict(?, id) FROM people"},
		{"ok", "SELECT cvp.cvp_predict(?, id) FROM people WHERE name = $1"},
		{"error", "SELECT cvp.cvp_predict(?, id) FROM people"},
		{"error", "SELECT cvp.cvp_predict(?, id), ?::int FROM people"},
	}
	if len(lines) != len(want) {
		t.Fatalf("%d slow calls in the log, want %d:\n%s", len(lines), len(want), log)
	}
	for i, line := range lines {
		if line["outcome"] != want[i].outcome || line["statement"] != want[i].statement {
			t.Errorf("line %d tells of %v %v, want %v", i, line["outcome"], line["statement"], want[i])
		}
		if line["level"] != "WARN" || line["user"] != client.User.Username() || line["database"] != strings.TrimPrefix(client.Path, "/") ||
			line["application_name"] != "night_report" || line["backend_pid"] != pid || line["session"] != lines[0]["session"] || line["session"] == nil {
			t.Errorf("line %d does not tell whose call it was: %v", i, line)
		}
		took, _ := line["duration_seconds"].(float64)
		engine, _ := line["engine_seconds"].(float64)
		validate, _ := line["validate_seconds"].(float64)
		rows, _ := line["rows_seconds"].(float64)
		reached := i < len(lines)-1 // the last one is Postgres's to refuse
		if took <= 0 || (engine > 0) != reached || (validate > 0) != reached || rows < 0 || engine+validate+rows > took*1.0001 {
			t.Errorf("line %d has impossible times: %v", i, line)
		}
	}
	trained := log.lines(t, "trained")
	if len(trained) != 1 || trained[0]["session"] != lines[0]["session"] || trained[0]["user"] != client.User.Username() {
		t.Errorf("the line of the training does not tell whose it was: %v", trained)
	}
}

func TestSlowCallsAreNotLoggedWhereNoneIsWanted(t *testing.T) {
	client, _, log, end := servingLogged(t, pgtest.Database(t), "--slow-call", "0")
	conn := connect(t, client)
	if _, err := conn.Exec(t.Context(), people+"; SELECT * FROM cvp_train('m', relation => 'people', target => 'buys', algorithm => 'logistic')",
		pgx.QueryExecModeSimpleProtocol); err != nil {
		t.Fatal(err)
	}
	end()
	if lines := log.lines(t, "slow call"); len(lines) > 0 {
		t.Errorf("the log has %v", lines)
	}
}

func TestOperatorsSeeTheEndOfAServer(t *testing.T) {
	client, operators, log, end := servingLogged(t, pgtest.Database(t), "--pprof")
	conn := connect(t, client)
	if _, err := conn.Exec(t.Context(), "BEGIN"); err != nil {
		t.Fatal(err)
	}
	if status, body := page(t, operators+"/debug/pprof/goroutine?debug=1"); status != http.StatusOK || !strings.Contains(body, "cvp/server") {
		t.Errorf("with --pprof the goroutines give %d", status)
	}
	ended := make(chan int, 1)
	go func() { ended <- end() }()
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		status, body := page(t, operators+"/readyz")
		if status == http.StatusServiceUnavailable && strings.Contains(body, "shutting down") {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("/readyz of a server that drains gives %d %s", status, body)
		}
	}
	for _, sql := range []string{"CREATE TABLE kept (n int)", "COMMIT"} {
		if _, err := conn.Exec(context.Background(), sql); err != nil {
			t.Errorf("%s in a transaction that was open at the end: %v", sql, err)
		}
	}
	if status := <-ended; status != 0 {
		t.Errorf("status is %d", status)
	}
	if _, err := conn.Exec(context.Background(), "SELECT 1"); err == nil {
		t.Error("the session outlives its transaction")
	}
	ends := log.lines(t, "session ended")
	if len(ends) == 0 || ends[len(ends)-1]["by"] != "shutdown" {
		t.Errorf("the log tells of %v", ends)
	}
	if _, err := http.Get(operators + "/healthz"); err == nil {
		t.Error("the operators' listener outlives the server")
	}
}
