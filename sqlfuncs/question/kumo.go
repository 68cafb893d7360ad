package question

import (
	"strings"
	"time"
)

// condition makes an SQL expression of the tokens from first on: what is written, with Kumo's operators on texts and its
// dates put into SQL.
func (p *parser) condition(first int) *Condition {
	from, to := p.tokens[first].from, p.tokens[p.at-1].to
	c := &Condition{Pos: Pos(from)}
	var sql strings.Builder
	copied := from
	for at := first; at < p.at; at++ {
		text, n := p.translated(at)
		if n == 0 || at+n > p.at {
			continue
		}
		sql.WriteString(p.src[copied:p.tokens[at].from] + text)
		at += n - 1
		copied = p.tokens[at].to
		c.Shifts = append(c.Shifts, Shift{SQL: sql.Len(), Text: copied - from})
	}
	sql.WriteString(p.src[copied:to])
	c.SQL = sql.String()
	return c
}

// translated gives the SQL of what is Kumo's own at a token, and how many tokens that is: 0 where it is SQL.
func (p *parser) translated(at int) (sql string, tokens int) {
	if at > 0 && p.markAt(at-1, ".") {
		return "", 0
	}
	switch {
	case p.wordAt(at, "CONTAINS") && p.plainText(at+1):
		return "LIKE " + p.pattern(at+1, "%", "%"), 2
	case p.wordAt(at, "STARTS") && p.wordAt(at+1, "WITH") && p.plainText(at+2):
		return "LIKE " + p.pattern(at+2, "", "%"), 3
	case p.wordAt(at, "ENDS") && p.wordAt(at+1, "WITH") && p.plainText(at+2):
		return "LIKE " + p.pattern(at+2, "%", ""), 3
	case p.dateAt(at):
		return "'" + p.src[p.tokens[at].from:p.tokens[at+4].to] + "'", 5
	}
	return "", 0
}

// plainText reports whether a token is a text in single quotes, in one piece and without escapes.
func (p *parser) plainText(at int) bool {
	if at >= len(p.tokens) || p.tokens[at].kind != text {
		return false
	}
	s := p.textOf(at)
	return s[0] == '\'' && !strings.ContainsAny(s, "\n\r")
}

// pattern gives the text of a token as a pattern of LIKE that matches it alone, between others.
func (p *parser) pattern(at int, before, after string) string {
	s := p.textOf(at)
	return "'" + before + strings.NewReplacer(`\`, `\\`, "%", `\%`, "_", `\_`).Replace(s[1:len(s)-1]) + after + "'"
}

// dateAt reports whether a date without quotes begins at a token: 2020-01-31, without white space.
func (p *parser) dateAt(at int) bool {
	if at+4 >= len(p.tokens) || p.tokens[at].kind != number || p.tokens[at+2].kind != number || p.tokens[at+4].kind != number {
		return false
	}
	_, err := time.Parse("2006-01-02", p.src[p.tokens[at].from:p.tokens[at+4].to])
	return err == nil
}
