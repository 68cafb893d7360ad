package frame

import "bytes"

// Mentions reports whether a query string may name something of ours: it holds cvp_ in any case, or an
// identifier with Unicode escapes, which may spell it. A false answer is certain; a true one costs a look by
// the parser.
//
// It looks for the underscore first: bytes.IndexByte runs at memory speed, and few texts have many of them.
// In client encodings where an ASCII byte may be the tail of a longer character the answer errs towards true.
func Mentions(sql []byte) bool {
	for i := 0; ; {
		n := bytes.IndexByte(sql[i:], '_')
		if n < 0 {
			break
		}
		i += n + 1
		if i >= 4 && sql[i-4]|0x20 == 'c' && sql[i-3]|0x20 == 'v' && sql[i-2]|0x20 == 'p' {
			return true
		}
	}
	for i := 0; ; {
		n := bytes.IndexByte(sql[i:], '&')
		if n < 0 {
			return false
		}
		i += n + 1
		if i >= 2 && sql[i-2]|0x20 == 'u' && i < len(sql) && sql[i] == '"' {
			return true
		}
	}
}

// MentionsExecute reports whether a query string holds the word EXECUTE in any case, be it within another word.
func MentionsExecute(sql []byte) bool {
	const word = "execute"
	for i := 0; ; {
		n := bytes.IndexAny(sql[i:], "xX") // the rarest letter of them
		if n < 0 {
			return false
		}
		from := i + n - 1
		if from >= 0 && from+len(word) <= len(sql) && bytes.EqualFold(sql[from:from+len(word)], []byte(word)) {
			return true
		}
		i += n + 1
	}
}
