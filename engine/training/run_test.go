package training_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"cvp/engine/frame"
	"cvp/engine/model"
	"cvp/engine/training"
)

// examples are n rows of which the label follows column a, with noise, and column b says nothing.
func examples(n int, seed uint64, task model.Task) *model.Examples {
	r := rand.New(rand.NewPCG(seed, 1))
	a, b, y := make([]float32, n), make([]float32, n), make([]float32, n)
	for i := range y {
		a[i], b[i] = float32(r.NormFloat64()), float32(r.NormFloat64())
		v := 2*float64(a[i]) + r.NormFloat64()
		if task == model.Class {
			v = map[bool]float64{true: 1, false: 0}[v > 0]
		}
		y[i] = float32(v)
	}
	return &model.Examples{X: &frame.Frame{Rows: n, Columns: []frame.Column{
		{Name: "a", Kind: frame.Number, Numbers: a}, {Name: "b", Kind: frame.Number, Numbers: b}}}, Y: y}
}

func plan(task model.Task) training.Plan {
	return training.Plan{Train: examples(1500, 1, task), Validate: examples(500, 2, task), Test: examples(500, 3, task)}
}

func TestRunChoosesOneAndBeatsTheRules(t *testing.T) {
	for _, task := range []model.Task{model.Class, model.Value} {
		r, err := training.Run(context.Background(), plan(task), training.Request{Task: task, Seed: 1, Threads: 2,
			Params: map[string]any{"epochs": 10.0}, Baselines: map[string]string{"recency": "b"}})
		if err != nil {
			t.Fatalf("%s: %v", task, err)
		}
		chosen := 0
		for _, row := range r.Leaderboard {
			if row.Chosen {
				chosen++
			}
			if row.IsBaseline && row.Chosen {
				t.Errorf("%s: a rule is chosen", task)
			}
		}
		if chosen != 1 || !r.Leaderboard[0].Chosen || r.Leaderboard[0].Rows != 2000 {
			t.Errorf("%s: leaderboard %+v", task, r.Leaderboard)
		}
		if !r.BeatsBaseline || r.Why == "" {
			t.Errorf("%s: %q beats the baseline: %v", task, r.Why, r.BeatsBaseline)
		}
		splits := map[string]int{}
		for _, m := range r.Metrics {
			if math.IsNaN(m.Value) {
				t.Errorf("%s: %s on %s is undefined", task, m.Metric, m.Split)
			}
			splits[m.Split]++
		}
		if len(splits) != 3 {
			t.Errorf("%s: metrics of %v", task, splits)
		}
	}
}

func TestRunIsDeterministic(t *testing.T) {
	var first []byte
	for i := range 2 {
		r, err := training.Run(context.Background(), plan(model.Class), training.Request{Task: model.Class, Algorithms: []string{"mlp"}, Seed: 7, Threads: 2, Params: map[string]any{"epochs": 5.0}})
		if err != nil {
			t.Fatal(err)
		}
		b, err := r.Model.Encode()
		if err != nil {
			t.Fatal(err)
		}
		if i > 0 && string(b) != string(first) {
			t.Error("the same data and seed gave other bytes")
		}
		first = b
	}
}

func TestRunLearnsNothingFromShuffledLabels(t *testing.T) {
	p := plan(model.Class)
	for _, e := range []*model.Examples{p.Train, p.Validate, p.Test} {
		r := rand.New(rand.NewPCG(5, 5))
		r.Shuffle(len(e.Y), func(i, j int) { e.Y[i], e.Y[j] = e.Y[j], e.Y[i] })
	}
	r, err := training.Run(context.Background(), p, training.Request{Task: model.Class, Algorithms: []string{"logistic"}, Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	if auc := r.Leaderboard[0].Value; math.Abs(auc-0.5) > 0.06 { // twice the standard error on 500 rows
		t.Errorf("roc_auc %v from nothing", auc)
	}
}

func TestSplitKeepsARowInItsPart(t *testing.T) {
	keys := make([]string, 3000)
	for i := range keys {
		keys[i] = fmt.Sprint(i)
	}
	part := func(p training.Parts) map[string]int {
		out := map[string]int{}
		for n, rows := range [][]int{p.Train, p.Validate, p.Test} {
			for _, i := range rows {
				out[keys[i]] = n
			}
		}
		return out
	}
	all, some := part(training.Split(keys, nil, 3)), part(training.Split(keys[:1000], nil, 3))
	count := [3]int{}
	for _, p := range all {
		count[p]++
	}
	for k, p := range some {
		if all[k] != p {
			t.Fatalf("key %s moved from part %d to %d as rows were added", k, p, all[k])
		}
	}
	for n, want := range []float64{1800, 600, 600} {
		if math.Abs(float64(count[n])-want) > 100 {
			t.Errorf("part %d has %d rows, want about %v", n, count[n], want)
		}
	}
}

func TestCheckNamesColumnCountAndRemedy(t *testing.T) {
	nan := float32(math.NaN())
	for _, c := range []struct {
		name string
		y    func(i int) float32
		n    int
		task model.Task
	}{
		{"few rows", func(i int) float32 { return float32(i % 2) }, 49, model.Class},
		{"all missing", func(int) float32 { return nan }, 100, model.Value},
		{"constant", func(int) float32 { return 3 }, 100, model.Value},
		{"one class", func(int) float32 { return 1 }, 100, model.Class},
		{"a rare class", func(i int) float32 { return map[bool]float32{true: 1}[i < 3] }, 100, model.Class},
		{"infinite", func(i int) float32 { return float32(math.Inf(1)) * float32(1+i) }, 100, model.Value},
	} {
		e := examples(c.n, 1, model.Value)
		for i := range e.Y {
			e.Y[i] = c.y(i)
		}
		var data *training.DataError
		if err := training.Check(e, c.task, "churned"); !errors.As(err, &data) || data.Hint == "" {
			t.Errorf("%s: %v", c.name, err)
		}
	}
	if err := training.Check(examples(60, 1, model.Class), model.Class, "churned"); err != nil {
		t.Errorf("good data: %v", err)
	}
}
