package tree

import (
	"context"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"cvp/engine/frame"
	"cvp/engine/model"
	"cvp/engine/model/modeltest"
	"cvp/engine/prep"
)

// growerOf bins examples and makes a grower over them.
func growerOf(t testing.TB, e *model.Examples, c criterion, depth, minLeaf int) *grower {
	t.Helper()
	bins, err := prep.FitBins(e.X, e.Y, e.Weights)
	if err != nil {
		t.Fatal(err)
	}
	g := &grower{criterion: c, y: e.Y, weights: e.Weights, maxDepth: depth, minLeaf: minLeaf}
	if g.bins, err = bins.Transform(context.Background(), e.X); err != nil {
		t.Fatal(err)
	}
	if err := g.prepare(bins, e); err != nil {
		t.Fatal(err)
	}
	return g
}

// slowest tries every split of every feature by adding up the rows one by one.
func slowest(g *grower, n *node) (gain float64) {
	for f := range g.bins {
		for split := 1; split < prep.MaxBins; split++ {
			for _, missingLeft := range []bool{false, true} {
				var left bin
				for _, i := range g.rows {
					if goesLeft(g.bins[f][i], uint8(split), missingLeft) {
						w := g.weight(i)
						left.add(bin{w, w * float64(g.y[i]), 1})
					}
				}
				right := bin{n.weight, n.sum, n.rows}.minus(left)
				if left.rows >= g.minLeaf && right.rows >= g.minLeaf {
					gain = max(gain, n.cost-g.criterion.cost(left.weight, left.sum)-g.criterion.cost(right.weight, right.sum))
				}
			}
		}
	}
	return gain
}

func TestTheFirstSplitIsTheBestOfAll(t *testing.T) {
	for _, task := range []model.Task{model.Class, model.Value} {
		for _, name := range map[model.Task][]string{model.Class: {criterionGini, criterionEntropy}, model.Value: {criterionSquared, criterionPoisson}}[task] {
			for _, weighted := range []bool{false, true} {
				e := modeltest.Customers(300, task, 3)
				if weighted {
					e.Weights = make([]float32, 300)
					for i := range e.Weights {
						e.Weights[i] = float32(i % 3)
					}
				}
				c, err := criterionOf(name, task, e.Y)
				if err != nil {
					t.Fatal(err)
				}
				g := growerOf(t, e, c, 1, 10)
				root := g.leaf(g.total(g.rows))
				got, want := g.best(&root, g.histogram(context.Background(), g.rows)), slowest(g, &root)
				if got.feature < 0 || math.Abs(got.gain-want) > 1e-9*math.Abs(root.cost) {
					t.Errorf("%s, weighted %v: gain %v, the best is %v", name, weighted, got.gain, want)
				}
			}
		}
	}
}

func TestATreeKeepsToItsLimitsAndItsNodesAddUp(t *testing.T) {
	e := modeltest.Customers(3000, model.Value, 4)
	c, _ := criterionOf(criterionSquared, model.Value, e.Y)
	g := growerOf(t, e, c, 5, 40)
	nodes, err := g.grow(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	var visit func(i, depth int)
	leaves := 0
	visit = func(i, depth int) {
		n := nodes[i]
		if n.rows < 40 || depth > 5 {
			t.Errorf("node %d has %d rows at depth %d", i, n.rows, depth)
		}
		if n.feature < 0 {
			leaves++
			return
		}
		l, r := nodes[n.left], nodes[n.right]
		if l.rows+r.rows != n.rows || math.Abs(l.sum+r.sum-n.sum) > 1e-9*n.sum || l.cost+r.cost >= n.cost {
			t.Errorf("node %d: %+v under %+v and %+v", i, n, l, r)
		}
		visit(n.left, depth+1)
		visit(n.right, depth+1)
	}
	visit(0, 0)
	if leaves < 10 {
		t.Errorf("%d leaves", leaves)
	}
}

func TestMissingValuesGoToTheSideTheyBelongTo(t *testing.T) {
	// Where the column is missing the label is as where it is high.
	rng := rand.New(rand.NewPCG(6, 6))
	e := &model.Examples{X: &frame.Frame{Rows: 600}}
	v := make([]float32, 600)
	for i := range v {
		v[i] = rng.Float32()
		e.Y = append(e.Y, float32(math.Round(float64(v[i]))))
		if i%3 == 0 {
			v[i] = float32(math.NaN())
			e.Y[i] = 1
		}
	}
	e.X.Columns = []frame.Column{{Name: "v", Kind: frame.Number, Numbers: v}}
	m, err := Tree{}.Fit(context.Background(), e, nil, model.Settings{Task: model.Class})
	if err != nil {
		t.Fatal(err)
	}
	p := make([]float64, 3)
	x := &frame.Frame{Rows: 3, Columns: []frame.Column{{Name: "v", Kind: frame.Number, Numbers: []float32{.1, .9, float32(math.NaN())}}}}
	if err := m.Predict(p, x); err != nil || p[0] > .2 || p[1] < .8 || p[2] < .8 {
		t.Errorf("low, high and missing score %v (error %v)", p, err)
	}
}

// cheapest is the least cost, with alpha per leaf, of all the trees that cutting at or below node i can give.
func cheapest(nodes []node, i int, alpha float64) (cost float64) {
	n := nodes[i]
	if n.feature < 0 {
		return n.cost + alpha
	}
	return min(n.cost+alpha, cheapest(nodes, n.left, alpha)+cheapest(nodes, n.right, alpha))
}

func TestPruningGivesTheTreeOfLeastCostAndComplexity(t *testing.T) {
	e := modeltest.Customers(2000, model.Class, 5)
	c, _ := criterionOf(criterionEntropy, model.Class, e.Y)
	full, err := growerOf(t, e, c, 10, 5).grow(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	before := len(full)
	for _, alpha := range []float64{0, .5, 2, 5, 10, 50, 1e6} {
		p := newPruner(slices.Clone(full), nil)
		p.cut(alpha)
		got := p.below[0] + alpha*float64(p.leaves[0])
		if want := cheapest(full, 0, alpha); math.Abs(got-want) > 1e-6*math.Abs(want) {
			t.Errorf("alpha %v: %d leaves cost %v, the least is %v", alpha, p.leaves[0], got, want)
		}
		if p.leaves[0] > before {
			t.Errorf("alpha %v: more leaves than %d with less pruning", alpha, before)
		}
		before = p.leaves[0]
	}
	if before != 1 {
		t.Errorf("%d leaves under endless pruning", before)
	}
}

func TestPruningWithoutGivenStrengthFollowsTheValidationRows(t *testing.T) {
	all := modeltest.Customers(4000, model.Class, 6)
	train := &model.Examples{X: all.X.Slice(0, 1500), Y: all.Y[:1500]}
	valid := &model.Examples{X: all.X.Slice(1500, 4000), Y: all.Y[1500:]}
	fit := func(v *model.Examples, params map[string]any) *Model {
		params["min_leaf"], params["max_depth"] = 2, 15
		m, err := Tree{}.Fit(context.Background(), train, v, model.Settings{Task: model.Class, Params: params})
		if err != nil {
			t.Fatal(err)
		}
		return m.(*Model)
	}
	loss := func(m *Model) (sum float64) {
		p := make([]float64, valid.X.Rows)
		if err := m.Predict(p, valid.X); err != nil {
			t.Fatal(err)
		}
		for i, q := range p {
			sum -= xlogy(float64(valid.Y[i]), q) + xlogy(1-float64(valid.Y[i]), 1-q)
		}
		return sum
	}
	chosen, wild := fit(valid, map[string]any{}), fit(valid, map[string]any{"prune": 0.0})
	if loss(chosen) >= loss(wild) || chosen.Leaves() >= wild.Leaves() || chosen.Leaves() < 3 {
		t.Errorf("%d leaves with loss %v, unpruned %d with %v", chosen.Leaves(), loss(chosen), wild.Leaves(), loss(wild))
	}
	again := fit(nil, map[string]any{"prune": chosen.Hyperparameters()["prune"]})
	if d := again.Leaves() - chosen.Leaves(); d < -1 || d > 1 {
		t.Errorf("a refit of the same rows has %d leaves, the fit had %d", again.Leaves(), chosen.Leaves())
	}
}

func FuzzDecode(f *testing.F) {
	e := modeltest.Customers(400, model.Class, 7)
	m, err := Tree{}.Fit(context.Background(), e, nil, model.Settings{Task: model.Class})
	if err != nil {
		f.Fatal(err)
	}
	b, err := m.Encode()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	x := e.X.Slice(0, 5)
	f.Fuzz(func(t *testing.T, b []byte) {
		if m, err := (Tree{}).Decode(b); err == nil {
			_ = m.Predict(make([]float64, 5), x)
		}
	})
}

func BenchmarkFit50ThousandRowsOf100(b *testing.B) {
	rng := rand.New(rand.NewPCG(2, 2))
	const n = 50_000
	e := &model.Examples{X: &frame.Frame{Rows: n}, Y: make([]float32, n)}
	for j := range 100 {
		v := make([]float32, n)
		for i := range v {
			v[i] = float32(rng.NormFloat64())
		}
		e.X.Columns = append(e.X.Columns, frame.Column{Name: string(rune('a' + j)), Kind: frame.Number, Numbers: v})
	}
	for i := range e.Y {
		if e.X.Columns[0].Numbers[i]+e.X.Columns[1].Numbers[i]*e.X.Columns[2].Numbers[i]+float32(rng.NormFloat64()) > 0 {
			e.Y[i] = 1
		}
	}
	for b.Loop() {
		if _, err := (Tree{}).Fit(context.Background(), e, nil, model.Settings{Task: model.Class}); err != nil {
			b.Fatal(err)
		}
	}
}
