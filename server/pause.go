package server

import (
	"errors"
	"fmt"
	"time"

	"cvp/server/frame"
)

// errClosed ends what a session still does once it is closed.
var errClosed = errors.New("session is closed")

// pause stops the backend pump behind the answers to everything that was forwarded. Only after parked does the
// caller own both connections, until resume.
func (s *session) pause() (outcome, error) { return s.pauseAhead(frame.AppendFlush(nil)) }

// pauseAhead is pause that also sends what the caller has to ask then, which has to make Postgres answer. It is for a
// segment that has nothing of the client's in it, so that the pause cannot but come about: only where it is certain at
// once that it does not, nothing is sent.
func (s *session) pauseAhead(asks []byte) (outcome, error) {
	defer s.observePause(time.Now())
	a := &s.asked
	f := &fence{segment: a.sent.Load(), closes: a.closes + 1, copyEnded: a.copy.endedBy - 1}
	if o := s.gate.raise(f); o != 0 {
		return o, nil
	}
	s.hold(append(frame.AppendClose(nil, 'S', s.server.fenceName), asks...))
	if err := s.flushBackend(); err != nil {
		return 0, err
	}
	return s.await(f)
}

// await waits for a fence's outcome, watching the client meanwhile.
func (s *session) await(f *fence) (outcome, error) {
	s.startWatch()
	select {
	case o := <-f.reached:
		if s.owning = o == parked; !s.owning {
			s.stopWatch()
		}
		return o, nil
	case <-s.ctx.Done():
		s.stopWatch()
		return 0, errClosed
	}
}

// resume lets the backend's side go on.
func (s *session) resume() {
	s.stopWatch()
	s.owning = false
	s.relayer.resume(s)
}

// startWatch has somebody notice when the client goes away while the session works for it.
func (s *session) startWatch() { s.unwatched = s.relayer.watch(s, s.clientLeft) }

func (s *session) stopWatch() {
	if s.unwatched != nil {
		s.unwatched()
		s.unwatched = nil
	}
}

// settle forwards a frame that ends the segment in which we opened the transaction, in place of the frame at
// the front of the client's buffer, and commits before the client gets the ReadyForQuery.
func (s *session) settle(f, by []byte) error {
	fence := &fence{segment: s.asked.sent.Load(), settling: true, copyEnded: s.asked.copy.endedBy - 1}
	o := s.gate.raise(fence)
	s.replace(f, by)
	if err := s.flushBackend(); err != nil {
		return err
	}
	if o == 0 {
		var err error
		if o, err = s.await(fence); err != nil {
			return err
		}
	}
	if o == eaten { // by a COPY
		if !s.asked.copy.doubt {
			s.asked.reopen()
			s.asked.copy.open(&s.answers)
		}
		return nil
	}
	t := s.takeOver()
	if err := t.endTransaction("COMMIT"); err != nil && !errors.Is(err, errFailed) {
		return fmt.Errorf("end the transaction of a call: %w", err)
	}
	if err := t.ready(); err != nil {
		return err
	}
	s.resume()
	return nil
}
