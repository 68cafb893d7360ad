package server

import (
	"context"
	"fmt"
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
	planner Planner         // nil where nothing is ours
	names   DatabasePlanner // the planner, where it knows more names than cvp_; else nil
	host    host            // the backend's, for cancel requests
	key     string          // the backend's cancel key, once it is known; under the server's lock
	auth    *authentication
	readied readied

	relayer   relayer
	gate      *gate
	asked     asked
	answers   answers
	calls     calls
	kept      kept
	unwatched func() // ends the watching of the client, nil while nobody watches
	owning    bool   // the backend pump is parked: the client pump has both connections
	// discarding says that the extended protocol has met an error that only we know of: what the client sends up to
	// its Sync is dropped here.
	discarding bool
	// executes says that the client may have prepared a statement of ours in SQL: the planner is asked about EXECUTE.
	executes bool
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
	// attachment is work elsewhere that belongs to the transaction that opened tells of.
	attachment Attachment

	toClientMu sync.Mutex
	midFrame   bool // the client has got the start of a frame and not its end

	callMu sync.Mutex
	call   *running
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
		s.relayer.nudge(s)
	}
}

// wake ends a blocked read from the backend.
func (s *session) wake() { _ = s.backend.conn.SetReadDeadline(time.Unix(1, 0)) }

func (s *session) unwake() { _ = s.backend.conn.SetReadDeadline(time.Time{}) }

// leaves says that the server shuts down and the session has nothing open. The backend's side asks.
func (s *session) leaves() bool {
	return s.draining.Load() && s.isIdle() && s.answerLeft == 0
}

func shutdownError() *pgconn.PgError {
	return &pgconn.PgError{Code: adminShutdown, Message: "terminating connection due to administrator command"}
}

// newSession prepares a session between two connections.
func newSession(srv *Server, relayer relayer, client, backend net.Conn) *session {
	ctx, end := context.WithCancelCause(context.Background())
	s := &session{
		server: srv, ctx: ctx, end: end, planner: srv.config.Planner, relayer: relayer,
		client: newWire(client), backend: newWire(backend),
		gate: newGate(), calls: newCalls(),
	}
	s.answers.parameters = map[string]string{}
	id := srv.sessionIDs.Add(1)
	s.kept.prefix = fmt.Sprintf("%s-%d", srv.fenceName, id)
	s.log = srv.log.With("session", id, "client", client.RemoteAddr().String())
	return s
}
