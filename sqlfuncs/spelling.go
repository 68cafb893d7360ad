package sqlfuncs

import (
	"context"
	"encoding/hex"
	"regexp"
	"strconv"
	"strings"

	pg "github.com/pganalyze/pg_query_go/v6"

	"github.com/jackc/pgx/v5/pgtype"

	"cvp/sqlfuncs/pull"
	"cvp/sqlfuncs/source"
	"cvp/sqlfuncs/syntax"
)

// Keys of different types are compared by their texts, and one value may be spelled in several ways: 1.0, 1.00 and 1 are one
// number, and a uuid may have braces. Where a model's key is of such a type, what is asked for is brought into one
// spelling first. A text of another form is no such key: '042' is not 42.

// spelling is how the keys of a model may be written.
type spelling int

const (
	asWritten spelling = iota
	wholeNumbers
	numbers
	uuids
)

// spellingOf gives that of a model's keys.
func spellingOf(s source.Source) spelling {
	if s.KeyInteger() {
		return wholeNumbers
	}
	r, ok := s.(*source.Relation)
	switch {
	case !ok:
		return asWritten
	case r.KeyOID == pgtype.NumericOID:
		return numbers
	case r.KeyOID == pgtype.UUIDOID:
		return uuids
	}
	return asWritten
}

var (
	number   = regexp.MustCompile(`^-?(0|[1-9][0-9]*)(\.[0-9]+)?$`)
	fraction = regexp.MustCompile(`^-?[0-9]+\.[0-9]+$`)
)

// canonical is the one spelling of a key, ok is false where no key is written like that.
func (s spelling) canonical(text string) (key string, ok bool) {
	switch s {
	case wholeNumbers:
		text = withoutZeros(text)
		n, err := strconv.ParseInt(text, 10, 64)
		return text, err == nil && strconv.FormatInt(n, 10) == text
	case numbers:
		text = withoutZeros(text)
		return text, number.MatchString(text)
	case uuids:
		return canonicalUUID(text)
	}
	return text, true
}

// withoutZeros drops what says nothing behind the point of a number.
func withoutZeros(text string) string {
	if !fraction.MatchString(text) {
		return text
	}
	return strings.TrimSuffix(strings.TrimRight(text, "0"), ".")
}

// canonicalUUID writes a uuid as Postgres does, out of any form that it reads (uuid_in).
func canonicalUUID(text string) (string, bool) {
	if strings.HasPrefix(text, "{") && strings.HasSuffix(text, "}") {
		text = text[1 : len(text)-1]
	}
	var digits strings.Builder
	for i := 0; i < len(text); i++ {
		if n := digits.Len(); text[i] == '-' && n > 0 && n < 32 && n%4 == 0 && text[i-1] != '-' {
			continue
		}
		digits.WriteByte(text[i])
	}
	b, err := hex.DecodeString(digits.String())
	if err != nil || len(b) != 16 {
		return "", false
	}
	x := hex.EncodeToString(b)
	return x[:8] + "-" + x[8:12] + "-" + x[12:16] + "-" + x[16:20] + "-" + x[20:], true
}

// sql is the canonical spelling of a key that an expression gives as text.
func (s spelling) sql(text *pg.Node) (*pg.Node, error) {
	if s != wholeNumbers && s != numbers {
		return text, nil
	}
	e, err := syntax.Expression(`CASE WHEN y OPERATOR(pg_catalog.~) '^-?[0-9]+[.][0-9]+$' THEN pg_catalog.rtrim(pg_catalog.rtrim(y, '0'), '.') ELSE y END`)
	if err != nil {
		return nil, err
	}
	syntax.Walk(e, func(n *pg.Node, _ syntax.Place) bool {
		if n.GetColumnRef() == nil {
			return true
		}
		n.Node = syntax.Clone(text).Node
		return false
	})
	return e, nil
}

// scoresOf gives the scores of keys as they are spelled in a statement, of those that the model knows.
func (w *work) scoresOf(ctx context.Context, l *loaded, keys *pull.Keys) (known *pull.Keys, scores []float64, err error) {
	s := spellingOf(l.source)
	if pull.Integer(keys.OID) || s == asWritten || w.explain.dry() {
		return w.scores(ctx, l, keys)
	}
	spelled := make(map[string][]string, len(keys.Texts))
	asked := &pull.Keys{OID: map[spelling]uint32{wholeNumbers: pgtype.Int8OID, numbers: pgtype.NumericOID, uuids: pgtype.UUIDOID}[s]}
	for _, text := range keys.Texts {
		key, ok := s.canonical(text)
		if !ok {
			continue
		}
		if spelled[key] == nil && s == wholeNumbers {
			n, _ := strconv.ParseInt(key, 10, 64) // canonical has looked
			asked.Ints = append(asked.Ints, n)
		} else if spelled[key] == nil {
			asked.Texts = append(asked.Texts, key)
		}
		spelled[key] = append(spelled[key], text)
	}
	found, values, err := w.scores(ctx, l, asked)
	if err != nil {
		return nil, nil, err
	}
	known = &pull.Keys{OID: pgtype.TextOID}
	for i, text := range found.AsText().Texts {
		key, _ := s.canonical(text)
		for _, as := range spelled[key] {
			known.Texts, scores = append(known.Texts, as), append(scores, values[i])
		}
		delete(spelled, key) // numeric keys that are equal are one key, the first
	}
	return known, scores, nil
}
