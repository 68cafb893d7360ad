package scram

import (
	"crypto/sha256"
	"crypto/sha512"
	"crypto/x509"
	"testing"
)

func TestAChannelIsBoundByTheHashThatSignsTheCertificate(t *testing.T) {
	raw := []byte("a certificate")
	short, middle, long := sha256.Sum256(raw), sha512.Sum384(raw), sha512.Sum512(raw)
	for algorithm, want := range map[x509.SignatureAlgorithm][]byte{
		x509.SHA1WithRSA: short[:], x509.ECDSAWithSHA256: short[:], x509.SHA256WithRSAPSS: short[:],
		x509.SHA384WithRSA: middle[:], x509.ECDSAWithSHA384: middle[:], x509.SHA512WithRSA: long[:], x509.ECDSAWithSHA512: long[:],
		x509.PureEd25519: nil, x509.UnknownSignatureAlgorithm: nil,
	} {
		got, err := EndPoint(&x509.Certificate{Raw: raw, SignatureAlgorithm: algorithm})
		if string(got) != string(want) || (err == nil) != (want != nil) {
			t.Errorf("%v gives %x, %v; want %x", algorithm, got, err, want)
		}
	}
}
