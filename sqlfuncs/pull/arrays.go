package pull

import (
	"encoding/binary"
	"math"

	"github.com/jackc/pgx/v5/pgtype"
)

// ArrayHeadLen is the length of what goes before the elements of a one-dimensional array in binary form.
const ArrayHeadLen = 20

// ArrayHead writes what goes before the elements of an array of n elements, not 0, into the beginning of b, and returns b.
func ArrayHead(b []byte, element uint32, n int, lower int64) []byte {
	binary.BigEndian.PutUint32(b, 1)     // one dimension
	binary.BigEndian.PutUint32(b[4:], 1) // there may be NULLs
	binary.BigEndian.PutUint32(b[8:], element)
	binary.BigEndian.PutUint32(b[12:], uint32(n))
	binary.BigEndian.PutUint32(b[16:], uint32(int32(lower)))
	return b
}

// array is the binary form of a one-dimensional array (array_send in src/backend/utils/adt/arrayfuncs.c). put
// appends one element of about width bytes, and reports false for NULL, which has none.
func array[T any](v []T, element uint32, width int, put func([]byte, T) ([]byte, bool)) []byte {
	if len(v) == 0 {
		b := binary.BigEndian.AppendUint32(nil, 0) // no dimension
		b = binary.BigEndian.AppendUint32(b, 0)
		return binary.BigEndian.AppendUint32(b, element)
	}
	b := ArrayHead(make([]byte, ArrayHeadLen, ArrayHeadLen+(4+width)*len(v)), element, len(v), 1)
	for _, x := range v {
		at := len(b)
		var present bool
		b, present = put(append(b, 0, 0, 0, 0), x)
		size := uint32(math.MaxUint32) // -1 is NULL
		if present {
			size = uint32(len(b) - at - 4)
		}
		binary.BigEndian.PutUint32(b[at:], size)
	}
	return b
}

// Int8Array is the binary form of a bigint[].
func Int8Array(v []int64) []byte {
	return array(v, pgtype.Int8OID, 8, func(b []byte, x int64) ([]byte, bool) { return binary.BigEndian.AppendUint64(b, uint64(x)), true })
}

// Int4Array is the binary form of an int4[].
func Int4Array(v []int32) []byte {
	return array(v, pgtype.Int4OID, 4, func(b []byte, x int32) ([]byte, bool) { return binary.BigEndian.AppendUint32(b, uint32(x)), true })
}

// Float8Array is the binary form of a float8[]; NaN becomes NULL.
func Float8Array(v []float64) []byte {
	return array(v, pgtype.Float8OID, 8, func(b []byte, x float64) ([]byte, bool) {
		if math.IsNaN(x) {
			return b, false
		}
		return binary.BigEndian.AppendUint64(b, math.Float64bits(x)), true
	})
}

// BoolArray is the binary form of a bool[].
func BoolArray(v []bool) []byte {
	return array(v, pgtype.BoolOID, 1, func(b []byte, x bool) ([]byte, bool) {
		if x {
			return append(b, 1), true
		}
		return append(b, 0), true
	})
}

// TextArray is the binary form of a text[].
func TextArray(v []string) []byte {
	return array(v, pgtype.TextOID, 16, func(b []byte, x string) ([]byte, bool) { return append(b, x...), true })
}

// NullableTextArray is the binary form of a text[] whose nil elements are NULL.
func NullableTextArray(v []*string) []byte {
	return array(v, pgtype.TextOID, 16, func(b []byte, x *string) ([]byte, bool) {
		if x == nil {
			return b, false
		}
		return append(b, *x...), true
	})
}
