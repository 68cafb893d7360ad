package question

import (
	"strings"
	"unicode/utf8"
)

// kind is the kind of a token.
type kind uint8

const (
	end    kind = iota // the end of the text
	word               // an identifier or keyword without quotes
	quoted             // an identifier in double quotes
	number             // an unsigned number
	text               // a string constant in any of its spellings
	mark               // an operator or punctuation: two characters where they form a comparison, else one
)

// token is a piece of the text by its bytes.
type token struct {
	kind     kind
	from, to int
}

// lexer cuts a text into tokens as Postgres does (src/backend/parser/scan.l) with standard_conforming_strings on.
type lexer struct {
	src string
	at  int
}

// scan gives all tokens of src, the last of kind end.
func scan(src string) ([]token, *Error) {
	l := lexer{src: src}
	var tokens []token
	for {
		t, err := l.next()
		if err != nil {
			return nil, err
		}
		tokens = append(tokens, t)
		if t.kind == end {
			return tokens, nil
		}
	}
}

// next gives the next token after white space and comments.
func (l *lexer) next() (token, *Error) {
	if err := l.skip(); err != nil {
		return token{}, err
	}
	from := l.at
	k, err := l.token()
	return token{kind: k, from: from, to: l.at}, err
}

func (l *lexer) token() (kind, *Error) {
	if l.at == len(l.src) {
		return end, nil
	}
	c := l.src[l.at]
	switch {
	case isStringPrefix(c) && l.peek(1) == '\'':
		l.at++
		return text, l.stringConstant(c == 'e' || c == 'E')
	case (c == 'u' || c == 'U') && l.peek(1) == '&' && l.peek(2) == '\'':
		l.at += 2
		return text, l.stringConstant(false)
	case isNameStart(c):
		l.while(isNamePart)
		return word, nil
	case c == '\'':
		return text, l.stringConstant(false)
	case c == '"':
		return quoted, l.delimited('"', false, "quoted identifier")
	case c == '$':
		return l.dollar()
	case isDigit(c), c == '.' && isDigit(l.peek(1)):
		l.number()
		return number, nil
	}
	l.mark()
	return mark, nil
}

// skip passes white space and comments; block comments nest.
func (l *lexer) skip() *Error {
	for l.at < len(l.src) {
		switch {
		case isSpace(l.src[l.at]):
			l.at++
		case l.ahead("--"):
			l.lineComment()
		case l.ahead("/*"):
			if err := l.blockComment(); err != nil {
				return err
			}
		default:
			return nil
		}
	}
	return nil
}

func (l *lexer) lineComment() {
	l.while(func(c byte) bool { return c != '\n' && c != '\r' })
}

func (l *lexer) blockComment() *Error {
	from, depth := l.at, 0
	for l.at < len(l.src) {
		switch {
		case l.ahead("/*"):
			depth++
			l.at += 2
		case l.ahead("*/"):
			depth--
			l.at += 2
			if depth == 0 {
				return nil
			}
		default:
			l.at++
		}
	}
	return fail(l.src, from, "", "unterminated comment")
}

// stringConstant passes a constant in single quotes with its continuations: a string goes on, under the rules
// of its first part, when another quote follows after white space that holds a line break.
func (l *lexer) stringConstant(escapes bool) *Error {
	for {
		if err := l.delimited('\'', escapes, "string constant"); err != nil {
			return err
		}
		after := l.at
		if !l.continued() {
			l.at = after
			return nil
		}
	}
}

func (l *lexer) continued() bool {
	lineBreak := false
	for l.at < len(l.src) {
		switch c := l.src[l.at]; {
		case isSpace(c):
			lineBreak = lineBreak || c == '\n' || c == '\r'
			l.at++
		case l.ahead("--"):
			l.lineComment()
		default:
			return lineBreak && c == '\''
		}
	}
	return false
}

// delimited passes what stands between two quotes, where a doubled quote is part of it.
func (l *lexer) delimited(quote byte, escapes bool, what string) *Error {
	from := l.at
	for l.at++; l.at < len(l.src); l.at++ {
		switch {
		case escapes && l.src[l.at] == '\\':
			l.at++
		case l.src[l.at] != quote:
		case l.peek(1) == quote:
			l.at++
		default:
			l.at++
			return nil
		}
	}
	l.at = len(l.src)
	return fail(l.src, from, "", "unterminated %s", what)
}

// dollar passes a dollar-quoted string; a parameter is refused, since a question is a text on its own.
func (l *lexer) dollar() (kind, *Error) {
	from := l.at
	l.at++
	if isDigit(l.peek(0)) {
		return 0, fail(l.src, from, "Write the value itself.", "a question takes no parameters")
	}
	if isNameStart(l.peek(0)) {
		l.while(func(c byte) bool { return isNamePart(c) && c != '$' })
	}
	if l.peek(0) != '$' {
		l.at = from + 1
		return mark, nil
	}
	l.at++
	fence := l.src[from:l.at]
	length := strings.Index(l.src[l.at:], fence)
	if length < 0 {
		return 0, fail(l.src, from, "", "unterminated dollar-quoted string")
	}
	l.at += length + len(fence)
	return text, nil
}

func (l *lexer) number() {
	l.while(isDigit)
	if l.peek(0) == '.' {
		l.at++
		l.while(isDigit)
	}
	if c := l.peek(0); c != 'e' && c != 'E' {
		return
	}
	digits := 1
	if c := l.peek(1); c == '+' || c == '-' {
		digits = 2
	}
	if isDigit(l.peek(digits)) {
		l.at += digits
		l.while(isDigit)
	}
}

func (l *lexer) mark() {
	for _, pair := range []string{"<=", ">=", "<>", "!="} {
		if l.ahead(pair) {
			l.at += 2
			return
		}
	}
	_, size := utf8.DecodeRuneInString(l.src[l.at:])
	l.at += size
}

func (l *lexer) ahead(s string) bool { return strings.HasPrefix(l.src[l.at:], s) }

// peek is the byte n places on, 0 past the end.
func (l *lexer) peek(n int) byte {
	if l.at+n < len(l.src) {
		return l.src[l.at+n]
	}
	return 0
}

func (l *lexer) while(is func(byte) bool) {
	for l.at < len(l.src) && is(l.src[l.at]) {
		l.at++
	}
}

func isSpace(c byte) bool { return c == ' ' || '\t' <= c && c <= '\r' }

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

func isNameStart(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || c == '_' || c >= utf8.RuneSelf
}

func isNamePart(c byte) bool { return isNameStart(c) || isDigit(c) || c == '$' }

func isStringPrefix(c byte) bool {
	return strings.IndexByte("eEbBxXnN", c) >= 0
}
