package pull

import (
	"encoding/binary"
	"fmt"
	"strconv"

	"github.com/jackc/pgx/v5/pgtype"
)

// Keys is a Sink of entity keys: whole numbers while the column is of an integer type, text otherwise (the
// query casts other types).
type Keys struct {
	OID   uint32
	Ints  []int64
	Texts []string
}

var _ Sink = (*Keys)(nil)

// Integer reports whether keys of that type are held as whole numbers.
func Integer(oid uint32) bool {
	return oid == pgtype.Int2OID || oid == pgtype.Int4OID || oid == pgtype.Int8OID
}

// Append takes one key. A NULL becomes the zero value: queries of keys exclude NULL.
func (k *Keys) Append(b []byte) error {
	if !Integer(k.OID) {
		k.Texts = append(k.Texts, string(b))
		return nil
	}
	var v int64
	switch len(b) {
	case 0:
	case 2:
		v = int64(int16(binary.BigEndian.Uint16(b)))
	case 4:
		v = int64(int32(binary.BigEndian.Uint32(b)))
	case 8:
		v = int64(binary.BigEndian.Uint64(b))
	default:
		return fmt.Errorf("%d bytes do not hold an integer", len(b))
	}
	k.Ints = append(k.Ints, v)
	return nil
}

// Len is the number of keys.
func (k *Keys) Len() int { return len(k.Ints) + len(k.Texts) }

// Array gives the keys as one array parameter: bigint[] or text[].
func (k *Keys) Array() (oid uint32, value []byte) {
	if Integer(k.OID) {
		return pgtype.Int8ArrayOID, Int8Array(k.Ints)
	}
	return pgtype.TextArrayOID, TextArray(k.Texts)
}

// Distinct keeps the first score of each key.
func (k *Keys) Distinct(scores []float64) (*Keys, []float64) {
	out := &Keys{OID: k.OID}
	var kept []float64
	if Integer(k.OID) {
		seen := make(map[int64]struct{}, len(k.Ints))
		for i, v := range k.Ints {
			if _, ok := seen[v]; !ok {
				seen[v] = struct{}{}
				out.Ints, kept = append(out.Ints, v), append(kept, scores[i])
			}
		}
		return out, kept
	}
	seen := make(map[string]struct{}, len(k.Texts))
	for i, v := range k.Texts {
		if _, ok := seen[v]; !ok {
			seen[v] = struct{}{}
			out.Texts, kept = append(out.Texts, v), append(kept, scores[i])
		}
	}
	return out, kept
}

// AsText gives the keys as Postgres writes them as text.
func (k *Keys) AsText() *Keys {
	if !Integer(k.OID) {
		return k
	}
	out := &Keys{OID: pgtype.TextOID, Texts: make([]string, len(k.Ints))}
	for i, v := range k.Ints {
		out.Texts[i] = strconv.FormatInt(v, 10)
	}
	return out
}
