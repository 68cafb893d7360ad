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

// ending gives why a session has ended.
func (s *session) ending() Ending {
	var own *pgconn.PgError
	if errors.As(context.Cause(s.ctx), &own) { // from dismiss; the backend's errors are relayed as bytes
		switch own.Code {
		case idleSessionTimeout:
			return EndedByIdleTimeout
		case protocolViolation:
			return EndedByViolation
		default:
			return EndedByShutdown
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
