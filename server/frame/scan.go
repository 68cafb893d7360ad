package frame

import (
	"bytes"
	"encoding/binary"
	"errors"
)

// errShort says that a body ends before what its counts promise.
var errShort = errors.New("message is shorter than its fields")

// scan reads a body field by field. The first field that does not fit ends it: every later one is zero, and
// err says so.
type scan struct {
	rest []byte
	err  error
}

func (s *scan) take(n int) []byte {
	if s.err != nil || n < 0 || n > len(s.rest) {
		s.err = errShort
		return nil
	}
	b := s.rest[:n:n]
	s.rest = s.rest[n:]
	return b
}

func (s *scan) byte() byte {
	if b := s.take(1); b != nil {
		return b[0]
	}
	return 0
}

func (s *scan) int16() int16 {
	if b := s.take(2); b != nil {
		return int16(binary.BigEndian.Uint16(b))
	}
	return 0
}

func (s *scan) int32() int32 {
	if b := s.take(4); b != nil {
		return int32(binary.BigEndian.Uint32(b))
	}
	return 0
}

// text reads up to the next NUL, which it drops.
func (s *scan) text() []byte {
	n := bytes.IndexByte(s.rest, 0)
	if s.err != nil || n < 0 {
		s.err = errShort
		return nil
	}
	b := s.rest[:n:n]
	s.rest = s.rest[n+1:]
	return b
}

// count reads the number of fields that follow, of at least size bytes each, so that nothing larger than the
// body is ever allocated.
func (s *scan) count(size int) int {
	n := int(uint16(s.int16()))
	if n*size > len(s.rest) {
		s.err = errShort
		return 0
	}
	return n
}

func (s *scan) formats() []int16 {
	n := s.count(2)
	if n == 0 {
		return nil
	}
	formats := make([]int16, n)
	for i := range formats {
		formats[i] = s.int16()
	}
	return formats
}

// done gives the first error, or one for bytes that no field accounts for.
func (s *scan) done() error {
	if s.err == nil && len(s.rest) > 0 {
		return errors.New("message is longer than its fields")
	}
	return s.err
}
