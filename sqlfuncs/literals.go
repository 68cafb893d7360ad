package sqlfuncs

import (
	"encoding/binary"
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5/pgtype"

	"cvp/sqlfuncs/pull"
	"cvp/sqlfuncs/rewrite"
	"cvp/sqlfuncs/syntax"
)

// withLiterals writes results into a statement that takes no parameters. The statement casts each of them.
func withLiterals(sql string, p *rewrite.Parameters) (string, error) {
	return syntax.WithParameters(sql, func(n int) (string, error) {
		if n < 1 || n > len(p.Values) {
			return "", fmt.Errorf("statement has no parameter $%d", n)
		}
		return literal(p.OIDs[n-1], p.Values[n-1])
	})
}

// literal is the SQL literal of a value in binary form.
func literal(oid uint32, value []byte) (string, error) {
	if value == nil {
		return "NULL", nil
	}
	if element, ok := elements[oid]; ok {
		return arrayLiteral(value, element)
	}
	b, err := scalarText(nil, oid, value)
	if err != nil {
		return "", err
	}
	return quoted(string(b)), nil
}

// elements are the array types that hold results, with their elements' types.
var elements = map[uint32]uint32{
	pgtype.Int8ArrayOID: pgtype.Int8OID, pgtype.Int4ArrayOID: pgtype.Int4OID, pgtype.Float8ArrayOID: pgtype.Float8OID,
	pgtype.BoolArrayOID: pgtype.BoolOID, pgtype.TextArrayOID: pgtype.TextOID,
}

// arrayLiteral is the literal of a one-dimensional array in binary form (array_send in
// src/backend/utils/adt/arrayfuncs.c).
func arrayLiteral(value []byte, element uint32) (string, error) {
	// A million numbers need no look for quotes: the literal is written as it is to be.
	b := append(make([]byte, 0, 3*len(value)/2+8), '\'')
	b = append(appendBounds(b, value), '{')
	opened := len(b)
	for rest := value[min(len(value), pull.ArrayHeadLen):]; len(rest) > 0; {
		if len(b) > opened {
			b = append(b, ',')
		}
		if len(rest) < 4 {
			return "", fmt.Errorf("array of type %d ends in the middle of an element", element)
		}
		size := int(int32(binary.BigEndian.Uint32(rest)))
		rest = rest[4:]
		if size < 0 {
			b = append(b, "NULL"...)
			continue
		}
		if size > len(rest) {
			return "", fmt.Errorf("array of type %d ends in the middle of an element", element)
		}
		var err error
		if element == pgtype.TextOID {
			b = appendElement(b, rest[:size])
		} else if b, err = scalarText(b, element, rest[:size]); err != nil {
			return "", err
		}
		rest = rest[size:]
	}
	b = append(b, '}', '\'')
	if element == pgtype.TextOID {
		return quoted(string(b[1 : len(b)-1])), nil
	}
	return string(b), nil
}

// appendBounds appends the bounds of an array whose first element is not its number 1.
func appendBounds(b, value []byte) []byte {
	if len(value) < pull.ArrayHeadLen {
		return b
	}
	n, lower := int64(binary.BigEndian.Uint32(value[12:])), int64(int32(binary.BigEndian.Uint32(value[16:])))
	if lower == 1 {
		return b
	}
	return fmt.Appendf(b, "[%d:%d]=", lower, lower+n-1)
}

// appendElement appends a text as an element of an array's text form.
func appendElement(b, text []byte) []byte {
	b = append(b, '"')
	for _, c := range text {
		if c == '"' || c == '\\' {
			b = append(b, '\\')
		}
		b = append(b, c)
	}
	return append(b, '"')
}

// scalarText appends the text form of a value in binary form.
func scalarText(dst []byte, oid uint32, value []byte) ([]byte, error) {
	switch {
	case oid == pgtype.Int8OID && len(value) == 8:
		return strconv.AppendInt(dst, int64(binary.BigEndian.Uint64(value)), 10), nil
	case oid == pgtype.Int4OID && len(value) == 4:
		return strconv.AppendInt(dst, int64(int32(binary.BigEndian.Uint32(value))), 10), nil
	case oid == pgtype.Float8OID && len(value) == 8:
		// What strconv writes for infinities (+Inf, -Inf) and NaN Postgres reads, too.
		return strconv.AppendFloat(dst, math.Float64frombits(binary.BigEndian.Uint64(value)), 'g', -1, 64), nil
	case oid == pgtype.BoolOID && len(value) == 1:
		return strconv.AppendBool(dst, value[0] != 0), nil
	case oid == pgtype.TextOID:
		return append(dst, value...), nil
	case oid == pgtype.JSONBOID && len(value) > 0 && value[0] == 1: // the version of its binary form
		return append(dst, value[1:]...), nil
	}
	return nil, fmt.Errorf("write a value of type %d and %d bytes as a literal", oid, len(value))
}

// quoted is a string literal that means the same whatever standard_conforming_strings is.
func quoted(text string) string {
	text = strings.ReplaceAll(text, "'", "''")
	if !strings.Contains(text, `\`) {
		return "'" + text + "'"
	}
	return " E'" + strings.ReplaceAll(text, `\`, `\\`) + "'"
}
