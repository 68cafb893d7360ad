package scram

import (
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"strconv"
	"strings"
)

// Key is a key of SCRAM-SHA-256: the client's, its stored hash, or the server's.
type Key [sha256.Size]byte

// Verifier is what Postgres keeps of a password (pg_authid.rolpassword).
type Verifier struct {
	Salt       string // base64
	Iterations int
	StoredKey  Key
	ServerKey  Key
}

var errVerifier = errors.New("not a SCRAM-SHA-256 verifier")

// ParseVerifier reads the form SCRAM-SHA-256$iterations:salt$StoredKey:ServerKey. Its errors do not repeat
// what they were given.
func ParseVerifier(text string) (Verifier, error) {
	rest, ok := strings.CutPrefix(text, Mechanism+"$")
	head, keys, cut := strings.Cut(rest, "$")
	iterations, salt, cutHead := strings.Cut(head, ":")
	stored, server, cutKeys := strings.Cut(keys, ":")
	if !ok || !cut || !cutHead || !cutKeys || len(text) > maxMessage {
		return Verifier{}, errVerifier
	}
	v := Verifier{Salt: salt}
	var err error
	if v.Iterations, err = parseIterations(iterations); err != nil {
		return Verifier{}, errVerifier
	}
	if !isBase64(salt) || !v.StoredKey.decode(stored) || !v.ServerKey.decode(server) {
		return Verifier{}, errVerifier
	}
	return v, nil
}

func (k *Key) decode(text string) bool {
	b, err := base64.StdEncoding.Strict().DecodeString(text)
	return err == nil && copy(k[:], b) == len(k) && len(b) == len(k)
}

func isBase64(text string) bool {
	b, err := base64.StdEncoding.Strict().DecodeString(text)
	return err == nil && len(b) > 0
}

func parseIterations(text string) (int, error) {
	n, err := strconv.ParseUint(text, 10, 31)
	if err != nil || n == 0 || text[0] == '+' {
		return 0, errors.New("invalid iteration count")
	}
	return int(n), nil
}

// stored is the hash of a client's key that a server keeps.
func (k Key) stored() Key { return sha256.Sum256(k[:]) }
