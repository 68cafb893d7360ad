package server

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"slices"
	"time"

	"cvp/server/frame"
	"cvp/server/scram"
	"github.com/jackc/pgx/v5/pgconn"
)

// Verifiers gives what Postgres keeps of the passwords of its roles.
type Verifiers interface {
	// Verifier gives a role's password as in pg_authid.rolpassword, "" where there is no such role or it has
	// none. It is asked by several sessions at once.
	Verifier(ctx context.Context, role string) (string, error)
}

// lookupLimit bounds the search for a verifier.
const lookupLimit = 10 * time.Second

// mediation is SCRAM where it cannot be relayed: an exchange with the client and one with the backend, each
// bound to the channel where both its ends can. The backend begins, so that the client gets the salt that the
// backend has for its name, be there such a role or not; and it ends, so that every refusal is the backend's.
//
//	backend: SASL ─► our first ─► its challenge ─┐                             ┌─► our final ─► its final ─┐
//	client:                                      └─► SASL ─► first ─► challenge ─► final                    └─► final
type mediation struct {
	verifier   scram.Verifier // zero where there is none: every proof then gives a wrong key
	backend    *scram.Client
	salt       string
	iterations int
	binding    []byte        // to our certificate, nil where the client cannot
	client     *scram.Server // from its first message on
	proof      []byte        // ours, for the client
}

// startMediation begins the exchange with the backend.
func (a *authentication) startMediation(mechanisms []string) error {
	backend, e := a.bindBackend(mechanisms)
	if e != nil {
		a.s.dismiss(e)
		return e
	}
	m := &mediation{backend: backend}
	var err error
	if m.verifier, err = a.lookUp(); err != nil {
		a.s.log.Warn("verifier not found out", "role", a.client.role(), "reason", err)
		e := &pgconn.PgError{Code: connectionFailure, Message: "could not look up how to authenticate the role"}
		a.s.dismiss(e)
		return e
	}
	if a.client.tls != nil {
		m.binding = endPoint(a.client.certificate)
	}
	a.mediation = m
	return a.toBackend(frame.AppendSASLInitial(nil, backend.Mechanism(), backend.First()))
}

// bindBackend starts as strong an exchange as the backend can do.
func (a *authentication) bindBackend(mechanisms []string) (*scram.Client, *pgconn.PgError) {
	bind := a.s.server.config.Backend.bind
	offered := slices.Contains(mechanisms, scram.MechanismPlus)
	secured, ok := a.link.Conn.(*tls.Conn)
	var data []byte
	if ok && bind != "disable" {
		data = endPoint(&tls.Certificate{Leaf: secured.ConnectionState().PeerCertificates[0]})
	}
	switch {
	case data != nil && offered:
		return scram.NewClient(scram.Bound, data), nil
	case bind == "require":
		return nil, &pgconn.PgError{Code: invalidAuthorization,
			Message: "channel binding to the backend is required, but the backend does not offer it"}
	case data != nil:
		return scram.NewClient(scram.NotAsked, nil), nil
	}
	return scram.NewClient(scram.Unable, nil), nil
}

// endPoint is what a channel secured with a certificate is bound to, nil where it cannot be.
func endPoint(c *tls.Certificate) []byte {
	leaf := c.Leaf
	if leaf == nil {
		var err error
		if leaf, err = x509.ParseCertificate(c.Certificate[0]); err != nil {
			return nil
		}
	}
	data, err := scram.EndPoint(leaf)
	if err != nil {
		return nil
	}
	return data
}

// lookUp gives the verifier of the client's role, zero where it has none of SCRAM.
func (a *authentication) lookUp() (scram.Verifier, error) {
	ctx, stop := context.WithTimeout(a.s.ctx, lookupLimit)
	defer stop()
	text, err := a.s.server.config.Verifiers.Verifier(ctx, a.client.role())
	if err != nil {
		return scram.Verifier{}, err
	}
	v, err := scram.ParseVerifier(text)
	if err != nil {
		return scram.Verifier{}, nil // no password, or one that is not kept for SCRAM: the backend refuses
	}
	return v, nil
}

// mediate goes on with what the backend answers.
func (a *authentication) mediate(out []byte, code int32, data []byte) ([]byte, error) {
	m := a.mediation
	switch {
	case code == frame.AuthenticationSASLContinue && m.salt == "":
		var err error
		if m.salt, m.iterations, err = m.backend.Challenged(data); err != nil {
			return nil, fmt.Errorf("authenticate at the backend: %w", err)
		}
		if known := m.verifier.Salt; known != "" && known != m.salt {
			a.s.log.Warn("the verifier that was looked up is not the backend's", "role", a.client.role())
		}
		a.ask()
		if m.binding != nil {
			return frame.AppendMechanisms(out, []string{scram.MechanismPlus, scram.Mechanism}), nil
		}
		return frame.AppendMechanisms(out, []string{scram.Mechanism}), nil
	case code == frame.AuthenticationSASLFinal && m.proof != nil:
		if err := m.backend.Verify(data, m.verifier.ServerKey); err != nil {
			a.s.log.Warn("backend not authenticated", "reason", err)
			e := &pgconn.PgError{Code: invalidAuthorization, Message: err.Error()}
			a.s.dismiss(e)
			return nil, e
		}
		return frame.AppendAuthentication(out, frame.AuthenticationSASLFinal, m.proof), nil
	}
	return nil, fmt.Errorf("authenticate at the backend: unexpected authentication code %d", code)
}

// answer handles a client's step in its exchange with us.
func (a *authentication) answer(kind byte, body []byte) error {
	m := a.mediation
	if kind != frame.Response {
		return a.s.violation(fmt.Sprintf("expected SASL response, got message type %d", kind))
	}
	if m.client == nil {
		mechanism, data, err := frame.SASLInitial(body)
		if err != nil {
			return a.s.violation("malformed SASL response")
		}
		if m.client, err = scram.Accept(mechanism, data, m.binding); err != nil {
			return a.refuse(err)
		}
		a.ask()
		challenge := m.client.Challenge(m.salt, m.iterations)
		if err := a.s.toClient(frame.AppendAuthentication(nil, frame.AuthenticationSASLContinue, challenge), false); err != nil {
			return fmt.Errorf("write to client: %w", err)
		}
		return nil
	}
	if m.proof != nil {
		return a.s.violation("unexpected SASL response")
	}
	key, proof, err := m.client.Finish(body, m.verifier)
	if err != nil {
		return a.refuse(err)
	}
	m.proof = proof
	return a.toBackend(frame.AppendResponse(nil, m.backend.Final(key)))
}

// refuse ends the session of a client that does not keep to SCRAM, in Postgres's words.
func (a *authentication) refuse(err error) error {
	e := &pgconn.PgError{Code: invalidAuthorization, Message: err.Error()}
	malformed := (*scram.SyntaxError)(nil)
	switch {
	case errors.As(err, &malformed):
		e = &pgconn.PgError{Code: protocolViolation, Message: "malformed SCRAM message", Detail: malformed.Reason}
	case errors.Is(err, scram.ErrBindingNegotiation):
		e.Detail = "The client supports SCRAM channel binding but thinks the server does not.  However, this server does support channel binding."
	}
	a.s.dismiss(e)
	return e
}

func (a *authentication) toBackend(b []byte) error {
	if _, err := a.s.backend.conn.Write(b); err != nil {
		return &backendWriteError{err}
	}
	return nil
}
