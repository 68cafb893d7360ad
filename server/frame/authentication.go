package frame

import (
	"encoding/binary"
	"fmt"
)

// Response is a client's answer to an Authentication frame: a password, or a step of SASL or GSSAPI.
const Response = 'p'

// Codes of an Authentication frame that are told apart; every other one asks the client for a Response.
const (
	AuthenticationOK           = 0
	AuthenticationSASL         = 10
	AuthenticationSASLContinue = 11
	AuthenticationSASLFinal    = 12
)

// ParseAuthentication reads the body of an Authentication frame.
func ParseAuthentication(body []byte) (code int32, rest []byte, err error) {
	s := scan{rest: body}
	code = s.int32()
	if s.err != nil {
		return 0, nil, fmt.Errorf("read Authentication: %w", s.err)
	}
	return code, s.rest, nil
}

// Mechanisms reads the mechanisms that an AuthenticationSASL offers.
func Mechanisms(rest []byte) ([]string, error) {
	s := scan{rest: rest}
	var mechanisms []string
	for {
		m := s.text()
		if s.err != nil {
			return nil, fmt.Errorf("read AuthenticationSASL: %w", s.err)
		}
		if len(m) == 0 {
			return mechanisms, nil
		}
		mechanisms = append(mechanisms, string(m))
	}
}

// AppendMechanisms appends an AuthenticationSASL.
func AppendMechanisms(dst []byte, mechanisms []string) []byte {
	dst, at := begin(dst, Authentication)
	dst = binary.BigEndian.AppendUint32(dst, AuthenticationSASL)
	for _, m := range mechanisms {
		dst = appendText(dst, m)
	}
	return end(append(dst, 0), at)
}

// AppendAuthentication appends an Authentication frame with a code and what belongs to it.
func AppendAuthentication(dst []byte, code int32, rest []byte) []byte {
	dst, at := begin(dst, Authentication)
	dst = binary.BigEndian.AppendUint32(dst, uint32(code))
	return end(append(dst, rest...), at)
}

// SASLInitial reads the body of a client's first Response to AuthenticationSASL.
func SASLInitial(body []byte) (mechanism string, data []byte, err error) {
	s := scan{rest: body}
	mechanism = string(s.text())
	if n := s.int32(); n >= 0 {
		data = s.take(int(n))
	}
	if err := s.done(); err != nil {
		return "", nil, fmt.Errorf("read SASLInitialResponse: %w", err)
	}
	return mechanism, data, nil
}

// AppendSASLInitial appends a client's first Response to AuthenticationSASL.
func AppendSASLInitial(dst []byte, mechanism string, data []byte) []byte {
	dst, at := begin(dst, Response)
	dst = appendText(dst, mechanism)
	dst = binary.BigEndian.AppendUint32(dst, uint32(len(data)))
	return end(append(dst, data...), at)
}

// AppendResponse appends a Response.
func AppendResponse(dst, data []byte) []byte {
	dst, at := begin(dst, Response)
	return end(append(dst, data...), at)
}
