package server

import (
	"errors"
	"fmt"

	"cvp/server/frame"
)

// pumpClient forwards what the client sends until one of the connections ends.
func (s *session) pumpClient() error {
	for {
		if err := s.forwardRequests(); err != nil {
			return err
		}
		if err := s.client.fill(); err != nil {
			return fmt.Errorf("read from client: %w", err)
		}
	}
}

// forwardRequests forwards what is buffered, up to a frame that is wanted whole and is not there in full.
func (s *session) forwardRequests() error {
	c := s.client
	for {
		n, stop, err := s.walkRequests(c.unread())
		if length := (*frame.LengthError)(nil); errors.As(err, &length) {
			return s.violation(length.Error())
		}
		if err := s.toBackend(c.unread()[:n]); err != nil {
			return err
		}
		c.drop(n)
		if !stop {
			return s.flushBackend()
		}
		if err := s.intercept(); err != nil {
			return err
		}
	}
}

// walkRequests gives the length of what can be forwarded as it is, and whether the frame behind that is there
// in full and has to be looked at.
func (s *session) walkRequests(b []byte) (pos int, stop bool, err error) {
	if s.requestLeft > 0 {
		pos = min(s.requestLeft, len(b))
		s.requestLeft -= pos
	}
	for len(b)-pos >= frame.HeadLen {
		size, err := frame.Size(b[pos:])
		if err != nil {
			return pos, false, err
		}
		kind := b[pos]
		have := len(b) - pos
		if s.wants(kind) {
			if have < size {
				return pos, false, nil
			}
			if s.looksOurs(kind, b[pos+frame.HeadLen:pos+size]) {
				return pos, true, nil
			}
		}
		s.asked.count(kind, &s.answers)
		if have < size {
			s.requestLeft = size - have
			return len(b), false, nil
		}
		pos += size
	}
	return pos, false, nil
}

// wants says whether the pump needs a kind of frame whole before it forwards it.
func (s *session) wants(kind byte) bool {
	if s.discarding || s.asked.copy.unsure(kind) {
		return true
	}
	if s.planner == nil {
		return false
	}
	switch kind {
	case frame.Query, frame.Parse:
		return true
	case frame.Bind, frame.Execute, frame.Close:
		return s.calls.any()
	case frame.Sync:
		return s.opened.Load()
	case frame.FunctionCall:
		return s.opened.Load() || s.asked.unsynced.Load()
	}
	return false
}

// looksOurs says whether a frame that is there in full has to be intercepted. It is conservative: what it lets
// through is certainly not ours.
func (s *session) looksOurs(kind byte, body []byte) bool {
	if s.discarding || s.asked.copy.unsure(kind) {
		return true
	}
	switch kind {
	case frame.Query:
		return s.asked.unsynced.Load() || s.calls.any() || s.opened.Load() || s.mentions(body)
	case frame.Parse:
		return s.calls.any() || s.mentions(body)
	}
	return true
}

// toBackend forwards bytes, behind any that wait to be sent with them.
func (s *session) toBackend(b []byte) error {
	if len(b) == 0 {
		return nil
	}
	if len(s.held) > 0 {
		s.held = append(s.held, b...)
		return s.flushBackend()
	}
	if _, err := s.backend.conn.Write(b); err != nil {
		return &backendWriteError{err}
	}
	return nil
}

// hold keeps bytes of our own making to be sent with the next ones that are forwarded.
func (s *session) hold(b []byte) { s.held = append(s.held, b...) }

func (s *session) flushBackend() error {
	if len(s.held) == 0 {
		return nil
	}
	_, err := s.backend.conn.Write(s.held)
	if s.held = s.held[:0]; cap(s.held) > streamBuffer {
		s.held = nil
	}
	if err != nil {
		return &backendWriteError{err}
	}
	return nil
}

// backendWriteError says that the backend takes no more. Its last words may still be on their way to the
// client, so the backend pump decides when the session is over.
type backendWriteError struct{ err error }

func (e *backendWriteError) Error() string { return "write to backend: " + e.err.Error() }
func (e *backendWriteError) Unwrap() error { return e.err }
