package syntax

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	pg "github.com/pganalyze/pg_query_go/v6"
)

// WithParameters writes the text that value gives in place of every parameter $n of a statement.
func WithParameters(sql string, value func(n int) (string, error)) (string, error) {
	tokens, err := scan(sql)
	if err != nil {
		return "", fmt.Errorf("find the parameters of a statement: %w", err)
	}
	var out strings.Builder
	end := 0
	for _, token := range tokens.Tokens {
		if token.Token != pg.Token_PARAM {
			continue
		}
		n, err := strconv.Atoi(sql[token.Start+1 : token.End])
		if err != nil {
			return "", fmt.Errorf("read parameter %s: %w", sql[token.Start:token.End], err)
		}
		text, err := value(n)
		if err != nil {
			return "", err
		}
		out.WriteString(sql[end:token.Start])
		out.WriteString(text)
		end = int(token.End)
	}
	out.WriteString(sql[end:])
	return out.String(), nil
}

// Tokens gives the tokens of a statement without its comments.
func Tokens(sql string) ([]*pg.ScanToken, error) {
	result, err := scan(sql)
	if err != nil {
		return nil, fmt.Errorf("find the tokens of a statement: %w", err)
	}
	return slices.DeleteFunc(result.Tokens, func(t *pg.ScanToken) bool { return isComment(t.Token) }), nil
}

// Body gives the place of the statement inside of a COPY, DECLARE CURSOR or EXPLAIN in its text, in bytes: what is around it
// can stay as the client wrote it.
func Body(sql string, stmt *pg.Node) (from, to int, err error) {
	result, err := scan(sql)
	if err != nil {
		return 0, 0, fmt.Errorf("find the query of a statement: %w", err)
	}
	tokens := slices.DeleteFunc(result.Tokens, func(t *pg.ScanToken) bool { return isComment(t.Token) })
	i := 0
	switch {
	case stmt.GetCopyStmt() != nil:
		from, to := parenthesised(tokens)
		return from, to, nil
	case stmt.GetDeclareCursorStmt() != nil:
		i = slices.IndexFunc(tokens, func(t *pg.ScanToken) bool { return t.Token == pg.Token_FOR })
		return int(tokens[i].End), len(sql), nil
	case stmt.GetExplainStmt() != nil:
		i++
		if tokens[i].Token == pg.Token_ASCII_40 && len(stmt.GetExplainStmt().Options) > 0 {
			_, to := parenthesised(tokens)
			return to + 1, len(sql), nil
		}
		for tokens[i].Token == pg.Token_ANALYZE || tokens[i].Token == pg.Token_ANALYSE || tokens[i].Token == pg.Token_VERBOSE {
			i++
		}
		return int(tokens[i].Start), len(sql), nil
	}
	return 0, len(sql), nil
}

// parenthesised gives the place of what stands in the first parentheses.
func parenthesised(tokens []*pg.ScanToken) (from, to int) {
	depth := 0
	for _, t := range tokens {
		switch t.Token {
		case pg.Token_ASCII_40:
			if depth++; depth == 1 {
				from = int(t.End)
			}
		case pg.Token_ASCII_41:
			if depth--; depth == 0 {
				return from, int(t.Start)
			}
		}
	}
	return from, from
}

// Alone blanks a text around a place in it, so that every character of that keeps its own.
func Alone(sql string, from, to int) string {
	return strings.Repeat(" ", utf8.RuneCountInString(sql[:from])) + sql[from:to]
}

// Arguments gives the place of the parentheses with the arguments of the EXECUTE in a statement, in bytes; it is empty where
// there are none.
func Arguments(sql string, stmt *pg.Node) (from, to int, err error) {
	begin, _, err := Body(sql, stmt)
	if err != nil {
		return 0, 0, err
	}
	result, err := scan(sql)
	if err != nil {
		return 0, 0, fmt.Errorf("find the arguments of a statement: %w", err)
	}
	before := pg.Token_NUL
	for i, t := range result.Tokens {
		if int(t.Start) < begin || isComment(t.Token) {
			continue
		}
		// In CREATE TABLE execute AS EXECUTE execute (…) it is the one behind AS.
		if t.Token == pg.Token_EXECUTE && (before == pg.Token_NUL || before == pg.Token_AS) {
			rest := slices.DeleteFunc(slices.Clone(result.Tokens[i+1:]), func(t *pg.ScanToken) bool { return isComment(t.Token) })
			if len(rest) < 2 || rest[1].Token != pg.Token_ASCII_40 {
				return int(t.End), int(t.End), nil
			}
			from, to := parenthesised(rest)
			return from - 1, to + 1, nil
		}
		before = t.Token
	}
	return 0, 0, errors.New("find the arguments of a statement: it executes nothing")
}
