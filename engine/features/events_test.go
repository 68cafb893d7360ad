package features

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"sort"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"cvp/engine/frame"
)

func TestEventsAreInOneOrderWhateverTheOrderOfArrival(t *testing.T) {
	rows := shopRows(1, 50, 200)
	want := mustEvents(t, rows, shopRoles)
	for seed := range uint64(5) {
		r := rand.New(rand.NewPCG(seed, 0))
		r.Shuffle(len(rows), func(i, j int) { rows[i], rows[j] = rows[j], rows[i] })
		got := mustEvents(t, rows, shopRoles)
		if d := cmp.Diff(want, got, cmp.AllowUnexported(Events{}), cmpopts.EquateNaNs()); d != "" {
			t.Fatalf("shuffle %d differs:\n%s", seed, d)
		}
	}
}

func TestEventsAreByKeyAndTime(t *testing.T) {
	rows := shopRows(2, 50, 2000)
	ev := mustEvents(t, rows, shopRoles)
	if !slices.IsSorted(ev.Keys) || len(ev.Keys) != 50 || len(ev.Start) != 51 || ev.Rows() != len(rows) {
		t.Fatalf("%d keys, %d starts, %d rows", len(ev.Keys), len(ev.Start), ev.Rows())
	}
	byKey := make(map[string][]int64)
	for _, r := range rows {
		byKey[r.customer] = append(byKey[r.customer], r.at)
	}
	for e, key := range ev.Keys {
		want := byKey[key]
		slices.Sort(want)
		if got := ev.Times[ev.Start[e]:ev.Start[e+1]]; !slices.Equal(got, want) {
			t.Errorf("times of %s: got %v, want %v", key, got, want)
		}
	}
	first, last, ok := ev.Span()
	if !ok || first != slices.Min(ev.Times) || last != slices.Max(ev.Times) {
		t.Errorf("span %d %d %v", first, last, ok)
	}
}

func TestRowsWithoutEntityOrTimeAreLeftOut(t *testing.T) {
	rows := []shopRow{{customer: "b", at: 3}, {customer: "", at: 1}, {customer: "a", at: frame.NoTime}, {customer: "a", at: 9}}
	ev := mustEvents(t, rows, Roles{Entity: "customer", Time: "at"})
	if got := fmt.Sprint(ev.Keys, ev.Times, ev.Start, ev.Dropped); got != "[a b] [9 3] [0 1 2] 2" {
		t.Error(got)
	}
	if got := fmt.Sprint(ev.SeenBefore(9), ev.SeenBefore(10)); got != "[{1 9}] [{0 10} {1 10}]" {
		t.Errorf("the cutoff itself must not count: %s", got)
	}
}

func TestNoRowsGiveNoEvents(t *testing.T) {
	ev := mustEvents(t, nil, shopRoles)
	if _, _, ok := ev.Span(); ok || ev.Entities() != 0 || len(ev.SeenBefore(5)) != 0 {
		t.Errorf("%+v", ev)
	}
}

func TestRadixSortAgreesWithALibrarySort(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 5))
	for _, width := range []int64{1, 7, 3000, 1 << 30, 1 << 62} {
		times := make([]int64, 3000)
		rows := make([]int32, len(times))
		for i := range times {
			times[i], rows[i] = r.Int64N(width)*2-width, int32(i)
		}
		times[0], times[1] = -1<<63+1, 1<<63-1
		want := slices.Clone(rows)
		sort.SliceStable(want, func(a, b int) bool { return times[want[a]] < times[want[b]] })
		if got := sortByTime(rows, times); !slices.Equal(got, want) {
			t.Errorf("width %d is out of order", width)
		}
	}
}

func TestRolesThatDoNotFitAreNamed(t *testing.T) {
	f := shopFrame(shopRows(1, 2, 30))
	for _, c := range []struct {
		roles Roles
		want  string
	}{
		{Roles{Time: "at"}, `entity column "" is not in the event rows`},
		{Roles{Entity: "customer", Time: "when"}, `time column "when" is not in the event rows`},
		{Roles{Entity: "amount", Time: "at"}, `entity column "amount" is a number, not a category`},
		{Roles{Entity: "customer", Time: "amount"}, `time column "amount" is a number, not a time`},
		{Roles{Entity: "customer", Time: "at", Group: "at"}, `group column "at" is a time, not a category`},
		{Roles{Entity: "customer", Time: "at", Value: "order"}, `value column "order" is a category, not a number`},
		{Roles{Entity: "customer", Time: "at", Match: "no"}, `match column "no" is not in the event rows`},
	} {
		if _, err := NewEvents(f, c.roles); err == nil || err.Error() != c.want {
			t.Errorf("%+v: got %v, want %s", c.roles, err, c.want)
		}
	}
}

func TestAttributesAreFoundByKey(t *testing.T) {
	key := frame.Column{Name: "k", Kind: frame.Category, Levels: []string{"c", "a", "b"}, Codes: []int32{0, frame.NoCode, 1}}
	a, err := NewAttributes(&frame.Frame{Rows: 3, Columns: []frame.Column{key}}, "k")
	if err != nil {
		t.Fatal(err)
	}
	if got := a.align([]string{"a", "b", "c", "d"}); !slices.Equal(got, []int32{2, -1, 0, -1}) {
		t.Error(got)
	}
	key.Codes = []int32{0, 1, 0}
	_, err = NewAttributes(&frame.Frame{Rows: 3, Columns: []frame.Column{key}}, "k")
	if want := `attribute rows have key "c" more than once`; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}
