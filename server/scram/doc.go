// Package scram is SCRAM-SHA-256 (RFC 5802, RFC 7677) for a server that stands between a client and a Postgres
// and ends TLS towards both: channel binding cannot pass through it, so it has to do each side's exchange.
//
//	client ── proof ──► Server ── ClientKey ──► Client ── proof ──► Postgres
//
// The client proves to Server that it has the key. From that proof and the stored key that Postgres keeps of a
// password, Server recovers the key, with which Client proves the same to Postgres. The password itself is
// never known here. Nothing is decided either: a proof that is wrong gives a key that is wrong, and Postgres
// refuses it in its own words.
//
// The libraries at hand verify a proof but give neither the key behind it nor a client that has only a key.
package scram
