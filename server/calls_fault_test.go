package server_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

func TestABackendThatIsTerminatedInACallHasItsLastWords(t *testing.T) {
	for _, sql := range []string{"SELECT cvp_spin()", "SELECT cvp_sleep()", "SELECT cvp_double(1), pg_sleep(60)"} {
		t.Run(sql, func(t *testing.T) {
			entered := make(chan string, 1)
			p := start(t, withPlanner(&testPlanner{entered: entered}))
			inEitherProtocol(t, p, func(t *testing.T, conn *pgx.Conn) {
				outcome := make(chan error, 1)
				go func() {
					_, err := conn.Exec(context.Background(), sql)
					outcome <- err
				}()
				<-entered
				time.Sleep(50 * time.Millisecond)
				run(t, open(t, p.direct), "SELECT pg_terminate_backend($1)", int64(conn.PgConn().PID()))
				select {
				case err := <-outcome:
					wantCode(t, err, "57P01")
				case <-time.After(5 * time.Second):
					t.Fatal("the client still waits 5 s after its backend's end")
				}
				if n := number(t, p.connect(t), "SELECT cvp_double(3)"); n != 6 {
					t.Errorf("afterwards, another session's call gives %d", n)
				}
				<-entered
			})
		})
	}
}

func TestALargeParameterOfACall(t *testing.T) {
	p := start(t)
	conn := p.connect(t)
	size := mebibytes(16, 64) << 20
	big := strings.Repeat("0123456789abcdef", size/16)
	var double, length int64
	for range 2 {
		if err := conn.QueryRow(t.Context(), "SELECT cvp_double(7), length($1::text)", big).Scan(&double, &length); err != nil {
			t.Fatal(err)
		}
		if double != 14 || length != int64(size) {
			t.Errorf("the call gives %d, want 14, and a parameter of %d characters, want %d", double, length, size)
		}
	}
}

func TestNewsInTheMiddleOfACall(t *testing.T) {
	planner := &testPlanner{proceed: make(chan struct{}), entered: make(chan string, 1)}
	p := start(t, withPlanner(planner))
	var heard []string
	conn := p.connect(t, func(c *pgx.ConnConfig) { c.OnNotification = notifications(&heard) })
	run(t, conn, "LISTEN news")
	outcome := make(chan error, 1)
	go func() {
		_, err := conn.Exec(context.Background(), "SELECT cvp_notice()")
		outcome <- err
	}()
	<-planner.entered
	run(t, open(t, p.direct), "NOTIFY news, 'hello'")
	close(planner.proceed)
	if err := <-outcome; err != nil {
		t.Fatal(err)
	}
	run(t, conn, "SELECT 1")
	if strings.Join(heard, ",") != "hello" {
		t.Errorf("heard %q, want one notification", heard)
	}
}
