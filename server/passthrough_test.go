package server_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os/exec"
	"strings"
	"testing"
	"time"

	"cvp/server"
	"github.com/jackc/pgx/v5"
)

// eitherWay runs a test through a pure relay and through a server that looks for calls.
func eitherWay(t *testing.T, test func(t *testing.T, p *proxy)) {
	t.Helper()
	t.Run("relay", func(t *testing.T) { test(t, start(t, withPlanner(nil))) })
	t.Run("planner", func(t *testing.T) { test(t, start(t)) })
}

func TestStatementsPassInEveryMode(t *testing.T) {
	eitherWay(t, func(t *testing.T, p *proxy) {
		inEveryMode(t, p, func(t *testing.T, conn *pgx.Conn) {
			if n := number(t, conn, "SELECT sum(n) FROM numbers WHERE n <= $1", int64(4)); n != 10 {
				t.Errorf("sum is %d, want 10", n)
			}
			wantCode(t, refusal(t, conn, "SELECT nosuch"), "42703")
			if n := number(t, conn, "SELECT 2"); n != 2 {
				t.Error("the session does not go on after an error")
			}
		})
	})
}

func TestBatchesPass(t *testing.T) {
	eitherWay(t, func(t *testing.T, p *proxy) {
		conn := p.connect(t)
		var b pgx.Batch
		for i := range 200 {
			b.Queue("INSERT INTO trained VALUES ($1)", i)
		}
		if err := conn.SendBatch(t.Context(), &b).Close(); err != nil {
			t.Fatal(err)
		}
		var bad pgx.Batch
		bad.Queue("INSERT INTO trained VALUES ($1)", 1)
		bad.Queue("SELECT 1/0")
		bad.Queue("INSERT INTO trained VALUES ($1)", 1)
		wantCode(t, conn.SendBatch(t.Context(), &bad).Close(), "22012")
		if n := number(t, conn, "SELECT count(*) FROM trained"); n != 200 {
			t.Errorf("%d rows, want 200", n)
		}
	})
}

func TestABatchOfCalls(t *testing.T) {
	conn := start(t).connect(t)
	var b pgx.Batch
	for i := range 20 {
		b.Queue("SELECT cvp_double($1)", int64(i)).QueryRow(func(row pgx.Row) error {
			var n int64
			if err := row.Scan(&n); err != nil || n != int64(2*i) {
				return fmt.Errorf("call %d gives %d, %w", i, n, err)
			}
			return nil
		})
		b.Queue("INSERT INTO trained VALUES ($1)", i)
	}
	if err := conn.SendBatch(t.Context(), &b).Close(); err != nil {
		t.Fatal(err)
	}
	if n := number(t, conn, "SELECT count(*) FROM trained"); n != 20 {
		t.Errorf("%d rows, want 20", n)
	}
}

func TestCopyPassesBothWays(t *testing.T) {
	eitherWay(t, func(t *testing.T, p *proxy) {
		conn := p.connect(t)
		run(t, conn, "CREATE TABLE lines (id bigint, text text)")
		const rows = 200_000
		n, err := conn.CopyFrom(t.Context(), pgx.Identifier{"lines"}, []string{"id", "text"},
			pgx.CopyFromSlice(rows, func(i int) ([]any, error) { return []any{int64(i), "a line of text"}, nil }))
		if err != nil || n != rows {
			t.Fatalf("COPY in gives %d, %v", n, err)
		}
		var out bytes.Buffer
		if _, err := conn.PgConn().CopyTo(t.Context(), &out, "COPY lines TO STDOUT"); err != nil {
			t.Fatal(err)
		}
		if got := bytes.Count(out.Bytes(), []byte("\n")); got != rows {
			t.Errorf("COPY out gives %d lines, want %d", got, rows)
		}
	})
}

func TestLargeValuesPassBothWays(t *testing.T) {
	eitherWay(t, func(t *testing.T, p *proxy) {
		conn := p.connect(t)
		size := mebibytes(8, 50) << 20
		big := strings.Repeat("0123456789abcdef", size/16)
		var back string
		if err := conn.QueryRow(t.Context(), "SELECT $1::text", big).Scan(&back); err != nil {
			t.Fatal(err)
		}
		if back != big {
			t.Error("a value of 50 MB came back changed")
		}
		// A query text is read whole before it is forwarded.
		if n := number(t, conn, "SELECT length('"+big+"')", pgx.QueryExecModeSimpleProtocol); n != int64(size) {
			t.Errorf("length is %d, want %d", n, size)
		}
	})
}

func TestNotificationsPass(t *testing.T) {
	eitherWay(t, func(t *testing.T, p *proxy) {
		listener, notifier := p.connect(t), p.connect(t)
		run(t, listener, "LISTEN news")
		run(t, notifier, "NOTIFY news, 'hello'")
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		n, err := listener.WaitForNotification(ctx)
		if err != nil || n.Payload != "hello" {
			t.Errorf("got %v, %v", n, err)
		}
	})
}

func TestANotificationDuringACallReachesTheClient(t *testing.T) {
	planner := &testPlanner{proceed: make(chan struct{})}
	p := start(t, withPlanner(planner))
	var heard []string
	conn := p.connect(t, func(c *pgx.ConnConfig) {
		c.OnNotification = notifications(&heard)
	})
	run(t, conn, "LISTEN news")
	run(t, p.connect(t), "NOTIFY news, 'before'")
	run(t, conn, "SELECT cvp_double(1)")
	run(t, conn, "SELECT 1")
	if strings.Join(heard, ",") != "before" {
		t.Errorf("heard %q, want the notification", heard)
	}
}

func TestPsqlWorks(t *testing.T) {
	psql, err := exec.LookPath("psql")
	if err != nil {
		t.Log("no psql on this machine: pgx alone speaks for clients")
		return
	}
	p := start(t)
	cmd := exec.Command(psql, "-X", "-v", "ON_ERROR_STOP=1", "-At", p.database)
	cmd.Stdin = strings.NewReader("SELECT sum(cvp_double(n)) FROM numbers;\n\\copy trained FROM STDIN\n1\n2\n\\.\n" +
		"SELECT count(*) FROM trained;\n\\gset\nBEGIN;\nSELECT cvp_insert();\nROLLBACK;\nSELECT count(*) FROM trained;\n" +
		"SELECT cvp_double(1) AS x \\gdesc\nSELECT cvp_double($1) \\bind 8 \\g\n\\df cvp.cvp_double\n")
	out, err := cmd.CombinedOutput()
	if err != nil && !strings.Contains(string(out), "\\bind") {
		t.Fatalf("psql: %v\n%s", err, out)
	}
	if !strings.HasPrefix(string(out), "250500\nCOPY 2\n2\n") {
		t.Errorf("psql prints\n%s", out)
	}
}

func TestSessionsDoNotDisturbEachOther(t *testing.T) {
	p := start(t)
	results := make(chan error, 8)
	for i := range 8 {
		conn := p.connect(t)
		go func() {
			for k := range 30 {
				var n int64
				key := int64(i*30 + k)
				if err := conn.QueryRow(context.Background(), "SELECT cvp_double($1)", key).Scan(&n); err != nil || n != 2*key {
					results <- fmt.Errorf("%d doubled is %d, %w", key, n, err)
					return
				}
				if err := conn.QueryRow(context.Background(), "SELECT $1::bigint", key).Scan(&n); err != nil || n != key {
					results <- fmt.Errorf("%d is %d, %w", key, n, err)
					return
				}
			}
			results <- nil
		}()
	}
	for range 8 {
		if err := <-results; err != nil {
			t.Error(err)
		}
	}
}

// BenchmarkPreparedSelect is a round trip through a relay.
func BenchmarkPreparedSelect(b *testing.B) {
	for _, c := range []struct {
		name    string
		planner server.Planner
		sql     string
	}{
		{"relay", nil, "SELECT n FROM numbers WHERE n = $1"},
		{"planner", &testPlanner{}, "SELECT n FROM numbers WHERE n = $1"},
		{"call", &testPlanner{}, "SELECT cvp_double($1)"},
	} {
		b.Run(c.name, func(b *testing.B) {
			conn := start(b, withPlanner(c.planner)).connect(b)
			for b.Loop() {
				number(b, conn, c.sql, int64(7))
			}
		})
	}
}

// BenchmarkStream reads 100 MB of rows.
func BenchmarkStream(b *testing.B) {
	conn := start(b).connect(b).PgConn()
	b.SetBytes(100 << 20)
	for b.Loop() {
		if _, err := conn.CopyTo(b.Context(), io.Discard, "COPY (SELECT repeat('x', 1023) FROM generate_series(1, 102400)) TO STDOUT"); err != nil {
			b.Fatal(err)
		}
	}
}
