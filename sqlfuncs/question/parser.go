package question

import (
	"strings"
	"unicode/utf8"
)

// MaxLength bounds a question's text in bytes.
const MaxLength = 64 << 10

// Parse reads a question. Its error is an *Error.
func Parse(s string) (*Question, error) {
	q, err := parse(s)
	if err != nil {
		return nil, err
	}
	return q, nil
}

func parse(s string) (*Question, *Error) {
	p, err := newParser(s)
	if err != nil {
		return nil, err
	}
	q := &Question{Text: s}
	for _, step := range []func(*Question) *Error{p.predict, p.targetWindow, p.forEach, p.clauses, p.asOf} {
		if err := step(q); err != nil {
			return nil, err
		}
	}
	return q, p.end()
}

// parser walks the tokens of a question; each method reads one rule of the grammar in doc.go.
type parser struct {
	src    string
	tokens []token
	at     int
}

func newParser(s string) (*parser, *Error) {
	if len(s) > MaxLength {
		return nil, fail(s, 0, "", "question is longer than %d bytes", MaxLength)
	}
	if at := strings.IndexFunc(s, func(r rune) bool { return r == 0 || r == utf8.RuneError }); at >= 0 {
		return nil, fail(s, at, "", "question is not valid UTF-8 text")
	}
	tokens, err := scan(s)
	return &parser{src: s, tokens: tokens}, err
}

// asOf reads [AS OF date].
func (p *parser) asOf(q *Question) *Error {
	if !p.atAsOf() {
		return nil
	}
	p.at += 2
	date, err := p.date()
	q.AsOf = date
	return err
}

// end expects the end of the text.
func (p *parser) end() *Error {
	if p.kind() == end {
		return nil
	}
	switch {
	case p.isMark(";"):
		return p.unexpected("A question is one sentence without a semicolon.")
	case p.isWord("WHERE"), p.isWord("ASSUMING"):
		return p.unexpected("The order is FOR EACH, WHERE, ASSUMING, AS OF.")
	}
	return p.unexpected("")
}

// name reads [schema.]table.column, [schema.]table.* or a bare column.
func (p *parser) name() (Name, *Error) {
	n := Name{Pos: p.position()}
	var parts []string
	for {
		n.ColumnPos = p.position()
		if len(parts) > 0 && p.takeMark("*") {
			parts = append(parts, "")
			break
		}
		part, err := p.identifier()
		if err != nil {
			return Name{}, err
		}
		parts = append(parts, part)
		if !p.takeMark(".") {
			break
		}
	}
	if len(parts) > 3 {
		return Name{}, fail(p.src, int(n.Pos), "Write schema.table.column.", "a name has at most three parts")
	}
	n.Column = parts[len(parts)-1]
	if len(parts) > 1 {
		n.Table = parts[len(parts)-2]
	}
	if len(parts) > 2 {
		n.Schema = parts[0]
	}
	return n, nil
}

// column reads [schema.]table.column.
func (p *parser) column() (Name, *Error) {
	n, err := p.name()
	switch {
	case err != nil:
		return Name{}, err
	case n.Table == "":
		return Name{}, fail(p.src, int(n.Pos), "Write table."+Quote(n.Column)+".", "column %s needs its table", Quote(n.Column))
	case n.Column == "":
		return Name{}, fail(p.src, int(n.ColumnPos), "Name one column.", "a column is needed here, not all of %s", n.Relation())
	}
	return n, nil
}

// identifier reads one part of a name.
func (p *parser) identifier() (string, *Error) {
	s := p.spelling()
	switch p.kind() {
	case word:
		p.at++
		return strings.Map(lowerASCII, s), nil
	case quoted:
		s = strings.ReplaceAll(s[1:len(s)-1], `""`, `"`)
		if s == "" {
			return "", p.failHere("", "zero-length delimited identifier")
		}
		p.at++
		return s, nil
	}
	return "", p.unexpected("A name is expected here, such as orders.amount.")
}

// lowerASCII folds as Postgres folds names in UTF-8: only the letters A to Z.
func lowerASCII(r rune) rune {
	if 'A' <= r && r <= 'Z' {
		return r + ('a' - 'A')
	}
	return r
}

// expect reads a keyword. A word that nearly is the keyword gets that as its hint.
func (p *parser) expect(keyword, hint string) *Error {
	if p.takeWord(keyword) {
		return nil
	}
	if p.kind() == word {
		if _, near := Nearest(p.spelling(), []string{keyword}); near {
			hint = "Did you mean " + keyword + "?"
		}
	}
	return p.unexpected(hint)
}

// unexpected is the error for the token ahead, as Postgres words it.
func (p *parser) unexpected(hint string) *Error {
	if p.kind() == end {
		return p.failHere(hint, "syntax error at end of question")
	}
	return p.failHere(hint, "syntax error at or near \"%s\"", p.spelling())
}

func (p *parser) failHere(hint, format string, args ...any) *Error {
	return fail(p.src, int(p.position()), hint, format, args...)
}

func (p *parser) kind() kind { return p.tokens[p.at].kind }

// position is where the token ahead begins; at the end of the text it is right after the last token.
func (p *parser) position() Pos {
	if p.kind() == end && p.at > 0 {
		return Pos(p.tokens[p.at-1].to)
	}
	return Pos(p.tokens[p.at].from)
}

func (p *parser) spelling() string {
	t := p.tokens[p.at]
	return p.src[t.from:t.to]
}

func (p *parser) isWord(keyword string) bool { return p.wordAt(p.at, keyword) }

func (p *parser) wordAt(at int, keyword string) bool {
	if at >= len(p.tokens) || p.tokens[at].kind != word {
		return false
	}
	t := p.tokens[at]
	return strings.EqualFold(p.src[t.from:t.to], keyword)
}

func (p *parser) isMark(s string) bool { return p.markAt(p.at, s) }

func (p *parser) markAt(at int, s string) bool {
	if at >= len(p.tokens) || p.tokens[at].kind != mark {
		return false
	}
	t := p.tokens[at]
	return p.src[t.from:t.to] == s
}

func (p *parser) atAsOf() bool { return p.isWord("AS") && p.wordAt(p.at+1, "OF") }

func (p *parser) takeWord(keyword string) bool {
	taken := p.isWord(keyword)
	if taken {
		p.at++
	}
	return taken
}

func (p *parser) takeMark(s string) bool {
	taken := p.isMark(s)
	if taken {
		p.at++
	}
	return taken
}
