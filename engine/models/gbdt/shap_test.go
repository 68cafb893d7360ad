package gbdt

import (
	"context"
	"math"
	"math/bits"
	"testing"

	"cvp/engine/model"
	"cvp/engine/model/modeltest"
)

// TestContributionsAreShapleyValues compares with the definition, over all sets of columns.
func TestContributionsAreShapleyValues(t *testing.T) {
	for _, task := range []model.Task{model.Class, model.Value} {
		e := modeltest.Customers(1500, task, 3)
		for i := range e.X.Columns { // one feature a column: the parts of a time would be several
			if e.X.Columns[i].Name == "joined" {
				e.X.Columns = append(e.X.Columns[:i], e.X.Columns[i+1:]...)
				break
			}
		}
		fitted, err := Boosting{}.Fit(context.Background(), e, nil, model.Settings{Task: task, Seed: 1,
			Params: map[string]any{"trees": 12, "learning_rate": .2, "column_share": .9}})
		if err != nil {
			t.Fatal(err)
		}
		m := fitted.(*Model)
		x := e.X.Slice(0, 60)
		stride := len(m.Columns()) + 1
		got, p := make([]float64, x.Rows*stride), make([]float64, x.Rows)
		if err := m.Contributions(got, x); err != nil {
			t.Fatal(err)
		}
		if err := m.Predict(p, x); err != nil {
			t.Fatal(err)
		}
		batch, err := m.bins.Bind(x)
		if err != nil {
			t.Fatal(err)
		}
		k := m.newKeys((x.Rows + lanes - 1) / lanes)
		if err := k.read(batch, 0, x.Rows); err != nil {
			t.Fatal(err)
		}
		for row := range x.Rows {
			mine := got[row*stride : (row+1)*stride]
			var sum float64
			for _, v := range mine {
				sum += v
			}
			if link := m.within.clip(m.loss.mean(sum)); math.Abs(link-p[row]) > 1e-9*max(1, math.Abs(p[row])) {
				t.Fatalf("%s: row %d adds up to %v, its prediction is %v", task, row, link, p[row])
			}
			for f, want := range slowShapley(m, k.row(row)) {
				if math.Abs(mine[f]-want) > 1e-9 {
					t.Fatalf("%s: row %d, column %s contributes %v, want %v", task, row, m.Columns()[f], mine[f], want)
				}
			}
		}
	}
}

// slowShapley sums over all sets of features what each adds to what is known.
func slowShapley(m *Model, keys []uint32) []float64 {
	n := m.bins.Width()
	value := make([]float64, 1<<n)
	for set := range value {
		for t := range m.trees {
			value[set] += known(m.trees[t], &m.scorers[t], 0, keys, set)
		}
	}
	out := make([]float64, n)
	for f := range out {
		for set := range value {
			if set>>f&1 == 1 {
				continue
			}
			k := bits.OnesCount(uint(set))
			share := math.Gamma(float64(k+1)) * math.Gamma(float64(n-k)) / math.Gamma(float64(n+1))
			out[f] += share * (value[set|1<<f] - value[set])
		}
	}
	return out
}

// known is the tree's expected value where the features of a set are known.
func known(nodes []node, s *scorer, i int32, keys []uint32, set int) float64 {
	n := &nodes[i]
	switch {
	case n.feature < 0:
		return n.value
	case set>>n.feature&1 == 1:
		return known(nodes, s, int32(s.child(uint32(i), keys)), keys, set)
	}
	share := leftShare(nodes, n)
	return share*known(nodes, s, n.left, keys, set) + (1-share)*known(nodes, s, n.left+1, keys, set)
}
