package scram

import (
	"crypto"
	_ "crypto/sha256" // the hashes that sign certificates
	_ "crypto/sha512"
	"crypto/x509"
	"fmt"
)

// EndPoint is what a channel is bound to: the hash of the server's certificate, by the hash that signs it
// (RFC 5929, section 4.1). Some certificates, as of Ed25519, have none: then the channel cannot be bound.
func EndPoint(certificate *x509.Certificate) ([]byte, error) {
	var hash crypto.Hash
	switch certificate.SignatureAlgorithm {
	case x509.MD5WithRSA, x509.SHA1WithRSA, x509.ECDSAWithSHA1,
		x509.SHA256WithRSA, x509.SHA256WithRSAPSS, x509.ECDSAWithSHA256:
		hash = crypto.SHA256
	case x509.SHA384WithRSA, x509.SHA384WithRSAPSS, x509.ECDSAWithSHA384:
		hash = crypto.SHA384
	case x509.SHA512WithRSA, x509.SHA512WithRSAPSS, x509.ECDSAWithSHA512:
		hash = crypto.SHA512
	default:
		return nil, fmt.Errorf("a certificate signed by %v gives no channel binding", certificate.SignatureAlgorithm)
	}
	h := hash.New()
	h.Write(certificate.Raw)
	return h.Sum(nil), nil
}
