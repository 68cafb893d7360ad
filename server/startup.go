package server

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	"cvp/server/frame"
	"github.com/jackc/pgx/v5/pgconn"
)

// errDone ends a connection that was about something else than a session.
var errDone = errors.New("nothing more to do")

// accept serves one connection from its first byte to its end.
func (s *Server) accept(raw net.Conn, relays *relays) {
	_ = raw.SetDeadline(time.Now().Add(s.config.StartupTimeout))
	c, err := s.greet(raw)
	if err == nil {
		err = s.open(raw, c, relays)
	}
	if err != nil && !errors.Is(err, errDone) {
		s.observeRefusal(err)
		s.log.Debug("connection refused", "client", raw.RemoteAddr().String(), "reason", err)
	}
	_ = raw.Close()
}

// open starts what a client's packet asks for.
func (s *Server) open(raw net.Conn, c *caller, relays *relays) error {
	if c.start.Code == frame.CancelRequest {
		s.cancelRequest(c.packet, string(c.packet[8:]))
		return errDone
	}
	if e := s.identify(c); e != nil {
		return refuse(c.conn, e)
	}
	if !s.admit() {
		return refuse(c.conn, &pgconn.PgError{Code: tooManyConnections, Message: "sorry, too many clients already"})
	}
	defer s.dismissed()
	ctx, stop := context.WithTimeout(context.Background(), s.config.StartupTimeout)
	backend, err := s.connectBackend(ctx, c.packet, c.identified || s.config.Backend.identify)
	stop()
	if err != nil {
		s.log.Warn("backend not reachable", "backend", s.config.Backend.String(), "reason", err)
		return refuse(c.conn, &pgconn.PgError{Code: connectionFailure,
			Message: fmt.Sprintf("could not connect to the backend server: %v", err)})
	}
	_ = c.conn.SetDeadline(time.Time{})
	relayer, client, behind, err := relays.join(c.conn, backend.Conn)
	if err != nil {
		return err
	}
	session := newSession(s, relayer, client, behind)
	session.backend.push(backend.first)
	session.host = backend.host
	session.auth = newAuthentication(session, c, backend.link)
	if isReplication(c.start.Parameter("replication")) {
		session.planner = nil
	}
	session.forDatabase(c.start)
	if !s.register(session, raw) {
		defer relayer.release(session)
		_ = behind.Close()
		return refuse(client, &pgconn.PgError{Code: cannotConnectNow, Message: "the database system is shutting down"})
	}
	defer s.forget(session)
	defer session.detach()
	session.observed(c.start, session.run)
	return errDone
}

// isReplication tells a walsender's start-up parameter: all its traffic is relayed as it is.
func isReplication(value string) bool {
	switch strings.ToLower(value) {
	case "", "false", "off", "no", "0", "f", "n":
		return false
	}
	return true
}

// refuse ends a connection with an error.
func refuse(conn net.Conn, e *pgconn.PgError) error {
	e.Severity = "FATAL"
	b, err := frame.AppendError(nil, e)
	if err != nil {
		return err
	}
	_ = conn.SetDeadline(time.Now().Add(time.Second))
	if _, err := conn.Write(b); err != nil {
		return fmt.Errorf("tell a client %q: %w", e.Message, err)
	}
	if t, ok := conn.(*tls.Conn); ok {
		_ = t.CloseWrite()
	}
	return e
}

// maxStartAnswer bounds a frame of a backend before its session has started.
const maxStartAnswer = 1 << 20

// relayStart relays the backend's frames up to the first ReadyForQuery: authentication, parameters and key
// are the backend's own.
func (s *session) relayStart() error {
	b := s.backend
	var out []byte
	for {
		kind, size, err := b.head()
		if err != nil {
			return fmt.Errorf("read from backend: %w", err)
		}
		if size > maxStartAnswer {
			return fmt.Errorf("read from backend: %w", &frame.LengthError{Kind: kind, Length: int32(size - 1)})
		}
		kind, f, err := b.whole()
		if err != nil {
			return fmt.Errorf("read from backend: %w", err)
		}
		if kind == frame.ReadyForQuery {
			return s.enter(out, f)
		}
		if out, err = s.answerStart(out, kind, f); err != nil {
			return err
		}
		b.drop(len(f))
		if len(b.unread()) > 0 {
			continue
		}
		if err := s.toClient(out, false); err != nil {
			return fmt.Errorf("write to client: %w", err)
		}
		out = out[:0]
	}
}

// enter gives the client the first ReadyForQuery, behind what waits for it. The planner may look at the database
// before.
func (s *session) enter(out, f []byte) error {
	ready := bytes.Clone(f)
	s.answers.status.Store(int32(ready[len(ready)-1]))
	s.backend.drop(len(f))
	if s.names != nil && s.names.Due() {
		if err := s.toClient(out, false); err != nil {
			return fmt.Errorf("write to client: %w", err)
		}
		out = out[:0]
		if err := s.learn(); err != nil {
			return err
		}
	}
	if err := s.toClient(append(out, ready...), false); err != nil {
		return fmt.Errorf("write to client: %w", err)
	}
	return nil
}

// answerStart appends one frame of the start as the client is to have it.
func (s *session) answerStart(out []byte, kind byte, f []byte) ([]byte, error) {
	body := f[frame.HeadLen:]
	switch kind {
	case frame.Authentication:
		return s.auth.fromBackend(out, f)
	case frame.ErrorResponse:
		s.server.observer.LoginFailed(frame.Field(body, 'C'))
	case frame.ParameterStatus:
		s.answers.report(f)
	case frame.BackendKeyData:
		if _, _, err := frame.CancelKey(body); err == nil {
			s.server.keep(s, string(body))
		}
	}
	return append(out, f...), nil
}
