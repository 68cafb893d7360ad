package features

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

func TestFeaturesDoNotChangeWithEventsAtOrAfterTheCutoff(t *testing.T) {
	for seed := range uint64(5) {
		rows := shopRows(seed, 40, 300)
		attrs := customersOf(rows)
		cutoff := 200 * day
		ev := mustEvents(t, rows, shopRoles)
		s := mustLearn(t, ev, attrs, sumOver(30), 150*day, cutoff)
		points := ev.PointsAt([]int64{150 * day, cutoff})
		want := mustCompute(t, s, ev, attrs, points)

		changed := mustEvents(t, changeAfter(rows, cutoff, seed), shopRoles)
		again := mustLearn(t, changed, attrs, sumOver(30), 150*day, cutoff)
		a, b := encode(t, s), encode(t, again)
		if a != b {
			t.Errorf("seed %d: what was learned changed with later events:\n%s\n%s", seed, a, b)
		}
		moved := make([]Point, len(points))
		for i, p := range points {
			e, ok := changed.Entity(ev.Keys[p.Entity])
			if !ok {
				t.Fatalf("entity %s is lost", ev.Keys[p.Entity])
			}
			moved[i] = Point{Entity: e, Cutoff: p.Cutoff}
		}
		got := mustCompute(t, s, changed, attrs, moved)
		for i := range points {
			if d := differences(want, got, i, i); d != nil {
				t.Fatalf("seed %d, %v: later events changed %v", seed, points[i], d)
			}
		}
		if slices.Equal(s.Target.Labels(ev, points), s.Target.Labels(changed, moved)) {
			t.Errorf("seed %d: the labels did not change either: nothing was tested", seed)
		}
	}
}

func encode(t *testing.T, s *Spec) string {
	t.Helper()
	b, err := s.Encode()
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// changeAfter drops, changes and invents rows at or after the cutoff, new customers among them.
func changeAfter(rows []shopRow, cutoff int64, seed uint64) []shopRow {
	r := rand.New(rand.NewPCG(seed, 2))
	var out []shopRow
	for _, row := range rows {
		if row.at >= cutoff {
			if r.IntN(3) == 0 {
				continue
			}
			row.at = cutoff + r.Int64N(100*day)
			row.amount, row.product, row.range_ = float32(r.IntN(1e6)), "new", "newer"
			row.order = rows[r.IntN(len(rows))].order
			if r.IntN(5) == 0 {
				row.customer = fmt.Sprintf("aa%d", r.IntN(9))
			}
		}
		out = append(out, row)
	}
	return append(out, shopRow{customer: rows[0].customer, order: rows[0].order, at: cutoff, amount: 7, product: "p1", range_: "r1", match: 1})
}

func TestAColumnThatTellsTheFutureGivesNoFeatureThatDoes(t *testing.T) {
	rows := shopRows(4, 1500, 300)
	cutoff := 240 * day
	ev := mustEvents(t, rows, shopRoles)
	target := Target{Aggregate: Count, Compare: "=", Horizon: sumOver(14).Horizon}
	labels := make(map[string]float32)
	points := ev.SeenBefore(cutoff)
	r := rand.New(rand.NewPCG(4, 4))
	for _, p := range points {
		labels[ev.Keys[p.Entity]] = float32(r.IntN(2)) // independent of all that came before: AUC must be 0.5
	}
	for i := range rows {
		rows[i].quantity, rows[i].range_ = r.Float32(), fmt.Sprintf("r%d", r.IntN(2))
		if rows[i].at >= cutoff {
			rows[i].quantity, rows[i].range_ = 1000*labels[rows[i].customer], fmt.Sprintf("r%v", labels[rows[i].customer])
		}
	}
	planted := mustEvents(t, rows, shopRoles)
	s := mustLearn(t, planted, nil, target, cutoff)
	x := mustCompute(t, s, planted, nil, points)
	y := make([]float32, len(points))
	for i, p := range points {
		y[i] = labels[ev.Keys[p.Entity]]
	}
	for _, c := range x.Columns {
		// Of 100 columns the worst lies 3.5 standard errors (0.015) off by chance.
		if a := areaUnderCurve(c.Numbers, y); math.Abs(a-0.5) > 0.055 {
			t.Errorf("%s tells the future: AUC %.3f", c.Name, a)
		}
	}
	// The test can fail: the same column read one window late does tell.
	late := mustCompute(t, s, planted, nil, planted.SeenBefore(cutoff + 14*day)[:0])
	if late.Rows != 0 {
		t.Fatal("no points gave rows")
	}
	var told []Point
	for _, p := range points {
		told = append(told, Point{Entity: p.Entity, Cutoff: cutoff + 30*day})
	}
	leaked := mustCompute(t, s, planted, nil, told)
	if a := areaUnderCurve(leaked.Column("sum_quantity_30d").Numbers, y); a < 0.8 {
		t.Errorf("the planted column is too weak to test with: AUC %.3f", a)
	}
}

// areaUnderCurve is the chance that a positive has a greater value than a negative; missing counts as least.
func areaUnderCurve(x, y []float32) float64 {
	var wins, pairs float64
	for i := range x {
		for j := range x {
			if y[i] == 1 && y[j] == 0 {
				pairs++
				a, b := rankable(x[i]), rankable(x[j])
				if a > b {
					wins++
				} else if a == b {
					wins += .5
				}
			}
		}
	}
	return wins / pairs
}

func rankable(v float32) float64 {
	if v != v {
		return math.Inf(-1)
	}
	return float64(v)
}
