package pull

import (
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5/pgtype"

	"cvp/engine/frame"
	"cvp/internal/pgtest"
)

func TestMain(m *testing.M) { pgtest.Run(m) }

// Every type is read as Postgres itself prints it.
func TestColumnsReadWhatPostgresSends(t *testing.T) {
	conn := pgtest.Connect(t, pgtest.Database(t))
	nan := float32(math.NaN())
	for _, c := range []struct {
		sql  string // values of one column
		want frame.Column
	}{
		{"(true), (false), (NULL)", frame.Column{Kind: frame.Number, Numbers: []float32{1, 0, nan}}},
		{"(1::int2), (-7::int2)", frame.Column{Kind: frame.Number, Numbers: []float32{1, -7}}},
		{"(2147483647), (-5)", frame.Column{Kind: frame.Number, Numbers: []float32{2147483647, -5}}},
		{"(9007199254740993::int8), (-1::int8)", frame.Column{Kind: frame.Number, Numbers: []float32{9007199254740993, -1}}},
		{"(0.1::float4), ('NaN'::float4), ('-Infinity'::float4)", frame.Column{Kind: frame.Number, Numbers: []float32{0.1, nan, -math.MaxFloat32}}},
		{"(1e300::float8), (-1.5::float8)", frame.Column{Kind: frame.Number, Numbers: []float32{math.MaxFloat32, -1.5}}},
		{"(0.1::numeric), (-12345678.9012), (0), (10000), (1e20), (1e-20), ('NaN'), ('Infinity')", frame.Column{Kind: frame.Number,
			Numbers: []float32{0.1, -12345678.9012, 0, 10000, 1e20, 1e-20, nan, math.MaxFloat32}}},
		{"('a'::text), ('b'), ('a'), (NULL), ('')", frame.Column{Kind: frame.Category, Codes: []int32{0, 1, 0, frame.NoCode, 2}, Levels: []string{"a", "b", ""}}},
		{"(DATE '1970-01-02'), ('infinity'), (NULL)", frame.Column{Kind: frame.Time, Times: []int64{86_400_000_000, frame.NoTime, frame.NoTime}}},
		{"(TIMESTAMP '1999-12-31 23:59:59.999999')", frame.Column{Kind: frame.Time, Times: []int64{946_684_799_999_999}}},
		{"(TIMESTAMPTZ '2000-01-01 01:00+01'), ('-infinity')", frame.Column{Kind: frame.Time, Times: []int64{946_684_800_000_000, frame.NoTime}}},
	} {
		f, err := Frame(t.Context(), conn.PgConn(), Query{SQL: "SELECT * FROM (VALUES " + c.sql + ") AS v(x)"})
		if err != nil {
			t.Errorf("%s: %v", c.sql, err)
			continue
		}
		c.want.Name = "x"
		if d := cmp.Diff(c.want, f.Columns[0], cmp.Comparer(func(a, b float32) bool { return a == b || a != a && b != b })); d != "" {
			t.Errorf("%s\n%s", c.sql, d)
		}
	}
}

func TestArraysAreWhatPostgresReads(t *testing.T) {
	conn := pgtest.Connect(t, pgtest.Database(t))
	var got Text
	_, err := Into(t.Context(), conn.PgConn(), Query{
		SQL:     "SELECT $1::text || $2::text || $3::text || $4::text || $5::text || $6::text",
		Params:  [][]byte{Int8Array([]int64{1, -2}), Float8Array([]float64{0.5, math.NaN()}), TextArray([]string{"a,b", ""}), Int4Array([]int32{7}), BoolArray([]bool{true, false}), Int8Array(nil)},
		OIDs:    []uint32{pgtype.Int8ArrayOID, pgtype.Float8ArrayOID, pgtype.TextArrayOID, pgtype.Int4ArrayOID, pgtype.BoolArrayOID, pgtype.Int8ArrayOID},
		Formats: []int16{1, 1, 1, 1, 1, 1},
	}, &got)
	if err != nil {
		t.Fatal(err)
	}
	if want := `{1,-2}{0.5,NULL}{"a,b",""}{7}{t,f}{}`; *got[0] != want {
		t.Errorf("got %s, want %s", *got[0], want)
	}
}

func FuzzFloat(f *testing.F) {
	for _, oid := range []uint32{pgtype.BoolOID, pgtype.Int4OID, pgtype.NumericOID} {
		f.Add(oid, []byte{0, 1, 0, 0, 0, 0, 0, 1, 0, 5})
	}
	f.Fuzz(func(t *testing.T, oid uint32, b []byte) {
		_, _ = Float(oid, b)
		_, _ = instant(oid, b)
		_ = (&Keys{OID: oid}).Append(b)
	})
}
