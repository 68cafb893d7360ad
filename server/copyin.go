package server

import (
	"cvp/server/frame"
)

// copyIn is what the client pump knows of a COPY from the client that may be going on. While Postgres reads its
// data it ignores Sync, so that a Sync is one that ReadyForQuery answers only if there is no COPY, or if it has
// ended by an error before. libpq sends one behind every Execute, before it knows what that has begun.
//
//	Sync ahead of the data     is sure as soon as Postgres has begun the COPY, or has answered the Sync: the data
//	                           wait for that, which a client that has waited for CopyInResponse does not notice
//	Sync in the middle of data is in doubt until the frame behind the data; settleCopy counts anew there
type copyIn struct {
	syncs   int64  // Syncs since the last frame that may have begun a COPY,
	before  counts // and what the segment had before the first of them
	copies  int64  // CopyInResponses that had come by then
	data    bool   // data have been sent since
	ended   bool   // and their end
	doubt   bool   // with a Sync in the middle
	endedBy int64  // the segment behind the one in which the client has ended a COPY last, 0 for none
}

// counts are those of a segment.
type counts struct {
	segment               int64
	closes, parses, binds int
}

// open notes a frame that may begin a COPY.
func (c *copyIn) open(answers *answers) {
	c.syncs, c.data, c.ended = 0, false, false
	c.copies = answers.copies.Load()
}

// sync notes a Sync.
func (c *copyIn) sync(a *asked) {
	if c.syncs == 0 {
		c.before = counts{segment: a.sent.Load(), closes: a.closes, parses: a.parses, binds: a.binds}
	}
	c.syncs++
	c.doubt = c.doubt || c.data && !c.ended
}

// unsure says that a frame cannot be forwarded before it is known what became of the Syncs before it.
func (c *copyIn) unsure(kind byte) bool {
	switch kind {
	case frame.CopyData, frame.CopyDone, frame.CopyFail:
		return c.syncs > 0 && !c.data && !c.ended
	case frame.Sync, frame.Flush, frame.Terminate:
		return false
	}
	return c.doubt
}

// ignoresSync says that Postgres is taken to be in the middle of COPY data.
func (s *session) ignoresSync() bool {
	c := &s.asked.copy
	return c.data && !c.ended && s.gate.isCopying(s.answers.ready.Load())
}

// reopen takes back the Syncs that Postgres has ignored.
func (a *asked) reopen() {
	a.sent.Add(-a.copy.syncs)
	a.closes, a.parses, a.binds = a.copy.before.closes, a.copy.before.parses, a.copy.before.binds
	a.executed = true
	a.mark()
}

// settleCopy finds out what became of the Syncs before the frame at the front of the client's buffer.
func (s *session) settleCopy() error {
	if s.asked.copy.doubt {
		return s.countAnew()
	}
	return s.awaitCopy()
}

// awaitCopy waits until Postgres has begun a COPY, which has ignored the Syncs, or answered all of them.
func (s *session) awaitCopy() error {
	a := &s.asked
	f := &fence{early: true}
	known := func() bool { return s.answers.copies.Load() > a.copy.copies || s.answers.ready.Load() >= a.sent.Load() }
	if s.gate.raiseEarly(f, known) == 0 {
		if _, err := s.await(f); err != nil {
			return err
		}
	}
	if s.answers.copies.Load() > a.copy.copies {
		a.reopen()
	}
	a.copy.open(&s.answers)
	return nil
}

// countAnew finds where the backend is after Syncs in the middle of COPY data: a fence stops it, and the answers
// up to there are the count. Where the COPY has failed, the backend discards the fence unless one of the Syncs was
// behind the error; a Sync of our own makes it listen, and its ReadyForQuery is the last one before the answer to
// the Parse that follows. Then it is the session that discards up to the client's Sync.
func (s *session) countAnew() error {
	a := &s.asked
	f := &fence{doubtful: true, segment: a.copy.before.segment, closes: a.copy.before.closes + 1}
	s.gate.raiseDoubtful(f, s.answers.ready.Load())
	own := s.server.fenceName
	if err := s.sendOwn(frame.AppendFlush(frame.AppendClose(nil, 'S', own))); err != nil {
		return err
	}
	o, err := s.await(f)
	if err != nil {
		return err
	}
	if o == skipping {
		b := frame.AppendParse(frame.AppendSync(nil), own, "", frame.Types(nil))
		if err := s.sendOwn(frame.AppendFlush(frame.AppendClose(b, 'S', own))); err != nil {
			return err
		}
		if _, err := s.await(f); err != nil {
			return err
		}
		t := s.takeOver()
		if _, _, err := t.until(frame.CloseComplete, nil); err != nil {
			return err
		}
		if err := t.flush(); err != nil {
			return err
		}
		s.discarding = !f.closed
	}
	a.sent.Store(s.answers.ready.Load())
	a.closes, a.parses, a.binds = s.answers.closes, s.answers.parses, 2
	a.executed = true
	a.mark()
	a.copy.doubt = false
	a.copy.open(&s.answers)
	s.calls.settle(nil)
	s.gate.forgetMoves()
	s.resume()
	return nil
}

// sendOwn sends frames of our own behind everything that was forwarded.
func (s *session) sendOwn(b []byte) error {
	s.hold(b)
	return s.flushBackend()
}
