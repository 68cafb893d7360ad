package question

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// Error says why a text is not a question and where.
type Error struct {
	Position int    // 1-based character in the question
	Message  string // in the style of Postgres: lower case, no full stop
	Hint     string // a sentence, or empty
}

// Error gives the message alone; position and hint are shown apart, as Postgres does.
func (e *Error) Error() string { return e.Message }

// Caret shows the line of the question that holds the error and a caret under the place.
func (e *Error) Caret(question string) string {
	at := offsetOf(question, e.Position)
	start := strings.LastIndexByte(question[:at], '\n') + 1
	line, _, _ := strings.Cut(question[start:], "\n")
	// Tabs are kept in the margin so that the caret stands under the place whatever the tab width.
	margin := strings.Map(func(r rune) rune {
		if r == '\t' {
			return r
		}
		return ' '
	}, question[start:at])
	return line + "\n" + margin + "^"
}

// offsetOf is the byte offset of a 1-based character position, at most len(s).
func offsetOf(s string, position int) int {
	for i := range s {
		if position--; position < 1 {
			return i
		}
	}
	return len(s)
}

// characterAt is the 1-based character position of a byte offset.
func characterAt(s string, at Pos) int {
	return utf8.RuneCountInString(s[:min(int(at), len(s))]) + 1
}

// fail makes an Error at a byte offset of src.
func fail(src string, at int, hint, format string, args ...any) *Error {
	return &Error{Position: characterAt(src, Pos(at)), Message: fmt.Sprintf(format, args...), Hint: hint}
}
