package training

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"testing"
	"time"

	"cvp/engine/frame"
	"cvp/engine/metrics"
	"cvp/engine/model"
	"cvp/engine/model/modeltest"
)

func keysOf(n int) []string {
	keys := make([]string, n)
	for i := range keys {
		keys[i] = fmt.Sprint("customer ", i)
	}
	return keys
}

func TestEveryPartHasBothClassesWhereThatCanBe(t *testing.T) {
	for seed := range uint64(50) {
		labels := make([]float32, 200)
		for i := range MinPerClass {
			labels[(i*37+int(seed))%200] = 1
		}
		p := Split(keysOf(200), labels, seed)
		if !p.bothClasses(labels) {
			t.Errorf("seed %d: a part has one class only", seed)
		}
		if got := slices.Sorted(slices.Values(slices.Concat(p.Train, p.Validate, p.Test))); len(slices.Compact(got)) != 200 {
			t.Errorf("seed %d: %d rows of 200", seed, len(got))
		}
	}
}

func TestRowsOfOneKeyStayTogether(t *testing.T) {
	keys := append(keysOf(100), keysOf(100)...)
	labels := make([]float32, 200)
	for i := range MinPerClass {
		labels[i] = 1
	}
	for _, p := range []Parts{Split(keys, nil, 1), splitRanks(keys, labels, 1)} {
		at := map[string]int{}
		for n, rows := range p.all() {
			for _, i := range rows {
				if before, seen := at[keys[i]]; seen && before != n {
					t.Errorf("key %q lies in parts %d and %d", keys[i], before, n)
				}
				at[keys[i]] = n
			}
		}
	}
}

func TestArrangedPartsAreViewsOfTheirRows(t *testing.T) {
	e := modeltest.Customers(500, model.Class, 1)
	e.Weights = slices.Clone(e.Y)
	p := Split(keysOf(500), e.Y, 1)
	plan := Arrange(e, p)
	for _, part := range []struct {
		rows []int
		e    *model.Examples
	}{{p.Train, plan.Train}, {p.Validate, plan.Validate}, {p.Test, plan.Test}, {slices.Concat(p.Train, p.Validate), plan.TrainValidate}} {
		if part.e.X.Rows != len(part.rows) || len(part.e.Y) != len(part.rows) || len(part.e.Weights) != len(part.rows) {
			t.Fatalf("%d rows became %d", len(part.rows), part.e.X.Rows)
		}
		for i, r := range part.rows {
			if part.e.Y[i] != e.Y[r] || part.e.X.Columns[0].Numbers[i] != e.X.Columns[0].Numbers[r] {
				t.Fatalf("row %d is not row %d", i, r)
			}
		}
	}
}

func TestJoinedPartsKeepTheirTexts(t *testing.T) {
	part := func(w []float32, levels []string, codes ...int32) *model.Examples {
		n := len(codes)
		return &model.Examples{Y: make([]float32, n), Weights: w, X: &frame.Frame{Rows: n, Columns: []frame.Column{
			{Name: "c", Kind: frame.Category, Levels: levels, Codes: codes}, {Name: "t", Kind: frame.Time, Times: make([]int64, n)}}}}
	}
	got, err := join(part(nil, []string{"a", "b"}, 0, 1), part([]float32{2, 3, 4}, []string{"b", "c"}, 1, 0, frame.NoCode))
	if err != nil {
		t.Fatal(err)
	}
	c := got.X.Columns[0]
	var texts []string
	for _, code := range c.Codes {
		if code == frame.NoCode {
			texts = append(texts, "-")
			continue
		}
		texts = append(texts, c.Levels[code])
	}
	if !slices.Equal(texts, []string{"a", "b", "c", "b", "-"}) || !slices.Equal(got.Weights, []float32{1, 1, 2, 3, 4}) || got.X.Rows != 5 || len(got.X.Columns[1].Times) != 5 {
		t.Errorf("texts %q, weights %v, %d rows", texts, got.Weights, got.X.Rows)
	}
	if _, err := join(part(nil, nil), &model.Examples{X: &frame.Frame{}}); err == nil {
		t.Error("parts of other columns were joined")
	}
}

func TestThePrimaryMetricSuitsTheLabels(t *testing.T) {
	money := []float32{0, 0, 0, 0, 0, 3, 5, 90}
	for _, tt := range []struct {
		name string
		task model.Task
		y    []float32
		want string
	}{
		{"a class", model.Class, []float32{0, 1}, metrics.ROCAUC},
		{"money", model.Value, money, metrics.Gini},
		{"money with a few returns", model.Value, append(slices.Clone(money), -2), metrics.Gini},
		{"profit and loss", model.Value, append(slices.Clone(money), -50), metrics.RMSE},
		{"a symmetric quantity", model.Value, []float32{18, 19, 20, 21, 22}, metrics.RMSE},
		{"a constant", model.Value, []float32{5, 5, 5}, metrics.RMSE},
	} {
		if got := Primary(tt.task, tt.y); got != tt.want {
			t.Errorf("%s: %s, want %s", tt.name, got, tt.want)
		}
	}
}

func TestRowsWithoutLabelAreLeftOut(t *testing.T) {
	e := modeltest.Customers(10, model.Class, 1)
	if Usable(e) != e {
		t.Error("complete examples were copied")
	}
	e.Y[3], e.Y[9] = float32(math.NaN()), float32(math.NaN())
	if got := Usable(e); len(got.Y) != 8 || got.X.Rows != 8 || got.X.Columns[0].Numbers[3] != e.X.Columns[0].Numbers[4] {
		t.Errorf("%d rows left", len(got.Y))
	}
}

func TestColumnsThatSayNothingAreNamed(t *testing.T) {
	y := make([]float32, 60)
	for i := range y {
		y[i] = float32(i % 2)
	}
	same := frame.Column{Name: "same", Kind: frame.Number, Numbers: make([]float32, 60)}
	odd := frame.Column{Name: "odd", Kind: frame.Number, Numbers: slices.Clone(y)}
	odd.Numbers[7] = float32(math.Inf(-1))
	for _, tt := range []struct {
		columns []frame.Column
		want    string
	}{
		{nil, `there is no column to predict "left" from`},
		{[]frame.Column{same}, `none of 1 columns varies over 60 rows: "same"`},
		{[]frame.Column{same, odd}, `column "odd" is infinite in 1 of 60 rows`},
	} {
		var data *DataError
		err := Check(&model.Examples{X: &frame.Frame{Rows: 60, Columns: tt.columns}, Y: y}, model.Class, "left")
		if !errors.As(err, &data) || data.Message != tt.want || data.Hint == "" {
			t.Errorf("error %v, want %s", err, tt.want)
		}
	}
}

// judged makes a run of candidates with these validation and test metrics.
func judged(task model.Task, metric string, lists ...[]metrics.Metric) *run {
	r := &run{req: Request{Task: task}, metric: metric}
	for _, l := range lists {
		r.candidates = append(r.candidates, &candidate{validate: l, test: l})
	}
	return r
}

func TestAGoodOrderOfUselessNumbersIsNotChosenAndBeatsNothing(t *testing.T) {
	order := []metrics.Metric{{Name: metrics.Gini, Value: .9}, {Name: metrics.R2, Value: -3}, {Name: metrics.RMSE, Value: 20}}
	sound := []metrics.Metric{{Name: metrics.Gini, Value: .8}, {Name: metrics.R2, Value: .4}, {Name: metrics.RMSE, Value: 8}}
	constant := &candidate{test: []metrics.Metric{{Name: metrics.Gini, Value: 0}, {Name: metrics.RMSE, Value: 10}}}
	r := judged(model.Value, metrics.Gini, order, sound)
	r.baselines = []*candidate{constant}
	bad, good := r.candidates[0], r.candidates[1]
	if r.choose() != good {
		t.Error("chose the candidate that is worse than the mean")
	}
	if r.beats(bad, constant) || !r.beats(good, constant) {
		t.Error("the squared error does not count against the baseline")
	}
	last := &candidate{test: []metrics.Metric{{Name: metrics.Gini, Value: .85}}}
	if r.beats(good, last) {
		t.Error("a worse order beats the last value")
	}
}

func TestACancelledRunEndsAtOnce(t *testing.T) {
	all := modeltest.Customers(60_000, model.Class, 2)
	plan := Arrange(all, Split(keysOf(60_000), all.Y, 1))
	for _, at := range []struct {
		stage string
		step  int
	}{{StageFit, 0}, {StageFit, 1}, {StageRefit, 0}, {StageRefit, 1}} {
		ctx, cancel := context.WithCancel(context.Background())
		var ended time.Time
		_, err := Run(ctx, plan, Request{Task: model.Class, Algorithms: []string{"mlp", "logistic"}, Params: map[string]any{"epochs": 2.0},
			Progress: func(e Event) {
				if e.Stage == at.stage && e.Step.Done == at.step && ended.IsZero() {
					ended = time.Now()
					cancel()
				}
			}})
		if late := time.Since(ended); !errors.Is(err, context.Canceled) || late > 500*time.Millisecond {
			t.Errorf("%s, step %d: error %v, %v after the end", at.stage, at.step, err, late)
		}
		cancel()
	}
}

func TestARunWithoutRowsOrWithUnknownNamesIsATypedError(t *testing.T) {
	e := modeltest.Customers(100, model.Class, 1)
	var data *DataError
	if _, err := Run(context.Background(), Plan{Train: e, Validate: e}, Request{Task: model.Class}); !errors.As(err, &data) {
		t.Errorf("error %v without test rows", err)
	}
	plan := Plan{Train: e, Validate: e, Test: e}
	for _, req := range []Request{
		{Task: model.Class, Algorithms: []string{"oracle"}},
		{Task: model.Class, Params: map[string]any{"wisdom": 1.0}},
		{Task: model.Class, Baselines: map[string]string{"recency": "nowhere"}},
	} {
		if _, err := Run(context.Background(), plan, req); err == nil {
			t.Errorf("%+v was accepted", req)
		}
	}
}
