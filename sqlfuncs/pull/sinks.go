package pull

import (
	"encoding/binary"
	"fmt"
	"math"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"

	"cvp/engine/frame"
)

// KindOf says how a column of that type is read: as a number, a category (text) or an instant; ok is false
// for types that must be cast to text in the query first.
func KindOf(oid uint32) (k frame.Kind, ok bool) {
	switch oid {
	case pgtype.BoolOID, pgtype.Int2OID, pgtype.Int4OID, pgtype.Int8OID, pgtype.Float4OID, pgtype.Float8OID, pgtype.NumericOID, pgtype.OIDOID:
		return frame.Number, true
	case pgtype.TextOID, pgtype.VarcharOID, pgtype.BPCharOID, pgtype.NameOID, pgtype.UnknownOID:
		return frame.Category, true
	case pgtype.DateOID, pgtype.TimestampOID, pgtype.TimestamptzOID:
		return frame.Time, true
	}
	return frame.Category, false
}

// NewColumn gives the sink that reads a result column of that type into a frame's column.
func NewColumn(name string, oid uint32) *Column {
	k, _ := KindOf(oid)
	c := &Column{Column: frame.Column{Name: name, Kind: k}, oid: oid}
	if k == frame.Category {
		c.codes = map[string]int32{}
	}
	return c
}

// Column is a Sink that builds one column of a frame.
type Column struct {
	frame.Column
	oid   uint32
	codes map[string]int32
}

var _ Sink = (*Column)(nil)

// setType implements typed.
func (c *Column) setType(oid uint32) error {
	if k, ok := KindOf(oid); !ok || k != c.Kind {
		return &pgconn.PgError{Severity: "ERROR", SeverityUnlocalized: "ERROR", Code: "42804",
			Message: fmt.Sprintf("column %q has another kind of type than when the model was trained", c.Name), Hint: "Train the model again."}
	}
	c.oid = oid
	return nil
}

// Append decodes one binary value.
func (c *Column) Append(b []byte) error {
	switch c.Kind {
	case frame.Category:
		c.Codes = append(c.Codes, c.code(b))
	case frame.Time:
		t, err := instant(c.oid, b)
		if err != nil {
			return err
		}
		c.Times = append(c.Times, t)
	default:
		v, err := Float(c.oid, b)
		if err != nil {
			return err
		}
		if v = finite(v); b == nil {
			v = math.NaN()
		}
		c.Numbers = append(c.Numbers, float32(v))
	}
	return nil
}

// mostLevels is how many categories a column keeps when it is emptied: they are likely to come again.
const mostLevels = 1 << 16

// Empty drops the values that the column has taken.
func (c *Column) Empty() {
	c.Numbers, c.Codes, c.Times = c.Numbers[:0], c.Codes[:0], c.Times[:0]
	if len(c.Levels) > mostLevels {
		c.Levels = nil
		clear(c.codes)
	}
}

// Drop drops the first n values. Levels that hardly any of the values left can have are forgotten.
func (c *Column) Drop(n int) {
	c.Numbers, c.Times = dropped(c.Numbers, n), dropped(c.Times, n)
	c.Codes = dropped(c.Codes, n)
	if c.Kind != frame.Category || len(c.Levels) <= 1024+4*len(c.Codes) {
		return
	}
	before := c.Levels
	c.Levels = nil
	clear(c.codes)
	for i, code := range c.Codes {
		if code != frame.NoCode {
			c.Codes[i] = c.code([]byte(before[code]))
		}
	}
}

// dropped moves the values behind the first n to the front.
func dropped[T any](v []T, n int) []T {
	if len(v) == 0 {
		return v
	}
	return v[:copy(v, v[n:])]
}

// finite keeps a value inside float32: what is beyond (and ±infinity) becomes the largest float32 of its sign.
func finite(v float64) float64 {
	return math.Max(-math.MaxFloat32, math.Min(math.MaxFloat32, v))
}

func (c *Column) code(b []byte) int32 {
	if b == nil {
		return frame.NoCode
	}
	if code, ok := c.codes[string(b)]; ok {
		return code
	}
	code := int32(len(c.Levels))
	level := string(b)
	c.codes[level] = code
	c.Levels = append(c.Levels, level)
	return code
}

// Float decodes a binary number or boolean; b is not nil.
func Float(oid uint32, b []byte) (float64, error) {
	if b == nil {
		return math.NaN(), nil
	}
	switch {
	case oid == pgtype.BoolOID && len(b) == 1:
		return float64(b[0]), nil
	case oid == pgtype.Int2OID && len(b) == 2:
		return float64(int16(binary.BigEndian.Uint16(b))), nil
	case oid == pgtype.Int4OID && len(b) == 4:
		return float64(int32(binary.BigEndian.Uint32(b))), nil
	case oid == pgtype.OIDOID && len(b) == 4:
		return float64(binary.BigEndian.Uint32(b)), nil
	case oid == pgtype.Int8OID && len(b) == 8:
		return float64(int64(binary.BigEndian.Uint64(b))), nil
	case oid == pgtype.Float4OID && len(b) == 4:
		return float64(math.Float32frombits(binary.BigEndian.Uint32(b))), nil
	case oid == pgtype.Float8OID && len(b) == 8:
		return math.Float64frombits(binary.BigEndian.Uint64(b)), nil
	case oid == pgtype.NumericOID:
		return numeric(b)
	}
	return 0, fmt.Errorf("%d bytes do not hold a value of type %d", len(b), oid)
}

// Signs of the binary form of numeric (src/backend/utils/adt/numeric.c, numeric_send).
const (
	numericNegative = 0x4000
	numericNaN      = 0xC000
	numericInf      = 0xD000
	numericMinusInf = 0xF000
)

// numeric decodes numeric's binary form: groups of four decimal digits, the first one's weight, a sign.
func numeric(b []byte) (float64, error) {
	if len(b) < 8 {
		return 0, fmt.Errorf("%d bytes do not hold a numeric", len(b))
	}
	n, weight := int(binary.BigEndian.Uint16(b)), int(int16(binary.BigEndian.Uint16(b[2:])))
	sign := binary.BigEndian.Uint16(b[4:])
	switch sign {
	case numericNaN:
		return math.NaN(), nil
	case numericInf:
		return math.Inf(1), nil
	case numericMinusInf:
		return math.Inf(-1), nil
	}
	if len(b) != 8+2*n {
		return 0, fmt.Errorf("%d bytes do not hold a numeric of %d digit groups", len(b), n)
	}
	var v float64
	for i := 0; i < n; i++ {
		v = v*10000 + float64(binary.BigEndian.Uint16(b[8+2*i:]))
	}
	// Multiply or divide by an exact power of ten once, so that 0.1 comes out as 0.1.
	if e := 4 * (weight - n + 1); e > 0 {
		v *= math.Pow10(e)
	} else if e < 0 {
		v /= math.Pow10(-e)
	}
	if sign == numericNegative {
		v = -v
	}
	return v, nil
}

// Postgres counts from 2000-01-01.
const (
	epochMicroseconds = 946_684_800_000_000
	dayMicroseconds   = 86_400_000_000
)

// instant decodes a date, timestamp (read as UTC) or timestamptz; ±infinity and NULL are missing.
func instant(oid uint32, b []byte) (int64, error) {
	switch {
	case b == nil:
		return frame.NoTime, nil
	case oid == pgtype.DateOID && len(b) == 4:
		d := int32(binary.BigEndian.Uint32(b))
		if d == math.MaxInt32 || d == math.MinInt32 {
			return frame.NoTime, nil
		}
		return int64(d)*dayMicroseconds + epochMicroseconds, nil
	case len(b) == 8:
		t := int64(binary.BigEndian.Uint64(b))
		if t == math.MaxInt64 || t == math.MinInt64 {
			return frame.NoTime, nil
		}
		return t + epochMicroseconds, nil
	}
	return 0, fmt.Errorf("%d bytes do not hold an instant of type %d", len(b), oid)
}

// Timestamptz is the binary form of an instant in microseconds since 1970 UTC.
func Timestamptz(micros int64) []byte {
	return binary.BigEndian.AppendUint64(nil, uint64(micros-epochMicroseconds))
}
