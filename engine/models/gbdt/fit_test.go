package gbdt

import (
	"bytes"
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"cvp/engine/frame"
	"cvp/engine/model"
	"cvp/engine/model/modeltest"
)

func fitted(t *testing.T, e, valid *model.Examples, s model.Settings) *Model {
	t.Helper()
	m, err := Boosting{}.Fit(context.Background(), e, valid, s)
	if err != nil {
		t.Fatal(err)
	}
	return m.(*Model)
}

func predicted(t *testing.T, m model.Model, x *frame.Frame) []float64 {
	t.Helper()
	p := make([]float64, x.Rows)
	if err := m.Predict(p, x); err != nil {
		t.Fatal(err)
	}
	return p
}

// numbers makes rows of uniform numbers in [0, 1) with a label.
func numbers(n, columns int, seed uint64, label func(rng *rand.Rand, x []float64) float64) *model.Examples {
	rng := rand.New(rand.NewPCG(seed, 1))
	e := &model.Examples{X: &frame.Frame{Rows: n}, Y: make([]float32, n)}
	for j := range columns {
		e.X.Columns = append(e.X.Columns, frame.Column{Name: fmt.Sprintf("x%d", j), Kind: frame.Number, Numbers: make([]float32, n)})
	}
	x := make([]float64, columns)
	for i := range n {
		for j := range x {
			v := rng.Float32()
			x[j], e.X.Columns[j].Numbers[i] = float64(v), v
		}
		e.Y[i] = float32(label(rng, x))
	}
	return e
}

func TestThreadsDoNotMatter(t *testing.T) {
	for task, rows := range map[model.Task]int{model.Class: columnRows + 9000, model.Value: 30_000} { // counted by row, and by column
		e := modeltest.Customers(rows, task, 9)
		var first []byte
		for _, threads := range []int{1, 2, 7} {
			m := fitted(t, e, nil, model.Settings{Task: task, Seed: 4, Threads: threads, Params: map[string]any{"trees": 10, "learning_rate": .2}})
			b, err := m.Encode()
			if err != nil {
				t.Fatal(err)
			}
			if first == nil {
				first = b
			}
			if !bytes.Equal(first, b) {
				t.Errorf("%s: %d threads give another model than 1", task, threads)
			}
		}
	}
}

// TestTheFirstSplitIsTheBest compares with all cuts of all columns, by sums over the rows.
func TestTheFirstSplitIsTheBest(t *testing.T) {
	e := numbers(900, 3, 5, func(rng *rand.Rand, x []float64) float64 {
		return math.Floor(4*x[1])*x[2] + rng.NormFloat64()/3
	})
	nan := float32(math.NaN())
	for i := range e.Y { // few distinct values: every cut is between bins
		for j := range e.X.Columns {
			v := &e.X.Columns[j].Numbers[i]
			*v = float32(math.Floor(float64(*v)*40)) / 40
			if j == 1 && i%6 == 0 {
				*v = nan
			}
		}
	}
	m := fitted(t, e, nil, model.Settings{Task: model.Value, Params: map[string]any{"trees": 1, "max_leaves": 2, "loss": "squared",
		"row_share": 1.0, "column_share": 1.0, "min_leaf": 10, "l2": 2.0, "learning_rate": 1.0}})
	var mean float64
	for _, y := range e.Y {
		mean += float64(y) / float64(len(e.Y))
	}
	best := 0.0
	for j := range e.X.Columns {
		for cut := range 41 {
			for _, missingLeft := range []bool{false, true} {
				var g, n [2]float64
				for i, v := range e.X.Columns[j].Numbers {
					side := 1
					if v <= float32(cut)/40 || v != v && missingLeft {
						side = 0
					}
					g[side] += mean - float64(e.Y[i])
					n[side]++
				}
				if n[0] >= 10 && n[1] >= 10 {
					best = max(best, g[0]*g[0]/(n[0]+2)+g[1]*g[1]/(n[1]+2))
				}
			}
		}
	}
	got := m.trees[0][0].gain
	if math.Abs(got-best) > 1e-6*best {
		t.Errorf("the first split gains %v, the best %v", got, best)
	}
}

func TestACategoryIsPartedByItsLevels(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 3))
	const n, levels = 6000, 30
	c := frame.Column{Name: "shop", Kind: frame.Category, Codes: make([]int32, n)}
	for l := range levels {
		c.Levels = append(c.Levels, fmt.Sprintf("shop %d", l))
	}
	y := make([]float32, n)
	for i := range y {
		l := rng.IntN(levels)
		c.Codes[i] = int32(l)
		y[i] = float32(rng.NormFloat64() / 4)
		if l%3 == 0 {
			y[i] += 2
		}
	}
	e := &model.Examples{X: &frame.Frame{Rows: n, Columns: []frame.Column{c}}, Y: y}
	m := fitted(t, e, nil, model.Settings{Task: model.Value, Params: map[string]any{"trees": 1, "max_leaves": 2, "learning_rate": 1.0, "loss": "squared"}})
	for i, p := range predicted(t, m, e.X) {
		want := 0.0
		if c.Codes[i]%3 == 0 {
			want = 2
		}
		if math.Abs(p-want) > .1 {
			t.Fatalf("%s is predicted %v by one split, want about %v", c.Levels[c.Codes[i]], p, want)
		}
	}
}

func TestMonotonePredictions(t *testing.T) {
	e := numbers(4000, 3, 8, func(rng *rand.Rand, x []float64) float64 {
		return math.Sin(9*x[0]) + x[0] + math.Cos(7*x[1]) + x[2] + rng.NormFloat64()/4
	})
	m := fitted(t, e, nil, model.Settings{Task: model.Value, Params: map[string]any{"trees": 100, "learning_rate": .1, "monotone": "x0: 1, x1:-1"}})
	x := e.X.Slice(0, 300)
	for column, direction := range map[string]float64{"x0": 1, "x1": -1} {
		var last []float64
		for step := range 41 {
			moved := x.Take(seq(x.Rows))
			v := moved.Column(column).Numbers
			for i := range v {
				v[i] = float32(step) / 40
			}
			p := predicted(t, m, moved)
			for i := range last {
				if direction*(p[i]-last[i]) < -1e-12 {
					t.Fatalf("%s at %d/40: row %d goes from %v to %v", column, step, i, last[i], p[i])
				}
			}
			last = p
		}
	}
	for _, wrong := range []string{"x0", "x0:2", "y:1"} {
		if _, err := (Boosting{}).Fit(context.Background(), e, nil, model.Settings{Task: model.Value, Params: map[string]any{"monotone": wrong}}); err == nil || !strings.Contains(err.Error(), "monotone") {
			t.Errorf("monotone %q: error %v", wrong, err)
		}
	}
}

func seq(n int) []int {
	out := make([]int, n)
	for i := range out {
		out[i] = i
	}
	return out
}

func TestQuantilesAreReached(t *testing.T) {
	label := func(rng *rand.Rand, x []float64) float64 { return 10*x[0] + x[1]*10*rng.ExpFloat64() }
	e, held := numbers(8000, 2, 1, label), numbers(4000, 2, 2, label)
	for _, q := range []float64{.1, .5, .9} {
		m := fitted(t, e, nil, model.Settings{Task: model.Value, Params: map[string]any{"loss": "quantile", "quantile": q, "trees": 80, "learning_rate": .1}})
		below := 0.0
		for i, p := range predicted(t, m, held.X) {
			if float64(held.Y[i]) <= p {
				below += 1 / float64(held.X.Rows)
			}
		}
		if math.Abs(below-q) > .03 {
			t.Errorf("%.3f of the rows lie below quantile %v", below, q)
		}
	}
}

func TestTheFitStopsWhereValidationDoes(t *testing.T) {
	noise := func(rng *rand.Rand, x []float64) float64 { return x[0] + 3*rng.NormFloat64() }
	e, valid := numbers(1000, 4, 1, noise), numbers(1000, 4, 2, noise)
	m := fitted(t, e, valid, model.Settings{Task: model.Value, Params: map[string]any{"learning_rate": .3, "patience": 10}})
	if n := m.Rounds(); n < 1 || n > 60 {
		t.Errorf("%d trees of noise", n)
	}
}

func TestAWeightCountsAsSoManyRows(t *testing.T) {
	e := modeltest.Customers(2000, model.Value, 6)
	rows := []int{}
	e.Weights = make([]float32, e.X.Rows)
	for i := range e.Weights {
		e.Weights[i] = float32(1 + i%3)
		for range 1 + i%3 {
			rows = append(rows, i)
		}
	}
	many := &model.Examples{X: e.X.Take(rows), Y: make([]float32, len(rows))}
	for i, r := range rows {
		many.Y[i] = e.Y[r]
	}
	set := func(leaf int) model.Settings {
		return model.Settings{Task: model.Value, Params: map[string]any{"trees": 40, "learning_rate": .1, "loss": "squared", "row_share": 1.0, "column_share": 1.0, "min_leaf": leaf}}
	}
	a, b := predicted(t, fitted(t, e, nil, set(10)), e.X), predicted(t, fitted(t, many, nil, set(20)), e.X)
	var difference, spread float64
	for i := range a {
		difference += math.Abs(a[i] - b[i])
		spread += math.Abs(a[i] - a[0])
	}
	if difference > .15*spread {
		t.Errorf("weights and repeated rows differ by %v of %v", difference, spread)
	}
}

func TestImportanceIsOfWhatMatters(t *testing.T) {
	e := numbers(3000, 4, 4, func(rng *rand.Rand, x []float64) float64 { return 5*x[2] + x[0] + rng.NormFloat64()/9 })
	m := fitted(t, e, nil, model.Settings{Task: model.Value, Params: map[string]any{"trees": 60, "learning_rate": .1, "column_share": 1.0}})
	gain := map[string]float64{}
	for _, g := range m.Importance() {
		gain[g.Column] = g.Gain
	}
	if !(gain["x2"] > 5*gain["x0"] && gain["x0"] > 5*gain["x1"]) {
		t.Errorf("importance %v", gain)
	}
}

func FuzzDecode(f *testing.F) {
	for _, task := range []model.Task{model.Class, model.Value} {
		m, err := Boosting{}.Fit(context.Background(), modeltest.Customers(300, task, 1), nil, model.Settings{Task: task, Params: map[string]any{"trees": 2, "min_leaf": 20}})
		if err != nil {
			f.Fatal(err)
		}
		b, err := m.Encode()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	x := modeltest.Customers(10, model.Class, 2).X
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := Boosting{}.Decode(b)
		if err != nil {
			return
		}
		_ = m.Predict(make([]float64, x.Rows), x) // an error where a column is of another kind, never a panic
		again, err := m.Encode()
		if err != nil {
			t.Fatalf("a decoded model cannot be encoded: %v", err)
		}
		if _, err := (Boosting{}).Decode(again); err != nil {
			t.Fatalf("an encoded model cannot be decoded: %v", err)
		}
	})
}
