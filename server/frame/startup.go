package frame

import (
	"encoding/binary"
	"fmt"
	"slices"
)

// Codes in the place of the protocol version that make a start-up packet something else.
const (
	CancelRequest = 80877102
	SSLRequest    = 80877103
	GSSENCRequest = 80877104
)

// MaxStartup is the longest start-up packet that Postgres reads, its length aside (MAX_STARTUP_PACKET_LENGTH).
const MaxStartup = 10000

// StartupSize gives the length of a whole start-up packet from its first 4 bytes.
func StartupSize(head []byte) (int, error) {
	n := int32(binary.BigEndian.Uint32(head))
	if n < 8 || n-4 > MaxStartup {
		return 0, fmt.Errorf("invalid length of startup packet: %d", n)
	}
	return int(n), nil
}

// Startup is a whole start-up packet.
type Startup struct {
	// Code is the protocol version, or one of the codes above.
	Code uint32
	// Parameters of a session, in the order in which they came; empty for other packets.
	Parameters [][2]string
	// PID and Secret of a CancelRequest.
	PID    uint32
	Secret []byte
}

// ParseStartup reads a whole start-up packet, its length included. With an error it gives no more than the code (0 for none).
func ParseStartup(packet []byte) (Startup, error) {
	s := scan{rest: packet}
	if int(s.int32()) != len(packet) {
		return Startup{}, fmt.Errorf("read startup packet: %w", errShort)
	}
	p := Startup{Code: uint32(s.int32())}
	switch p.Code {
	case SSLRequest, GSSENCRequest:
	case CancelRequest:
		p.PID = uint32(s.int32())
		p.Secret = s.take(len(s.rest))
		if len(p.Secret) == 0 || len(p.Secret) > 256 {
			return Startup{Code: p.Code}, fmt.Errorf("read cancel request: invalid length")
		}
	default:
		p.Parameters = s.parameters()
	}
	if err := s.done(); err != nil {
		return Startup{Code: p.Code}, fmt.Errorf("read startup packet: %w", err)
	}
	return p, nil
}

// parameters reads pairs of texts up to an empty name.
func (s *scan) parameters() (pairs [][2]string) {
	for {
		name := s.text()
		if s.err != nil || len(name) == 0 {
			return pairs
		}
		pairs = append(pairs, [2]string{string(name), string(s.text())})
	}
}

// Parameter gives a session parameter, "" where the client sent none. Of several with the same name the last
// counts, as in Postgres: what is judged here must be what is obeyed there.
func (p Startup) Parameter(name string) string {
	for _, pair := range slices.Backward(p.Parameters) {
		if pair[0] == name {
			return pair[1]
		}
	}
	return ""
}
