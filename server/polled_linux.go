package server

import (
	"fmt"
	"log/slog"
	"net"
	"runtime"
	"sync/atomic"

	"cvp/server/poll"
)

// polled relays a session on a poller's goroutine. The session's own goroutine sleeps meanwhile; it gets the
// client's side for as long as frames have to be intercepted, and when that side ends.
//
// Who has a side is told by its socket: the poller while that is delivered, else whoever has withdrawn it.
type polled struct {
	session         *session
	client, backend *poll.Socket
	// onRequests and onAnswers are what the poller does for the sides.
	onRequests, onAnswers func()

	// taken wakes the session's goroutine: the client's side is its own from then on, or it should leave.
	taken chan struct{}
	// requestsEnded is why the client's side is over, nil while it is not. It is written before taken is signalled.
	requestsEnded error
	// ended is closed when the backend's side is over.
	ended chan struct{}
}

// turn bounds how many buffers one side may move before others have their turn.
const turn = 16

func newPolled(client, backend *poll.Socket) *polled {
	r := &polled{client: client, backend: backend, taken: make(chan struct{}, 1), ended: make(chan struct{})}
	r.onRequests, r.onAnswers = r.readRequests, r.readAnswers
	client.WhenDrained(backend.Rearm)
	backend.WhenDrained(client.Rearm)
	return r
}

func (r *polled) relay(s *session) error {
	r.session = s
	r.resume(s)
	for {
		if err := s.forwardRequests(); err != nil {
			return err
		}
		s.client.keep()
		r.client.Deliver(&r.onRequests)
		if err := r.sleep(); err != nil {
			return err
		}
		if r.requestsEnded != nil {
			return r.requestsEnded
		}
	}
}

// sleep waits until the client's side is the calling goroutine's.
func (r *polled) sleep() error {
	for {
		select {
		case <-r.taken:
		case <-r.session.ctx.Done():
			return errClosed
		}
		switch {
		case !r.client.IsDelivered():
			return nil
		case r.session.leaves():
			r.session.dismiss(shutdownError())
			return errClosed
		}
	}
}

// take gives the client's side to the session's goroutine.
func (r *polled) take(ended error) {
	r.session.client.keep()
	r.requestsEnded = ended
	r.client.Withdraw()
	r.call()
}

// readRequests forwards what the client has sent, on the poller's goroutine.
func (r *polled) readRequests() {
	s := r.session
	for range turn {
		if r.backend.IsBlocked() {
			s.client.keep()
			return // it goes on when that has drained
		}
		more, err := s.client.readNow(r.client)
		if err == poll.ErrAgain {
			s.client.keep()
			return
		}
		if err != nil {
			r.take(fmt.Errorf("read from client: %w", err))
			return
		}
		n, stop, err := s.walkRequests(s.client.unread())
		if err != nil {
			r.take(nil) // the session's goroutine comes to the same and says so
			return
		}
		if n > 0 {
			if _, err := r.backend.Queue(s.client.unread()[:n]); err != nil {
				r.take(&backendWriteError{err})
				return
			}
			s.client.drop(n)
		}
		switch {
		case stop:
			r.take(nil)
			return
		case !more:
			s.client.keep()
			return
		}
	}
	s.client.keep()
	r.client.Again()
}

// readAnswers relays what the backend has sent, on the poller's goroutine.
func (r *polled) readAnswers() {
	s := r.session
	for range turn {
		if r.client.IsBlocked() {
			s.backend.keep()
			return // it goes on when that has drained
		}
		more, err := s.backend.readNow(r.backend)
		if err == poll.ErrAgain {
			s.backend.keep()
			return
		}
		if err != nil {
			r.endAnswers(fmt.Errorf("read from backend: %w", err))
			return
		}
		switch parked, err := s.relayAnswers(r.toClient); {
		case err != nil:
			r.endAnswers(err)
			return
		case parked:
			s.backend.keep()
			r.backend.Withdraw()
			s.gate.park()
			return
		case !more:
			s.backend.keep()
			if s.draining.Load() {
				r.nudge(s)
			}
			return
		}
	}
	s.backend.keep()
	r.backend.Again()
}

// endAnswers ends the backend's side and with it the session.
func (r *polled) endAnswers(err error) {
	s := r.session
	r.backend.Withdraw()
	s.firstEnd.by(backendSide)
	s.log.Debug("backend side ended", "reason", err)
	s.end(err)
	_ = r.client.Close()
	close(r.ended)
}

// toClient is session.toClient for the poller, which must never wait.
func (r *polled) toClient(b []byte, mid bool) error {
	if len(b) == 0 {
		return nil
	}
	s := r.session
	if !s.toClientMu.TryLock() {
		return errClosed // somebody is telling the client why its session ends
	}
	defer s.toClientMu.Unlock()
	s.midFrame = mid
	_, err := r.client.Queue(b)
	return err
}

func (r *polled) answersEnded() <-chan struct{} { return r.ended }

// resume relays what was read meanwhile and gives the side back to the poller.
func (r *polled) resume(s *session) {
	if _, err := s.relayAnswers(s.toClient); err != nil { // no fence is up
		r.endAnswers(err)
		return
	}
	s.backend.keep()
	r.backend.Deliver(&r.onAnswers)
	if s.draining.Load() {
		r.nudge(s)
	}
}

// call wakes the session's goroutine.
func (r *polled) call() {
	select {
	case r.taken <- struct{}{}:
	default: // it has not looked yet
	}
}

func (r *polled) nudge(*session) { r.call() }

func (r *polled) watch(_ *session, left func(error)) func() { return r.client.Watch(left) }

func (r *polled) release(*session) { r.client.Poller().Release(r.client, r.backend) }

// readNow reads what has come, into the poller's scratch where nothing is unread. It reports whether more may
// be there.
func (w *wire) readNow(c *poll.Socket) (more bool, err error) {
	if w.r == w.w {
		w.borrow(c.Poller().Scratch())
	} else {
		w.makeRoom()
	}
	room := w.buf[w.w:]
	n, err := c.ReadNow(room)
	w.w += n
	w.received.count(n)
	w.last = n
	if err != nil && err != poll.ErrAgain {
		w.broken = err
	}
	return n == len(room) || c.HungUp(), err
}

// relays are the pollers of a server, each with a share of the sessions.
type relays struct {
	pollers []*poll.Poller
	next    atomic.Uint32
}

// processorsPerPoller is few: one poller relays tens of thousands of transactions a second.
const processorsPerPoller = 4

// startRelays starts what relays a server's sessions.
func startRelays(log *slog.Logger) (*relays, error) {
	r := &relays{}
	for range max(1, runtime.NumCPU()/processorsPerPoller) {
		p, err := poll.Start(log)
		if err != nil {
			r.stop()
			return nil, fmt.Errorf("start relaying: %w", err)
		}
		r.pollers = append(r.pollers, p)
	}
	return r, nil
}

func (r *relays) stop() {
	for _, p := range r.pollers {
		p.Stop()
	}
}

// join gives the relayer for two connections and what takes their place; it closes them where it fails.
func (r *relays) join(client, backend net.Conn) (relayer, net.Conn, net.Conn, error) {
	if !isPlain(client) || !isPlain(backend) {
		return newPumps(), client, backend, nil
	}
	p := r.pollers[int(r.next.Add(1))%len(r.pollers)]
	c, err := p.Adopt(client)
	if err != nil {
		_, _ = client.Close(), backend.Close()
		return nil, nil, nil, err
	}
	b, err := p.Adopt(backend)
	if err != nil {
		p.Release(c)
		_ = backend.Close()
		return nil, nil, nil, err
	}
	return newPolled(c, b), c, b, nil
}

// isPlain reports that a connection's bytes are those of its descriptor.
func isPlain(conn net.Conn) bool {
	switch conn.(type) {
	case *net.TCPConn, *net.UnixConn:
		return true
	}
	return false
}
