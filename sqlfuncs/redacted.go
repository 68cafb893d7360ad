package sqlfuncs

import "cvp/sqlfuncs/syntax"

// Redacted gives a statement without its literals and comments, for logs; "" where that is not certain.
func Redacted(sql string) string { return syntax.Redacted(sql) }
