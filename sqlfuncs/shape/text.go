package shape

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// Text is a statement as Postgres is to check it.
type Text struct {
	SQL    string
	pieces []piece
}

// edit puts a text in the place of source[from:to], in bytes. Errors in it are about the call that begins at anchor.
type edit struct {
	from, to int
	text     string
	anchor   int
	call     string // the function whose arguments the text checks, "" where it checks none
}

// piece is an edit in characters: where its text is, how long it is, and what it has taken the place of.
type piece struct {
	at, length int
	end        int // of what it replaces, in the source
	anchor     int
	call       string
}

// apply makes the edits, of which those at one place come in their order here.
func apply(source string, edits []edit) *Text {
	slices.SortStableFunc(edits, func(a, b edit) int { return a.from - b.from })
	t := &Text{}
	var out strings.Builder
	last, written, read := 0, 0, 0
	for _, e := range edits {
		if e.from < last {
			continue // inside of what an outer edit has replaced
		}
		kept := utf8.RuneCountInString(source[last:e.from])
		written, read = written+kept, read+kept
		out.WriteString(source[last:e.from])
		out.WriteString(e.text)
		length := utf8.RuneCountInString(e.text)
		read += utf8.RuneCountInString(source[e.from:e.to])
		t.pieces = append(t.pieces, piece{at: written, length: length, end: read, anchor: utf8.RuneCountInString(source[:e.anchor]), call: e.call})
		written += length
		last = e.to
	}
	out.WriteString(source[last:])
	t.SQL = out.String()
	return t
}

// Reword gives the message of an error about the source for one at a 1-based position in SQL: that a function which checks
// arguments does not exist for one becomes that the call's function does not.
func (t *Text) Reword(message string, p int32) string {
	at := int(p) - 1
	for _, piece := range t.pieces {
		if piece.call == "" || at < piece.at || at >= piece.at+piece.length {
			continue
		}
		before, behind, found := strings.Cut(message, " pg_catalog.")
		if _, types, called := strings.Cut(behind, "("); found && called {
			return before + " " + piece.call + "(… " + strings.TrimPrefix(types, "boolean, ")
		}
	}
	return message
}

// Position maps a 1-based position in SQL, in characters, to the source.
func (t *Text) Position(p int32) int32 {
	at, written, read := int(p)-1, 0, 0
	for _, piece := range t.pieces {
		if at < piece.at {
			break
		}
		if at < piece.at+piece.length {
			return int32(piece.anchor) + 1
		}
		written, read = piece.at+piece.length, piece.end
	}
	return int32(at-written+read) + 1
}
