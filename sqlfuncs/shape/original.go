package shape

import (
	"encoding/base64"
	"strings"
)

// Postgres keeps the text of a prepared statement, comments included: one holds the statement as the client wrote it.
const (
	opening = "/*cvp "
	closing = "*/"
)

// made is in every shape of a call of a scalar function: it is what the shape fails with where Postgres runs it.
const made = "a call of cvp was not answered by cvp serve"

// kept is a comment that holds a statement.
func kept(source string) string {
	return opening + base64.StdEncoding.EncodeToString([]byte(source)) + closing
}

// Original gives the statement that a shape was made of, where that is kept in it.
func Original(text string) (source string, ok bool) {
	_, rest, found := strings.Cut(text, opening)
	encoded, _, closed := strings.Cut(rest, closing)
	if !found || !closed {
		return "", false
	}
	decoded, err := base64.StdEncoding.DecodeString(encoded)
	return string(decoded), err == nil
}

// Made reports whether a text is a shape that Postgres must not run.
func Made(text string) bool { return strings.Contains(text, made) }
