package features

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"cvp/engine/frame"
)

var viewRoles = Roles{Entity: "customer", Time: "at"}

// views draws page views of the shop's customers and of some that never order.
func views(seed uint64, customers, days int) []shopRow {
	r := rand.New(rand.NewPCG(seed, 3))
	var rows []shopRow
	for c := range customers + 5 {
		for at := r.ExpFloat64() * 5; at < float64(days); at += r.ExpFloat64() * 10 {
			instant := int64(at * microsPerDay)
			for range 1 + r.IntN(6) {
				rows = append(rows, shopRow{customer: fmt.Sprintf("c%d", c), at: instant, product: fmt.Sprintf("page%d", r.IntN(30)),
					range_: fmt.Sprintf("r%d", r.IntN(4)), quantity: float32(r.IntN(300))})
				instant += int64(r.IntN(20)) * 60_000_000
			}
		}
	}
	return rows
}

// viewFrame is shopFrame without the columns that views do not have; quantity is the seconds a page was looked at.
func viewFrame(rows []shopRow) *frame.Frame {
	f := shopFrame(rows)
	f.Columns = slices.DeleteFunc(f.Columns, func(c frame.Column) bool {
		return c.Name == "order" || c.Name == "amount" || c.Name == "match"
	})
	f.Column("quantity").Name = "seconds"
	return f
}

func mustViews(t testing.TB, rows []shopRow) Side {
	t.Helper()
	ev, err := NewEvents(viewFrame(rows), viewRoles)
	if err != nil {
		t.Fatal(err)
	}
	return Side{Name: "views", Events: ev}
}

func TestAnEntityIsAnyThatOneOfTheTablesHasEventsOf(t *testing.T) {
	orders := mustEvents(t, []shopRow{{customer: "a", at: 5 * day, order: "1"}, {customer: "c", at: day, order: "2"}}, shopRoles)
	looked := mustViews(t, []shopRow{{customer: "b", at: 2 * day}, {customer: "a", at: 3 * day}, {customer: "d", at: 9 * day}})
	got := NewTables(orders, nil, looked)
	if want := []string{"a", "b", "c", "d"}; !slices.Equal(got.Events.Keys, want) || !slices.Equal(got.Sides[0].Events.Keys, want) {
		t.Fatalf("keys %v and %v, want %v", got.Events.Keys, got.Sides[0].Events.Keys, want)
	}
	if want := []int{0, 1, 1, 2, 2}; !slices.Equal(got.Events.Start, want) {
		t.Errorf("orders start at %v, want %v", got.Events.Start, want)
	}
	if want := []int{0, 1, 2, 2, 3}; !slices.Equal(got.Sides[0].Events.Start, want) {
		t.Errorf("views start at %v, want %v", got.Sides[0].Events.Start, want)
	}
	for _, c := range []struct {
		days int64
		want []int32
	}{{1, nil}, {2, []int32{2}}, {3, []int32{1, 2}}, {4, []int32{0, 1, 2}}, {10, []int32{0, 1, 2, 3}}} {
		var seen []int32
		for _, p := range got.Events.SeenBefore(c.days * day) {
			seen = append(seen, p.Entity)
		}
		if !slices.Equal(seen, c.want) {
			t.Errorf("before day %d there are %v, want %v", c.days, seen, c.want)
		}
	}
	if !slices.Equal(orders.Keys, []string{"a", "c"}) || len(orders.Start) != 3 {
		t.Error("the events given were changed")
	}
}

func TestEventsOfAnotherTableGiveFeaturesUnderItsName(t *testing.T) {
	rows, looked := shopRows(3, 40, 300), views(3, 40, 300)
	tables := NewTables(mustEvents(t, rows, shopRoles), customersOf(rows), mustViews(t, looked))
	cutoff := 200 * day
	s, err := Learn(tables, sumOver(30), []int64{150 * day, cutoff}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	points := tables.Events.SeenBefore(cutoff)
	x, err := s.Compute(t.Context(), tables, points)
	if err != nil {
		t.Fatal(err)
	}
	events, seconds := x.Column("views_active_days_30d"), x.Column("views_sum_seconds_30d")
	if events == nil || seconds == nil {
		t.Fatalf("there are only %v", s.Features())
	}
	for i, p := range points {
		days, sum := map[int64]bool{}, float32(0)
		for _, r := range looked {
			if r.customer == tables.Events.Keys[p.Entity] && r.at < cutoff && r.at >= cutoff-30*day {
				days[dayOf(r.at)] = true
				sum += r.quantity
			}
		}
		if events.Numbers[i] != float32(len(days)) || seconds.Numbers[i] != sum {
			t.Errorf("%s: got %v days and %v s, want %d and %v", tables.Events.Keys[p.Entity], events.Numbers[i], seconds.Numbers[i], len(days), sum)
		}
	}
}

func TestServingOneEntityOfSeveralTablesGivesTheBitsOfTraining(t *testing.T) {
	rows, looked := shopRows(4, 40, 300), views(4, 40, 300)
	tables := NewTables(mustEvents(t, rows, shopRoles), nil, mustViews(t, looked))
	cutoffs := []int64{150 * day, 200 * day}
	s, err := Learn(tables, sumOver(30), cutoffs, Options{})
	if err != nil {
		t.Fatal(err)
	}
	points := tables.Events.PointsAt(cutoffs)
	batch, err := s.Compute(t.Context(), tables, points)
	if err != nil {
		t.Fatal(err)
	}
	without := 0
	for i, p := range points {
		key := tables.Events.Keys[p.Entity]
		own := func(of []shopRow) []shopRow {
			return slices.DeleteFunc(slices.Clone(of), func(r shopRow) bool { return r.customer != key || r.at >= p.Cutoff })
		}
		if len(own(rows)) == 0 {
			without++
		}
		alone := NewTables(mustEvents(t, own(rows), shopRoles), nil, mustViews(t, own(looked)))
		x, err := s.Compute(t.Context(), alone, alone.Events.SeenBefore(p.Cutoff))
		if err != nil {
			t.Fatal(err)
		}
		if d := differences(batch, x, i, 0); d != nil {
			t.Fatalf("%s as of %d alone differs from the batch in %v", key, p.Cutoff, d)
		}
	}
	if without == 0 {
		t.Error("no entity was known by views alone: that case was not tested")
	}
}

func TestASideWithoutEarlyEventsGivesNoFeatures(t *testing.T) {
	rows := shopRows(3, 40, 300)
	late := mustViews(t, []shopRow{{customer: "c1", at: 280 * day}})
	s, err := Learn(NewTables(mustEvents(t, rows, shopRoles), nil, late), sumOver(30), []int64{200 * day}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if len(s.Sides) != 0 || !slices.ContainsFunc(s.Notes, func(n string) bool { return strings.Contains(n, `"views"`) }) {
		t.Errorf("sides %v, notes %q", s.Sides, s.Notes)
	}
}
