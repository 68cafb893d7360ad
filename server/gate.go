package server

import (
	"sync"
	"sync/atomic"
)

// gate is where the two pumps of a session meet, for the few frames where one must know of the other.
//
// Requests and answers are counted in segments: a segment ends, for the client pump, with a frame that is
// answered by ReadyForQuery (Sync, Query, FunctionCall), and for the backend pump with that ReadyForQuery. The
// answer to something sent in segment n therefore comes while the backend pump is in segment n.
//
// A fence stops the backend pump at an exact frame. The client pump raises it and sends, behind all it has
// forwarded, a Close of a statement that does not exist; its CloseComplete is the fence's answer, told from the
// client's own by their count within the segment. A settling fence needs no frame of its own: it stops at the
// ReadyForQuery of a Sync or Query that is being forwarded.
//
// States of a session, and the legal moves:
//
//	relaying ──raise──► fencing    client pump waits, backend pump relays on towards the fence
//	fencing ──its answer seen──► parked     backend pump waits, the client pump owns both connections
//	fencing ──error in the segment──► skipping  the backend discards until Sync: nothing of ours can run, the
//	                                            client pump goes back to forwarding
//	fencing ──COPY took the frame──► eaten     the backend was reading COPY data and has refused the frame as it
//	                                          would have the client's; that one is dropped
//	parked ──resume──► relaying
//	any ──a connection ends, or a protocol violation──► closed
//
// An error may be seen before the fence is raised or after: both sides look under the same lock.
type gate struct {
	// pending is set while a fence is up, so that the backend pump takes the lock only then.
	pending atomic.Bool

	mu    sync.Mutex
	fence *fence
	// failed and copying are the segments of the last ErrorResponse and CopyInResponse, -1 before the first.
	failed, copying int64
	// failures are how segments have failed, those of late.
	failures []failure
	// moves are the statements whose text was replaced and whose errors must point into the client's text.
	moves []move
}

func newGate() *gate {
	return &gate{failed: -1, copying: -1}
}

// outcome is how a fence ends.
type outcome uint8

const (
	parked outcome = iota + 1
	skipping
	eaten
)

// fence is one request to stop the backend pump.
type fence struct {
	segment   int64
	settling  bool  // stop at the segment's ReadyForQuery, not at a CloseComplete
	closes    int   // which CloseComplete of the segment is the fence's
	copyEnded int64 // the segment in which the client has ended a COPY last, -1 for none
	// early is a fence that only waits for a CopyInResponse or for a quiet backend; see copyIn.
	early bool
	// doubtful is one whose segment is not sure: the client's Syncs may have been ignored. It stops at the
	// CloseComplete with that number in that segment, or at the first of a later one; probing, at a ParseComplete.
	doubtful, probing bool
	closed            bool // a CloseComplete came while probing
	doomed            bool // COPY of the segment before will take the frame
	reached           chan outcome
}

// raise puts a fence up. It returns the outcome where that is certain at once, else 0.
func (g *gate) raise(f *fence) outcome {
	g.mu.Lock()
	defer g.mu.Unlock()
	switch {
	case f.settling && g.copying == f.segment && f.copyEnded < f.segment && g.failed != f.segment:
		return eaten
	case f.settling:
	case g.failed == f.segment:
		return skipping
	case g.copying > f.copyEnded && f.segment-g.copying <= 1:
		return skipping // the backend reads COPY data: it words its own error
	}
	g.put(f)
	return 0
}

// put puts a fence up. The lock is held.
func (g *gate) put(f *fence) {
	f.reached = make(chan outcome, 1)
	g.fence = f
	g.pending.Store(true)
}

// raiseEarly puts an early fence up, unless what it waits for is known by then.
func (g *gate) raiseEarly(f *fence, known func() bool) outcome {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.put(f)
	if known() {
		g.lower(eaten)
		return eaten
	}
	return 0
}

// raiseDoubtful puts a doubtful fence up. Where its frame is discarded, because the segment that the backend is in
// has failed or fails, it says skipping and stays up, probing.
func (g *gate) raiseDoubtful(f *fence, segment int64) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.put(f)
	if g.failed == segment && segment >= f.segment {
		g.probe()
	}
}

// probe makes a doubtful fence a probing one. The lock is held.
func (g *gate) probe() {
	g.fence.probing = true
	g.fence.reached <- skipping
}

// onQuiet tells an early fence that everything has been answered.
func (g *gate) onQuiet() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.fence != nil && g.fence.early {
		g.lower(eaten)
	}
}

// isProbing tells whether ReadyForQuerys are to be held back until it is clear whose they are; closed notes a
// CloseComplete meanwhile.
func (g *gate) isProbing(closed bool) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.fence == nil || !g.fence.probing {
		return false
	}
	g.fence.closed = g.fence.closed || closed
	return true
}

// lower takes the fence down with an outcome. The lock is held.
func (g *gate) lower(o outcome) {
	g.fence.reached <- o
	g.fence = nil
	g.pending.Store(false)
}

// park tells the client pump that the backend pump has stopped at the fence. Everything before it has been
// relayed by then.
func (g *gate) park() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.lower(parked)
}

// onClose tells whether the given CloseComplete of a segment is the fence's: the pump parks behind it.
func (g *gate) onClose(segment int64, closes int) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	f := g.fence
	switch {
	case f == nil || f.settling || f.early:
		return false
	case f.doubtful && segment > f.segment:
		return closes == 1
	}
	return f.segment == segment && f.closes == closes
}

// onReady tells whether the ReadyForQuery that ends a segment is the fence's: the client does not get it, and
// the pump parks behind it.
func (g *gate) onReady(segment int64) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	f := g.fence
	return f != nil && f.settling && f.segment == segment
}

// failure is the end of a segment by an error: what it had done by then.
type failure struct {
	segment        int64
	parses, closes int
}

// manyFailures is how many are remembered: how a segment has failed is asked at the next one, as a rule.
const manyFailures = 16

// failure gives how a segment has failed, nil where it has not.
func (g *gate) failure(segment int64) *failure {
	g.mu.Lock()
	defer g.mu.Unlock()
	for i := range g.failures {
		if f := g.failures[i]; f.segment == segment {
			return &f
		}
	}
	return nil
}

// onError notes an error, after which the backend discards the rest of the segment.
func (g *gate) onError(by failure) {
	g.mu.Lock()
	defer g.mu.Unlock()
	segment := by.segment
	if g.failed != segment { // the first error counts
		if len(g.failures) == manyFailures {
			g.failures = append(g.failures[:0], g.failures[1:]...)
		}
		g.failures = append(g.failures, by)
	}
	g.failed = segment
	switch f := g.fence; {
	case f == nil || f.settling || f.early || f.probing:
	case f.doubtful && segment >= f.segment:
		g.probe()
	case f.doubtful:
	case f.segment == segment:
		g.lower(skipping)
	case f.doomed && f.segment == segment+1:
		g.lower(eaten)
	}
}

// onCopy notes that the backend has begun to read COPY data.
func (g *gate) onCopy(segment int64) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.copying = segment
	switch f := g.fence; {
	case f == nil || f.doubtful:
	case f.settling && (f.segment != segment || f.copyEnded == segment):
	case f.early || f.settling:
		g.lower(eaten)
	case f.segment == segment+1 && f.copyEnded < segment:
		f.doomed = true
	}
}

// isCopying tells whether the backend reads COPY data in a segment, so far as is known.
func (g *gate) isCopying(segment int64) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.copying == segment && g.failed != segment
}

// onCopyOver notes that no COPY is reading any more.
func (g *gate) onCopyOver() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.copying = -1
}

// move is one Parse or Query whose text was replaced.
type move struct {
	segment int64
	// parse is which Parse of the segment it was; a Query is 0.
	parse int
	to    origin
}

// expect notes a replaced text. Those of segments that are over are forgotten.
func (g *gate) expect(m move, ready int64) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for len(g.moves) > 0 && g.moves[0].segment < ready {
		g.moves = g.moves[1:]
	}
	g.moves = append(g.moves, m)
}

// forgetMoves drops what was noted for segments whose numbers have changed.
func (g *gate) forgetMoves() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.moves = g.moves[:0]
}

// moved gives where the text of an error comes from that is seen in a segment after a number of ParseCompletes, nil where
// the text was the client's.
func (g *gate) moved(segment int64, parses int) origin {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, m := range g.moves {
		if m.segment == segment && (m.parse == parses+1 || m.parse == 0) {
			return m.to
		}
	}
	return nil
}
