package server

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"cvp/server/frame"
)

// errDraining and errNotListening are why a server accepts nobody.
var (
	errDraining     = errors.New("the server is shutting down")
	errNotListening = errors.New("the server does not listen yet")
)

// Accepting gives why the server accepts no clients, nil where it does.
func (s *Server) Accepting() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.closing:
		return errDraining
	case len(s.listeners) == 0:
		return errNotListening
	}
	return nil
}

// Probe asks the backend whether it takes connections, as pg_isready does, and gives why not. It names a role and
// gives no password: a backend that asks for one is there.
func (s *Server) Probe(ctx context.Context) error {
	a, err := s.config.Backend.connect(ctx, probePacket(cmp.Or(s.config.ProbeUser, "postgres")), false)
	if err != nil {
		return fmt.Errorf("connect to the backend: %w", err)
	}
	defer a.Close()
	stop := context.AfterFunc(ctx, func() { _ = a.SetDeadline(time.Now()) })
	defer stop()
	return a.alive()
}

// probePacket is a start-up packet.
func probePacket(user string) []byte {
	b := []byte{0, 0, 0, 0, 0, 3, 0, 0} // length, protocol 3.0
	for _, word := range []string{"user", user, "database", "postgres", "application_name", "cvp readiness"} {
		b = append(append(b, word...), 0)
	}
	b = append(b, 0)
	putUint32(b, uint32(len(b)))
	return b
}

// alive reads what the backend says to a start-up packet, up to where it is certain that it takes connections. One
// that lets the role in at once is heard out, or it would complain of a broken connection.
func (a *attempt) alive() error {
	for f := a.first; ; {
		if f == nil {
			var err error
			if f, err = readFrame(a); err != nil {
				return fmt.Errorf("ask the backend: %w", err)
			}
		}
		body := f[frame.HeadLen:]
		switch f[0] {
		case frame.Authentication:
			if string(body) != "\x00\x00\x00\x00" {
				return nil // it asks for a proof
			}
		case frame.ReadyForQuery:
			_, _ = a.Write([]byte{frame.Terminate, 0, 0, 0, 4})
			return nil
		case frame.ErrorResponse:
			if frame.Field(body, 'C') == cannotConnectNow {
				return fmt.Errorf("the backend accepts no connections: %s", frame.Field(body, 'M'))
			}
			return nil
		}
		f = nil
	}
}
