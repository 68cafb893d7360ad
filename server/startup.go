package server

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"time"

	"cvp/server/frame"
	"github.com/jackc/pgx/v5/pgconn"
)

// errDone ends a connection that was about something else than a session.
var errDone = errors.New("nothing more to do")

// greet reads what a client sends before a session starts and answers requests for encryption. It returns the
// start-up packet as it came and the connection, which may now be TLS. It reads no byte beyond a packet, so
// that nothing sent in clear can be taken for a part of what TLS secures (CVE-2021-23214).
func (s *Server) greet(conn net.Conn) (net.Conn, []byte, frame.Startup, error) {
	secured := false
	for {
		var head [4]byte
		if _, err := io.ReadFull(conn, head[:]); err != nil {
			return nil, nil, frame.Startup{}, fmt.Errorf("read startup packet: %w", err)
		}
		if head[0] == tlsHandshake && !secured && s.config.TLS != nil {
			direct, err := s.directTLS(conn, head[:])
			if err != nil {
				return nil, nil, frame.Startup{}, err
			}
			conn, secured = direct, true
			continue
		}
		packet, err := readStartup(conn, head[:])
		if err != nil {
			return nil, nil, frame.Startup{}, err
		}
		start, err := frame.ParseStartup(packet)
		switch {
		case err != nil:
			return nil, nil, frame.Startup{}, err
		case start.Code == frame.SSLRequest && s.config.TLS != nil && !secured:
			if _, err := conn.Write([]byte{'S'}); err != nil {
				return nil, nil, frame.Startup{}, fmt.Errorf("answer a request for TLS: %w", err)
			}
			t := tls.Server(conn, s.config.TLS)
			if err := t.Handshake(); err != nil {
				return nil, nil, frame.Startup{}, fmt.Errorf("negotiate TLS with a client: %w", err)
			}
			conn, secured = t, true
		case start.Code == frame.SSLRequest, start.Code == frame.GSSENCRequest:
			if _, err := conn.Write([]byte{'N'}); err != nil {
				return nil, nil, frame.Startup{}, fmt.Errorf("refuse encryption: %w", err)
			}
		default:
			return conn, packet, start, nil
		}
	}
}

// readStartup reads the rest of a start-up packet, whose length is checked before anything is allocated.
func readStartup(conn net.Conn, head []byte) ([]byte, error) {
	size, err := frame.StartupSize(head)
	if err != nil {
		return nil, err
	}
	packet := make([]byte, size)
	copy(packet, head)
	if _, err := io.ReadFull(conn, packet[len(head):]); err != nil {
		return nil, fmt.Errorf("read startup packet: %w", err)
	}
	return packet, nil
}

// tlsHandshake is the first byte of TLS; a start-up packet would be far too long with it.
const tlsHandshake = 0x16

// directTLS serves a client that starts TLS at once (sslnegotiation=direct). It must name the protocol, as
// Postgres demands.
func (s *Server) directTLS(conn net.Conn, head []byte) (net.Conn, error) {
	t := tls.Server(&prefixed{Conn: conn, rest: bytes.NewReader(bytes.Clone(head))}, s.config.TLS)
	if err := t.Handshake(); err != nil {
		return nil, fmt.Errorf("negotiate TLS with a client: %w", err)
	}
	if t.ConnectionState().NegotiatedProtocol != alpn {
		return nil, errors.New("received direct SSL connection request without ALPN protocol negotiation extension")
	}
	return t, nil
}

// prefixed gives back bytes that were read from a connection to look at them.
type prefixed struct {
	net.Conn
	rest *bytes.Reader
}

func (p *prefixed) Read(b []byte) (int, error) {
	if p.rest.Len() > 0 {
		return p.rest.Read(b)
	}
	return p.Conn.Read(b)
}

// accept serves one connection from its first byte to its end.
func (s *Server) accept(raw net.Conn) {
	_ = raw.SetDeadline(time.Now().Add(s.config.StartupTimeout))
	conn, packet, start, err := s.greet(raw)
	if err == nil {
		err = s.open(raw, conn, packet, start)
	}
	if err != nil && !errors.Is(err, errDone) {
		s.log.Debug("connection refused", "client", raw.RemoteAddr().String(), "reason", err)
	}
	_ = raw.Close()
}

// open starts what a client's packet asks for.
func (s *Server) open(raw, conn net.Conn, packet []byte, start frame.Startup) error {
	if start.Code == frame.CancelRequest {
		s.cancelRequest(packet, string(packet[8:]))
		return errDone
	}
	if !s.admit() {
		return refuse(conn, tooManyConnections, "sorry, too many clients already")
	}
	defer s.dismissed()
	ctx, stop := context.WithTimeout(context.Background(), s.config.StartupTimeout)
	backend, secured, err := s.config.Backend.dial(ctx)
	stop()
	if err != nil {
		s.log.Warn("backend not reachable", "backend", s.config.Backend.String(), "reason", err)
		return refuse(conn, connectionFailure, fmt.Sprintf("could not connect to the backend server: %v", err))
	}
	_ = conn.SetDeadline(time.Time{})
	if _, err := backend.Write(packet); err != nil {
		_ = backend.Close()
		return refuse(conn, connectionFailure, fmt.Sprintf("could not send to the backend server: %v", err))
	}
	session := newSession(s, conn, backend)
	_, clientTLS := conn.(*tls.Conn)
	session.hideBinding = clientTLS || secured
	if isReplication(start.Parameter("replication")) {
		session.planner = nil
	}
	if !s.register(session, raw) {
		_ = backend.Close()
		return refuse(conn, cannotConnectNow, "the database system is shutting down")
	}
	defer s.forget(session)
	session.log.Debug("session starts", "user", start.Parameter("user"), "database", start.Parameter("database"))
	session.run()
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
func refuse(conn net.Conn, code, message string) error {
	e := &pgconn.PgError{Severity: "FATAL", Code: code, Message: message}
	b, err := frame.AppendError(nil, e)
	if err != nil {
		return err
	}
	_ = conn.SetDeadline(time.Now().Add(time.Second))
	if _, err := conn.Write(b); err != nil {
		return fmt.Errorf("tell a client %q: %w", message, err)
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
			return fmt.Errorf("read from backend: %w", &frame.LengthError{Kind: kind, Length: int32(size)})
		}
		kind, f, err := b.whole()
		if err != nil {
			return fmt.Errorf("read from backend: %w", err)
		}
		out = s.answerStart(out, kind, f)
		last := f[len(f)-1]
		b.drop(len(f))
		if kind == frame.ReadyForQuery {
			s.answers.status.Store(int32(last))
		} else if len(b.unread()) > 0 {
			continue
		}
		if err := s.toClient(out, false); err != nil {
			return fmt.Errorf("write to client: %w", err)
		}
		if out = out[:0]; kind == frame.ReadyForQuery {
			return nil
		}
	}
}

// answerStart appends one frame of the start as the client is to have it.
func (s *session) answerStart(out []byte, kind byte, f []byte) []byte {
	body := f[frame.HeadLen:]
	switch kind {
	case frame.Authentication:
		if s.hideBinding {
			return frame.AppendAuthentication(out, frame.WithoutChannelBinding(body))
		}
	case frame.ParameterStatus:
		s.answers.report(f)
	case frame.BackendKeyData:
		if _, _, err := frame.CancelKey(body); err == nil {
			s.server.keep(s, string(body))
		}
	}
	return append(out, f...)
}
