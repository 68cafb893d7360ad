package server

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"sync"
	"time"

	"cvp/server/frame"
)

// cancelPatience bounds the delivery of one cancel request. Postgres closes the connection once the signal is
// sent, which takes it a millisecond.
const cancelPatience = 5 * time.Second

// errCanceled is the cause of a call's context that a CancelRequest has ended.
var errCanceled = errors.New("canceled by the client")

// cancelPacket is the CancelRequest for a key: the process and its secret, as BackendKeyData gives them.
func cancelPacket(key string) []byte {
	b := make([]byte, 8, 8+len(key))
	putUint32(b, uint32(8+len(key)))
	putUint32(b[4:], frame.CancelRequest)
	return append(b, key...)
}

// deliverCancel hands a CancelRequest to a host of the backend and returns when the host has acted on it.
func (s *Server) deliverCancel(log *slog.Logger, h host, packet []byte) {
	ctx, stop := context.WithTimeout(context.Background(), cancelPatience)
	defer stop()
	conn, err := s.config.Backend.reach(ctx, h, false)
	if err != nil {
		log.Warn("cancel request not delivered", "reason", err)
		return
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(cancelPatience))
	if _, err := conn.Write(packet); err != nil {
		log.Warn("cancel request not delivered", "reason", err)
		return
	}
	_, _ = io.Copy(io.Discard, conn)
}

// cancelBackend cancels what a session's backend does, without waiting.
func (s *Server) cancelBackend(session *session) {
	s.background.Go(func() { s.deliverCancelTo(session) })
}

// deliverCancelTo cancels what a session's backend does.
func (s *Server) deliverCancelTo(session *session) {
	s.mu.Lock()
	key := session.key
	s.mu.Unlock()
	if key != "" {
		s.deliverCancel(session.log, session.host, cancelPacket(key))
	}
}

// cancelRequest serves a client's CancelRequest: the engine's work of the session with that key ends, and the
// backend gets the request as it is. While the engine has lent out the connection, its context does that
// (see cancelling), so that no late signal can hit what the session does next.
func (s *Server) cancelRequest(packet []byte, key string) {
	s.observer.CancelRequested()
	s.mu.Lock()
	session := s.keys[key]
	s.mu.Unlock()
	if session == nil { // another server's, in front of the same backend
		for _, h := range s.config.Backend.hosts {
			s.deliverCancel(s.log, h, packet)
		}
		return
	}
	call, lent := session.cancelCall()
	if lent {
		return
	}
	s.deliverCancel(session.log, session.host, packet)
	if call != nil {
		s.background.Go(func() { session.insist(call, packet) })
	}
}

// insist repeats a CancelRequest while the call that it is meant for goes on: the first may have come between
// two of its queries.
func (s *session) insist(call *running, packet []byte) {
	again := time.NewTicker(cancelAgain)
	defer again.Stop()
	for end := time.Now().Add(cancelGiveUp); time.Now().Before(end); {
		select {
		case <-call.done:
			return
		case <-again.C:
		}
		s.callMu.Lock()
		goesOn := s.call == call && !call.lent
		s.callMu.Unlock()
		if goesOn {
			s.server.deliverCancel(s.log, s.host, packet)
		}
	}
}

// running is a call of ours in progress.
type running struct {
	cancel context.CancelCauseFunc
	lent   bool // the engine has the backend connection
	done   chan struct{}
}

// cancelCall cancels the call in progress and gives it, with whether that takes care of the backend too.
func (s *session) cancelCall() (call *running, lent bool) {
	s.callMu.Lock()
	defer s.callMu.Unlock()
	if s.call == nil {
		return nil, false
	}
	s.call.cancel(errCanceled)
	return s.call, s.call.lent
}

// cancelling is what pgconn does when the context of a query on a lent connection ends: it keeps asking the
// backend to cancel until the query has answered, and never breaks the connection. One request alone could
// arrive before the query does.
type cancelling struct {
	deliver func()
	giveUp  func()

	mu      sync.Mutex
	over    bool          // the connection was taken back
	stop    chan struct{} // nil while nothing is being cancelled
	stopped chan struct{}
}

const (
	cancelAgain = 200 * time.Millisecond
	// cancelGiveUp is the last resort: a backend that does not react to cancel requests for so long is left.
	cancelGiveUp = time.Minute
)

// HandleCancel is called by pgconn when the context ends.
func (c *cancelling) HandleCancel(context.Context) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.over {
		return
	}
	c.stop, c.stopped = make(chan struct{}), make(chan struct{})
	go c.insist(c.stop, c.stopped)
}

func (c *cancelling) insist(stop <-chan struct{}, stopped chan<- struct{}) {
	defer close(stopped)
	again := time.NewTicker(cancelAgain)
	defer again.Stop()
	for end := time.Now().Add(cancelGiveUp); time.Now().Before(end); {
		c.deliver()
		select {
		case <-stop:
			return
		case <-again.C:
		}
	}
	c.giveUp()
}

// HandleUnwatchAfterCancel is called by pgconn when the query has answered. Every request sent has then been
// acted on.
func (c *cancelling) HandleUnwatchAfterCancel() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.halt()
}

// takeBack ends the cancelling of a query that nobody waits for any more, and of every later one.
func (c *cancelling) takeBack() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.over = true
	c.halt()
}

func (c *cancelling) halt() {
	if c.stop == nil {
		return
	}
	close(c.stop)
	<-c.stopped
	c.stop = nil
}
