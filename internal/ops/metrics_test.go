package ops_test

import (
	"context"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"cvp/internal/ops"
	"cvp/internal/pgtest"
	"cvp/server"
)

// people is a labelled table that a model learns from in no time.
const people = `CREATE TABLE people (id int PRIMARY KEY, age int, buys bool);
	INSERT INTO people SELECT i, i % 70, i % 70 > 30 FROM generate_series(1, 400) i; ANALYZE people`

func TestMetricsTellOfCalls(t *testing.T) {
	s := build(t, nil)
	conn := s.connect(t)
	run(t, conn, people)
	run(t, conn, "SELECT * FROM cvp_train('m', relation => 'people', target => 'buys', algorithm => 'logistic')")
	for range 3 {
		run(t, conn, "SELECT cvp_predict('m', id) FROM people") // the first decodes the model
	}
	run(t, conn, "SELECT name FROM cvp_models") // of ours, and no call
	run(t, conn, "SELECT 'cvp_predict'")        // not of ours
	if _, err := conn.Exec(t.Context(), "SELECT cvp_predict('n', id) FROM people", pgx.QueryExecModeSimpleProtocol); code(err) != "42704" {
		t.Fatalf("a model that is not there gives %v", err)
	}
	values := s.await(t, map[string]float64{
		`cvp_call_duration_seconds_count{outcome="ok"}`:       4,
		`cvp_call_duration_seconds_count{outcome="error"}`:    1,
		`cvp_call_duration_seconds_count{outcome="canceled"}`: 0,
		`cvp_model_cache_misses_total`:                        1,
		`cvp_model_cache_hits_total`:                          2,
		`cvp_model_cache_entries`:                             1,
		`cvp_calls_running`:                                   0,
		`cvp_build_info{version="of the test"}`:               1,
	})
	for _, name := range []string{`cvp_call_duration_seconds_sum{outcome="ok"}`, "cvp_model_cache_bytes", "cvp_takeover_duration_seconds_count",
		"cvp_takeover_duration_seconds_sum", "cvp_statements_total", "cvp_backend_dial_duration_seconds_sum", "go_goroutines", "process_resident_memory_bytes"} {
		if values[name] <= 0 {
			t.Errorf("%s is %v, want more than 0", name, values[name])
		}
	}
	if seconds := values[`cvp_call_duration_seconds_sum{outcome="ok"}`]; seconds > 60 {
		t.Errorf("four calls took %v seconds", seconds)
	}

	ctx, cancel := context.WithCancel(t.Context())
	left := make(chan struct{})
	go func() {
		defer close(left)
		_, _ = conn.Exec(ctx, "SELECT cvp_predict('m', id), pg_sleep(60) FROM people", pgx.QueryExecModeSimpleProtocol)
	}()
	s.await(t, map[string]float64{"cvp_calls_running": 1})
	if err := conn.PgConn().CancelRequest(t.Context()); err != nil {
		t.Fatal(err)
	}
	<-left
	cancel()
	s.await(t, map[string]float64{
		"cvp_calls_running": 0, `cvp_call_duration_seconds_count{outcome="canceled"}`: 1, "cvp_cancel_requests_total": 1,
	})
}

func TestMetricsTellOfSessions(t *testing.T) {
	s := build(t, func(c *server.Config, _ *ops.Config) { c.MaxConnections = 3; c.IdleTimeout = 3 * time.Second })
	first, second, third := s.connect(t), s.connect(t), s.connect(t)
	for _, conn := range []*pgx.Conn{first, second, third} {
		run(t, conn, "BEGIN") // is not idle
	}
	s.await(t, map[string]float64{"cvp_sessions_open": 3, "cvp_sessions_total": 3, "cvp_backend_dial_duration_seconds_count": 3})
	if _, err := pgx.Connect(t.Context(), s.through); code(err) != "53300" {
		t.Fatalf("a client too many gives %v", err)
	}
	_ = second.Close(t.Context())
	s.await(t, map[string]float64{"cvp_sessions_open": 2, `cvp_sessions_ended_total{by="client"}`: 1, `cvp_clients_refused_total{sqlstate="53300"}`: 1})

	role, err := url.Parse(pgtest.Role(t, s.direct, "analyst", "right"))
	if err != nil {
		t.Fatal(err)
	}
	wrong, err := url.Parse(s.through)
	if err != nil {
		t.Fatal(err)
	}
	wrong.User = url.UserPassword(role.User.Username(), "wrong")
	if _, err := pgx.Connect(t.Context(), wrong.String()); code(err) != "28P01" {
		t.Fatalf("a wrong password gives %v", err)
	}
	s.await(t, map[string]float64{`cvp_login_failures_total{sqlstate="28P01"}`: 1, `cvp_sessions_ended_total{by="login"}`: 1, "cvp_sessions_open": 2})

	direct := pgtest.Connect(t, s.direct)
	run(t, direct, "SELECT pg_terminate_backend($1)", int64(first.PgConn().PID()))
	s.await(t, map[string]float64{`cvp_sessions_ended_total{by="backend"}`: 1, "cvp_sessions_open": 1})

	stranger := s.connect(t)
	if _, err := stranger.PgConn().Conn().Write([]byte{'Q', 0, 0, 0, 0}); err != nil { // a length below its own
		t.Fatal(err)
	}
	s.await(t, map[string]float64{`cvp_sessions_ended_total{by="protocol_violation"}`: 1, "cvp_sessions_open": 1})

	_ = s.connect(t)
	s.await(t, map[string]float64{`cvp_sessions_ended_total{by="idle_timeout"}`: 1, "cvp_sessions_open": 1})
	run(t, third, "SELECT 1")

	ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	_ = s.Shutdown(ctx)
	s.await(t, map[string]float64{`cvp_sessions_ended_total{by="shutdown"}`: 1, "cvp_sessions_open": 0, "cvp_sessions_total": 6})
}

func TestMetricsTellOfBytes(t *testing.T) {
	s := build(t, nil)
	const size = 1 << 20
	for _, open := range []bool{true, false} {
		before := s.scrape(t)
		conn := s.connect(t)
		var n int
		if err := conn.QueryRow(t.Context(), "SELECT length($1)", strings.Repeat("x", size)).Scan(&n); err != nil {
			t.Fatal(err)
		}
		run(t, conn, "SELECT repeat('x', $1)", 2*size)
		run(t, conn, "SELECT repeat('x', $1)", size)
		if !open {
			_ = conn.Close(t.Context())
			s.await(t, map[string]float64{"cvp_sessions_open": 1}) // the other's, still open
		}
		after := s.scrape(t)
		for name, want := range map[string]float64{`cvp_received_bytes_total{from="client"}`: size, `cvp_received_bytes_total{from="backend"}`: 3 * size} {
			if grown := after[name] - before[name]; grown < want || grown > want+16<<10 {
				t.Errorf("%s has grown by %v, want %v and a little; the session is open: %t", name, grown, want, open)
			}
		}
	}
}
