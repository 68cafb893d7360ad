package server

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"runtime/debug"
	"sync/atomic"

	"cvp/server/frame"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgconn/ctxwatch"
	"github.com/jackc/pgx/v5/pgproto3"
)

// working starts a call of ours: its context ends when the client cancels or the session does.
func (t *takeover) working() (ctx context.Context, done func()) {
	s := t.s
	ctx, cancel := context.WithCancelCause(s.ctx)
	s.callMu.Lock()
	call := &running{cancel: cancel, done: make(chan struct{})}
	s.call = call
	s.callMu.Unlock()
	return ctx, func() {
		s.callMu.Lock()
		s.call = nil
		s.callMu.Unlock()
		close(call.done)
		cancel(nil)
	}
}

// lend gives the backend connection to work as a pgconn.PgConn and takes it back. The first error is work's
// own, for the client; the second ends the session.
func (t *takeover) lend(ctx context.Context, work func(*pgconn.PgConn) error) (failure, err error) {
	if err := t.flush(); err != nil {
		return nil, err
	}
	l := &lent{t: t, cancelling: &cancelling{
		deliver: func() { t.s.server.deliverCancelTo(t.s) },
		giveUp:  func() { _ = t.s.backend.conn.Close() },
	}}
	conn, err := pgconn.Construct(t.hijacked(l))
	if err != nil {
		return nil, fmt.Errorf("lend the backend connection: %w", err)
	}
	t.s.setLent(true)
	defer t.s.watchBackend()()
	failure = t.shielded(func() error { return work(conn) })
	clean := failure == nil || !errors.Is(failure, errPanicked)
	if clean && !conn.IsClosed() && !conn.IsBusy() && l.quiet() {
		// pgconn may still read in the background: this waits for it with a query without effect.
		clean = conn.SyncConn(context.WithoutCancel(ctx)) == nil
	}
	t.s.setLent(false)
	closed := conn.IsClosed()
	l.takeBack()
	if b := t.s.backend.broken; b != nil || closed {
		return failure, fmt.Errorf("backend connection lost during a call: %w", errors.Join(b, failure))
	}
	if !clean || !l.quiet() {
		if err := l.settle(); err != nil {
			return failure, fmt.Errorf("recover the backend connection: %w", err)
		}
	}
	return failure, nil
}

// hijacked describes the session's backend connection to pgconn.
func (t *takeover) hijacked(l *lent) *pgconn.HijackedConn {
	s := t.s
	config := &pgconn.Config{
		// pgconn dials only to cancel what runs on a connection that it gives up.
		DialFunc: func(context.Context, string, string) (net.Conn, error) {
			return nil, errors.New("a lent connection cancels through its session")
		},
		BuildFrontend:              func(r io.Reader, w io.Writer) *pgproto3.Frontend { return pgproto3.NewFrontend(r, w) },
		BuildContextWatcherHandler: func(*pgconn.PgConn) ctxwatch.Handler { return l.cancelling },
	}
	pid, secret, err := frame.CancelKey([]byte(s.key))
	if err != nil {
		pid, secret = 0, nil // a backend without keys: nothing can be cancelled
	}
	return &pgconn.HijackedConn{
		Conn: l, PID: pid, SecretKey: secret, ParameterStatuses: maps.Clone(s.answers.parameters),
		TxStatus: t.state(), Config: config,
	}
}

// errPanicked marks what was a panic.
var errPanicked = errors.New("internal error")

// shielded turns a panic into an error, and keeps the stack for the log.
func (t *takeover) shielded(work func() error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			t.s.log.Error("a call panicked", "panic", fmt.Sprint(r), "stack", string(debug.Stack()))
			err = fmt.Errorf("%w: %v", errPanicked, r)
		}
	}()
	return work()
}

// prepare has the engine work for one execution of a statement.
func (t *takeover) prepare(ctx context.Context, st Statement, call Call) (*Final, error, error) {
	defer t.timing.preparing()()
	if full := t.s.server.memory.refusal(); full != nil {
		return nil, full, nil
	}
	call.Log = t.s.log
	call.Attachment, call.Attach = t.attached()
	var over atomic.Bool
	call.Notice = func(n *pgconn.Notice) {
		if n == nil || over.Load() {
			return
		}
		if b, err := frame.AppendNotice(nil, n); err == nil {
			_ = t.s.toClient(b, false) // a client that is gone is noticed elsewhere
		}
	}
	defer over.Store(true)
	var final *Final
	failure, err := t.lend(ctx, func(conn *pgconn.PgConn) (err error) {
		final, err = st.Prepare(ctx, conn, call)
		if err == nil && final == nil {
			err = errors.New("the call gave no statement")
		}
		if err == nil {
			err = final.fits(call)
		}
		return err
	})
	if failure == nil && err == nil && ctx.Err() != nil {
		failure = context.Cause(ctx)
	}
	return final, failure, err
}

// errBackendLost is the cause of a call's context whose backend has gone while the engine worked.
var errBackendLost = errors.New("backend closed the connection")

// watchBackend ends a call whose backend goes away while nobody reads from it, where the connection can tell.
func (s *session) watchBackend() (stop func()) {
	w, ok := s.backend.conn.(interface {
		Watch(left func(error)) (stop func())
	})
	if !ok {
		return func() {}
	}
	return w.Watch(func(error) {
		s.callMu.Lock()
		defer s.callMu.Unlock()
		if s.call != nil {
			s.call.cancel(errBackendLost)
		}
	})
}

func (s *session) setLent(lent bool) {
	s.callMu.Lock()
	defer s.callMu.Unlock()
	if s.call != nil {
		s.call.lent = lent
	}
}

// wording gives the error that the client gets for a failed call.
func (t *takeover) wording(ctx context.Context, failure error) *pgconn.PgError {
	var e *pgconn.PgError
	switch {
	case errors.Is(context.Cause(ctx), errCanceled) && (!errors.As(failure, &e) || e.Code == queryCanceled):
		return &pgconn.PgError{Code: queryCanceled, Message: "canceling statement due to user request"}
	case errors.Is(context.Cause(ctx), errStatementTimeout) && (!errors.As(failure, &e) || e.Code == queryCanceled):
		return &pgconn.PgError{Code: queryCanceled, Message: "canceling statement due to statement timeout"}
	case errors.As(failure, &e):
		return e
	}
	return &pgconn.PgError{Code: internalError, Message: failure.Error()}
}
