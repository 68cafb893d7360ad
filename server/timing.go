package server

import (
	"context"
	"errors"
	"time"
	"unicode/utf8"

	"cvp/server/frame"
)

// timing is how long the phases of a call took.
type timing struct {
	began time.Time
	// validated is when Postgres had checked the statement, prepared when the engine was done.
	validated, prepared time.Time
}

// timed follows a call to its end, which is when the function that it returns is called.
func (t *takeover) timed(ctx context.Context, st Statement) (ended func(*error)) {
	t.timing = timing{began: time.Now()}
	t.s.server.observer.CallStarted()
	return func(err *error) {
		took := time.Since(t.timing.began)
		outcome := t.outcome(ctx, *err)
		t.s.server.observer.CallEnded(outcome, took)
		if slow := t.s.server.config.SlowCall; slow > 0 && took >= slow {
			t.logSlow(st, outcome, took)
		}
	}
}

// preparing notes when the engine begins and, by the function that it returns, when it is done.
func (c *timing) preparing() (done func()) {
	c.validated = time.Now()
	return func() { c.prepared = time.Now() }
}

// outcome judges a call by its error before its context is let go.
func (t *takeover) outcome(ctx context.Context, err error) Outcome {
	switch {
	case err == nil:
		return CallSucceeded
	case errors.Is(context.Cause(ctx), errCanceled), t.s.firstEnd.side.Load() == clientSide:
		return CallCanceled
	}
	return CallFailed
}

// maxLogged bounds the bytes of a statement in the log.
const maxLogged = 2000

// logSlow writes the line of a slow call. Its statement comes without literals: they may be anybody's data.
func (t *takeover) logSlow(st Statement, outcome Outcome, took time.Duration) {
	s := t.s
	line := []any{"backend_pid", s.backendPID(), "outcome", string(outcome), "duration_seconds", took.Seconds()}
	c := t.timing
	if !c.validated.IsZero() {
		line = append(line, "validate_seconds", c.validated.Sub(c.began).Seconds(), "engine_seconds", c.prepared.Sub(c.validated).Seconds(),
			"rows_seconds", (took - c.prepared.Sub(c.began)).Seconds())
	}
	if redact := s.server.config.Redact; redact != nil {
		line = append(line, "statement", shortened(redact(st.SQL()), maxLogged))
	}
	s.log.Warn("slow call", line...)
}

// shortened gives a text of at most so many bytes, cut between characters.
func shortened(text string, limit int) string {
	if len(text) <= limit {
		return text
	}
	for limit > 0 && !utf8.RuneStart(text[limit]) {
		limit--
	}
	return text[:limit] + "…"
}

// backendPID is the backend's process, 0 where it has not told.
func (s *session) backendPID() uint32 {
	s.server.mu.Lock()
	defer s.server.mu.Unlock()
	pid, _, err := frame.CancelKey([]byte(s.key))
	if err != nil {
		return 0
	}
	return pid
}
