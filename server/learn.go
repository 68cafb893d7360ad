package server

import (
	"context"
	"strconv"
	"time"

	"cvp/server/frame"
	"github.com/jackc/pgx/v5/pgconn"
)

// Learner is a Planner that finds its calls also behind names of a database's own: views that hold one.
type Learner interface {
	Planner
	// Database gives the planner for sessions of one database.
	Database(name string) DatabasePlanner
}

// DatabasePlanner plans for the sessions of one database.
type DatabasePlanner interface {
	Planner
	// Mentions reports whether a query string may hold one of the database's names, beside cvp_. A false answer is
	// certain; it is asked of every query string, so it must cost little.
	Mentions(sql []byte) bool
	// Due says that Learn should be called. It says so to one session at a time.
	Due() bool
	// Learn looks the names up. It is called at the start of a session, before the client may ask anything.
	Learn(ctx context.Context, conn *pgconn.PgConn) error
}

// learnPatience bounds how long a client waits for its session because of Learn.
const learnPatience = 2 * time.Second

// forDatabase sets who plans for the session.
func (s *session) forDatabase(start frame.Startup) {
	l, ok := s.planner.(Learner)
	if !ok {
		return
	}
	name := start.Parameter("database")
	if name == "" {
		name = start.Parameter("user")
	}
	s.names = l.Database(name)
	s.planner = s.names
}

// mentions reports whether a query string may be the planner's.
func (s *session) mentions(sql []byte) bool {
	return frame.Mentions(sql) || s.names != nil && s.names.Mentions(sql) || s.executes && frame.MentionsExecute(sql)
}

// learn has the planner look at the database, between the backend's first ReadyForQuery and the client's. What the
// client is to have before has been sent. A failure costs nothing but the names.
func (s *session) learn() error {
	t := s.takeOver()
	ctx, done := t.working()
	defer done()
	ctx, stop := context.WithTimeout(ctx, learnPatience)
	defer stop()
	failure, err := t.lend(ctx, func(conn *pgconn.PgConn) error { return s.names.Learn(ctx, conn) })
	if failure != nil {
		s.log.Warn("names of the database are not known", "reason", failure)
	}
	if err != nil {
		return err
	}
	return t.flush()
}

// Hinter is a Planner that knows more of an error than Postgres says.
type Hinter interface {
	// Hint words a hint for an error of Postgres's in a text of Plan's, "" to leave it as it is.
	Hint(code, message string) string
}

// origin is what a text of the planner's was made of: a Statement, or several.
type origin interface{ Position(int32) int32 }

// appendError appends the ErrorResponse for an error in a text of the planner's as it is about the client's.
func (s *session) appendError(dst, body []byte, from origin) []byte {
	if r, ok := from.(Reworder); ok {
		if at, err := strconv.ParseInt(frame.Field(body, 'P'), 10, 32); err == nil {
			body = frame.WithMessage(body, r.Reword(frame.Field(body, 'M'), int32(at)))
		}
	}
	if h, ok := s.planner.(Hinter); ok {
		if hint := h.Hint(frame.Field(body, 'C'), frame.Field(body, 'M')); hint != "" {
			body = frame.WithHint(body, hint)
		}
	}
	return frame.AppendRepositioned(dst, body, from.Position)
}
