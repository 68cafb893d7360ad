package server_test

import (
	"context"
	"testing"
	"time"

	"cvp/server"
	"github.com/jackc/pgx/v5"
)

func TestAnIdleSessionIsEnded(t *testing.T) {
	const timeout = 800 * time.Millisecond
	planner := &testPlanner{proceed: make(chan struct{}), entered: make(chan string, 1)}
	p := start(t, withPlanner(planner), func(c *server.Config) { c.IdleTimeout = timeout })
	within := p.connect(t)
	run(t, within, "BEGIN")
	busy, asleep := p.connect(t), make(chan error, 1)
	go func() { _, err := busy.Exec(context.Background(), "SELECT pg_sleep(2)"); asleep <- err }()
	calling, called := p.connect(t), make(chan error, 1)
	go func() {
		_, err := calling.Exec(context.Background(), "SELECT cvp_notice()", pgx.QueryExecModeSimpleProtocol)
		called <- err
	}()
	<-planner.entered
	direct := open(t, p.direct)
	lively := p.connect(t)
	began := time.Now()
	idle := p.connect(t)
	waited := make(chan error, 1)
	go func() { _, err := idle.PgConn().ReceiveMessage(context.Background()); waited <- err }()
	for ended := false; !ended; {
		select {
		case err := <-waited:
			wantCode(t, err, "57P05")
			if took := time.Since(began); took < timeout {
				t.Errorf("the session was ended after %v, want no less than %v", took, timeout)
			}
			ended = true
		case <-time.After(timeout / 10):
			run(t, lively, "SELECT 1")
		}
		if time.Since(began) > 10*time.Second {
			t.Fatal("an idle session is not ended")
		}
	}
	for gone := int64(1); gone > 0; time.Sleep(10 * time.Millisecond) { // its backend goes too
		gone = number(t, direct, "SELECT count(*) FROM pg_stat_activity WHERE pid = $1", int64(idle.PgConn().PID()))
		run(t, lively, "SELECT 1")
	}
	close(planner.proceed)
	for name, err := range map[string]error{"in a query": <-asleep, "in a call": <-called} {
		if err != nil {
			t.Errorf("a session %s was disturbed: %v", name, err)
		}
	}
	run(t, within, "COMMIT")
	if e := awaitEnd(t, within); e != "57P05" {
		t.Errorf("after its transaction the session ends with %q", e)
	}
}

// awaitEnd waits for the server to end a session and gives the SQLSTATE.
func awaitEnd(t testing.TB, conn *pgx.Conn) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	_, err := conn.PgConn().ReceiveMessage(ctx)
	return pgError(t, err).Code
}
