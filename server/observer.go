package server

import "time"

// Observer is told what a Server does, for its metrics: where sessions and calls begin and end, never per
// message. Many goroutines call it at a time, and it must return at once.
type Observer interface {
	// SessionStarted tells that a client was joined to a backend connection, before it has authenticated.
	SessionStarted()
	// SessionEnded tells that this is over.
	SessionEnded(Ending)
	// ClientRefused tells that the server itself turned a client away with a SQLSTATE.
	ClientRefused(sqlstate string)
	// LoginFailed tells that the backend, or the server in its place, ended a session by an error before it was ready
	// for a query.
	LoginFailed(sqlstate string)
	// BackendDialed tells of an attempt to connect to the backend, TLS included.
	BackendDialed(took time.Duration, err error)
	// CancelRequested tells that a client sent a CancelRequest, for whatever key.
	CancelRequested()
	// StatementsPlanned tells how many statements the planner gave for one query string.
	StatementsPlanned(n int)
	// TakenOver tells how long a session waited for the answers to all it had forwarded, before it could use the
	// backend connection itself.
	TakenOver(waited time.Duration)
	// CallStarted tells that a statement that calls the engine begins.
	CallStarted()
	// CallEnded tells that it ended, its rows sent, so many after its start.
	CallEnded(Outcome, time.Duration)
}

// Ending is why a session ended.
type Ending string

// Endings of sessions.
const (
	// EndedByClient is a client that said good-bye or went away.
	EndedByClient Ending = "client"
	// EndedByBackend is a backend that closed the connection or could not be reached any more.
	EndedByBackend Ending = "backend"
	// EndedAtLogin is a client that was not let in, or left before it was.
	EndedAtLogin Ending = "login"
	// EndedByViolation is a client that did not keep to the protocol.
	EndedByViolation Ending = "protocol_violation"
	// EndedByIdleTimeout is a client that did nothing for too long.
	EndedByIdleTimeout Ending = "idle_timeout"
	// EndedByShutdown is the end of the server.
	EndedByShutdown Ending = "shutdown"
	// EndedByDefect is an error of the server's own.
	EndedByDefect Ending = "internal_error"
)

// Endings are all that there are.
func Endings() []Ending {
	return []Ending{EndedByClient, EndedByBackend, EndedAtLogin, EndedByViolation, EndedByIdleTimeout, EndedByShutdown, EndedByDefect}
}

// Outcome is how a call ended.
type Outcome string

// Outcomes of calls.
const (
	// CallSucceeded is a call whose rows the client got.
	CallSucceeded Outcome = "ok"
	// CallFailed is one that gave an error, or lost its backend.
	CallFailed Outcome = "error"
	// CallCanceled is one that the client canceled, or left.
	CallCanceled Outcome = "canceled"
)

// Outcomes are all that there are.
func Outcomes() []Outcome { return []Outcome{CallSucceeded, CallFailed, CallCanceled} }

// unobserved is the Observer of a server without one.
type unobserved struct{}

var _ Observer = unobserved{}

func (unobserved) SessionStarted()                    {}
func (unobserved) SessionEnded(Ending)                {}
func (unobserved) ClientRefused(string)               {}
func (unobserved) LoginFailed(string)                 {}
func (unobserved) BackendDialed(time.Duration, error) {}
func (unobserved) CancelRequested()                   {}
func (unobserved) StatementsPlanned(int)              {}
func (unobserved) TakenOver(time.Duration)            {}
func (unobserved) CallStarted()                       {}
func (unobserved) CallEnded(Outcome, time.Duration)   {}
