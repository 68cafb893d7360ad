package server

import (
	"errors"
	"fmt"
	"slices"
	"sync"

	"cvp/server/frame"
	"cvp/server/scram"
	"github.com/jackc/pgx/v5/pgconn"
)

// authentication is what client and backend say to each other before the backend knows who the client is.
// Everything is relayed, with two exceptions: channel binding is not offered where it cannot pass, and where
// the server can do SCRAM with each side (see mediation) it does.
//
// The backend side asks (turn), the client side answers, until the backend is content (done). A client that
// sends anything else before that waits, so that nothing of an unknown client is kept or looked at.
type authentication struct {
	s      *session
	client *caller
	link   *link
	turn   chan struct{} // the client's Response is due
	done   chan struct{} // closed behind AuthenticationOk

	mu        sync.Mutex
	asked     bool       // the backend wants a proof of who the client is
	hidden    bool       // it offered to bind the channel, which the client does not know
	initial   bool       // the first Response of SASL is due
	mediation *mediation // nil while everything is relayed
}

// maxResponse bounds a client's Response, as Postgres does (PG_MAX_AUTH_TOKEN_LENGTH).
const maxResponse = 65535

func newAuthentication(s *session, c *caller, l *link) *authentication {
	return &authentication{s: s, client: c, link: l, turn: make(chan struct{}, 1), done: make(chan struct{})}
}

// relayResponses gives the backend the client's answers. It returns when the client is let in, with what it
// has sent behind them in its buffer.
func (a *authentication) relayResponses() error {
	s := a.s
	for {
		kind, size, err := s.client.head()
		if length := (*frame.LengthError)(nil); errors.As(err, &length) {
			return s.violation(length.Error())
		}
		if err != nil {
			return fmt.Errorf("read from client: %w", err)
		}
		select {
		case <-a.done:
			return nil
		case <-a.turn:
		case <-s.ctx.Done():
			return errClosed
		}
		select {
		case <-a.done: // an answer was not needed after all
			return nil
		default:
		}
		if size > maxResponse {
			return s.violation("invalid message length")
		}
		_, f, err := s.client.whole()
		if err != nil {
			return fmt.Errorf("read from client: %w", err)
		}
		if err := a.fromClient(kind, f); err != nil {
			return err
		}
		s.client.drop(len(f))
	}
}

// ask lets the client's next frame through.
func (a *authentication) ask() {
	select {
	case a.turn <- struct{}{}:
	default:
	}
}

// fromBackend appends an Authentication frame as the client is to have it.
func (a *authentication) fromBackend(out, f []byte) ([]byte, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	code, rest, err := frame.ParseAuthentication(f[frame.HeadLen:])
	if err != nil {
		return nil, fmt.Errorf("read from backend: %w", err)
	}
	if e := a.distrust(code); e != nil {
		a.s.dismiss(e)
		return nil, e
	}
	switch {
	case code == frame.AuthenticationOK:
		close(a.done)
		a.client, a.link, a.mediation = nil, nil, nil // a session may last for days
		return append(out, f...), nil
	case code == frame.AuthenticationSASL:
		a.asked = true
		return a.offer(out, f, rest)
	case a.mediation != nil:
		return a.mediate(out, code, rest)
	case code != frame.AuthenticationSASLFinal:
		a.asked = true
		a.ask()
	}
	return append(out, f...), nil
}

// distrust gives the reason not to go on with a backend's frame.
func (a *authentication) distrust(code int32) *pgconn.PgError {
	switch {
	case code == frame.AuthenticationOK && a.link.identified && !a.client.identified && !a.asked:
		// Our certificate alone would let in somebody who has shown nothing.
		return &pgconn.PgError{Code: invalidAuthorization, Message: "connection requires a valid client certificate"}
	case code != frame.AuthenticationSASL && a.mediation == nil:
		return a.unbound()
	}
	return nil
}

// unbound gives the reason not to relay an authentication, none of which is bound to the backend's channel.
func (a *authentication) unbound() *pgconn.PgError {
	if a.s.server.config.Backend.bind != "require" {
		return nil
	}
	return &pgconn.PgError{Code: invalidAuthorization,
		Message: "channel binding to the backend is required, but the backend asks for an authentication that has none"}
}

// offer passes on what mechanisms of SASL the backend has, or starts an exchange of our own with it.
func (a *authentication) offer(out, f, rest []byte) ([]byte, error) {
	mechanisms, err := frame.Mechanisms(rest)
	if err != nil {
		return nil, fmt.Errorf("read from backend: %w", err)
	}
	encrypted := a.client.tls != nil || a.link.secured()
	if encrypted && a.s.server.config.Verifiers != nil && slices.Contains(mechanisms, scram.Mechanism) {
		return out, a.startMediation(mechanisms)
	}
	if e := a.unbound(); e != nil {
		a.s.dismiss(e)
		return nil, e
	}
	a.initial = true
	a.ask()
	if !encrypted {
		return append(out, f...), nil
	}
	kept := slices.DeleteFunc(slices.Clone(mechanisms), func(m string) bool { return m == scram.MechanismPlus })
	a.hidden = len(kept) < len(mechanisms)
	return frame.AppendMechanisms(out, kept), nil
}

// fromClient handles a frame of the client's.
func (a *authentication) fromClient(kind byte, f []byte) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.mediation != nil {
		return a.answer(kind, f[frame.HeadLen:])
	}
	if e := a.misled(kind, f[frame.HeadLen:]); e != nil {
		a.s.dismiss(e)
		return e
	}
	if _, err := a.s.backend.conn.Write(f); err != nil {
		return &backendWriteError{err}
	}
	return nil
}

// misled tells a client that could have bound the channel, and thinks that the backend could not, why it
// cannot be let in: the backend would take it for the victim of a man in the middle.
func (a *authentication) misled(kind byte, body []byte) *pgconn.PgError {
	first := a.initial && kind == frame.Response
	a.initial = false
	if !first || !a.hidden {
		return nil
	}
	mechanism, data, err := frame.SASLInitial(body)
	if err != nil || mechanism != scram.Mechanism || len(data) == 0 || data[0] != byte(scram.NotAsked) {
		return nil
	}
	return &pgconn.PgError{
		Code:    invalidAuthorization,
		Message: "SCRAM channel binding cannot pass a server that ends TLS on both sides",
		Detail:  "The client could bind the channel, and so could the backend, but not to each other.",
		Hint:    "Have the server look up verifiers (--auth-query or --auth-file), use TLS on one side only, or connect with channel_binding=disable.",
	}
}
