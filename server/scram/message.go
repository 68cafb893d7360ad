package scram

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
)

// Names of the mechanisms, without and with channel binding.
const (
	Mechanism     = "SCRAM-SHA-256"
	MechanismPlus = "SCRAM-SHA-256-PLUS"
)

// bindingType is the only one that Postgres has: a hash of the server's certificate (RFC 5929).
const bindingType = "tls-server-end-point"

// maxMessage bounds a message of either side, as Postgres does (PG_MAX_SASL_MESSAGE_LENGTH).
const maxMessage = 1024

// nonceLength is that of Postgres's own nonces, in bytes before they become text.
const nonceLength = 18

func newNonce() string {
	var b [nonceLength]byte
	_, _ = rand.Read(b[:]) // never fails: the program ends where there is no randomness
	return base64.StdEncoding.EncodeToString(b[:])
}

// SyntaxError is a message that does not keep to the protocol.
type SyntaxError struct{ Reason string }

func (e *SyntaxError) Error() string { return "malformed SCRAM message: " + e.Reason }

func syntax(format string, args ...any) error {
	return &SyntaxError{Reason: fmt.Sprintf(format, args...)}
}

var (
	// ErrBindingMismatch says that the client talks to somebody with another certificate: a man in the middle.
	ErrBindingMismatch = errors.New("SCRAM channel binding check failed")
	// ErrBindingNegotiation says that the client was led to believe that it cannot bind the channel.
	ErrBindingNegotiation = errors.New("SCRAM channel binding negotiation error")
)

// attribute takes one attribute, such as r=nonce, off the front of a message.
func attribute(message string, name byte) (value, rest string, err error) {
	first, rest, _ := strings.Cut(message, ",")
	if len(first) < 2 || first[0] != name || first[1] != '=' {
		return "", "", syntax("attribute %q expected", string(name))
	}
	return first[2:], rest, nil
}

// isPrintable says whether a text may be a nonce: visible ASCII without commas.
func isPrintable(text string) bool {
	for i := range len(text) {
		if c := text[i]; c < 0x21 || c > 0x7e || c == ',' {
			return false
		}
	}
	return text != ""
}

// check bounds a message and refuses what would end a text early elsewhere.
func check(message []byte) (string, error) {
	if len(message) == 0 || len(message) > maxMessage {
		return "", syntax("%d bytes long", len(message))
	}
	if strings.IndexByte(string(message), 0) >= 0 {
		return "", syntax("zero byte in a text")
	}
	return string(message), nil
}

func sign(key Key, message string) (signature Key) {
	mac := hmac.New(sha256.New, key[:])
	mac.Write([]byte(message))
	copy(signature[:], mac.Sum(nil))
	return signature
}

func (k Key) xor(other Key) Key {
	for i := range k {
		k[i] ^= other[i]
	}
	return k
}

func (k Key) text() string { return base64.StdEncoding.EncodeToString(k[:]) }
