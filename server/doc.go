// Package server is the wire: a Postgres server to its clients, a client to Postgres, and between the two a
// relay that looks at no more than it must.
//
//	client ──► listen ──► start-up (TLS, cancel keys) ──► client pump ──────────► backend
//	                                                       │ a call of ours        │
//	                                                       ▼                       │
//	                                                      fence ─► takeover ◄──────┤
//	                                                       plan, prepare, final    │
//	client ◄───────────────────────────────────────────── backend pump ◄───────────┘
//
// A session joins one client to one backend connection for its whole life. Who moves its bytes is its relayer
// (relay.go): a poller that serves many sessions on one goroutine (polled, package poll) where both connections
// are in clear, else two goroutines (pumps). Either way a pump walks the heads of the frames in what was read and
// forwards it whole; the bodies of Query and Parse are searched for "cvp_" and nothing else is looked at.
//
// A statement that calls the engine stops the client's side; a fence (see gate) parks the backend's side at an
// exact frame; the takeover then talks to the backend itself, on the session's own goroutine, lends the
// connection to Statement.Prepare as a pgconn.PgConn, relays the rows of the final statement, and lets both
// sides go on.
//
// What the package knows of models is the two interfaces in engine.go.
package server
