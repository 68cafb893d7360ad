package sqlfuncs

import (
	"fmt"
	"math"
	"strconv"
	"testing"

	"github.com/jackc/pgx/v5/pgtype"

	"cvp/internal/pgtest"
	"cvp/sqlfuncs/pull"
	"cvp/sqlfuncs/rewrite"
	"cvp/sqlfuncs/syntax"
)

// Every key, NULL and those around and far away from the known ones included, reads what a map of the scores gives.
func TestElementsGiveTheScoreOfEveryKey(t *testing.T) {
	conn := pgtest.Connect(t, pgtest.Database(t)).PgConn()
	nan := math.NaN()
	for _, c := range []struct {
		name   string
		column string
		keys   []int64
		scores []float64
		asked  []int64
		far    bool // not worth an array
	}{
		{"all of a range, in any order", "int4", []int64{3, 1, 2}, []float64{.3, .1, .2}, []int64{0, 4, math.MaxInt32, math.MinInt32}, false},
		{"smallint", "int2", []int64{-2, -1, 0}, []float64{.3, .1, .2}, []int64{-3, 1, math.MaxInt16, math.MinInt16}, false},
		{"gaps", "int4", []int64{10, 14, 11}, []float64{.3, .1, .2}, []int64{9, 12, 13, 15}, false},
		{"a key without a score", "int4", []int64{1, 2, 3}, []float64{.3, nan, .2}, nil, false},
		{"no keys", "int4", nil, nil, []int64{1}, false},
		{"no keys of bigint", "int8", nil, nil, []int64{1, math.MaxInt64, math.MinInt64}, false},
		{"the ends of integer", "int4", []int64{math.MaxInt32 - 2, math.MaxInt32 - 1}, []float64{.5, .6}, []int64{math.MaxInt32, math.MinInt32}, false},
		{"the least integer", "int4", []int64{math.MinInt32, math.MinInt32 + 1}, []float64{.5, .6}, []int64{0, math.MaxInt32}, false},
		{"the greatest integer", "int4", []int64{math.MaxInt32}, []float64{.5}, nil, true},
		{"bigint beyond integer", "int8", []int64{10_000_000_002, 10_000_000_000, 10_000_000_001}, []float64{.5, .6, .7},
			[]int64{9_999_999_999, 10_000_000_003, 0, 1, math.MaxInt64, math.MinInt64}, false},
		{"bigint with gaps below zero", "int8", []int64{-70, -20, 5}, []float64{.5, .6, .7}, []int64{-71, -69, 6, math.MaxInt64, math.MinInt64}, false},
		{"the ends of bigint", "int8", []int64{math.MaxInt64}, []float64{1}, nil, true},
		{"keys that lie far apart", "int8", []int64{1, math.MaxInt64 - 9}, []float64{1, 2}, nil, true},
		{"infinite scores", "int4", []int64{1, 2}, []float64{math.Inf(1), math.Inf(-1)}, nil, false},
	} {
		oid := map[string]uint32{"int2": pgtype.Int2OID, "int4": pgtype.Int4OID, "int8": pgtype.Int8OID}[c.column]
		params := rewrite.NewParameters(0)
		e, ok := indexed(&pull.Keys{OID: oid, Ints: c.keys}, c.scores, oid == pgtype.Int8OID, params)
		if ok == c.far {
			t.Errorf("%s: worth an array: %v", c.name, ok)
		}
		if !ok {
			continue
		}
		values := "(NULL::" + c.column + ")"
		want := map[string]string{"": ""}
		for _, k := range c.asked {
			values += fmt.Sprintf(", ('%d')", k)
			want[strconv.FormatInt(k, 10)] = ""
		}
		for i, k := range c.keys {
			values += fmt.Sprintf(", ('%d')", k)
			score := map[bool]string{true: "Infinity", false: "-Infinity"}[c.scores[i] > 0]
			if !math.IsInf(c.scores[i], 0) {
				score = strconv.FormatFloat(c.scores[i], 'g', -1, 64)
			}
			if math.IsNaN(c.scores[i]) {
				score = ""
			}
			want[strconv.FormatInt(k, 10)] = score
		}
		stmt, err := syntax.Statement("SELECT k, cvp_predict('m', k) FROM (VALUES " + values + ") AS v(k)")
		if err != nil {
			t.Fatal(err)
		}
		if err := rewrite.Find(stmt)[0].Element(syntax.Column("v", "k"), e); err != nil {
			t.Fatal(err)
		}
		sql, err := syntax.Text(stmt)
		if err != nil {
			t.Fatal(err)
		}
		literals, err := withLiterals(sql, params)
		if err != nil {
			t.Fatal(err)
		}
		formats := make([]int16, len(params.OIDs))
		for i := range formats {
			formats[i] = 1
		}
		bound := conn.ExecParams(t.Context(), sql, params.Values, params.OIDs, formats, nil).Read()
		written := conn.ExecParams(t.Context(), literals, nil, nil, nil, nil).Read()
		if bound.Err != nil || written.Err != nil || len(bound.Rows) == 0 || len(written.Rows) != len(bound.Rows) {
			t.Errorf("%s: %v, as literals %v", c.name, bound.Err, written.Err)
			continue
		}
		for i, r := range bound.Rows {
			if key := string(r[0]); string(r[1]) != want[key] || string(written.Rows[i][1]) != want[key] {
				t.Errorf("%s: key %q has %q, as a literal %q, want %q", c.name, key, r[1], written.Rows[i][1], want[key])
			}
		}
	}
}

func TestWhichKeysLieNear(t *testing.T) {
	for _, c := range []struct {
		n           int
		first, last int64
		want        bool
	}{
		{3, 1, 1000, true}, {3, 1, 2000, false}, {1_000_000, 1, 8_000_000, true}, {1_000_000, 1, 8_000_001, false},
		{3_000_000, 1, 1 << 24, true}, {3_000_000, 0, 1 << 24, false}, {20_000_000, 1, 40_000_000, true},
		{5, math.MinInt64, math.MaxInt64, false}, {5, math.MinInt64 + 2, math.MinInt64 + 9, true},
	} {
		if got := near(c.n, c.first, c.last); got != c.want {
			t.Errorf("%d keys from %d to %d: %v", c.n, c.first, c.last, got)
		}
	}
}
