package server_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"
	"unicode/utf8"

	"cvp/server"
	"github.com/jackc/pgx/v5/pgconn"
)

// callPattern finds the calls of the test's planner. Their catalog functions give -1, so that a result other
// than that has come from Prepare.
var callPattern = regexp.MustCompile(`(?i)\b(cvp_(?:double|sleep|spin|panic|fail|raise|notice|insert|busy|early|copyin))\(([^()]*)\)`)

// namePattern finds the names that need a schema.
var namePattern = regexp.MustCompile(`(?i)\bcvp_(?:double|sleep|spin|panic|fail|raise|notice|insert|busy|early|copyin|table)\b`)

// testPlanner splits query strings at semicolons and doubles numbers.
type testPlanner struct {
	// entered gets the name of every call whose Prepare begins, where it is not nil.
	entered chan string
	// proceed holds cvp_notice between its two notices.
	proceed chan struct{}
	// ready is what Ready does, where it is not nil.
	ready func(context.Context, *pgconn.PgConn) error
	// snapshot makes calls fail where the transaction is not repeatable read.
	snapshot bool
	// pause is how long every call works beside Postgres.
	pause time.Duration
	// levels gets the isolation of every call's transaction, whether it may write, and whether it is deferrable.
	levels chan string
	// calls gets every Call, where it is not nil.
	calls chan server.Call
	// repeats has cvp_double executed ahead from the second time on; repeated counts how often that came to its end.
	repeats  bool
	repeated atomic.Int64
}

func (p *testPlanner) Plan(sql string) []server.Statement {
	if !namePattern.MatchString(sql) {
		return nil
	}
	var planned []server.Statement
	offset := 0
	for _, part := range strings.Split(sql, ";") {
		if strings.TrimSpace(part) != "" {
			planned = append(planned, &testStatement{planner: p, text: part, before: utf8.RuneCountInString(sql[:offset]), known: new(atomic.Bool)})
		}
		offset += len(part) + 1
	}
	return planned
}

// Ready does what the test says.
func (p *testPlanner) Ready(ctx context.Context, conn *pgconn.PgConn) error {
	if p.ready == nil {
		return nil
	}
	return p.ready(ctx, conn)
}

// readyPlanner notes in a table that it was asked.
func readyPlanner() *testPlanner {
	return &testPlanner{ready: func(ctx context.Context, conn *pgconn.PgConn) error {
		return conn.Exec(ctx, "CREATE TABLE IF NOT EXISTS readied (n int); INSERT INTO readied VALUES (1)").Close()
	}}
}

func unreadyPlanner() *testPlanner {
	return &testPlanner{ready: func(context.Context, *pgconn.PgConn) error { return errors.New("schema cvp is of a later version") }}
}

type testStatement struct {
	planner *testPlanner
	text    string
	before  int // characters of the query string before it
	known   *atomic.Bool
}

func (s *testStatement) SQL() string {
	return namePattern.ReplaceAllString(s.text, "cvp.$0")
}

func (s *testStatement) Native() bool { return !callPattern.MatchString(s.text) }

// Repeatable says that the statement only reads.
func (s *testStatement) Repeatable() bool {
	return regexp.MustCompile(`(?i)^\s*select`).MatchString(s.text)
}

func (s *testStatement) Position(p int32) int32 {
	removed := int32(0)
	for i, at := range namePattern.FindAllStringIndex(s.text, -1) {
		if p > int32(utf8.RuneCountInString(s.text[:at[0]])+4*(i+1)) {
			removed = int32(4 * (i + 1))
		}
	}
	return p - removed + int32(s.before)
}

// Prepare asks Postgres for the doubles of the first thousand numbers and joins them in.
func (s *testStatement) Prepare(ctx context.Context, conn *pgconn.PgConn, call server.Call) (*server.Final, error) {
	if s.planner.calls != nil {
		s.planner.calls <- call
	}
	if s.planner.snapshot {
		r := conn.ExecParams(ctx, "SHOW transaction_isolation", nil, nil, nil, nil).Read()
		if level := string(r.Rows[0][0]); level != "repeatable read" {
			return nil, fmt.Errorf("isolation level is %s", level)
		}
	}
	if s.planner.levels != nil {
		r := conn.ExecParams(ctx, "SELECT concat_ws(' ', current_setting('transaction_isolation'), current_setting('transaction_read_only'), current_setting('transaction_deferrable'))", nil, nil, nil, nil).Read()
		s.planner.levels <- string(r.Rows[0][0])
	}
	if s.planner.pause > 0 {
		time.Sleep(s.planner.pause)
	}
	name := strings.ToLower(callPattern.FindStringSubmatch(s.text)[1])
	if s.planner.entered != nil {
		s.planner.entered <- name
	}
	if err := s.effect(ctx, name, conn, call); err != nil {
		return nil, err
	}
	r := conn.ExecParams(ctx, doublesSQL, [][]byte{[]byte("0")}, nil, nil, []int16{1, 1}).Read()
	if r.Err != nil {
		return nil, fmt.Errorf("double numbers: %w", r.Err)
	}
	s.known.Store(name == "cvp_double")
	return s.final(name, len(call.Params), r.Rows[0]), nil
}

const doublesSQL = "SELECT pg_catalog.array_agg(g), pg_catalog.array_agg(g * 2) FROM pg_catalog.generate_series($1::bigint, 1000) g"

// final is the statement with the doubles joined in.
func (s *testStatement) final(name string, params int, doubles [][]byte) *server.Final {
	sql := callPattern.ReplaceAllStringFunc(s.text, func(found string) string {
		key := cmp.Or(strings.TrimSpace(callPattern.FindStringSubmatch(found)[2]), "0")
		return fmt.Sprintf("(SELECT d AS %s FROM unnest($%d, $%d) u(k, d) WHERE k = (%s)::bigint)", strings.Replace(name, "_", "\x00", 1), params+1, params+2, key)
	})
	sql = strings.ReplaceAll(namePattern.ReplaceAllString(sql, "cvp.$0"), "\x00", "_") // a column's name has no schema
	return &server.Final{SQL: sql, ExtraOIDs: []uint32{int8Array, int8Array}, Extra: doubles}
}

const int8Array = 1016

// Repeat gives an execution that asks for the same ahead.
func (s *testStatement) Repeat(call server.Call) server.Repetition {
	if !s.planner.repeats || !s.known.Load() {
		return nil
	}
	return &testRepetition{statement: s, params: len(call.Params)}
}

type testRepetition struct {
	statement *testStatement
	params    int
	doubles   [][]byte
}

func (r *testRepetition) Questions() []server.Question {
	return []server.Question{{SQL: doublesSQL, OIDs: []uint32{20}, Params: [][]byte{make([]byte, 8)}, Types: []uint32{int8Array, int8Array}}}
}

func (r *testRepetition) Row(_ int, values [][]byte) error {
	for _, v := range values {
		r.doubles = append(r.doubles, append([]byte(nil), v...))
	}
	return nil
}

func (r *testRepetition) Final(context.Context) (*server.Final, error) {
	r.statement.planner.repeated.Add(1)
	return r.statement.final("cvp_double", r.params, r.doubles), nil
}

// effect is what each call does besides.
func (s *testStatement) effect(ctx context.Context, name string, conn *pgconn.PgConn, call server.Call) error {
	switch name {
	case "cvp_sleep":
		return conn.Exec(ctx, "SELECT pg_catalog.pg_sleep(60)").Close()
	case "cvp_spin":
		<-ctx.Done()
		return ctx.Err()
	case "cvp_panic":
		rows := conn.ExecParams(ctx, "SELECT pg_catalog.repeat('x', 1000) FROM pg_catalog.generate_series(1, 100000)", nil, nil, nil, nil)
		rows.NextRow()
		panic("the engine is on fire")
	case "cvp_busy":
		rows := conn.ExecParams(ctx, "SELECT pg_catalog.generate_series(1, 100000)", nil, nil, nil, nil)
		rows.NextRow()
		return errors.New("gave up in the middle of a result")
	case "cvp_copyin":
		return s.copyIn(ctx, conn)
	case "cvp_fail":
		return fmt.Errorf("train %s: %w", "churn", errors.New("too little data"))
	case "cvp_raise":
		return &pgconn.PgError{Code: "42704", Message: `model "chrun" does not exist`, Hint: `Perhaps you meant "churn".`, Position: 8}
	case "cvp_early":
		return conn.Exec(ctx, "SELECT * FROM no_such_table").Close()
	case "cvp_insert":
		return conn.ExecParams(ctx, "INSERT INTO trained VALUES (1)", nil, nil, nil, nil).Read().Err
	case "cvp_notice":
		call.Notice(&pgconn.Notice{Message: "epoch 1"})
		select {
		case <-s.planner.proceed:
		case <-ctx.Done():
			return ctx.Err()
		}
		call.Notice(&pgconn.Notice{Message: "epoch 2"})
	}
	return nil
}

// copyIn writes a megabyte by COPY, which makes pgconn read in the background.
func (s *testStatement) copyIn(ctx context.Context, conn *pgconn.PgConn) error {
	if err := conn.Exec(ctx, "CREATE TEMPORARY TABLE IF NOT EXISTS pulled (x text)").Close(); err != nil {
		return err
	}
	rows := strings.NewReader(strings.Repeat(strings.Repeat("x", 99)+"\n", 10_000))
	_, err := conn.CopyFrom(ctx, rows, "COPY pulled FROM STDIN")
	return err
}

// install makes the catalog functions of the test's calls, a table and a view.
func install(t testing.TB, database string) {
	t.Helper()
	conn := open(t, database)
	sql := "CREATE SCHEMA cvp; CREATE TABLE trained (n int); CREATE TABLE numbers (n bigint PRIMARY KEY);" +
		"INSERT INTO numbers SELECT generate_series(1, 500);" +
		"CREATE VIEW cvp.cvp_table AS SELECT n, n::text AS name FROM numbers;"
	for _, name := range strings.Fields("double sleep spin panic fail raise notice insert busy early copyin") {
		sql += fmt.Sprintf("CREATE FUNCTION cvp.cvp_%s(x bigint DEFAULT 0) RETURNS bigint LANGUAGE sql STABLE AS 'SELECT -1::bigint';", name)
	}
	run(t, conn, sql)
	_ = conn.Close(t.Context())
}
