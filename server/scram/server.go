package scram

import (
	"crypto/hmac"
	"encoding/base64"
	"fmt"
	"strings"
)

// Server is the exchange with a client.
type Server struct {
	binding []byte // of our certificate, where the client binds
	header  string // the client's gs2 header
	bare    string // its first message behind that
	nonce   string // both sides' together
	first   string // our answer
}

// Accept reads a client's first message for a mechanism. binding is what the channel is bound to, nil where
// binding was not offered.
func Accept(mechanism string, message, binding []byte) (*Server, error) {
	text, err := check(message)
	if err != nil {
		return nil, err
	}
	flag, rest, _ := strings.Cut(text, ",")
	if err := checkFlag(mechanism, flag, binding != nil); err != nil {
		return nil, err
	}
	identity, bare, ok := strings.Cut(rest, ",")
	switch {
	case !ok:
		return nil, syntax("no user name")
	case identity != "":
		return nil, syntax("authorization identity is not supported")
	}
	// The name is what the start-up packet says, as for Postgres; this one is only well-formed.
	_, rest, err = attribute(bare, 'n')
	if err != nil {
		return nil, err
	}
	nonce, _, err := attribute(rest, 'r')
	if err != nil {
		return nil, err
	}
	if !isPrintable(nonce) {
		return nil, syntax("nonce is not printable")
	}
	s := &Server{header: flag + ",,", bare: bare, nonce: nonce + newNonce()}
	if mechanism == MechanismPlus {
		s.binding = binding
	}
	return s, nil
}

// checkFlag checks what a client says of channel binding: it does not want to (n), it thinks that the server
// cannot (y), or it does (p).
func checkFlag(mechanism, flag string, offered bool) error {
	switch {
	case mechanism != Mechanism && (mechanism != MechanismPlus || !offered):
		return syntax("client selected an invalid mechanism")
	case mechanism == MechanismPlus && flag != "p="+bindingType:
		return syntax("client selected %s without binding the channel by %s", MechanismPlus, bindingType)
	case mechanism == MechanismPlus, flag == "n", flag == "y" && !offered:
		return nil
	case flag == "y":
		return ErrBindingNegotiation
	}
	return syntax("unexpected channel binding flag")
}

// Challenge gives the answer to the first message: salt and iterations as Postgres has given them.
func (s *Server) Challenge(salt string, iterations int) []byte {
	s.first = fmt.Sprintf("r=%s,s=%s,i=%d", s.nonce, salt, iterations)
	return []byte(s.first)
}

// Finish reads a client's last message and gives the key that it has proven to have, and our own proof to it,
// which it must get only once Postgres has accepted the key. Whether the proof is right is not looked at.
func (s *Server) Finish(message []byte, v Verifier) (clientKey Key, final []byte, err error) {
	text, err := check(message)
	if err != nil {
		return Key{}, nil, err
	}
	at := strings.LastIndex(text, ",p=")
	if at < 0 {
		return Key{}, nil, syntax("no proof")
	}
	withoutProof := text[:at]
	bound, rest, err := attribute(withoutProof, 'c')
	if err != nil {
		return Key{}, nil, err
	}
	nonce, _, err := attribute(rest, 'r')
	if err != nil {
		return Key{}, nil, err
	}
	want := base64.StdEncoding.EncodeToString(append([]byte(s.header), s.binding...))
	var proof Key
	switch {
	case !hmac.Equal([]byte(bound), []byte(want)):
		return Key{}, nil, ErrBindingMismatch
	case nonce != s.nonce:
		return Key{}, nil, syntax("nonce does not match")
	case !proof.decode(text[at+3:]):
		return Key{}, nil, syntax("malformed proof")
	}
	authMessage := s.bare + "," + s.first + "," + withoutProof
	final = []byte("v=" + sign(v.ServerKey, authMessage).text())
	return proof.xor(sign(v.StoredKey, authMessage)), final, nil
}
