package sqlfuncs

import (
	"encoding/binary"
	"math"

	"github.com/jackc/pgx/v5/pgtype"

	"cvp/sqlfuncs/pull"
	"cvp/sqlfuncs/rewrite"
)

// Whole numbers that lie close together index an array of their scores: that takes a twentieth of the time of a hash
// join, and an expression may stand where a join may not.

// near reports whether n keys between first and last lie so close together that an array of all between them is worth it.
func near(n int, first, last int64) bool {
	const most = 1 << 24 // of keys that lie far apart: 128 MiB on the wire
	span := uint64(last) - uint64(first) + 1
	switch {
	case n == 0:
		return true
	case first <= math.MinInt64+1 || last >= math.MaxInt64-1 || span == 0 || span > math.MaxInt32-1:
		return false
	case span <= 2*uint64(n)+1024:
		return true
	}
	return span <= 8*uint64(n) && span <= most
}

// bounds are the least and the greatest key.
func bounds(keys []int64) (first, last int64) {
	if len(keys) == 0 {
		return 1, 0
	}
	first, last = keys[0], keys[0]
	for _, k := range keys {
		first, last = min(first, k), max(last, k)
	}
	return first, last
}

// indexed makes arrays of scores, which belong to keys of which each is there once. They are indexed by the keys
// themselves, or for bigint keys (wide) by the distance from the first. ok is false where the keys are too far apart.
func indexed(known *pull.Keys, scores []float64, wide bool, params *rewrite.Parameters) (e rewrite.Elements, ok bool) {
	first, last := bounds(known.Ints)
	if !pull.Integer(known.OID) || !near(len(known.Ints), first, last) {
		return e, false
	}
	lower := int64(1)
	if e.Wide = wide; wide {
		e.Base, e.Last = first-1, last
	} else if lower = first; first < math.MinInt32 || last >= math.MaxInt32 {
		return e, false
	}
	span := int(last - first + 1)
	if b, full := scattered(known.Ints, scores, first, span, lower); full {
		e.Scores = params.Add(pgtype.Float8ArrayOID, b)
		return e, true
	}
	e.Index = params.Add(pgtype.Int4ArrayOID, places(known.Ints, scores, first, span, lower))
	e.Scores = params.Add(pgtype.Float8ArrayOID, pull.Float8Array(scores))
	return e, true
}

// scattered is a float8[] with each score at its key's place; full is false where a key between has no score.
func scattered(keys []int64, scores []float64, first int64, span int, lower int64) (b []byte, full bool) {
	if len(keys) != span || span == 0 {
		return nil, len(keys) == 0 // NULL has no elements either
	}
	const width = 12
	b = pull.ArrayHead(make([]byte, pull.ArrayHeadLen+width*span), pgtype.Float8OID, span, lower)
	for i, k := range keys {
		if math.IsNaN(scores[i]) {
			return nil, false
		}
		at := b[pull.ArrayHeadLen+width*int(k-first):][:width]
		if at[3] != 0 {
			return nil, false // a key that is there twice
		}
		binary.BigEndian.PutUint32(at, 8)
		binary.BigEndian.PutUint64(at[4:], math.Float64bits(scores[i]))
	}
	return b, true
}

// places is an int4[] with the place of each key's score, from 1, and 0 for keys without.
func places(keys []int64, scores []float64, first int64, span int, lower int64) []byte {
	const width = 8
	b := pull.ArrayHead(make([]byte, pull.ArrayHeadLen+width*span), pgtype.Int4OID, span, lower)
	for at := pull.ArrayHeadLen; at < len(b); at += width {
		b[at+3] = 4
	}
	for i, k := range keys {
		if !math.IsNaN(scores[i]) {
			binary.BigEndian.PutUint32(b[pull.ArrayHeadLen+width*int(k-first)+4:], uint32(i+1))
		}
	}
	return b
}
