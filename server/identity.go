package server

import (
	"crypto/x509"
	"encoding/asn1"
	"fmt"

	"github.com/jackc/pgx/v5/pgconn"
)

// TLSMode says what is asked of clients where the server has a certificate. Clients on a Unix socket, to which
// Postgres gives no TLS either, are asked for nothing.
type TLSMode string

// What may be asked of clients.
const (
	AllowTLS     TLSMode = "allow"         // nothing: TLS for those that want it
	RequireTLS   TLSMode = "require"       // TLS
	VerifyClient TLSMode = "verify-client" // and a certificate that names the role, as clientcert=verify-full
)

// valid reports a mode that is none. The zero value is AllowTLS.
func (m TLSMode) valid() bool {
	switch m {
	case "", AllowTLS, RequireTLS, VerifyClient:
		return true
	}
	return false
}

// maxRole is the longest name of a role; Postgres cuts what a start-up packet says behind it.
const maxRole = 63

// role is the role that a client wants to be, exactly as the backend will read it.
func (c *caller) role() string {
	name := c.start.Parameter("user")
	return name[:min(len(name), maxRole)]
}

// identify checks what the server itself demands of a client before anything of it reaches the backend, and
// notes whether a certificate proves the client to be the role it names.
func (s *Server) identify(c *caller) *pgconn.PgError {
	var name string
	if c.tls != nil && len(c.tls.VerifiedChains) > 0 {
		name = commonName(c.tls.PeerCertificates[0])
	}
	c.identified = name != "" && c.role() != "" && s.config.CertNames.allows(name, c.role())
	if isUnix(c.conn) {
		return nil
	}
	switch mode := s.config.TLSMode; {
	case mode != RequireTLS && mode != VerifyClient:
		return nil
	case c.tls == nil:
		return &pgconn.PgError{Code: invalidAuthorization, Message: "connection requires TLS",
			Hint: "Connect with sslmode=require or stronger."}
	case mode == RequireTLS || c.identified:
		return nil
	case len(c.tls.VerifiedChains) == 0:
		return &pgconn.PgError{Code: invalidAuthorization, Message: "connection requires a valid client certificate"}
	}
	return &pgconn.PgError{Code: invalidAuthorization,
		Message: fmt.Sprintf("certificate authentication failed for user %q", c.role())}
}

// commonName is the name a certificate is made out to; "" where it has none, or several.
func commonName(c *x509.Certificate) string {
	name, count := "", 0
	for _, attribute := range c.Subject.Names {
		if !attribute.Type.Equal(commonNameOID) {
			continue
		}
		if text, ok := attribute.Value.(string); ok {
			name = text
		}
		count++
	}
	if count != 1 {
		return ""
	}
	return name
}

var commonNameOID = asn1.ObjectIdentifier{2, 5, 4, 3}
