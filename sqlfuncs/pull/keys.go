package pull

import (
	"encoding/binary"
	"fmt"
	"math"
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

// arrayHeader starts the binary form of a one-dimensional array (array_send).
func arrayHeader(b []byte, n int, hasNull bool, element uint32) []byte {
	if n == 0 {
		b = binary.BigEndian.AppendUint32(b, 0)
	} else {
		b = binary.BigEndian.AppendUint32(b, 1)
	}
	flag := uint32(0)
	if hasNull {
		flag = 1
	}
	b = binary.BigEndian.AppendUint32(b, flag)
	b = binary.BigEndian.AppendUint32(b, element)
	if n > 0 {
		b = binary.BigEndian.AppendUint32(b, uint32(n))
		b = binary.BigEndian.AppendUint32(b, 1)
	}
	return b
}

// Int8Array is the binary form of a bigint[].
func Int8Array(v []int64) []byte {
	b := arrayHeader(make([]byte, 0, 20+12*len(v)), len(v), false, pgtype.Int8OID)
	for _, x := range v {
		b = binary.BigEndian.AppendUint32(b, 8)
		b = binary.BigEndian.AppendUint64(b, uint64(x))
	}
	return b
}

// Float8Array is the binary form of a float8[]; NaN becomes NULL.
func Float8Array(v []float64) []byte {
	b := arrayHeader(make([]byte, 0, 20+12*len(v)), len(v), true, pgtype.Float8OID)
	for _, x := range v {
		if math.IsNaN(x) {
			b = binary.BigEndian.AppendUint32(b, 0xFFFFFFFF)
			continue
		}
		b = binary.BigEndian.AppendUint32(b, 8)
		b = binary.BigEndian.AppendUint64(b, math.Float64bits(x))
	}
	return b
}

// Int4Array is the binary form of an int4[].
func Int4Array(v []int32) []byte {
	b := arrayHeader(make([]byte, 0, 20+8*len(v)), len(v), false, pgtype.Int4OID)
	for _, x := range v {
		b = binary.BigEndian.AppendUint32(b, 4)
		b = binary.BigEndian.AppendUint32(b, uint32(x))
	}
	return b
}

// BoolArray is the binary form of a bool[].
func BoolArray(v []bool) []byte {
	b := arrayHeader(make([]byte, 0, 20+5*len(v)), len(v), false, pgtype.BoolOID)
	for _, x := range v {
		b = binary.BigEndian.AppendUint32(b, 1)
		if x {
			b = append(b, 1)
		} else {
			b = append(b, 0)
		}
	}
	return b
}

// TextArray is the binary form of a text[].
func TextArray(v []string) []byte {
	size := 20
	for _, s := range v {
		size += 4 + len(s)
	}
	b := arrayHeader(make([]byte, 0, size), len(v), false, pgtype.TextOID)
	for _, s := range v {
		b = binary.BigEndian.AppendUint32(b, uint32(len(s)))
		b = append(b, s...)
	}
	return b
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
