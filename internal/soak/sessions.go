package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

// notify listens, has a second session notify, and waits for it.
func notify(ctx context.Context, c *client) error {
	channel := fmt.Sprintf("soak_%d", c.id)
	if _, err := c.conn.Exec(ctx, "LISTEN "+channel); err != nil {
		return err
	}
	other, _, err := c.open(ctx)
	if err != nil {
		return err
	}
	defer other.Close(ctx)
	payloads := []string{c.text(10), c.text(1000)}
	for _, payload := range payloads {
		if _, err := other.Exec(ctx, "SELECT pg_notify($1, $2)", channel, payload); err != nil {
			return err
		}
	}
	for _, payload := range payloads {
		n, err := c.conn.WaitForNotification(ctx)
		if err != nil {
			return err
		}
		if n.Channel != channel || n.Payload != payload || n.PID != other.PgConn().PID() {
			return wrong("notification is %+v, want %q from %d", n, payload, other.PgConn().PID())
		}
	}
	_, err = c.conn.Exec(ctx, "UNLISTEN "+channel)
	return err
}

// secondSession opens a session, asks it who it is, and ends it in order.
func secondSession(ctx context.Context, c *client) error {
	conn, _, err := c.open(ctx)
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	var pid uint32
	if err := conn.QueryRow(ctx, "SELECT pg_backend_pid()").Scan(&pid); err != nil {
		return err
	}
	if pid != conn.PgConn().PID() {
		return wrong("the session was told pid %d, its backend is %d", conn.PgConn().PID(), pid)
	}
	return conn.Close(ctx)
}

// cancel cancels a long statement of its own.
func cancel(ctx context.Context, c *client) error {
	sql := "SELECT pg_sleep(60)"
	if c.rand.IntN(2) == 0 {
		sql = "SELECT count(*) FROM generate_series(1, 10000000000)"
	}
	sent, err := c.canceling(ctx, time.Duration(c.rand.IntN(200))*time.Millisecond, func() error {
		_, err := c.conn.Exec(ctx, sql)
		return err
	})
	if err := wantCode(err, "57014"); err != nil {
		return err
	}
	return c.calm(ctx, sent)
}

// canceling runs a statement and sends a CancelRequest after a while, again as long as it runs: the first may
// come before the statement does. It gives how many it sent.
func (c *client) canceling(ctx context.Context, after time.Duration, statement func() error) (sent int, err error) {
	done := make(chan struct{})
	joined := make(chan struct{})
	pg := c.conn.PgConn()
	go func() {
		defer close(joined)
		for {
			select {
			case <-done:
				return
			case <-time.After(after):
			}
			_ = pg.CancelRequest(ctx)
			sent++
			after = 2 * time.Second
		}
	}()
	err = statement()
	close(done)
	<-joined
	return sent, err
}

// calm takes what a late CancelRequest may have hit: Postgres signals without waiting.
func (c *client) calm(ctx context.Context, sent int) error {
	for range sent {
		_, err := c.conn.Exec(ctx, "SELECT pg_sleep(0.01)")
		var refused *pgconn.PgError
		switch {
		case err == nil:
			return nil
		case errors.As(err, &refused) && refused.Code == "57014":
		default:
			return err
		}
	}
	return nil
}
