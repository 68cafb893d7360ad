package prep

import (
	"encoding/json"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"cvp/engine/frame"
)

var nan = float32(math.NaN())

func numbers(name string, v ...float32) frame.Column {
	return frame.Column{Name: name, Kind: frame.Number, Numbers: v}
}

func category(name string, levels []string, codes ...int32) frame.Column {
	return frame.Column{Name: name, Kind: frame.Category, Levels: levels, Codes: codes}
}

func table(columns ...frame.Column) *frame.Frame {
	return &frame.Frame{Rows: columns[0].Len(), Columns: columns}
}

func fit(t *testing.T, x *frame.Frame, opts Options) *Encoder {
	t.Helper()
	e, err := Fit(x, opts)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// rows transforms x and gives each row's outputs.
func rows(t *testing.T, e *Encoder, x *frame.Frame) [][]float32 {
	t.Helper()
	dst := make([]float32, x.Rows*e.Width())
	if err := e.Transform(dst, x); err != nil {
		t.Fatal(err)
	}
	out := make([][]float32, x.Rows)
	for i := range out {
		out[i] = dst[i*e.Width() : (i+1)*e.Width()]
	}
	return out
}

func TestAnEncoderCleansEachKindOfColumn(t *testing.T) {
	plain := Options{Winsorise: -1, MinCount: 1}
	tests := []struct {
		name  string
		train frame.Column
		opts  Options
		names []string
		apply frame.Column
		want  [][]float32
	}{
		{"a missing number is the median and says so", numbers("a", 1, 2, 9, nan), plain,
			[]string{"a", "a is missing"}, numbers("a", nan, 5), [][]float32{{2, 1}, {5, 0}}},
		{"numbers beyond the training rows are cut to their range", numbers("a", 1, 2, 3), plain,
			[]string{"a"}, numbers("a", -1e30, 1e30), [][]float32{{1}, {3}}},
		{"scaled numbers have mean 0 and deviation 1", numbers("a", 1, 3, 1, 3), Options{Scale: true, Winsorise: -1},
			[]string{"a"}, numbers("a", 1, 2, 3), [][]float32{{-1}, {0}, {1}}},
		{"heavy tails are logged with their sign", numbers("a", 0, 0, 0, 1, 1, 1, float32(math.E*math.E-1)),
			Options{Log: true, Winsorise: -1}, []string{"a"}, numbers("a", 0, float32(math.E-1)), [][]float32{{0}, {1}}},
		{"symmetric numbers are not logged", numbers("a", -3, -1, 0, 1, 3), Options{Log: true, Winsorise: -1},
			[]string{"a"}, numbers("a", 2), [][]float32{{2}}},
		{"a constant number has no output", numbers("a", 4, 4, 4), plain, nil, numbers("a", 4), [][]float32{{}}},
		{"an empty number has no output", numbers("a", nan, nan), plain, nil, numbers("a", 4), [][]float32{{}}},
		{"a constant with gaps has only the gaps", numbers("a", 4, 4, nan), plain,
			[]string{"a is missing"}, numbers("a", 9, nan), [][]float32{{0}, {1}}},
		{"levels have an output each, the most frequent first", category("c", []string{"x", "y", "z"}, 0, 1, 1, 2, 1, 0), plain,
			[]string{"c = y", "c = x", "c = z"}, category("c", []string{"z", "y"}, 0, 1, 0), [][]float32{{0, 0, 1}, {1, 0, 0}, {0, 0, 1}}},
		{"two levels need one output", category("c", []string{"x", "y"}, 0, 1, 1), plain,
			[]string{"c = y"}, category("c", []string{"x", "y"}, 0, 1), [][]float32{{0}, {1}}},
		{"rare and unknown levels share an output", category("c", []string{"x", "y", "z", "w"}, 0, 0, 1, 1, 2, 3), Options{MinCount: 2},
			[]string{"c = x", "c = y", "c is rare"}, category("c", []string{"w", "new", "x"}, 0, 1, 2), [][]float32{{0, 0, 1}, {0, 0, 1}, {1, 0, 0}}},
		{"an unknown level is nowhere when none was rare", category("c", []string{"x", "y", "z"}, 0, 1, 2), plain,
			[]string{"c = x", "c = y", "c = z"}, category("c", []string{"new"}, 0), [][]float32{{0, 0, 0}}},
		{"a missing level has an output", category("c", []string{"x", "y", "z"}, 0, 1, 2, frame.NoCode), plain,
			[]string{"c = x", "c = y", "c = z", "c is missing"}, category("c", nil, frame.NoCode), [][]float32{{0, 0, 0, 1}}},
		{"a key of all different texts has no output", category("c", []string{"x", "y", "z"}, 0, 1, 2), Options{MinCount: 2},
			nil, category("c", []string{"x"}, 0), [][]float32{{}}},
		{"levels beyond the allowed number share an output", category("c", []string{"x", "y", "z"}, 0, 0, 0, 1, 1, 2), Options{MinCount: 1, MaxLevels: 1},
			[]string{"c = x"}, category("c", []string{"x", "z"}, 0, 1), [][]float32{{1}, {0}}},
		{"another kind without values counts as missing", numbers("a", 1, 2, 9, nan), plain,
			[]string{"a", "a is missing"}, category("a", nil, frame.NoCode), [][]float32{{2, 1}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			e := fit(t, table(tt.train), tt.opts)
			if got := e.Names(); !slices.Equal(got, tt.names) {
				t.Fatalf("outputs %q, want %q", got, tt.names)
			}
			got := rows(t, e, table(tt.apply))
			for i := range tt.want {
				for j, want := range tt.want[i] {
					if math.Abs(float64(got[i][j]-want)) > 1e-6 {
						t.Errorf("row %d is %v, want %v", i, got[i], tt.want[i])
						break
					}
				}
			}
		})
	}
}

func TestATimeHasAPlaceOnTheLineAndOnTheCirclesOfTheCalendar(t *testing.T) {
	at := func(s string) int64 {
		v, err := time.Parse(time.DateTime, s)
		if err != nil {
			t.Fatal(err)
		}
		return v.UnixMicro()
	}
	if got := partOf("days", at("1970-01-11 12:00:00")); got != 10.5 {
		t.Errorf("days = %v, want 10.5", got)
	}
	for _, tt := range []struct {
		part, instant string
		want          float64
	}{
		{"week sin", "2024-01-01 00:00:00", 0}, {"week cos", "2024-01-01 00:00:00", 1}, // a Monday
		{"day cos", "2024-06-05 12:00:00", -1}, {"day sin", "1960-06-05 06:00:00", 1},
	} {
		if got := partOf(tt.part, at(tt.instant)); math.Abs(got-tt.want) > 1e-9 {
			t.Errorf("%s of %s = %v, want %v", tt.part, tt.instant, got, tt.want)
		}
	}
	dates := frame.Column{Name: "d", Kind: frame.Time, Times: []int64{at("2024-01-01 00:00:00"), at("2024-05-02 00:00:00"),
		at("2024-08-07 00:00:00"), frame.NoTime}}
	e := fit(t, table(dates), Options{MinCount: 1})
	want := []string{"d days", "d year sin", "d year cos", "d week sin", "d week cos", "d is missing"}
	if got := e.Names(); !slices.Equal(got, want) {
		t.Errorf("outputs of dates %q, want %q: no time of day", got, want)
	}
}

func TestAnInfiniteValueIsAnErrorThatNamesItsColumn(t *testing.T) {
	inf := float32(math.Inf(1))
	if _, err := Fit(table(numbers("amount", 1, inf)), Options{}); err == nil || !strings.Contains(err.Error(), `"amount"`) {
		t.Errorf("fit error %v", err)
	}
	e := fit(t, table(numbers("amount", 1, 2)), Options{})
	for _, v := range []float32{inf, -inf} {
		err := e.Transform(make([]float32, 2), table(numbers("amount", 1, v)))
		if err == nil || !strings.Contains(err.Error(), `"amount" has an infinite value in row 2`) {
			t.Errorf("transform error %v", err)
		}
	}
}

func TestAColumnOfAnotherKindIsAnError(t *testing.T) {
	e := fit(t, table(numbers("a", 1, 2)), Options{})
	err := e.Transform(make([]float32, 1), table(category("a", []string{"x"}, 0)))
	if err == nil || !strings.Contains(err.Error(), `column "a" was a number when the model was trained and is a category now`) {
		t.Errorf("error %v", err)
	}
}

func TestAStoredEncoderTransformsTheSame(t *testing.T) {
	x := mixed(2000)
	e := fit(t, x, Options{Log: true, Scale: true})
	b, err := json.Marshal(e)
	if err != nil {
		t.Fatal(err)
	}
	var loaded Encoder
	if err := json.Unmarshal(b, &loaded); err != nil {
		t.Fatal(err)
	}
	got, want := rows(t, &loaded, x), rows(t, e, x)
	for i := range want {
		if !slices.Equal(got[i], want[i]) {
			t.Fatalf("row %d: %v, want %v", i, got[i], want[i])
		}
	}
}

func TestRowsOfABatchEqualTheWholeTransform(t *testing.T) {
	x := mixed(1500)
	e := fit(t, x, Options{Scale: true})
	want := rows(t, e, x)
	b, err := e.Bind(x)
	if err != nil {
		t.Fatal(err)
	}
	dst := make([]float32, 700*e.Width())
	if err := b.Rows(dst, 600, 1300); err != nil {
		t.Fatal(err)
	}
	for i := range 700 {
		if !slices.Equal(dst[i*e.Width():(i+1)*e.Width()], want[600+i]) {
			t.Fatalf("row %d differs", 600+i)
		}
	}
}

func TestEncodingAllocatesNothingPerRow(t *testing.T) {
	x := mixed(5000)
	e := fit(t, x, Options{Log: true, Scale: true})
	b, err := e.Bind(x)
	if err != nil {
		t.Fatal(err)
	}
	dst := make([]float32, x.Rows*e.Width())
	if n := testing.AllocsPerRun(3, func() { _ = b.Rows(dst, 0, x.Rows) }); n > 0 {
		t.Errorf("%v allocations for %d rows", n, x.Rows)
	}
}

func TestTheSampleIsAscendingWithoutRepetition(t *testing.T) {
	for _, n := range []int{0, 5, sampleRows, sampleRows + 1, 5 * sampleRows} {
		got := sample(n, sampleRows)
		if len(got) != min(n, sampleRows) {
			t.Errorf("sample(%d) has %d rows", n, len(got))
		}
		for i := 1; i < len(got); i++ {
			if got[i] <= got[i-1] || int(got[i]) >= n {
				t.Fatalf("sample(%d)[%d] = %d after %d", n, i, got[i], got[i-1])
			}
		}
	}
}

// mixed makes n rows of each kind of column, with gaps.
func mixed(n int) *frame.Frame {
	a, b := make([]float32, n), make([]float32, n)
	c, d := make([]int32, n), make([]int64, n)
	state := uint64(9)
	for i := range n {
		state = state*6364136223846793005 + 1442695040888963407
		u := float64(state>>11) / (1 << 53)
		a[i], b[i] = float32(math.Exp(6*u)), float32(u)
		c[i], d[i] = int32(state>>40%4), int64(u*1e15)
		if state>>33%7 == 0 {
			a[i], c[i], d[i] = nan, frame.NoCode, frame.NoTime
		}
	}
	return table(numbers("a", a...), numbers("b", b...), category("c", []string{"p", "q", "r", "s"}, c...),
		frame.Column{Name: "d", Kind: frame.Time, Times: d})
}

func FuzzDecodeEncoder(f *testing.F) {
	e, err := Fit(mixed(200), Options{Log: true, Scale: true})
	if err != nil {
		f.Fatal(err)
	}
	b, err := json.Marshal(e)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	f.Add([]byte(`{"columns":[{"name":"c","kind":2,"levels":["x"],"missing":true}]}`))
	f.Add([]byte(`{"columns":[{"name":"c","kind":2,"numbers":[{}]}]}`))
	x := mixed(20)
	f.Fuzz(func(t *testing.T, b []byte) {
		var e Encoder
		if json.Unmarshal(b, &e) != nil || e.Width() > 1000 {
			return
		}
		if len(e.Names()) != e.Width() || len(e.Sources()) != e.Width() {
			t.Errorf("%d names, %d sources for %d outputs", len(e.Names()), len(e.Sources()), e.Width())
		}
		_ = e.Transform(make([]float32, x.Rows*e.Width()), x)
	})
}

func BenchmarkEncodeMillionRowsOf20Numbers(b *testing.B) {
	const n = 1_000_000
	columns := make([]frame.Column, 20)
	state := uint64(1)
	for j := range columns {
		v := make([]float32, n)
		for i := range v {
			state = state*6364136223846793005 + 1442695040888963407
			v[i] = float32(math.Exp(float64(state>>40) / (1 << 22)))
		}
		columns[j] = numbers(string(rune('a'+j)), v...)
	}
	x := table(columns...)
	e, err := Fit(x, Options{Log: true, Scale: true})
	if err != nil {
		b.Fatal(err)
	}
	dst := make([]float32, n*e.Width())
	for b.Loop() {
		if err := e.Transform(dst, x); err != nil {
			b.Fatal(err)
		}
	}
}
