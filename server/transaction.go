package server

import "strings"

// controlsTransaction reports whether a statement begins, ends or divides a transaction.
func controlsTransaction(sql string) bool {
	word, rest := firstWord(sql)
	switch strings.ToUpper(word) {
	case "BEGIN", "START", "COMMIT", "END", "ROLLBACK", "ABORT", "SAVEPOINT", "RELEASE":
		return true
	case "PREPARE":
		word, _ = firstWord(rest)
		return strings.EqualFold(word, "TRANSACTION")
	}
	return false
}

// firstWord gives the first keyword of a statement, past white space and comments, and what follows.
func firstWord(sql string) (word, rest string) {
	sql = skipBlank(sql)
	n := 0
	for n < len(sql) && (sql[n]|0x20 >= 'a' && sql[n]|0x20 <= 'z') {
		n++
	}
	return sql[:n], sql[n:]
}

// skipBlank drops white space and comments, which nest, from the front of a statement.
func skipBlank(sql string) string {
	for {
		sql = strings.TrimLeft(sql, " \t\r\n\f\v")
		switch {
		case strings.HasPrefix(sql, "--"):
			n := strings.IndexAny(sql, "\r\n")
			if n < 0 {
				return ""
			}
			sql = sql[n:]
		case strings.HasPrefix(sql, "/*"):
			sql = skipComment(sql)
		default:
			return sql
		}
	}
}

// skipComment drops one comment with those nested in it.
func skipComment(sql string) string {
	depth := 0
	for i := 0; i+1 < len(sql); i++ {
		switch sql[i : i+2] {
		case "/*":
			depth++
			i++
		case "*/":
			depth--
			i++
			if depth == 0 {
				return sql[i+1:]
			}
		}
	}
	return ""
}
