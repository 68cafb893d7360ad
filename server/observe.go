package server

import (
	"context"
	"errors"
	"time"

	"cvp/server/frame"
	"github.com/jackc/pgx/v5/pgconn"
)

// observed runs a session whose client has said who it is, and tells of its start and its end.
func (s *session) observed(start frame.Startup, run func()) {
	s.log = s.log.With("user", named(start, "user"), "database", named(start, "database"), "application_name", named(start, "application_name"))
	began := time.Now()
	s.log.Debug("session starts")
	s.server.observer.SessionStarted()
	run()
	why := s.ending()
	if own := s.dismissal(); why == EndedAtLogin && own != nil {
		s.server.observer.LoginFailed(own.Code)
	}
	s.server.observer.SessionEnded(why)
	s.log.Debug("session ended", "by", string(why), "duration_seconds", time.Since(began).Seconds())
}

// named is a parameter of a client's for the log, as short as Postgres makes it.
func named(start frame.Startup, parameter string) string {
	return shortened(start.Parameter(parameter), maxRole)
}

// observeRefusal tells of a client that was turned away with a SQLSTATE.
func (s *Server) observeRefusal(err error) {
	var e *pgconn.PgError
	if errors.As(err, &e) {
		s.observer.ClientRefused(e.Code)
	}
}

// connectBackend connects as Backend.connect does, and tells how long that took.
func (s *Server) connectBackend(ctx context.Context, packet []byte, identify bool) (*attempt, error) {
	began := time.Now()
	a, err := s.config.Backend.connect(ctx, packet, identify)
	s.observer.BackendDialed(time.Since(began), err)
	return a, err
}

// observePause tells how long a session waited for its backend connection.
func (s *session) observePause(began time.Time) {
	if s.owning {
		s.server.observer.TakenOver(time.Since(began))
	}
}
