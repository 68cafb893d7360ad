package server

import (
	"context"
	"errors"
	"sync/atomic"

	"github.com/jackc/pgx/v5/pgconn"
)

// sides are the two of a session, for the question which of them ended it.
const (
	clientSide int32 = iota + 1
	backendSide
)

// firstEnd remembers which side of a session ended first: the end of one ends the other.
type firstEnd struct{ side atomic.Int32 }

// by notes that a side has ended.
func (e *firstEnd) by(side int32) { e.side.CompareAndSwap(0, side) }

// ofRequests notes that the client's side has ended: by the backend's doing where that takes no more.
func (e *firstEnd) ofRequests(err error) {
	if write := (*backendWriteError)(nil); errors.As(err, &write) {
		e.by(backendSide)
	}
	e.by(clientSide)
}

// ending gives why a session has ended.
func (s *session) ending() Ending {
	if own := s.dismissal(); own != nil {
		switch own.Code {
		case idleSessionTimeout:
			return EndedByIdleTimeout
		case protocolViolation:
			return EndedByViolation
		case adminShutdown:
			return EndedByShutdown
		case internalError:
			return EndedByDefect
		}
	}
	switch {
	case !s.started.Load():
		return EndedAtLogin
	case s.asked.terminated || s.firstEnd.side.Load() == clientSide:
		return EndedByClient
	}
	return EndedByBackend
}

// dismissal is the error with which the server itself ended the session, nil where it did not. Errors of the
// backend are none: they are relayed as bytes.
func (s *session) dismissal() (own *pgconn.PgError) {
	errors.As(context.Cause(s.ctx), &own)
	return own
}
