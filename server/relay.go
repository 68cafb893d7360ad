package server

import (
	"errors"
	"io"
	"time"
)

// relayer moves the bytes of a session both ways. Where the platform allows and both connections are in clear,
// it is a poller, which serves many sessions; else the session has two goroutines, the pumps.
type relayer interface {
	// relay returns why the client's side has ended. Frames of the client's that may be ours are intercepted on
	// the calling goroutine.
	relay(s *session) error
	// answersEnded is closed when the backend's side has ended.
	answersEnded() <-chan struct{}
	// resume goes on with the backend's side after it has parked at a fence.
	resume(s *session)
	// nudge has an idle session look whether it should leave.
	nudge(s *session)
	// watch calls left when the client goes away while nobody reads from it. Its result ends that.
	watch(s *session, left func(error)) (stop func())
	// release frees what a session's connections hold, when it is over.
	release(s *session)
}

// pumps relay with one goroutine for each direction.
type pumps struct {
	ended   chan struct{}
	resumed chan struct{}
}

func newPumps() *pumps { return &pumps{ended: make(chan struct{}), resumed: make(chan struct{})} }

func (p *pumps) relay(s *session) error {
	go func() {
		defer close(p.ended)
		defer s.survive()
		err := s.pumpBackend(p)
		s.firstEnd.by(backendSide)
		s.log.Debug("backend side ended", "reason", err)
		s.end(err)
		_ = s.client.conn.Close()
	}()
	return s.pumpClient()
}

func (p *pumps) answersEnded() <-chan struct{} { return p.ended }

func (p *pumps) resume(s *session) {
	select {
	case p.resumed <- struct{}{}:
	case <-s.ctx.Done():
	}
}

func (p *pumps) nudge(s *session) { s.wake() }

func (p *pumps) watch(s *session, left func(error)) func() {
	w := startWatch(s.client.conn, left)
	return func() { s.client.push(w.stop()) }
}

func (p *pumps) release(s *session) {
	if s.started.Load() {
		<-p.ended
	}
}

// run relays until the session ends.
func (s *session) run() {
	defer s.close()
	defer s.survive()
	err := s.start()
	if err == nil {
		err = s.relayer.relay(s)
		s.firstEnd.ofRequests(err)
		s.log.Debug("client side ended", "reason", err)
		if s.parting(err) {
			select {
			case <-s.relayer.answersEnded():
			case <-time.After(lastWords):
			}
		}
	}
	s.end(err)
}

// close ends both connections and frees what the session holds.
func (s *session) close() {
	s.end(errClosed)
	_ = s.client.conn.Close()
	_ = s.backend.conn.Close()
	s.stopWatch()
	s.relayer.release(s)
	s.client.release()
	s.backend.release()
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
	if !s.asked.terminated && !s.isIdle() {
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
