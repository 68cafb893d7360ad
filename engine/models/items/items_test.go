package items

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"cvp/engine/metrics"
)

const day = microsPerDay

// taste draws customers who buy from one of three ranges of forty items, and now and then from another, seldom the same
// item again.
func taste(seed uint64, customers, days int) *Log {
	r := rand.New(rand.NewPCG(seed, 1))
	log := &Log{}
	for i := range 120 {
		log.Items = append(log.Items, fmt.Sprintf("item %d", i))
	}
	for c := range customers {
		var history []Purchase
		for at := r.ExpFloat64() * 10; at < float64(days); at += r.ExpFloat64() * 10 {
			kind := c % 3
			if r.IntN(10) == 0 {
				kind = r.IntN(3)
			}
			item := int32(kind*40 + r.IntN(40))
			if slices.ContainsFunc(history, func(p Purchase) bool { return p.Item == item }) && r.IntN(10) > 0 {
				item = int32(kind*40 + r.IntN(40))
			}
			history = append(history, Purchase{item, int64(at * day)})
		}
		log.Of = append(log.Of, history)
	}
	return log
}

// window is what customers of a log bought in some days.
func window(log *Log, from, to int64) Window {
	w := Window{Cutoff: from}
	for c, history := range log.Of {
		bought := map[int32]bool{}
		for _, p := range history {
			if p.At >= from && p.At < to {
				bought[p.Item] = true
			}
		}
		if len(bought) == 0 || len(before(history, from)) == 0 {
			continue
		}
		var list []int32
		for i := range int32(len(log.Items)) {
			if bought[i] {
				list = append(list, i)
			}
		}
		w.Customers, w.Bought = append(w.Customers, int32(c)), append(w.Bought, list)
	}
	return w
}

func TestNeighboursAreOfTheSameTasteAndBeatTheRules(t *testing.T) {
	log := taste(1, 400, 200)
	weights, trials, err := Choose(t.Context(), log, window(log, 140*day, 170*day), 5)
	if err != nil || len(trials) != len(halfLives)*len(repeats)*len(populars) {
		t.Fatal(len(trials), err)
	}
	m := Fit(log, 170*day, weights)
	test := window(log, 170*day, 200*day)
	got, err := Judge(t.Context(), m, log, test, 5)
	if err != nil {
		t.Fatal(err)
	}
	for _, rule := range Rules() {
		of, err := rule.Judge(t.Context(), m, log, test, 5)
		if err != nil {
			t.Fatal(err)
		}
		if metrics.Find(of, "map_at_5") >= metrics.Find(got, "map_at_5") {
			t.Errorf("%s %v is no worse than %v", rule.Name, of, got)
		}
	}
	for _, near := range m.Near[3][:9] {
		if near.Item >= 40 {
			t.Errorf("item %d is near item 3", near.Item)
		}
	}
}

func TestTheScoreIsThatOfTheFormula(t *testing.T) {
	log := taste(2, 60, 100)
	w := Weights{HalfLifeDays: 20, Repeat: 0.5, Popular: 0.3}
	cutoff := int64(80 * day)
	m := Fit(log, cutoff, w)
	for c, history := range log.Of[:20] {
		var bought []string
		var at []int64
		p := map[int32]float64{}
		sum, most := 0.0, 0.0
		for _, b := range history {
			bought, at = append(bought, log.Items[b.Item]), append(at, b.At) // later ones must not count
			if b.At < cutoff {
				p[b.Item] += decayed(b.At, cutoff, 20)
			}
		}
		for _, v := range p {
			sum, most = sum+v, max(most, v)
		}
		want := make([]float64, len(log.Items))
		for i := range want {
			want[i] = 0.3 * float64(m.Popular[i])
			if most > 0 {
				want[i] += 0.5 * p[int32(i)] / most
			}
			for j, v := range p {
				for _, near := range m.Near[j] {
					if near.Item == int32(i) {
						want[i] += v * float64(near.Cosine) / sum
					}
				}
			}
		}
		got := m.Recommender().Recommend(bought, at, cutoff, len(log.Items))
		if sold := slices.DeleteFunc(slices.Clone(m.Popular), func(p float32) bool { return p == 0 }); len(got) != len(sold) {
			t.Fatalf("customer %d: %d items, %d were sold", c, len(got), len(sold))
		}
		for n, r := range got {
			if i := m.index[r.Item]; math.Abs(want[i]-r.Score) > 1e-9 || n > 0 && r.Score > got[n-1].Score {
				t.Errorf("customer %d, %s: score %v, want %v", c, r.Item, r.Score, want[i])
			}
		}
		if short := m.Recommender().Recommend(bought, at, cutoff, 4); cmp.Diff(short, got[:4]) != "" {
			t.Errorf("customer %d: four are %v, of all %v", c, short, got[:4])
		}
	}
	if got := m.Recommender().Recommend([]string{"never seen"}, []int64{1}, cutoff, 2); len(got) != 2 || m.Popular[m.index[got[0].Item]] != 1 {
		t.Errorf("without a known history: %v", got)
	}
}

func TestPurchasesAtOrAfterTheCutoffDoNotCount(t *testing.T) {
	log := taste(3, 100, 100)
	cutoff := int64(60 * day)
	want := Fit(log, cutoff, Weights{HalfLifeDays: 90})
	for c := range log.Of {
		log.Of[c] = append(slices.Clone(before(log.Of[c], cutoff)), Purchase{0, cutoff}, Purchase{7, cutoff + 5})
	}
	if diff := cmp.Diff(want, Fit(log, cutoff, Weights{HalfLifeDays: 90}), cmp.AllowUnexported(Model{})); diff != "" {
		t.Error(diff)
	}
}

func TestListsAreJudgedAsByHand(t *testing.T) {
	j := judged{k: 3}
	j.add([]int32{5, 1, 2}, []int32{1, 2})       // hits at 2 and 3: (1/2 + 2/3) ÷ 2
	j.add([]int32{9, 8, 7}, []int32{1})          // none
	j.add([]int32{4, 3, 2}, []int32{4, 6, 7, 8}) // a hit at 1: 1 ÷ 3
	want := map[string]float64{"map_at_3": ((0.5+2.0/3)/2 + 1.0/3) / 3, "precision_at_3": (2.0/3 + 1.0/3) / 3, "recall_at_3": (1 + 0.25) / 3, "hit_rate_at_3": 2.0 / 3}
	for _, m := range j.metrics() {
		if math.Abs(m.Value-want[m.Name]) > 1e-12 {
			t.Errorf("%s is %v, want %v", m.Name, m.Value, want[m.Name])
		}
	}
}

func TestModelsSurviveTheirBytes(t *testing.T) {
	m := Fit(taste(4, 50, 60), 60*day, Weights{30, 1, 0.1})
	b, err := m.Encode()
	if err != nil {
		t.Fatal(err)
	}
	again, err := Decode(b)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(m, again, cmp.AllowUnexported(Model{}), cmpopts.EquateEmpty()); diff != "" {
		t.Error(diff)
	}
	for _, bad := range []string{"", "{}x", `{"items": ["a"], "weights": {"half_life_days": 1}}`, `{"items": [], "weights": {}}`} {
		if _, err := Decode([]byte(bad)); err == nil {
			t.Errorf("%q was read", bad)
		}
	}
}

func TestACancelStopsTheChoice(t *testing.T) {
	log := taste(5, 50, 60)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, _, err := Choose(ctx, log, window(log, 30*day, 60*day), 3); err == nil {
		t.Error("no error")
	}
}

func FuzzDecode(f *testing.F) {
	b, err := Fit(taste(6, 20, 30), 30*day, Weights{30, 1, 0.1}).Encode()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	f.Fuzz(func(t *testing.T, b []byte) {
		if m, err := Decode(b); err == nil {
			m.Recommender().Recommend(m.Items, make([]int64, len(m.Items)), 1, 3)
		}
	})
}
