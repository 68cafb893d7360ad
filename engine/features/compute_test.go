package features

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"cvp/engine/frame"
)

func TestServingOneEntityGivesTheBitsOfTraining(t *testing.T) {
	rows := shopRows(9, 60, 400)
	attrs := customersOf(rows)
	ev := mustEvents(t, rows, shopRoles)
	cutoffs := []int64{150 * day, 200 * day, 250*day + 5, 399 * day}
	s := mustLearn(t, ev, attrs, sumOver(30), cutoffs...)
	points := ev.PointsAt(cutoffs)
	batch := mustCompute(t, s, ev, attrs, points)
	stored, err := DecodeSpec([]byte(encode(t, s)))
	if err != nil {
		t.Fatal(err)
	}
	r := rand.New(rand.NewPCG(9, 9))
	for i, p := range points {
		var own []shopRow
		for _, row := range rows {
			if row.customer == ev.Keys[p.Entity] && (row.at < p.Cutoff || r.IntN(2) == 0) {
				own = append(own, row)
			}
		}
		r.Shuffle(len(own), func(a, b int) { own[a], own[b] = own[b], own[a] })
		alone := mustEvents(t, own, shopRoles)
		x := mustCompute(t, stored, alone, customersOf(own), []Point{{Entity: 0, Cutoff: p.Cutoff}})
		// The attributes of one customer alone are made anew by customersOf, so only features of events are compared.
		n := len(x.Columns) - len(s.Attributes)
		x.Columns, batch.Columns = x.Columns[:n], batch.Columns[:n]
		if d := differences(batch, x, i, 0); d != nil {
			t.Fatalf("%s as of %d alone differs from the batch in %v", ev.Keys[p.Entity], p.Cutoff, d)
		}
	}
}

func TestThreadsAndOrderOfPointsDoNotChangeFeatures(t *testing.T) {
	rows := shopRows(3, 3000, 400)
	ev := mustEvents(t, rows, shopRoles)
	s := mustLearn(t, ev, nil, sumOver(30), 200*day, 300*day)
	points := ev.PointsAt([]int64{200 * day, 300 * day})
	s.Threads = 1
	want := mustCompute(t, s, ev, nil, points)
	if n := len((&job{spec: s, streams: []*binding{{ev: ev}}, points: points}).batches(byEntityAndCutoff(points))); n < 4 {
		t.Fatalf("%d batches cannot show a race", n)
	}
	shuffled := slices.Clone(points)
	at := rand.New(rand.NewPCG(1, 1)).Perm(len(points))
	for i, j := range at {
		shuffled[i] = points[j]
	}
	s.Threads = 7
	got := mustCompute(t, s, ev, nil, shuffled)
	for i, j := range at {
		if d := differences(got, want, i, j); d != nil {
			t.Fatalf("%v differs in %v", shuffled[i], d)
		}
	}
}

func TestFeaturesEqualASlowReference(t *testing.T) {
	unconditional := shopRoles
	unconditional.Match = ""
	for _, c := range []struct {
		name   string
		roles  Roles
		absent string // prefix of the features that there are none of
	}{
		{"with a condition", shopRoles, "share_"},
		{"without a condition", unconditional, "match_"},
	} {
		t.Run(c.name, func(t *testing.T) {
			rows := shopRows(6, 50, 400)
			for i := range rows {
				if c.roles.Match == "" {
					rows[i].match = 1
				}
			}
			compareWithReference(t, rows, c.roles, c.absent)
		})
	}
}

func compareWithReference(t *testing.T, rows []shopRow, roles Roles, absent string) {
	ev := mustEvents(t, rows, roles)
	s := mustLearn(t, ev, nil, sumOver(30), 200*day, 300*day)
	points := ev.PointsAt([]int64{200 * day, 300*day + 12345})
	x := mustCompute(t, s, ev, nil, points)
	for i, p := range points {
		var own []shopRow
		for _, r := range rows {
			if r.customer == ev.Keys[p.Entity] && r.at < p.Cutoff {
				own = append(own, r)
			}
		}
		for name, want := range referenceFeatures(s, own, p.Cutoff) {
			if strings.HasPrefix(name, absent) {
				continue
			}
			c := x.Column(name)
			if c == nil {
				t.Fatalf("no feature %s", name)
			}
			if got := float64(c.Numbers[i]); math.Abs(got-want) > 1e-3*math.Max(1, math.Abs(want)) || got != got != (want != want) {
				t.Errorf("%s of %s as of %d: got %v, want %v", name, ev.Keys[p.Entity], p.Cutoff, got, want)
			}
		}
	}
}

// referenceFeatures computes some features from a customer's rows before the cutoff in the plainest way.
func referenceFeatures(s *Spec, own []shopRow, cutoff int64) map[string]float64 {
	out := make(map[string]float64)
	began := make(map[string]int64)
	worth := make(map[string]float64)
	matched := make(map[string]bool)
	last, total := int64(math.MinInt64), 0.0
	byRange := make(map[string]float64)
	for _, r := range own {
		if at, ok := began[r.order]; !ok || r.at < at {
			began[r.order] = r.at
		}
		last = max(last, r.at)
		matched[r.order] = matched[r.order] || r.match == 1
		if r.amount == r.amount {
			worth[r.order] += float64(r.amount)
			byRange[r.range_] += float64(r.amount)
		}
	}
	out["purchases"] = float64(len(began))
	out["days_since_last"] = float64(cutoff-last) / float64(day)
	mean, matching := 0.0, 0.0
	decayed := 0.0
	for order, at := range began {
		mean += worth[order] / float64(len(began))
		if matched[order] {
			matching++
		}
		decayed += math.Exp2(-float64(cutoff-at) / float64(day) / 30)
	}
	out["purchase_amount_mean"], out["match_purchases"] = mean, matching
	out["purchases_decay_30d"] = decayed
	for _, v := range byRange {
		total += math.Abs(v)
	}
	// r0 and r1 are frequent enough to have a share; all levels fit, so no level is grouped with another but "".
	for _, level := range []string{"r0", "r1"} {
		out["share_amount_range_"+level] = byRange[level] / total
		if total == 0 {
			out["share_amount_range_"+level] = math.NaN()
		}
	}
	for _, d := range s.Windows {
		from := cutoff - int64(d)*day
		n, matches, sum := 0.0, 0.0, 0.0
		products, days := make(map[string]bool), make(map[int64]bool)
		for _, r := range own {
			if r.at >= from {
				n++
				matches += float64(r.match)
				products[r.product], days[r.at/day] = true, true
				if r.amount == r.amount {
					sum += float64(r.amount)
				}
			}
		}
		purchases := 0.0
		for _, at := range began {
			if at >= from {
				purchases++
			}
		}
		out[fmt.Sprintf("events_%dd", d)], out[fmt.Sprintf("active_days_%dd", d)] = n, float64(len(days))
		out[fmt.Sprintf("sum_amount_%dd", d)], out[fmt.Sprintf("match_events_%dd", d)] = sum, matches
		out[fmt.Sprintf("purchases_%dd", d)] = purchases
		if d == 30 {
			out["distinct_product_30d"] = float64(len(products))
		}
	}
	for lag := 1; lag <= lags; lag++ {
		to := cutoff - int64(lag-1)*30*day
		v, known := 0.0, false
		for _, r := range own {
			known = known || r.at < to
			if r.at < to && r.at >= to-30*day && r.match == 1 && r.amount == r.amount {
				v += float64(r.amount)
			}
		}
		if !known {
			v = math.NaN()
		}
		out[fmt.Sprintf("own_sum_lag%d", lag)] = v
	}
	return out
}

func TestComputeStopsSoonWhenCancelled(t *testing.T) {
	ev := mustEvents(t, shopRows(3, 200, 300), shopRoles)
	s := mustLearn(t, ev, nil, sumOver(30), 200*day)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.Compute(ctx, NewTables(ev, nil), ev.SeenBefore(200*day)); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestComputeNamesWhatTheEventsLack(t *testing.T) {
	rows := shopRows(3, 20, 300)
	ev := mustEvents(t, rows, shopRoles)
	s := mustLearn(t, ev, nil, sumOver(30), 200*day)
	without := func(name string) *frame.Frame {
		f := shopFrame(rows)
		f.Columns = slices.DeleteFunc(f.Columns, func(c frame.Column) bool { return c.Name == name })
		return f
	}
	for _, c := range []struct {
		name  string
		f     *frame.Frame
		roles Roles
		point Point
		want  string
	}{
		{"a lost number column", without("quantity"), shopRoles, Point{},
			`compute features: event rows lack column "quantity", which the features were learned with`},
		{"a lost category column", without("product"), shopRoles, Point{},
			`compute features: event rows lack column "product", which the features were learned with`},
		{"no group", shopFrame(rows), Roles{Entity: "customer", Time: "at", Value: "amount", Match: "match"}, Point{},
			"compute features: events have no group column, which the features were learned with"},
		{"no match", shopFrame(rows), Roles{Entity: "customer", Time: "at", Value: "amount", Group: "order"}, Point{},
			"compute features: events do not say which rows match, which the features were learned with"},
		{"another value", shopFrame(rows), Roles{Entity: "customer", Time: "at", Value: "quantity", Group: "order", Match: "match"}, Point{},
			`compute features: events aggregate column "quantity", the features were learned with "amount"`},
		{"no such entity", shopFrame(rows), shopRoles, Point{Entity: 20}, "compute features: no entity 20 among 20"},
	} {
		t.Run(c.name, func(t *testing.T) {
			other, err := NewEvents(c.f, c.roles)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := s.Compute(t.Context(), NewTables(other, nil), []Point{c.point}); err == nil || err.Error() != c.want {
				t.Errorf("got %v, want %s", err, c.want)
			}
		})
	}
}

func TestEveryFeatureIsFiniteOrMissingWhateverTheEvents(t *testing.T) {
	huge := []shopRow{
		{customer: "a", at: 0, amount: math.MaxFloat32, quantity: -math.MaxFloat32, product: "p", range_: "r", order: "1"},
		{customer: "a", at: 0, amount: math.MaxFloat32, quantity: -math.MaxFloat32, product: "q", range_: "s", order: "2"},
		{customer: "b", at: 5 * day, amount: missing, quantity: missing, match: missing},
		{customer: "c", at: -9 * day, amount: -1, quantity: 0, match: 1, product: "p"},
	}
	ev := mustEvents(t, huge, shopRoles)
	s := mustLearn(t, ev, nil, sumOver(1), 10*day)
	points := append(ev.SeenBefore(10*day), Point{Entity: 0, Cutoff: -100 * day}, Point{Entity: 1, Cutoff: 5 * day})
	x := mustCompute(t, s, ev, nil, points)
	for _, c := range x.Columns {
		for i, v := range c.Numbers {
			if math.IsInf(float64(v), 0) {
				t.Errorf("%s of point %d is %v", c.Name, i, v)
			}
		}
	}
}
