package syntax

import (
	"strings"

	pg "github.com/pganalyze/pg_query_go/v6"
)

// redacted stands where a literal did.
const redacted = "?"

// Redacted gives a query string without its literals and its comments: what is left tells of tables, columns and
// functions, and of nobody's data or password. It goes by PostgreSQL's own tokens, so that a literal goes wherever
// it stands (libpg_query's normalisation leaves those of CREATE TABLE AS, COMMENT and COPY). A text whose quotes do not
// close gives "", and so does one with a backslash in plain quotes: a session with standard_conforming_strings off
// may see that literal end elsewhere.
func Redacted(sql string) string {
	tokens, err := scan(sql)
	if err != nil {
		return ""
	}
	var out strings.Builder
	end := 0 // of the token before
	for _, token := range tokens.Tokens {
		start, stop := int(token.Start), int(token.End)
		if start < end || stop > len(sql) || start > stop || ambiguous(sql[start:stop]) {
			return ""
		}
		if isComment(token.Token) {
			continue
		}
		if out.Len() > 0 && start > end {
			out.WriteByte(' ')
		}
		if isLiteral(token.Token) {
			out.WriteString(redacted)
		} else {
			out.WriteString(sql[start:stop])
		}
		end = stop
	}
	return out.String()
}

// ambiguous tells a literal that ends elsewhere where backslashes escape.
func ambiguous(token string) bool {
	return token != "" && token[0] == '\'' && strings.Contains(token, `\`)
}

func isLiteral(t pg.Token) bool {
	switch t {
	case pg.Token_SCONST, pg.Token_USCONST, pg.Token_BCONST, pg.Token_XCONST, pg.Token_ICONST, pg.Token_FCONST:
		return true
	}
	return false
}

func isComment(t pg.Token) bool {
	return t == pg.Token_SQL_COMMENT || t == pg.Token_C_COMMENT
}
