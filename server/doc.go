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
// A session joins one client to one backend connection for its whole life. Two pumps walk the heads of the
// frames in their read buffers and forward whole buffers; the bodies of Query and Parse are searched for
// "cvp_" and nothing else is looked at. A statement that calls the engine stops the client pump; a fence (see
// gate) parks the backend pump at an exact frame; the takeover then talks to the backend itself, lends the
// connection to Statement.Prepare as a pgconn.PgConn, relays the rows of the final statement, and lets both
// pumps go on.
//
// What the package knows of models is the two interfaces in engine.go.
package server
