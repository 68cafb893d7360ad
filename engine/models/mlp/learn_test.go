package mlp_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"strconv"
	"testing"

	"cvp/engine/frame"
	"cvp/engine/metrics"
	"cvp/engine/model"
	"cvp/engine/models/mlp"
)

// examples makes rows of numbers with labels from a function that fills a row and returns its label.
func examples(n, columns int, seed uint64, row func(rng *rand.Rand, x []float64) float64) *model.Examples {
	rng := rand.New(rand.NewPCG(seed, 0))
	e := &model.Examples{X: &frame.Frame{Rows: n}, Y: make([]float32, n)}
	for j := range columns {
		e.X.Columns = append(e.X.Columns, frame.Column{Name: fmt.Sprintf("x%d", j), Kind: frame.Number, Numbers: make([]float32, n)})
	}
	x := make([]float64, columns)
	for i := range e.Y {
		e.Y[i] = float32(row(rng, x))
		for j, v := range x {
			e.X.Columns[j].Numbers[i] = float32(v)
		}
	}
	return e
}

func xor(rng *rand.Rand, x []float64) float64 {
	x[0], x[1] = rng.Float64()*2-1, rng.Float64()*2-1
	if x[0]*x[1] > 0 {
		return 0
	}
	return 1
}

func moons(rng *rand.Rand, x []float64) float64 {
	angle, label := rng.Float64()*math.Pi, float64(rng.IntN(2))
	x[0] = math.Cos(angle) + .1*rng.NormFloat64()
	x[1] = math.Sin(angle) + .1*rng.NormFloat64()
	if label == 1 {
		x[0], x[1] = 1-x[0], .5-x[1]
	}
	return label
}

// spend is a customer's next spend: two thirds are zero, the rest log-normal around what the features say.
// x[2] is the last spend.
func spend(rng *rand.Rand, x []float64) float64 {
	x[0], x[1] = rng.NormFloat64(), rng.NormFloat64()
	draw := func() float64 {
		if rng.Float64() > 1/(1+math.Exp(1-2*x[0])) {
			return 0
		}
		return math.Exp(3 + .7*x[1] + .5*rng.NormFloat64())
	}
	x[2] = draw()
	return draw()
}

// returns is spend in which a fifth of the customers send back.
func returns(rng *rand.Rand, x []float64) float64 {
	y := spend(rng, x)
	if rng.IntN(5) == 0 {
		y = -y / 2
	}
	return y
}

func settings(task model.Task, params map[string]any) model.Settings {
	return model.Settings{Task: task, Seed: 1, Params: params}
}

func fit(t *testing.T, train, valid *model.Examples, s model.Settings) model.Model {
	t.Helper()
	m, err := mlp.New().Fit(context.Background(), train, valid, s)
	if err != nil {
		t.Fatalf("fit: %v", err)
	}
	return m
}

func scores(t *testing.T, m model.Model, x *frame.Frame) []float64 {
	t.Helper()
	p := make([]float64, x.Rows)
	if err := m.Predict(p, x); err != nil {
		t.Fatalf("predict: %v", err)
	}
	for i, v := range p {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			t.Fatalf("row %d scores %v", i, v)
		}
	}
	return p
}

func TestItLearnsWhatNoLineSeparates(t *testing.T) {
	shapes := map[string]func(*rand.Rand, []float64) float64{"exclusive or": xor, "two moons": moons}
	for name, shape := range shapes {
		for _, params := range []map[string]any{
			{}, {"dropout": .5}, {"activation": "tanh", "learning_rate": .01}, {"activation": "sigmoid", "learning_rate": .01},
		} {
			train, valid, test := examples(2000, 2, 1, shape), examples(500, 2, 2, shape), examples(1000, 2, 3, shape)
			p := scores(t, fit(t, train, valid, settings(model.Class, params)), test.X)
			if auc := metrics.Find(metrics.Evaluate(model.Class, test.Y, p), metrics.ROCAUC); auc < .98 {
				t.Errorf("%s with %v: roc_auc %.3f", name, params, auc)
			}
		}
	}
}

func TestALinearModelCannotSolveExclusiveOr(t *testing.T) {
	train, valid, test := examples(2000, 2, 1, xor), examples(500, 2, 2, xor), examples(1000, 2, 3, xor)
	p := scores(t, fit(t, train, valid, settings(model.Class, map[string]any{"hidden": []int{}})), test.X)
	if auc := metrics.Find(metrics.Evaluate(model.Class, test.Y, p), metrics.ROCAUC); auc > .65 {
		t.Errorf("roc_auc %.3f without a hidden layer", auc)
	}
}

func TestSpendIsPredictedBetterThanByBaselines(t *testing.T) {
	tests := []struct {
		name   string
		draw   func(*rand.Rand, []float64) float64
		losses []string
	}{
		{"spend of zero or more", spend, []string{"auto", "tweedie", "log", "huber", "squared"}},
		{"spend with returns", returns, []string{"auto", "log", "huber", "squared"}},
	}
	for _, test := range tests {
		train, valid, held := examples(8000, 3, 1, test.draw), examples(2000, 3, 2, test.draw), examples(4000, 3, 3, test.draw)
		mean, last := make([]float64, held.X.Rows), make([]float64, held.X.Rows)
		var sum, total float64
		for _, y := range train.Y {
			sum += float64(y)
		}
		for i := range mean {
			mean[i] = sum / float64(len(train.Y))
			last[i] = float64(held.X.Columns[2].Numbers[i])
			total += float64(held.Y[i])
		}
		for _, loss := range test.losses {
			p := scores(t, fit(t, train, valid, settings(model.Value, map[string]any{"loss": loss})), held.X)
			got := metrics.Evaluate(model.Value, held.Y, p)
			for name, baseline := range map[string][]float64{"constant": mean, "last value": last} {
				want := metrics.Evaluate(model.Value, held.Y, baseline)
				for _, metric := range []string{metrics.MAE, metrics.RMSE} {
					g, w := metrics.Find(got, metric), metrics.Find(want, metric)
					t.Logf("%s, %s: %s %.2f, of the %s %.2f", test.name, loss, metric, g, name, w)
					if !(g < w) {
						t.Errorf("%s, loss %s: %s %.2f, of the %s %.2f", test.name, loss, metric, g, name, w)
					}
				}
			}
			var predicted float64
			for _, v := range p {
				predicted += v
			}
			if ratio := predicted / total; loss != "huber" && (ratio < .85 || ratio > 1.15) {
				t.Errorf("%s, loss %s: predicted total ÷ actual = %.2f", test.name, loss, ratio)
			}
		}
	}
}

func TestTheSeedDecidesTheBytesWhateverTheThreads(t *testing.T) {
	train, valid := examples(3000, 3, 1, spend), examples(500, 3, 2, spend)
	encode := func(seed uint64, threads int) []byte {
		s := settings(model.Value, map[string]any{"epochs": 3, "dropout": .3})
		s.Seed, s.Threads = seed, threads
		b, err := fit(t, train, valid, s).Encode()
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	one := encode(1, 1)
	for threads := range 5 {
		if !bytes.Equal(one, encode(1, threads)) {
			t.Errorf("%d threads give other bytes than one", threads)
		}
	}
	if bytes.Equal(one, encode(2, 1)) {
		t.Error("another seed gives the same bytes")
	}
}

func TestWithoutValidationItRunsTheRoundsAskedFor(t *testing.T) {
	train, valid := examples(500, 2, 1, moons), examples(200, 2, 2, moons)
	for _, test := range []struct {
		name   string
		valid  *model.Examples
		params map[string]any
		want   int
	}{
		{"rounds are given", nil, map[string]any{"rounds": 7, "epochs": 3}, 7},
		{"rounds are not given", nil, map[string]any{"epochs": 3}, 3},
		{"a validation part overrules rounds", valid, map[string]any{"rounds": 7, "epochs": 2, "patience": 50}, 2},
	} {
		steps := 0
		s := settings(model.Class, test.params)
		s.Progress = func(step model.Step) {
			steps++
			if math.IsNaN(step.Train) || (test.valid == nil) != math.IsNaN(step.Validate) || step.Of != test.want {
				t.Errorf("%s: step %+v", test.name, step)
			}
		}
		m := fit(t, train, test.valid, s)
		if steps != test.want || m.Rounds() > test.want || test.valid == nil && m.Rounds() != test.want {
			t.Errorf("%s: %d steps, rounds %d, want %d", test.name, steps, m.Rounds(), test.want)
		}
	}
}

func TestEarlyStoppingTakesTheBestEpoch(t *testing.T) {
	// Labels are noise: validation only gets worse once the training rows are learned by heart.
	noise := func(rng *rand.Rand, x []float64) float64 {
		for j := range x {
			x[j] = rng.NormFloat64()
		}
		return float64(rng.IntN(2))
	}
	best, at, last := math.Inf(1), 0, 0
	s := settings(model.Class, map[string]any{"epochs": 200, "patience": 4, "dropout": 0.0, "learning_rate": .01})
	s.Progress = func(step model.Step) {
		if last = step.Done; step.Validate < best {
			best, at = step.Validate, step.Done
		}
	}
	valid := examples(300, 20, 2, noise)
	m := fit(t, examples(300, 20, 1, noise), valid, s)
	if last != at+4 || m.Rounds() != at {
		t.Errorf("best epoch %d, stopped after %d, rounds %d", at, last, m.Rounds())
	}
	p := scores(t, m, valid.X)
	if got := metrics.Find(metrics.Evaluate(model.Class, valid.Y, p), metrics.LogLoss); math.Abs(got-best) > 1e-5 {
		t.Errorf("validation log loss of the model %v, best seen %v", got, best)
	}
}

func TestALearningRateFarTooLargeNeverGivesNaN(t *testing.T) {
	for _, task := range []model.Task{model.Class, model.Value} {
		for _, valid := range []*model.Examples{nil, examples(500, 3, 2, spendFor(task))} {
			s := settings(task, map[string]any{"learning_rate": 10.0, "l2": 0.0, "hidden": []int{64, 64, 64, 64, 64, 64, 64, 64}, "epochs": 8, "loss": "auto"})
			train := examples(2000, 3, 1, spendFor(task))
			m, err := mlp.New().Fit(context.Background(), train, valid, s)
			if err != nil {
				if !bytes.Contains([]byte(err.Error()), []byte("learning_rate")) {
					t.Errorf("%s: error %q does not name learning_rate", task, err)
				}
				continue
			}
			scores(t, m, train.X)
		}
	}
}

// spendFor gives labels of the task: the spend, or whether there is any.
func spendFor(task model.Task) func(*rand.Rand, []float64) float64 {
	if task == model.Value {
		return spend
	}
	return func(rng *rand.Rand, x []float64) float64 {
		if spend(rng, x) > 0 {
			return 1
		}
		return 0
	}
}

// TestItIsAsGoodAsScikitLearn compares with the reference stored by testdata/reference.py.
func TestItIsAsGoodAsScikitLearn(t *testing.T) {
	var reference struct {
		Best float64 `json:"best"`
	}
	b, err := os.ReadFile("testdata/reference.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b, &reference); err != nil {
		t.Fatal(err)
	}
	all := readReference(t)
	part := func(from, to int) *model.Examples {
		return &model.Examples{X: all.X.Slice(from, to), Y: all.Y[from:to]}
	}
	test := part(3000, 6000)
	var mean float64
	for seed := range uint64(3) {
		s := settings(model.Class, map[string]any{"epochs": 200, "patience": 15})
		s.Seed = seed
		p := scores(t, fit(t, part(0, 2500), part(2500, 3000), s), test.X)
		mean += metrics.Find(metrics.Evaluate(model.Class, test.Y, p), metrics.ROCAUC) / 3
	}
	t.Logf("roc_auc %.4f, scikit-learn's best %.4f", mean, reference.Best)
	if mean < reference.Best-.01 {
		t.Errorf("roc_auc %.4f, scikit-learn's best %.4f", mean, reference.Best)
	}
}

func readReference(t *testing.T) *model.Examples {
	t.Helper()
	f, err := os.Open("testdata/reference.csv.gz")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(z).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	next := 0
	return examples(len(rows)-1, len(rows[0])-1, 0, func(_ *rand.Rand, x []float64) float64 {
		next++
		number := func(s string) float64 {
			v, err := strconv.ParseFloat(s, 64)
			if err != nil {
				t.Fatal(err)
			}
			return v
		}
		for j := range x {
			x[j] = number(rows[next][j+1])
		}
		return number(rows[next][0])
	})
}
