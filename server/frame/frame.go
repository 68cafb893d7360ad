// Package frame knows the frames of the Postgres wire protocol, version 3: where they end, the few that the
// server reads, and the few that it writes. Nothing here trusts a length or a count before it is checked, and
// what is parsed aliases the bytes it was parsed from.
package frame

import (
	"encoding/binary"
	"fmt"
)

// Kinds of frames that a client sends.
const (
	Query        = 'Q'
	Parse        = 'P'
	Bind         = 'B'
	Describe     = 'D'
	Execute      = 'E'
	Close        = 'C'
	Flush        = 'H'
	Sync         = 'S'
	FunctionCall = 'F'
	CopyData     = 'd' // either side
	CopyDone     = 'c' // either side
	CopyFail     = 'f'
	Terminate    = 'X'
)

// Kinds of frames that a backend sends.
const (
	Authentication       = 'R'
	BackendKeyData       = 'K'
	BindComplete         = '2'
	CloseComplete        = '3'
	CommandComplete      = 'C'
	CopyInResponse       = 'G'
	CopyOutResponse      = 'H'
	DataRow              = 'D'
	EmptyQueryResponse   = 'I'
	ErrorResponse        = 'E'
	NoData               = 'n'
	NoticeResponse       = 'N'
	NotificationResponse = 'A'
	ParameterDescription = 't'
	ParameterStatus      = 'S'
	ParseComplete        = '1'
	PortalSuspended      = 's'
	ReadyForQuery        = 'Z'
	RowDescription       = 'T'
)

// Transaction states that ReadyForQuery reports.
const (
	Idle          = 'I'
	InTransaction = 'T'
	Failed        = 'E'
)

const (
	// HeadLen is the length of a frame's head: its kind and its length.
	HeadLen = 5
	// MaxBody is the longest body that Postgres reads or writes (MaxAllocSize).
	MaxBody = 1<<30 - 1
)

// LengthError is a length field that no correct peer sends.
type LengthError struct {
	Kind   byte
	Length int32
}

func (e *LengthError) Error() string {
	return fmt.Sprintf("invalid message length %d of message type 0x%02x", e.Length, e.Kind)
}

// Size gives the length of the whole frame whose head is b[:HeadLen].
func Size(b []byte) (int, error) {
	length := int32(binary.BigEndian.Uint32(b[1:HeadLen]))
	if length < 4 || length-4 > MaxBody {
		return 0, &LengthError{Kind: b[0], Length: length}
	}
	return 1 + int(length), nil
}

// begin starts a frame of a kind and gives the place of its length for end.
func begin(dst []byte, kind byte) ([]byte, int) {
	dst = append(dst, kind, 0, 0, 0, 0)
	return dst, len(dst) - 4
}

// end fills in the length of a frame that begin has started.
func end(dst []byte, at int) []byte {
	binary.BigEndian.PutUint32(dst[at:], uint32(len(dst)-at))
	return dst
}
