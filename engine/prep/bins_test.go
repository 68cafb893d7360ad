package prep

import (
	"context"
	"encoding/json"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"cvp/engine/frame"
)

func fitBins(t *testing.T, x *frame.Frame, y []float32) *Bins {
	t.Helper()
	b, err := FitBins(x, y, nil)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func binned(t *testing.T, b *Bins, x *frame.Frame) [][]uint8 {
	t.Helper()
	out, err := b.Transform(context.Background(), x)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestFewDistinctNumbersHaveABinEach(t *testing.T) {
	x := table(numbers("a", 3, 1, nan, 2, 1, 3))
	b := fitBins(t, x, make([]float32, 6))
	if got := binned(t, b, x)[0]; !slices.Equal(got, []uint8{3, 1, MissingBin, 2, 1, 3}) {
		t.Errorf("bins %v", got)
	}
	// Half-way between training values is the border; beyond them is the first or last bin.
	if got := binned(t, b, table(numbers("a", -9, 1.5, 1.6, 2.5, 9)))[0]; !slices.Equal(got, []uint8{1, 1, 2, 2, 3}) {
		t.Errorf("bins %v", got)
	}
}

func TestManyNumbersAreSpreadEvenlyInOrder(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	v := make([]float32, 30_000)
	for i := range v {
		v[i] = float32(math.Exp(3 * rng.NormFloat64()))
	}
	x := table(numbers("a", v...))
	b := fitBins(t, x, make([]float32, len(v)))
	got, count := binned(t, b, x)[0], map[uint8]int{}
	order := make([]int, len(v))
	for i := range order {
		order[i] = i
		count[got[i]]++
	}
	slices.SortFunc(order, func(i, j int) int { return int(math.Copysign(1, float64(v[i]-v[j]))) })
	for k := 1; k < len(order); k++ {
		if got[order[k]] < got[order[k-1]] {
			t.Fatalf("%v lies in bin %d, the smaller %v in %d", v[order[k]], got[order[k]], v[order[k-1]], got[order[k-1]])
		}
	}
	if b.Count(0) < 200 || b.Count(0) > MaxBins || count[MissingBin] > 0 {
		t.Errorf("%d bins, %d missing", b.Count(0), count[MissingBin])
	}
	for bin, n := range count {
		if n > 2*len(v)/200 {
			t.Errorf("bin %d has %d of %d rows", bin, n, len(v))
		}
	}
}

func TestLevelsAreOrderedByTheirMeanLabel(t *testing.T) {
	// Level b has the lowest mean, c the highest; d is rare.
	var codes []int32
	var y []float32
	for i := range 300 {
		codes = append(codes, int32(i%3))
		y = append(y, []float32{5, 1, 9}[i%3])
	}
	codes, y = append(codes, 3, frame.NoCode), append(y, 5.1, 5)
	x := table(category("c", []string{"a", "b", "c", "d"}, codes...))
	b := fitBins(t, x, y)
	got := binned(t, b, table(category("c", []string{"c", "b", "a", "d", "new"}, 0, 1, 2, 3, 4, frame.NoCode)))[0]
	if !(got[1] < got[2] && got[2] < got[0]) {
		t.Errorf("bins of c, b, a are %v", got[:3])
	}
	if got[3] != got[4] || got[3] == MissingBin || got[5] != MissingBin {
		t.Errorf("bins of a rare, an unknown and a missing level are %v", got[3:])
	}
}

func TestMoreLevelsThanBinsShareThemInOrder(t *testing.T) {
	var codes []int32
	var y []float32
	var levels []string
	for l := range 600 {
		levels = append(levels, strings.Repeat("x", l+1))
		for range 12 {
			codes, y = append(codes, int32(l)), append(y, float32(l))
		}
	}
	x := table(category("c", levels, codes...))
	b := fitBins(t, x, y)
	got := binned(t, b, x)[0]
	if !slices.IsSorted(got) || b.Count(0) > MaxBins || b.Count(0) < 150 {
		t.Errorf("%d bins, in order %v", b.Count(0), slices.IsSorted(got))
	}
}

func TestUselessColumnsHaveNoFeature(t *testing.T) {
	x := table(numbers("same", 1, 1, 1), category("one level", []string{"a"}, 0, 0, 0), category("key", []string{"a", "b", "c"}, 0, 1, 2))
	if got := fitBins(t, x, make([]float32, 3)).Names(); len(got) > 0 {
		t.Errorf("features %q", got)
	}
	if _, err := FitBins(table(numbers("amount", 1, float32(math.Inf(1)))), make([]float32, 2), nil); err == nil || !strings.Contains(err.Error(), `"amount"`) {
		t.Errorf("error %v of an infinite number", err)
	}
}

func TestKeptBinsSendEveryRowTheSameWay(t *testing.T) {
	x := mixed(3000)
	y := make([]float32, x.Rows)
	for i := range y {
		y[i] = float32(i % 7)
	}
	b := fitBins(t, x, y)
	full := binned(t, b, x)
	splits := make([][]uint8, b.Width())
	for f := range splits {
		last := uint8(b.Count(f) - 1)
		switch f % 3 {
		case 0:
			splits[f] = slices.Compact([]uint8{1, max(1, last/2), last})
		case 1:
			splits[f] = []uint8{last}
		}
	}
	kept, place := b.Keep(splits)
	text, err := json.Marshal(kept)
	if err != nil {
		t.Fatal(err)
	}
	var loaded Bins
	if err := json.Unmarshal(text, &loaded); err != nil {
		t.Fatal(err)
	}
	few := binned(t, &loaded, x)
	for f, at := range splits {
		if (place[f] < 0) != (len(at) == 0) {
			t.Fatalf("feature %d of splits %v has place %d", f, at, place[f])
		}
		for k, split := range at {
			for i := range x.Rows {
				before, after := full[f][i], few[place[f]][i]
				if (before == MissingBin) != (after == MissingBin) || (before <= split) != (int(after) <= k+1) {
					t.Fatalf("%s: bin %d became %d, split %d became %d", b.Names()[f], before, after, split, k+1)
				}
			}
		}
	}
}

func FuzzDecodeBins(f *testing.F) {
	x := mixed(300)
	b, err := FitBins(x, make([]float32, 300), nil)
	if err != nil {
		f.Fatal(err)
	}
	text, err := json.Marshal(b)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text)
	f.Add([]byte(`{"features":[{"column":"c","kind":2,"levels":["a"],"level_bins":"AQ==","rare":2}]}`))
	small := x.Slice(0, 10)
	f.Fuzz(func(t *testing.T, text []byte) {
		var b Bins
		if json.Unmarshal(text, &b) != nil || b.Width() > 100 {
			return
		}
		out, err := b.Transform(context.Background(), small)
		if err != nil {
			return
		}
		for f := range out {
			if n := b.Count(f); n > MaxBins+1 || int(slices.Max(out[f])) >= n {
				t.Errorf("feature %d: bin %d of %d", f, slices.Max(out[f]), n)
			}
		}
	})
}

func TestTheBinOfANumberEqualsASlowSearch(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	for _, n := range []int{0, 1, 2, 7, 8, 100, MaxBins - 2} {
		cuts := make([]float64, n)
		for i := range cuts {
			cuts[i] = math.Round(rng.NormFloat64()*1e4) / 1e3 * math.Pow(10, float64(rng.IntN(9)-4))
		}
		slices.Sort(cuts)
		cuts = slices.Compact(cuts)
		keys := keysOf(cuts)
		for range 2000 {
			v := float32(rng.NormFloat64() * math.Pow(10, float64(rng.IntN(9)-4)))
			if len(cuts) > 0 && rng.IntN(2) == 0 {
				v = float32(cuts[rng.IntN(len(cuts))])
			}
			want := 1
			for _, c := range cuts {
				if c < float64(v) {
					want++
				}
			}
			if got := keys.bin(v); int(got) != want {
				t.Fatalf("%v lies in bin %d of %v, want %d", v, got, cuts, want)
			}
		}
	}
	zero := keysOf([]float64{0})
	if a, b := zero.bin(0), zero.bin(float32(math.Copysign(0, -1))); a != 1 || b != 1 {
		t.Errorf("0 lies in bin %d, -0 in %d, want 1", a, b)
	}
}
