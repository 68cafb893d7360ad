package server

import (
	"context"
	"errors"

	"cvp/server/frame"
	"github.com/jackc/pgx/v5/pgconn"
)

// readied is whether the planner has made a session's database ready for what it plans.
type readied struct {
	committed bool  // in a transaction that has committed
	attempted bool  // in one that the client may yet roll back,
	segment   int64 // open in this segment
}

// due says whether the planner has to be asked (again).
func (r *readied) due(idle int64) bool {
	return !r.committed && !(r.attempted && idle <= r.segment)
}

// makeReady lets the planner make the database ready before the first planned statement reaches Postgres: the
// frame f, at the front of the client's buffer. It reports whether that has failed and f is dealt with.
//
// Between transactions it has one of its own. Inside a client's pipeline or transaction it is a part of that.
func (s *session) makeReady(f []byte) (done bool, err error) {
	if !s.readied.due(s.answers.idle.Load()) {
		return false, nil
	}
	switch o, err := s.pause(); {
	case err != nil:
		return false, err
	case o != parked:
		return false, nil
	case s.answers.status.Load() == frame.Failed && !s.asked.executed:
		s.resume()
		return false, nil // Postgres refuses what comes
	}
	t := s.takeOver()
	failed := t.makeReady()
	switch {
	case failed == nil:
		if err := t.flush(); err != nil {
			return false, err
		}
		s.resume()
		return false, nil
	case !errors.Is(failed, errFailed):
		return false, failed
	}
	s.asked.count(f[0], &s.answers)
	s.client.drop(len(f))
	if err := t.refuseFrame(f[0]); err != nil {
		return false, err
	}
	s.resume()
	return true, nil
}

// makeReady runs Planner.Ready in a transaction of its own, or in the one that is open.
func (t *takeover) makeReady() error {
	s := t.s
	ctx, done := t.working()
	defer done()
	alone := !s.asked.unsynced.Load()
	if err := t.begin(false, s.asked.executed); err != nil {
		return err
	}
	failure, err := t.lend(ctx, func(conn *pgconn.PgConn) error { return s.planner.Ready(ctx, conn) })
	if err != nil {
		return err
	}
	if b, n := t.renaming.end(nil, 0); n > 0 {
		if _, err := t.commands(b, nil); err != nil {
			return err
		}
	}
	if failure != nil {
		return t.notReady(ctx, alone, failure)
	}
	if alone && s.opened.Load() {
		if err := t.endTransaction("COMMIT"); err != nil {
			return err
		}
		s.readied.committed = true
		return nil
	}
	s.readied.attempted, s.readied.segment = true, s.asked.sent.Load()
	return nil
}

// notReady words a failure and leaves no transaction behind that the client has not begun.
func (t *takeover) notReady(ctx context.Context, alone bool, failure error) error {
	if err := t.report(t.wording(ctx, failure)); err != nil {
		return err
	}
	if alone && t.s.opened.Load() {
		if err := t.endTransaction("ROLLBACK"); err != nil {
			return err
		}
	}
	return errFailed
}

// refuseFrame ends the answer to a Query or Parse whose error the client gets.
func (t *takeover) refuseFrame(kind byte) error {
	if kind != frame.Query {
		if err := t.failUnsynced(); err != nil {
			return err
		}
		t.s.gate.onError(t.s.answers.failure())
		return t.flush()
	}
	switch {
	case t.s.opened.Load():
		if err := t.endTransaction("ROLLBACK"); err != nil {
			return err
		}
	case t.state() == frame.InTransaction:
		if err := t.fail(); err != nil {
			return err
		}
	}
	return t.ready()
}
