package server

import (
	"bytes"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"

	"cvp/server/frame"
	"github.com/jackc/pgx/v5/pgconn"
)

// caller is a client as it has introduced itself.
type caller struct {
	conn   net.Conn      // TLS, where the client asked for it
	packet []byte        // the start-up packet as it came
	start  frame.Startup // and what it says; empty where the backend has to judge it
	tls    *tls.ConnectionState
	// certificate is ours that the client has seen, for channel binding; nil without TLS.
	certificate *tls.Certificate
	// identified says that a certificate of the client's own proves that it is the role it names.
	identified bool
}

// greet reads what a client sends before a session starts and answers requests for encryption, each once, as
// Postgres does. It reads no byte beyond a packet, so that nothing sent in clear can be taken for a part of
// what TLS secures (CVE-2021-23214).
func (s *Server) greet(conn net.Conn) (*caller, error) {
	c := &caller{conn: conn}
	asked := map[uint32]bool{}
	for first := true; ; first = false {
		var head [4]byte
		if _, err := io.ReadFull(c.conn, head[:]); err != nil {
			return nil, fmt.Errorf("read startup packet: %w", err)
		}
		if head[0] == tlsHandshake && first && s.offersTLS(conn) {
			if err := s.directTLS(c, head[:]); err != nil {
				return nil, err
			}
			asked[frame.SSLRequest], asked[frame.GSSENCRequest] = true, true
			continue
		}
		var err error
		if c.packet, err = readStartup(c.conn, head[:]); err != nil {
			return nil, err
		}
		c.start, err = frame.ParseStartup(c.packet)
		code := c.start.Code
		switch encryption := code == frame.SSLRequest || code == frame.GSSENCRequest; {
		case encryption && asked[code], !encryption && code != frame.CancelRequest && code>>16 != protocolMajor:
			return nil, refuse(c.conn, unsupportedProtocol(code))
		case encryption: // whatever else is in the packet, as for Postgres
			asked[code] = true
			if err := s.answerEncryption(c, code); err != nil {
				return nil, err
			}
			if c.tls != nil {
				asked[frame.GSSENCRequest] = true
			}
		case err != nil && code == frame.CancelRequest:
			return nil, err
		default:
			return c, nil // a packet that makes no sense is the backend's to refuse, in its own words
		}
	}
}

// offersTLS says whether a client may have TLS. As with Postgres, one on a Unix socket does not get it.
func (s *Server) offersTLS(conn net.Conn) bool {
	return s.config.TLS != nil && !isUnix(conn)
}

func isUnix(conn net.Conn) bool {
	_, ok := conn.LocalAddr().(*net.UnixAddr)
	return ok
}

// answerEncryption answers a request for TLS or GSSAPI encryption.
func (s *Server) answerEncryption(c *caller, code uint32) error {
	if code != frame.SSLRequest || !s.offersTLS(c.conn) {
		if _, err := c.conn.Write([]byte{'N'}); err != nil {
			return fmt.Errorf("refuse encryption: %w", err)
		}
		return nil
	}
	if _, err := c.conn.Write([]byte{'S'}); err != nil {
		return fmt.Errorf("answer a request for TLS: %w", err)
	}
	return s.secure(c, c.conn)
}

// protocolMajor is the version of the protocol in the upper half of a start-up packet's code.
const protocolMajor = 3

// unsupportedProtocol is what Postgres says to a version, or a request, that it does not know at this place.
func unsupportedProtocol(code uint32) *pgconn.PgError {
	return &pgconn.PgError{Code: featureNotSupported, Message: fmt.Sprintf(
		"unsupported frontend protocol %d.%d: server supports 3.0 to 3.0", code>>16, code&0xffff)}
}

// readStartup reads the rest of a start-up packet, whose length is checked before anything is allocated.
func readStartup(conn net.Conn, head []byte) ([]byte, error) {
	size, err := frame.StartupSize(head)
	if err != nil {
		return nil, err
	}
	packet := make([]byte, size)
	copy(packet, head)
	if _, err := io.ReadFull(conn, packet[len(head):]); err != nil {
		return nil, fmt.Errorf("read startup packet: %w", err)
	}
	return packet, nil
}

// tlsHandshake is the first byte of TLS; a start-up packet would be far too long with it.
const tlsHandshake = 0x16

// directTLS serves a client that starts TLS at once (sslnegotiation=direct). It must name the protocol, as
// Postgres demands.
func (s *Server) directTLS(c *caller, head []byte) error {
	if err := s.secure(c, &prefixed{Conn: c.conn, rest: bytes.NewReader(bytes.Clone(head))}); err != nil {
		return err
	}
	if c.tls.NegotiatedProtocol != alpn {
		return errors.New("received direct SSL connection request without ALPN protocol negotiation extension")
	}
	return nil
}

// secure does the server's part of a TLS handshake.
func (s *Server) secure(c *caller, conn net.Conn) error {
	shown := new(*tls.Certificate)
	secured := tls.Server(conn, recording(s.config.TLS, shown))
	if err := secured.Handshake(); err != nil {
		return fmt.Errorf("negotiate TLS with a client: %w", err)
	}
	state := secured.ConnectionState()
	c.conn, c.tls, c.certificate = secured, &state, *shown
	return nil
}

// prefixed gives back bytes that were read from a connection to look at them.
type prefixed struct {
	net.Conn
	rest *bytes.Reader
}

func (p *prefixed) Read(b []byte) (int, error) {
	if p.rest.Len() > 0 {
		return p.rest.Read(b)
	}
	return p.Conn.Read(b)
}

// recording gives the configuration of one handshake, which notes the certificate that the client is shown:
// a connection does not tell.
func recording(config *tls.Config, shown **tls.Certificate) *tls.Config {
	outer := config.Clone()
	outer.GetConfigForClient = func(hello *tls.ClientHelloInfo) (*tls.Config, error) {
		current := config
		if config.GetConfigForClient != nil {
			c, err := config.GetConfigForClient(hello)
			if err != nil {
				return nil, err
			}
			if c != nil {
				current = c
			}
		}
		one := current.Clone()
		one.NextProtos = []string{alpn}
		one.SessionTicketsDisabled = true // as Postgres: every session proves itself anew
		one.GetConfigForClient = nil
		one.Certificates = nil // with any, GetCertificate is not always asked
		one.GetCertificate = func(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
			c, err := choose(current, hello)
			*shown = c
			return c, err
		}
		return one, nil
	}
	return outer
}

// choose picks the first certificate that suits a client, and else the first.
func choose(config *tls.Config, hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
	if config.GetCertificate != nil {
		return config.GetCertificate(hello)
	}
	if len(config.Certificates) == 0 {
		return nil, errors.New("no certificate")
	}
	for i := range config.Certificates {
		if hello.SupportsCertificate(&config.Certificates[i]) == nil {
			return &config.Certificates[i], nil
		}
	}
	return &config.Certificates[0], nil
}
