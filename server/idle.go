package server

import (
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

// idleSweeper ends sessions that do nothing. It looks at all of them from time to time, so that a message costs
// nothing: a session whose count of answered requests stands still while it is idle has been idle since.
type idleSweeper struct {
	server  *Server
	timeout time.Duration
	// seen is what was found at the last look.
	seen map[*session]idleMark
}

// idleMark is when a session was first seen idle behind so many answered requests.
type idleMark struct {
	ready int64
	since time.Time
}

// sweeps is how often an idle session is looked at within the timeout: it may live longer by one part of so many.
const sweeps = 8

// sweepIdle starts the sweeper, if there is a timeout, and gives what stops it.
func (s *Server) sweepIdle() (stop func()) {
	if s.config.IdleTimeout == 0 {
		return func() {}
	}
	sweeper := &idleSweeper{server: s, timeout: s.config.IdleTimeout}
	quit, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		sweeper.run(quit)
	}()
	return func() { close(quit); <-done }
}

func (w *idleSweeper) run(quit <-chan struct{}) {
	ticker := time.NewTicker(max(w.timeout/sweeps, time.Millisecond))
	defer ticker.Stop()
	for {
		select {
		case <-quit:
			return
		case now := <-ticker.C:
			w.sweep(now)
		}
	}
}

// sweep looks at every session once.
func (w *idleSweeper) sweep(now time.Time) {
	w.server.mu.Lock()
	open := w.server.openSessions()
	w.server.mu.Unlock()
	seen := make(map[*session]idleMark, len(open))
	for _, session := range open {
		if !session.isIdle() {
			continue
		}
		mark := idleMark{ready: session.answers.ready.Load(), since: now}
		if before, ok := w.seen[session]; ok && before.ready == mark.ready {
			mark = before
		}
		if now.Sub(mark.since) >= w.timeout && session.isIdle() {
			// A request that comes at this very moment is lost with the session, as it would be in Postgres.
			session.dismiss(&pgconn.PgError{Code: idleSessionTimeout, Message: "terminating connection due to idle-session timeout"})
			continue
		}
		seen[session] = mark
	}
	w.seen = seen
}
