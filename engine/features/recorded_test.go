package features

import (
	"context"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"cvp/engine/frame"
)

// lateEvents are events of 30 entities, a third of them recorded days after they happened.
func lateEvents() *frame.Frame {
	random := rand.New(rand.NewPCG(3, 4))
	f := &frame.Frame{Rows: 1500}
	day := (24 * time.Hour).Microseconds()
	entity, group, kind := make([]int32, f.Rows), make([]int32, f.Rows), make([]int32, f.Rows)
	at, recorded, amount := make([]int64, f.Rows), make([]int64, f.Rows), make([]float32, f.Rows)
	for i := range f.Rows {
		entity[i], group[i], kind[i] = random.Int32N(30), int32(i/3), random.Int32N(3)
		at[i] = random.Int64N(400) * day
		recorded[i], amount[i] = frame.NoTime, float32(random.IntN(100))
		if i%3 == 0 {
			recorded[i] = at[i] + random.Int64N(60)*day
		}
	}
	levels := func(n int) []string {
		out := make([]string, n)
		for i := range out {
			out[i] = string(rune('A'+i/26)) + string(rune('a'+i%26))
		}
		return out
	}
	f.Columns = []frame.Column{
		{Name: "who", Kind: frame.Category, Codes: entity, Levels: levels(30)}, {Name: "at", Kind: frame.Time, Times: at},
		{Name: "recorded", Kind: frame.Time, Times: recorded}, {Name: "basket", Kind: frame.Category, Codes: group, Levels: levels(f.Rows / 3)},
		{Name: "amount", Kind: frame.Number, Numbers: amount}, {Name: "kind", Kind: frame.Category, Codes: kind, Levels: levels(3)},
	}
	return f
}

// Features as of a cutoff are those of a table that does not have the rows yet that are recorded later.
func TestEventsCountFromWhenTheyAreRecorded(t *testing.T) {
	f := lateEvents()
	roles := Roles{Entity: "who", Time: "at", Group: "basket", Value: "amount", Recorded: "recorded"}
	all, err := NewEvents(f, roles)
	if err != nil {
		t.Fatal(err)
	}
	day := (24 * time.Hour).Microseconds()
	cutoffs := []int64{120 * day, 200 * day, 201 * day, 330 * day}
	target := Target{Aggregate: Sum, Horizon: 30 * 24 * time.Hour}
	tables := NewTables(all, nil)
	spec, err := Learn(tables, target, cutoffs, Options{})
	if err != nil {
		t.Fatal(err)
	}
	points := all.PointsAt(cutoffs)
	got, err := spec.Compute(context.Background(), tables, points)
	if err != nil {
		t.Fatal(err)
	}
	compared := 0
	for _, c := range cutoffs {
		var rows []int
		for i := range f.Rows {
			if r := f.Columns[2].Times[i]; f.Columns[1].Times[i] < c && (r == frame.NoTime || r < c) {
				rows = append(rows, i)
			}
		}
		early := roles
		early.Recorded = ""
		then, err := NewEvents(f.Take(rows), early)
		if err != nil {
			t.Fatal(err)
		}
		seen := then.SeenBefore(c)
		want, err := spec.Compute(context.Background(), NewTables(then, nil), seen)
		if err != nil {
			t.Fatal(err)
		}
		for i, p := range seen {
			e, _ := all.Entity(then.Keys[p.Entity])
			at := slices.Index(points, Point{Entity: e, Cutoff: c})
			if at < 0 {
				t.Fatalf("entity %s is known at %d and no example", then.Keys[p.Entity], c)
			}
			for k := range want.Columns {
				w, g := &want.Columns[k], &got.Columns[k]
				if w.Kind == frame.Number && math.Float32bits(w.Numbers[i]) != math.Float32bits(g.Numbers[at]) || w.Kind == frame.Category && w.Codes[i] != g.Codes[at] {
					t.Fatalf("%s of %s at %d is unlike that of the rows known then", w.Name, then.Keys[p.Entity], c)
				}
				compared++
			}
		}
		if n := len(seen); n != len(slices.DeleteFunc(slices.Clone(points), func(p Point) bool { return p.Cutoff != c })) {
			t.Errorf("%d entities are known at %d, others are examples", n, c)
		}
	}
	if compared < 1000 {
		t.Errorf("only %d values compared", compared)
	}
	// Labels count what happened, whenever it was told.
	plain := roles
	plain.Recorded = ""
	whole, _ := NewEvents(f, plain)
	if a, b := target.Labels(all, points), target.Labels(whole, points); !slices.Equal(a, b) {
		t.Error("labels depend on when events were recorded")
	}
}
