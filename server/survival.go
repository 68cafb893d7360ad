package server

import (
	"fmt"
	"net"
	"runtime/debug"

	"github.com/jackc/pgx/v5/pgconn"
)

// survive is deferred by every goroutine of a session: a panic in one ends the session, and nobody else's.
func (s *session) survive() {
	if r := recover(); r != nil {
		s.log.Error("session panicked", "panic", fmt.Sprint(r), "stack", string(debug.Stack()))
		s.dismiss(&pgconn.PgError{Code: internalError, Message: "internal error"})
	}
}

// surviveClient is survive for a client that has no session yet.
func (s *Server) surviveClient(conn net.Conn) {
	if r := recover(); r != nil {
		s.log.Error("serving a client panicked", "client", conn.RemoteAddr().String(), "panic", fmt.Sprint(r), "stack", string(debug.Stack()))
		_ = conn.Close()
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.conns, conn)
	}
}
