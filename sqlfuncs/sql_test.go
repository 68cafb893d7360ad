package sqlfuncs_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"cvp/internal/cvptest"
	"cvp/internal/pgtest"
)

func TestMain(m *testing.M) { pgtest.Run(m) }

// client is a connection through a server of the test's own, and what the server told it meanwhile.
type client struct {
	*pgx.Conn
	t *testing.T

	mu      sync.Mutex
	notices []string
}

func connect(t *testing.T, database string) *client {
	t.Helper()
	c := &client{t: t}
	config, err := pgx.ParseConfig(database)
	if err != nil {
		t.Fatal(err)
	}
	config.OnNotice = func(_ *pgconn.PgConn, n *pgconn.Notice) {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.notices = append(c.notices, n.Message)
	}
	c.Conn, err = pgx.ConnectConfig(context.Background(), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close(context.Background()) })
	return c
}

// noticed reports whether a notice holds the text.
func (c *client) noticed(part string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, n := range c.notices {
		if strings.Contains(n, part) {
			return true
		}
	}
	return false
}

func (c *client) exec(sql string, args ...any) {
	c.t.Helper()
	if _, err := c.Exec(context.Background(), sql, args...); err != nil {
		c.t.Fatalf("%s: %s", sql, describe(err))
	}
}

// rows gives each result row with its values separated by |.
func (c *client) rows(sql string, args ...any) []string {
	c.t.Helper()
	out, err := c.try(sql, args...)
	if err != nil {
		c.t.Fatalf("%s: %s", sql, describe(err))
	}
	return out
}

func (c *client) try(sql string, args ...any) ([]string, error) {
	r := c.PgConn()
	if len(args) > 0 {
		rows, err := c.Query(context.Background(), sql, args...)
		if err != nil {
			return nil, err
		}
		return pgx.CollectRows(rows, func(row pgx.CollectableRow) (string, error) { return line(row.RawValues()), nil })
	}
	results, err := r.Exec(context.Background(), sql).ReadAll()
	var out []string
	for _, res := range results {
		for _, row := range res.Rows {
			out = append(out, line(row))
		}
	}
	return out, err
}

func line(values [][]byte) string {
	parts := make([]string, len(values))
	for i, v := range values {
		parts[i] = string(v)
		if v == nil {
			parts[i] = "∅"
		}
	}
	return strings.Join(parts, "|")
}

func describe(err error) string {
	var e *pgconn.PgError
	if errors.As(err, &e) {
		return e.Code + " " + e.Message + " / " + e.Detail + " / " + e.Hint + " / " + e.InternalQuery + e.Where
	}
	return err.Error()
}

// loans is a labelled relation with every kind of column.
const loans = `
CREATE TYPE mood AS ENUM ('low', 'high');
CREATE TABLE loans (loan_id int PRIMARY KEY, income numeric(12,2), age int, region text, mood mood, opened date, seen timestamptz, employed bool, note uuid, defaulted bool);
INSERT INTO loans SELECT i, 1000 + 37 * (i * 7919 % 100), 18 + i * 31 % 60, (ARRAY['north','south','east'])[1 + i % 3],
  (ARRAY['low','high']::mood[])[1 + i * 13 % 2], DATE '2020-01-01' + i % 700, TIMESTAMPTZ '2021-01-01 00:00+00' + i * INTERVAL '1 hour', i % 4 <> 0,
  CASE WHEN i % 5 = 0 THEN NULL ELSE md5(i::text)::uuid END,
  (i * 7919 % 100) + (i % 3) * 20 + (i * 104729 % 37) > 85
FROM generate_series(1, 1200) i;
UPDATE loans SET income = NULL WHERE loan_id % 11 = 0;
ANALYZE loans;`

func TestTrainAndPredictOnARelation(t *testing.T) {
	database := pgtest.Database(t)
	c := connect(t, cvptest.Through(t, database))
	c.exec(loans)
	board := c.rows("SELECT algorithm, chosen, metric, rows, value > baseline FROM cvp_train('risk', relation => 'loans', target => 'defaulted')")
	t.Log(strings.Join(board, "\n"))
	if len(board) != 6 || !strings.Contains(board[0], "|t|roc_auc|") {
		t.Fatalf("leaderboard: %q", board)
	}
	if got := c.rows("SELECT cvp_predict('risk', 1) BETWEEN 0 AND 1, cvp_predict('risk', 999999) IS NULL, cvp_predict('risk', NULL) IS NULL, cvp_predict('risk', '1') = cvp_predict('risk', 1), cvp_predict(1) = cvp_predict('risk', 1)"); got[0] != "t|t|t|t|t" {
		t.Fatalf("one key: %v", got)
	}
	if got := c.rows("SELECT count(*), count(cvp_predict('risk', loan_id)), bool_and(cvp_predict('risk', loan_id) = cvp_predict('risk', loans)) FROM loans"); got[0] != "1200|1200|t" {
		t.Fatalf("all keys, and rows like keys: %v", got)
	}
	if got := c.rows("SELECT loan_id, cvp_predict('risk', loan_id) FROM loans WHERE cvp_predict('risk', loan_id) > 0.5 AND age > $1 ORDER BY 2 DESC LIMIT 5", 30); len(got) != 5 {
		t.Fatalf("in WHERE and ORDER BY with a parameter: %v", got)
	}
	if got := c.rows("SELECT key, decile FROM cvp_predictions('risk') AS p WHERE decile = 1"); len(got) != 120 {
		t.Fatalf("a tenth is %d rows", len(got))
	}
	if got := c.rows("SELECT count(*), count(value) FROM cvp_evaluate('risk') WHERE split = 'test'"); got[0] != "8|8" {
		t.Fatalf("evaluation: %v", got)
	}
	if got := c.rows("SELECT name, version, target, deployed FROM cvp_models"); got[0] != "risk|1|defaulted|t" {
		t.Fatalf("models: %v", got)
	}
}
