package server

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"cvp/server/frame"
	"github.com/jackc/pgx/v5/pgconn"
)

// lastWords is how long a session waits for a backend to end once its client has gone, or for what a backend
// has still to say once it takes no more.
const lastWords = 10 * time.Second

// session joins one client to one backend connection.
type session struct {
	server  *Server
	log     *slog.Logger
	ctx     context.Context
	end     context.CancelCauseFunc
	client  *wire
	backend *wire
	planner Planner // nil where nothing is ours
	host    host    // the backend's, for cancel requests
	key     string  // the backend's cancel key, once it is known; under the server's lock
	auth    *authentication
	readied readied

	gate    *gate
	asked   asked
	answers answers
	calls   calls
	watch   *watch
	owning  bool  // the backend pump is parked: the client pump has both connections
	portals int64 // final statements so far
	// discarding says that the extended protocol has met an error that only we know of: what the client sends up to
	// its Sync is dropped here.
	discarding bool
	// serializable is the level that the session's transactions had by default as of the last call.
	serializable bool
	held         []byte // frames of our own for the backend, to be sent with what is forwarded next
	// requestLeft and answerLeft are the bytes to come of a frame whose head was forwarded.
	requestLeft, answerLeft int
	started                 atomic.Bool // the backend has said that it is ready
	firstEnd                firstEnd

	// opened says that the transaction of the client's unsynced segment is one we opened around a call.
	opened   atomic.Bool
	draining atomic.Bool

	toClientMu sync.Mutex
	midFrame   bool // the client has got the start of a frame and not its end

	callMu sync.Mutex
	call   *running
}

// run relays until the session ends.
func (s *session) run() {
	defer s.survive()
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer s.survive()
		err := s.backendSide()
		s.firstEnd.by(backendSide)
		s.log.Debug("backend side ended", "reason", err)
		s.end(err)
		_ = s.client.conn.Close()
	}()
	err := s.pumpClient()
	s.firstEnd.by(clientSide)
	s.log.Debug("client side ended", "reason", err)
	if s.parting(err) {
		select {
		case <-done:
		case <-time.After(lastWords):
		}
	}
	s.end(err)
	_ = s.client.conn.Close()
	_ = s.backend.conn.Close()
	s.stopWatch()
	<-done
	s.client.release()
	s.backend.release()
}

// backendSide relays the start of the session and then everything else.
func (s *session) backendSide() error {
	if err := s.relayStart(); err != nil {
		return err
	}
	s.started.Store(true)
	return s.pumpBackend()
}

// parting tells the backend that the client is gone, and reports whether its end is worth waiting for. A client
// that went without a word takes the work it left behind with it.
func (s *session) parting(err error) bool {
	if s.ctx.Err() != nil {
		return false
	}
	if s.owning {
		s.relayLastWords()
		return false
	}
	var write *backendWriteError
	if errors.As(err, &write) {
		return true
	}
	if !s.asked.terminated && s.started.Load() && !s.isIdle() {
		s.server.cancelBackend(s)
	}
	half, ok := s.backend.conn.(interface{ CloseWrite() error })
	return ok && half.CloseWrite() == nil
}

// relayLastWords gives the client what a backend that ends in the middle of a call has said.
func (s *session) relayLastWords() {
	stop := time.AfterFunc(time.Second, func() { s.end(errClosed); s.wake() })
	defer stop.Stop()
	t := s.takeOver()
	for {
		if _, _, err := t.next(); err != nil {
			return
		}
	}
}

// clientLeft is called when the client goes away while its session works for it.
func (s *session) clientLeft(err error) {
	s.firstEnd.by(clientSide)
	if errors.Is(err, io.EOF) {
		err = errors.New("client closed the connection")
	}
	s.end(err)
	s.server.cancelBackend(s)
	_ = s.backend.conn.Close()
}

// isIdle reports that the client has nothing open: no request, no transaction.
func (s *session) isIdle() bool {
	return s.started.Load() && !s.asked.unsynced.Load() && !s.opened.Load() &&
		s.asked.sent.Load() == s.answers.ready.Load() && s.answers.status.Load() == frame.Idle
}

// toClient sends bytes to the client; mid says that they end inside a frame.
func (s *session) toClient(b []byte, mid bool) error {
	if len(b) == 0 {
		return nil
	}
	s.toClientMu.Lock()
	defer s.toClientMu.Unlock()
	s.midFrame = mid
	_, err := s.client.conn.Write(b)
	return err
}

// dismiss tells the client why its session ends, unless it is in the middle of a frame, and ends it.
func (s *session) dismiss(e *pgconn.PgError) {
	e.Severity = "FATAL"
	if b, err := frame.AppendError(nil, e); err == nil {
		_ = s.client.conn.SetWriteDeadline(time.Now().Add(time.Second))
		s.toClientMu.Lock()
		if !s.midFrame {
			_, _ = s.client.conn.Write(b)
		}
		s.toClientMu.Unlock()
	}
	s.end(e)
	_ = s.client.conn.Close()
	_ = s.backend.conn.Close()
}

// violation ends a session whose client does not keep to the protocol.
func (s *session) violation(message string) error {
	e := &pgconn.PgError{Code: protocolViolation, Message: message}
	s.dismiss(e)
	return e
}

// leave ends an idle session of a server that shuts down, and asks a busy one to end when it becomes idle.
func (s *session) leave() {
	s.draining.Store(true)
	switch {
	case !s.started.Load():
		s.dismiss(shutdownError())
	case s.isIdle():
		s.wake()
	}
}

// wake makes the backend pump look up from its read.
func (s *session) wake() { _ = s.backend.conn.SetReadDeadline(time.Unix(1, 0)) }

func (s *session) unwake() { _ = s.backend.conn.SetReadDeadline(time.Time{}) }

// leaving is asked by the backend pump when it was woken: it ends the session if the server shuts down and
// nothing is open.
func (s *session) leaving() bool {
	s.unwake()
	if !s.draining.Load() || !s.isIdle() || s.answerLeft > 0 {
		return false
	}
	s.dismiss(shutdownError())
	return true
}

func shutdownError() *pgconn.PgError {
	return &pgconn.PgError{Code: adminShutdown, Message: "terminating connection due to administrator command"}
}

// newSession prepares a session between two connections.
func newSession(srv *Server, client, backend net.Conn) *session {
	ctx, end := context.WithCancelCause(context.Background())
	s := &session{
		server: srv, ctx: ctx, end: end, planner: srv.config.Planner,
		client: newWire(client), backend: newWire(backend),
		gate: newGate(), calls: newCalls(),
	}
	s.answers.parameters = map[string]string{}
	s.log = srv.log.With("session", srv.sessionIDs.Add(1), "client", client.RemoteAddr().String())
	return s
}
