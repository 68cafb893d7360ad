package server

import (
	"sync/atomic"

	"cvp/server/frame"
)

// asked is what the client pump knows of the requests it has forwarded. Only the client pump writes it.
type asked struct {
	// sent counts the frames that ReadyForQuery answers: the segment that the next frame belongs to.
	sent atomic.Int64
	// unsynced says that the segment has frames of the extended protocol.
	unsynced   atomic.Bool
	terminated bool // the client has said that it goes
	executed   bool // one of them was an Execute: it may have moved the transaction's state
	binds      int  // Binds in this segment
	closes     int  // Closes in this segment
	parses     int  // Parses in this segment

	// COPY from the client ignores Sync: syncs counts those since the last frame that may have begun one,
	// copyEnded says that the client has ended it since, copies is how many are accounted for.
	syncs     int64
	copyEnded bool
	copies    int64
}

// count notes a frame that is forwarded.
func (a *asked) count(kind byte, answers *answers) {
	switch kind {
	case frame.CopyData:
	case frame.Sync:
		a.syncs++
		a.newSegment()
	case frame.Query, frame.FunctionCall:
		a.syncs, a.copyEnded = 0, false
		a.newSegment()
	case frame.Parse:
		a.parses++
		a.mark()
	case frame.Execute:
		a.syncs, a.copyEnded, a.executed = 0, false, true
		a.mark()
	case frame.Close:
		a.closes++
		a.mark()
	case frame.Bind:
		a.binds++
		a.mark()
	case frame.Describe:
		a.mark()
	case frame.CopyDone, frame.CopyFail:
		a.endCopy(answers)
	case frame.Terminate:
		a.terminated = true
	}
}

func (a *asked) mark() {
	if !a.unsynced.Load() {
		a.unsynced.Store(true)
	}
}

func (a *asked) newSegment() {
	a.closes, a.parses, a.binds, a.executed = 0, 0, 0, false
	if a.unsynced.Load() {
		a.unsynced.Store(false)
	}
	a.sent.Add(1)
}

// endCopy takes back the Syncs that the client sent while the backend was reading COPY data: libpq sends one
// behind every Execute before it knows that it was a COPY, and the backend ignores it. (A client that sends such
// a Sync and then the data before it has seen CopyInResponse would be miscounted; none does.)
func (a *asked) endCopy(answers *answers) {
	a.copyEnded = true
	if seen := answers.copies.Load(); seen != a.copies {
		a.copies = seen
		a.sent.Add(-a.syncs)
	}
	a.syncs = 0
}
