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

	copy copyIn
}

// count notes a frame that is forwarded.
func (a *asked) count(kind byte, answers *answers) {
	switch kind {
	case frame.CopyData:
		a.copy.data = true
	case frame.Sync:
		a.copy.sync(a)
		a.newSegment()
	case frame.Query, frame.FunctionCall:
		a.copy.open(answers)
		a.newSegment()
	case frame.Parse:
		a.parses++
		a.mark()
	case frame.Execute:
		a.copy.open(answers)
		a.executed = true
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
		a.copy.ended, a.copy.endedBy = true, a.sent.Load()+1
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
