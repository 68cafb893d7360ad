package server_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"cvp/server"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// within fails the test if what it times takes longer.
func within(t testing.TB, limit time.Duration, what string) func() {
	t.Helper()
	began := time.Now()
	return func() {
		t.Helper()
		if took := time.Since(began); took > limit {
			t.Errorf("%s took %v, want at most %v", what, took, limit)
		}
	}
}

// notifications gathers payloads.
func notifications(heard *[]string) pgconn.NotificationHandler {
	return func(_ *pgconn.PgConn, n *pgconn.Notification) { *heard = append(*heard, n.Payload) }
}

func TestACancelRequestEndsWhatRuns(t *testing.T) {
	for _, c := range []struct {
		name, sql string
		ours      bool
	}{
		{"a query of Postgres's", "SELECT pg_sleep(60)", false},
		{"a query of the engine's", "SELECT cvp_sleep()", true},
		{"work of the engine's own", "SELECT cvp_spin()", true},
		{"the final statement", "SELECT cvp_double(1), pg_sleep(60)", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			entered := make(chan string, 1)
			p := start(t, withPlanner(&testPlanner{entered: entered}))
			inEveryMode(t, p, func(t *testing.T, conn *pgx.Conn) {
				outcome := make(chan error, 1)
				go func() {
					_, err := conn.Exec(context.Background(), c.sql)
					outcome <- err
				}()
				if c.ours {
					<-entered
				}
				awaitBusy(t, p, conn.PgConn().PID(), c.name)
				done := within(t, 500*time.Millisecond, "cancelling "+c.name)
				if err := conn.PgConn().CancelRequest(t.Context()); err != nil {
					t.Fatal(err)
				}
				err := <-outcome
				done()
				wantCode(t, err, "57014")
				if m := pgError(t, err).Message; m != "canceling statement due to user request" {
					t.Errorf("message is %q", m)
				}
				wantState(t, conn, 'I')
				for range 3 {
					if n := number(t, conn, "SELECT 5"); n != 5 {
						t.Error("the session does not go on")
					}
				}
				if n := number(t, conn, "SELECT cvp_double(5)"); n != 10 {
					t.Error("calls do not go on")
				}
				<-entered
			})
		})
	}
}

// awaitBusy waits until the backend sleeps, where the case is about that.
func awaitBusy(t testing.TB, p *proxy, pid uint32, name string) {
	t.Helper()
	if name == "work of the engine's own" {
		return
	}
	watcher := open(t, p.direct)
	for range 500 {
		if number(t, watcher, "SELECT count(*) FROM pg_stat_activity WHERE pid = $1 AND wait_event = 'PgSleep'", int64(pid)) == 1 {
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
	t.Fatal("the backend does not sleep")
}

func TestACancelRequestWithAWrongKeyDoesNothing(t *testing.T) {
	entered := make(chan string, 1)
	planner := &testPlanner{entered: entered, proceed: make(chan struct{})}
	p := start(t, withPlanner(planner))
	conn := p.connect(t)
	outcome := make(chan error, 1)
	go func() {
		_, err := conn.Exec(context.Background(), "SELECT cvp_notice()")
		outcome <- err
	}()
	<-entered
	h := open(t, p.database).PgConn()
	wrong := append([]byte(nil), h.SecretKey()...)
	wrong[0] ^= 1
	sendCancel(t, p, conn.PgConn().PID(), wrong)
	close(planner.proceed)
	if err := <-outcome; err != nil {
		t.Errorf("a wrong key ended a call: %v", err)
	}
}

func TestAClientThatGoesAwayEndsItsWork(t *testing.T) {
	for _, sql := range []string{"SELECT cvp_sleep()", "SELECT cvp_spin()", "SELECT cvp_double(1), pg_sleep(60)", "SELECT pg_sleep(60)"} {
		t.Run(sql, func(t *testing.T) {
			p := start(t)
			c := speak(t, p.database)
			c.Send(query("SELECT pg_backend_pid()"))
			c.Send(query(sql))
			if err := c.Flush(); err != nil {
				t.Fatal(err)
			}
			c.answers(t, 1)
			time.Sleep(50 * time.Millisecond)
			_ = c.conn.Close()
			watcher := open(t, p.direct)
			for range 400 {
				if number(t, watcher, "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'") == 0 {
					return
				}
				time.Sleep(5 * time.Millisecond)
			}
			t.Error("the backend goes on after its client has gone")
		})
	}
}

func TestAnIdleClientThatLeavesTakesItsBackendAlong(t *testing.T) {
	p := start(t)
	watcher := open(t, p.direct)
	for range 20 {
		conn := p.connect(t)
		run(t, conn, "SELECT cvp_double(1)")
		_ = conn.Close(t.Context())
	}
	for range 100 {
		if number(t, watcher, "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'") == 0 {
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
	t.Error("backends stay behind")
}

func TestNoticesComeWhileTheEngineWorks(t *testing.T) {
	planner := &testPlanner{proceed: make(chan struct{})}
	p := start(t, withPlanner(planner))
	notices := make(chan string, 4)
	conn := p.connect(t, func(c *pgx.ConnConfig) {
		c.OnNotice = func(_ *pgconn.PgConn, n *pgconn.Notice) { notices <- n.Severity + " " + n.Message }
	})
	outcome := make(chan error, 1)
	go func() {
		_, err := conn.Exec(context.Background(), "SELECT cvp_notice()")
		outcome <- err
	}()
	for _, want := range []string{"NOTICE epoch 1", "NOTICE epoch 2"} {
		select {
		case got := <-notices:
			if got != want {
				t.Errorf("notice is %q, want %q", got, want)
			}
		case <-time.After(5 * time.Second):
			t.Fatalf("no notice %q while the engine works", want)
		}
		if want == "NOTICE epoch 1" {
			planner.proceed <- struct{}{}
		}
	}
	if err := <-outcome; err != nil {
		t.Error(err)
	}
}

func TestShutdown(t *testing.T) {
	t.Run("an idle session is told and ended", func(t *testing.T) {
		p := start(t)
		conn := p.connect(t)
		run(t, conn, "SELECT cvp_double(1)")
		done := within(t, time.Second, "shutting down")
		if err := p.Shutdown(t.Context()); err != nil {
			t.Fatal(err)
		}
		done()
		_, err := conn.Exec(t.Context(), "SELECT 1")
		wantCode(t, err, "57P01")
		if _, err := pgx.Connect(t.Context(), p.database); err == nil {
			t.Error("a server that was shut down accepts clients")
		}
	})
	t.Run("a busy session ends its work first", func(t *testing.T) {
		for _, sql := range []string{"SELECT cvp_notice()", "SELECT 0 FROM pg_sleep(0.5)"} {
			entered := make(chan string, 1)
			planner := &testPlanner{entered: entered, proceed: make(chan struct{})}
			p := start(t, withPlanner(planner))
			conn := p.connect(t)
			outcome := make(chan error, 1)
			go func() {
				var n int64
				outcome <- conn.QueryRow(context.Background(), sql, pgx.QueryExecModeSimpleProtocol).Scan(&n)
			}()
			if strings.Contains(sql, "cvp") {
				<-entered
			} else {
				awaitBusy(t, p, conn.PgConn().PID(), sql)
			}
			ended := make(chan error, 1)
			go func() { ended <- p.Shutdown(context.Background()) }()
			time.Sleep(20 * time.Millisecond)
			close(planner.proceed)
			if err := <-outcome; err != nil {
				t.Errorf("%s: %v", sql, err)
			}
			if err := <-ended; err != nil {
				t.Error(err)
			}
			_, err := conn.Exec(t.Context(), "SELECT 1")
			wantCode(t, err, "57P01")
		}
	})
	t.Run("a session that does not end in time is ended", func(t *testing.T) {
		for _, sql := range []string{"SELECT cvp_spin()", "SELECT pg_sleep(60)", "SELECT cvp_sleep()"} {
			p := start(t)
			conn := p.connect(t)
			outcome := make(chan error, 1)
			go func() {
				_, err := conn.Exec(context.Background(), sql)
				outcome <- err
			}()
			time.Sleep(100 * time.Millisecond)
			ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
			done := within(t, 2*time.Second, "shutting down during "+sql)
			if err := p.Shutdown(ctx); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("shutdown gives %v", err)
			}
			done()
			cancel()
			wantCode(t, <-outcome, "57P01")
		}
	})
	t.Run("a transaction is busy", func(t *testing.T) {
		p := start(t)
		conn := p.connect(t)
		run(t, conn, "BEGIN")
		ended := make(chan error, 1)
		go func() { ended <- p.Shutdown(context.Background()) }()
		time.Sleep(50 * time.Millisecond)
		run(t, conn, "INSERT INTO trained VALUES (1)")
		run(t, conn, "COMMIT")
		if err := <-ended; err != nil {
			t.Error(err)
		}
		if n := number(t, open(t, p.direct), "SELECT count(*) FROM trained"); n != 1 {
			t.Error("the transaction was lost")
		}
	})
}

func TestABackendThatIsTerminated(t *testing.T) {
	for _, c := range []struct{ name, sql string }{
		{"while idle", ""},
		{"during a query", "SELECT pg_sleep(60)"},
		{"during a query of the engine's", "SELECT cvp_sleep()"},
		{"during the final statement", "SELECT cvp_double(1), pg_sleep(60)"},
		{"while the engine works", "SELECT cvp_notice()"},
	} {
		t.Run(c.name, func(t *testing.T) {
			planner := &testPlanner{proceed: make(chan struct{})}
			p := start(t, withPlanner(planner))
			conn := p.connect(t)
			outcome := make(chan error, 1)
			if c.sql != "" {
				go func() {
					_, err := conn.Exec(context.Background(), c.sql)
					outcome <- err
				}()
				time.Sleep(150 * time.Millisecond)
			}
			run(t, open(t, p.direct), "SELECT pg_terminate_backend($1)", int64(conn.PgConn().PID()))
			if c.sql == "" {
				time.Sleep(50 * time.Millisecond)
				_, err := conn.Exec(t.Context(), "SELECT 1")
				outcome <- err
			}
			close(planner.proceed)
			select {
			case err := <-outcome:
				wantCode(t, err, "57P01")
			case <-time.After(5 * time.Second):
				t.Fatal("the client waits for a backend that is gone")
			}
			if n := number(t, p.connect(t), "SELECT cvp_double(2)"); n != 4 {
				t.Error("the server does not serve others")
			}
		})
	}
}

var _ server.Planner = (*testPlanner)(nil)
