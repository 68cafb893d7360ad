package sqlfuncs

import (
	"bytes"
	"math"
	"testing"

	"github.com/jackc/pgx/v5/pgtype"

	"cvp/internal/pgtest"
	"cvp/sqlfuncs/pull"
	"cvp/sqlfuncs/rewrite"
)

// A literal means to Postgres what the value in binary form means, whatever a backslash is in the session.
func TestALiteralMeansItsValue(t *testing.T) {
	conn := pgtest.Connect(t, pgtest.Database(t)).PgConn()
	for _, c := range []struct {
		cast  string
		oid   uint32
		value []byte
	}{
		{"int8[]", pgtype.Int8ArrayOID, pull.Int8Array([]int64{0, -1, math.MaxInt64, math.MinInt64})},
		{"int8[]", pgtype.Int8ArrayOID, pull.Int8Array(nil)},
		{"int4[]", pgtype.Int4ArrayOID, pull.Int4Array([]int32{7, math.MinInt32})},
		{"float8[]", pgtype.Float8ArrayOID, pull.Float8Array([]float64{0.1, 1e-308, -5e300, math.NaN(), math.Inf(1), math.Inf(-1), 1.0 / 3})},
		{"bool[]", pgtype.BoolArrayOID, pull.BoolArray([]bool{true, false})},
		{"text[]", pgtype.TextArrayOID, pull.TextArray([]string{"", "NULL", "it's", `a\b`, `"q"`, "{x,y}", " é ", "\n"})},
		{"float8", pgtype.Float8OID, float8(0.1)},
		{"float8", pgtype.Float8OID, nil},
		{"jsonb", pgtype.JSONBOID, append([]byte{1}, `{"it's \\ \"": 0.25}`...)},
	} {
		for _, setting := range []string{"on", "off"} {
			p := rewrite.NewParameters(0)
			n := p.Add(c.oid, c.value)
			sql, err := withLiterals("SELECT $1::"+c.cast, p)
			if err != nil || n != 1 {
				t.Fatal(err)
			}
			if err := conn.Exec(t.Context(), "SET escape_string_warning = off; SET standard_conforming_strings = "+setting).Close(); err != nil {
				t.Fatal(err)
			}
			r := conn.ExecParams(t.Context(), sql, nil, nil, nil, []int16{1}).Read()
			if r.Err != nil {
				t.Errorf("%s: %v", sql, r.Err)
				continue
			}
			direct := conn.ExecParams(t.Context(), "SELECT $1::"+c.cast, [][]byte{c.value}, []uint32{c.oid}, []int16{1}, []int16{1}).Read()
			if !bytes.Equal(r.Rows[0][0], direct.Rows[0][0]) {
				t.Errorf("%s with standard_conforming_strings %s: %q, want %q", sql, setting, r.Rows[0][0], direct.Rows[0][0])
			}
		}
	}
}

func FuzzLiteral(f *testing.F) {
	f.Add(uint32(pgtype.TextArrayOID), pull.TextArray([]string{"it's", `a\b`}))
	f.Add(uint32(pgtype.Float8ArrayOID), pull.Float8Array([]float64{1, math.NaN()}))
	f.Add(uint32(pgtype.JSONBOID), []byte("\x01{}"))
	f.Fuzz(func(t *testing.T, oid uint32, value []byte) {
		if text, err := literal(oid, value); err == nil && text == "" {
			t.Errorf("%d %q is nothing", oid, value)
		}
	})
}

func BenchmarkLiteralsOfAMillionKeys(b *testing.B) {
	keys, scores := make([]int64, 1_000_000), make([]float64, 1_000_000)
	for i := range keys {
		keys[i], scores[i] = int64(i), 1/float64(i+3)
	}
	p := rewrite.NewParameters(0)
	p.Add(pgtype.Int8ArrayOID, pull.Int8Array(keys))
	p.Add(pgtype.Float8ArrayOID, pull.Float8Array(scores))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := withLiterals("SELECT $1::int8[], $2::float8[]", p); err != nil {
			b.Fatal(err)
		}
	}
}
