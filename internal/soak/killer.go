package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/jackc/pgx/v5"
)

// kill ends connections of clients at random until ctx ends.
func (r *run) kill(ctx context.Context) {
	if r.plan.kills <= 0 {
		return
	}
	random := rand.New(rand.NewPCG(r.plan.seed, 1<<32))
	var direct *pgx.Conn
	defer func() {
		if direct != nil {
			_ = direct.Close(context.WithoutCancel(ctx))
		}
	}()
	next := time.NewTicker(time.Duration(float64(time.Second) / r.plan.kills))
	defer next.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-next.C:
		}
		c, h := r.clients[random.IntN(len(r.clients))], harms[random.IntN(len(harms))]
		quiet := time.Duration(random.IntN(3000)) * time.Millisecond
		l := c.link.Load()
		if l == nil || l.harmed() != unharmed {
			continue
		}
		switch h {
		case reset:
			l.mark(h)
			l.reset()
		case halfClosed:
			l.mark(h)
			l.closeHalf()
		case silenced:
			l.mark(h)
			l.silence(quiet)
		case terminated:
			var err error
			if direct, err = r.terminate(ctx, direct, c, l); err != nil {
				direct = nil // Postgres is down: there is nothing to terminate
				continue
			}
		}
		r.tally.harmed(h)
	}
}

// terminate ends a client's backend. It gives the connection it used, for the next time.
func (r *run) terminate(ctx context.Context, direct *pgx.Conn, c *client, l *link) (*pgx.Conn, error) {
	if direct == nil {
		var err error
		if direct, err = r.backing.direct(ctx); err != nil {
			return nil, err
		}
	}
	l.mark(terminated)
	// By name too: the number may be another's by now.
	_, err := direct.Exec(ctx, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid = $1 AND application_name = $2",
		int32(l.pid.Load()), fmt.Sprintf("soak-%d", c.id))
	if err != nil {
		_ = direct.Close(ctx)
	}
	return direct, err
}

// restart restarts Postgres now and then until ctx ends. It gives an error where Postgres does not come back.
func (r *run) restart(ctx context.Context) error {
	if r.plan.restarts == 0 {
		return nil
	}
	next := time.NewTicker(r.plan.duration / time.Duration(r.plan.restarts+1))
	defer next.Stop()
	for i := range r.plan.restarts {
		select {
		case <-ctx.Done():
			return nil
		case <-next.C:
		}
		r.weather.turn(true)
		if err := r.backing.restart(context.WithoutCancel(ctx), i%2 == 1); err != nil {
			return fmt.Errorf("restart postgres: %w", err)
		}
		r.weather.turn(false)
		r.restarted++
	}
	return nil
}
