package server

import (
	"bytes"
	"slices"
	"sync/atomic"
)

// lexing is how a session has Postgres cut a text into tokens. The planner's grammar knows the default alone: a
// text that it would cut in another way goes to Postgres as it is, or what a client has quoted could become SQL.
type lexing struct {
	// backslashes says that a backslash quotes in an ordinary literal: standard_conforming_strings is off.
	backslashes atomic.Bool
	// trails says that a byte of ASCII may be the end of a longer character of the client's encoding.
	trails atomic.Bool
}

// trailing are the client encodings in which it may (PG_ENCODING_BE_LAST and those behind it in
// src/include/mb/pg_wchar.h).
var trailing = []string{"SJIS", "BIG5", "GBK", "UHC", "GB18030", "JOHAB", "SHIFT_JIS_2004"}

// note takes a parameter that the backend reports.
func (l *lexing) note(name, value string) {
	switch name {
	case "standard_conforming_strings":
		l.backslashes.Store(value == "off")
	case "client_encoding":
		l.trails.Store(slices.Contains(trailing, value))
	}
}

// misleads reports whether the planner could cut the text in another way than Postgres does.
func (l *lexing) misleads(text []byte) bool {
	return l.backslashes.Load() && bytes.IndexByte(text, '\\') >= 0 ||
		l.trails.Load() && slices.ContainsFunc(text, func(b byte) bool { return b >= 0x80 })
}
