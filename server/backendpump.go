package server

import (
	"fmt"
	"sync/atomic"

	"cvp/server/frame"
)

// answers is what the backend pump knows of the answers it has relayed. The takeover reads and moves it while
// the pump is parked; the atomics are read by others at any time.
type answers struct {
	ready  atomic.Int64 // ReadyForQuerys relayed: the segment whose answers are coming
	status atomic.Int32 // transaction state of the last of them
	idle   atomic.Int64 // ready as of the last one that said Idle
	copies atomic.Int64 // CopyInResponses relayed

	closes  int // CloseCompletes in this segment
	parses  int // ParseCompletes in this segment
	copying bool
	// heldReady is the state of a ReadyForQuery that is held back while a fence is probing, 0 where none is.
	heldReady byte
	// parameters are the values that the backend has reported, for pgconn.
	parameters map[string]string
	lexing     lexing
}

// watched are the frames of a backend that the pump needs whole; all are small.
var watched = [256]bool{
	frame.ReadyForQuery: true, frame.ErrorResponse: true, frame.NoticeResponse: true, frame.CloseComplete: true,
	frame.ParseComplete: true, frame.CopyInResponse: true, frame.ParameterStatus: true,
}

// pumpBackend relays what the backend sends until one of the connections ends.
func (s *session) pumpBackend(p *pumps) error {
	for {
		switch parked, err := s.relayAnswers(s.toClient); {
		case err != nil:
			return err
		case parked:
			s.gate.park()
			select {
			case <-p.resumed:
				continue
			case <-s.ctx.Done():
				return errClosed
			}
		}
		if err := s.fillFromBackend(); err != nil {
			return fmt.Errorf("read from backend: %w", err)
		}
	}
}

// fillFromBackend reads on, unless the session should leave: before that, or when it is woken for that.
func (s *session) fillFromBackend() error {
	for {
		if s.leaves() {
			s.dismiss(shutdownError())
			return errClosed
		}
		err := s.backend.fill()
		if err == nil || !isTimeout(err) {
			return err
		}
		s.unwake()
	}
}

// verdict is what becomes of a frame.
type verdict uint8

const (
	relay verdict = iota
	keep          // the client does not get it
	park          // nor this one, and the pump stops behind it
)

// relayAnswers gives the client what is buffered, up to a watched frame that is not there in full. It reports
// whether it has come to a fence: the backend's side has then to park.
func (s *session) relayAnswers(toClient func(b []byte, mid bool) error) (parked bool, err error) {
	b := s.backend
	for {
		n, v, err := s.walkAnswers(b.unread())
		if err != nil {
			return false, err
		}
		if err := toClient(b.unread()[:n], s.answerLeft > 0); err != nil {
			return false, fmt.Errorf("write to client: %w", err)
		}
		b.drop(n)
		if v == relay {
			return false, nil
		}
		if err := s.replaceAnswer(toClient); err != nil {
			return false, err
		}
		if v == park {
			return true, nil
		}
	}
}

// walkAnswers gives the length of what can be forwarded as it is, and what to do with the frame behind that.
func (s *session) walkAnswers(b []byte) (pos int, v verdict, err error) {
	if s.answerLeft > 0 {
		pos = min(s.answerLeft, len(b))
		s.answerLeft -= pos
	}
	for len(b)-pos >= frame.HeadLen {
		size, err := frame.Size(b[pos:])
		if err != nil {
			return 0, 0, fmt.Errorf("read from backend: %w", err)
		}
		if have := len(b) - pos; have < size {
			if watched[b[pos]] {
				return pos, relay, nil
			}
			s.answerLeft = size - have
			return len(b), relay, nil
		}
		if watched[b[pos]] {
			if v := s.observe(b[pos], b[pos:pos+size]); v != relay {
				return pos, v, nil
			}
		}
		pos += size
	}
	return pos, relay, nil
}

// replaceAnswer deals with the frame at the front of the buffer, there in full, which the client does not get
// as it is.
func (s *session) replaceAnswer(toClient func(b []byte, mid bool) error) error {
	b := s.backend
	kind, f, err := b.whole()
	if err != nil {
		return err
	}
	if kind == frame.ErrorResponse {
		to := s.gate.moved(s.answers.ready.Load(), s.answers.parses)
		if err := toClient(s.appendError(nil, f[frame.HeadLen:], to), false); err != nil {
			return fmt.Errorf("write to client: %w", err)
		}
	}
	if kind == frame.CloseComplete || kind == frame.ReadyForQuery {
		if err := s.releaseReady(toClient); err != nil {
			return err
		}
	}
	if kind == frame.ReadyForQuery && s.gate.pending.Load() && s.gate.isProbing(false) {
		s.answers.heldReady = f[len(f)-1]
	}
	b.drop(len(f))
	return nil
}

// releaseReady relays a ReadyForQuery that was held back: it has turned out to be the client's.
func (s *session) releaseReady(toClient func(b []byte, mid bool) error) error {
	a := &s.answers
	if a.heldReady == 0 {
		return nil
	}
	ready := frame.AppendReady(nil, a.heldReady)
	a.next(a.heldReady)
	a.heldReady = 0
	if err := toClient(ready, false); err != nil {
		return fmt.Errorf("write to client: %w", err)
	}
	return nil
}

// observe counts a watched frame and says what becomes of it.
func (s *session) observe(kind byte, f []byte) verdict {
	a := &s.answers
	switch kind {
	case frame.ReadyForQuery:
		return s.observeReady(f[len(f)-1])
	case frame.CloseComplete:
		if s.gate.pending.Load() && s.gate.isProbing(true) {
			return keep
		}
		if s.gate.pending.Load() && s.gate.onClose(a.ready.Load(), a.closes+1) {
			return park
		}
		a.closes++
	case frame.ParseComplete:
		if s.gate.pending.Load() && s.gate.isProbing(false) {
			a.status.Store(int32(a.heldReady))
			a.heldReady = 0
			return park
		}
		a.parses++
	case frame.CopyInResponse:
		a.copying = true
		a.copies.Add(1)
		s.gate.onCopy(a.ready.Load())
	case frame.ParameterStatus:
		a.report(f)
	case frame.NoticeResponse:
		return s.observeNotice(f)
	case frame.ErrorResponse:
		s.gate.onError(a.failure())
		if frame.Field(f[frame.HeadLen:], 'P') != "" && s.gate.moved(a.ready.Load(), a.parses) != nil {
			return keep
		}
	}
	return relay
}

func (s *session) observeReady(status byte) verdict {
	a := &s.answers
	if a.copying {
		a.copying = false
		s.gate.onCopyOver()
	}
	segment := a.ready.Load()
	if s.gate.pending.Load() && s.gate.isProbing(false) {
		return keep
	}
	if s.gate.pending.Load() && s.gate.onReady(segment) {
		a.status.Store(int32(status)) // the takeover ends the segment
		return park
	}
	// A Sync that COPY seemed to have swallowed may be answered after all: then the count is right already.
	if segment < s.asked.sent.Load() {
		a.next(status)
	}
	if s.gate.pending.Load() && a.ready.Load() >= s.asked.sent.Load() {
		s.gate.onQuiet()
	}
	return relay
}

// next moves to the next segment.
func (a *answers) next(status byte) {
	ready := a.ready.Load() + 1
	a.closes, a.parses = 0, 0
	if status == frame.Idle {
		a.idle.Store(ready)
	}
	a.status.Store(int32(status))
	a.ready.Store(ready)
}

// failure is an error that comes now.
func (a *answers) failure() failure {
	return failure{segment: a.ready.Load(), parses: a.parses, closes: a.closes}
}

// report notes the value of a parameter.
func (a *answers) report(f []byte) {
	if name, value, err := frame.Parameter(f[frame.HeadLen:]); err == nil {
		a.parameters[name] = value
		a.lexing.note(name, value)
	}
}

// observeNotice finds the warning that a BEGIN of the client's gets where the transaction is already open
// because we opened it: from now on it is the client's.
func (s *session) observeNotice(f []byte) verdict {
	if s.opened.Load() && frame.Field(f[frame.HeadLen:], 'C') == activeTransaction {
		s.opened.Store(false)
		return keep
	}
	return relay
}
