package linear

import (
	"context"
	"encoding/json"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"testing"

	"cvp/engine/frame"
	"cvp/engine/model"
)

func TestOptimaEqualScikitLearn(t *testing.T) {
	b, err := os.ReadFile("testdata/optima.json")
	if err != nil {
		t.Fatal(err)
	}
	var refs struct {
		D     int       `json:"d"`
		X     []float32 `json:"x"`
		Cases []struct {
			Name, Loss string
			L1, L2     float64
			Y, Weights []float32
			Beta       []float64
		} `json:"cases"`
	}
	if err := json.Unmarshal(b, &refs); err != nil {
		t.Fatal(err)
	}
	for _, ref := range refs.Cases {
		t.Run(ref.Name, func(t *testing.T) {
			l, ok := lossOf(ref.Loss)
			if !ok {
				t.Fatalf("no loss %q", ref.Loss)
			}
			m := &design{x: refs.X, n: len(ref.Y), d: refs.D, y: ref.Y, weights: ref.Weights, loss: l, total: float64(len(ref.Y))}
			if ref.Weights != nil {
				m.total = 0
				for _, w := range ref.Weights {
					m.total += float64(w)
				}
			}
			got, err := m.solve(context.Background(), make([]float64, m.d+1), penalty{ref.L1, ref.L2},
				limits{tolerance: 1e-7, iterations: 1000})
			if err != nil {
				t.Fatal(err)
			}
			for j := range got {
				if math.Abs(got[j]-ref.Beta[j]) > 1e-4 || (ref.Beta[j] == 0) != (got[j] == 0) {
					t.Errorf("coefficients %.6f, want %.6f", got, ref.Beta)
					break
				}
			}
		})
	}
}

// random makes a design whose labels suit any loss.
func random(l loss, n, d int, weighted bool) *design {
	rng := rand.New(rand.NewPCG(4, 4))
	m := &design{x: make([]float32, n*d), n: n, d: d, y: make([]float32, n), loss: l, total: float64(n), threads: 2}
	for i := range m.x {
		m.x[i] = float32(rng.NormFloat64())
	}
	for i := range m.y {
		m.y[i] = float32(rng.IntN(2))
	}
	if weighted {
		m.weights, m.total = make([]float32, n), 0
		for i := range m.weights {
			m.weights[i] = rng.Float32()
			m.total += float64(m.weights[i])
		}
	}
	return m
}

func TestGradientsEqualFiniteDifferences(t *testing.T) {
	for _, name := range []string{lossLogistic, lossSquared, lossHuber, lossPoisson, lossTweedie} {
		for _, weighted := range []bool{false, true} {
			l, _ := lossOf(name)
			m := random(l, 9000, 3, weighted)
			p := penalty{l2: .3}
			f := func(grad, beta []float64) float64 {
				return p.smooth(m.evaluate(context.Background(), grad, beta), grad, beta)
			}
			beta := []float64{.2, -1.5, .7, 2}
			grad, scratch := make([]float64, 4), make([]float64, 4)
			f(grad, beta)
			for j := range beta {
				const h = 1e-5
				up, down := slices.Clone(beta), slices.Clone(beta)
				up[j] += h
				down[j] -= h
				want := (f(scratch, up) - f(scratch, down)) / (2 * h)
				if math.Abs(grad[j]-want) > 1e-6*max(1, math.Abs(want)) {
					t.Errorf("%s, weighted %v: slope %d is %.9g, by differences %.9g", name, weighted, j, grad[j], want)
				}
			}
		}
	}
}

func TestSumsDoNotDependOnThreads(t *testing.T) {
	l, _ := lossOf(lossLogistic)
	m := random(l, 50_000, 5, true)
	beta := []float64{.1, .2, .3, .4, .5, .6}
	one, many := make([]float64, 6), make([]float64, 6)
	m.threads = 1
	a := m.evaluate(context.Background(), one, beta)
	m.threads = 7
	if b := m.evaluate(context.Background(), many, beta); a != b || !slices.Equal(one, many) {
		t.Errorf("cost %v and %v, gradient %v and %v", a, b, one, many)
	}
}

func TestThePathTakesThePenaltyThatValidatesBest(t *testing.T) {
	// Forty columns of noise beside one that matters, on few rows: little penalty overfits.
	rng := rand.New(rand.NewPCG(8, 8))
	const n = 400
	e := &model.Examples{X: &frame.Frame{Rows: n}, Y: make([]float32, n)}
	for j := range 41 {
		v := make([]float32, n)
		for i := range v {
			v[i] = float32(rng.NormFloat64())
			if j == 0 && rng.Float64() < 1/(1+math.Exp(-float64(v[i]))) {
				e.Y[i] = 1
			}
		}
		e.X.Columns = append(e.X.Columns, frame.Column{Name: string(rune('a' + j)), Kind: frame.Number, Numbers: v})
	}
	train := &model.Examples{X: e.X.Slice(0, 150), Y: e.Y[:150]}
	valid := &model.Examples{X: e.X.Slice(150, n), Y: e.Y[150:]}
	var steps []model.Step
	m, err := Logistic{}.Fit(context.Background(), train, valid, model.Settings{Task: model.Class,
		Progress: func(s model.Step) { steps = append(steps, s) }})
	if err != nil {
		t.Fatal(err)
	}
	chosen := m.(*Model).Hyperparameters()["l2"].(float64)
	if chosen < .03 {
		t.Errorf("chose l2 %g", chosen)
	}
	for _, s := range steps[:len(steps)-1] {
		if s.Validate < steps[len(steps)-1].Validate-1e-3 {
			t.Errorf("step %d had validation loss %g, the model has %g", s.Done, s.Validate, steps[len(steps)-1].Validate)
		}
	}
	refit, err := Logistic{}.Fit(context.Background(), train, valid, model.Settings{Task: model.Class, Params: m.(*Model).Hyperparameters()})
	if err != nil || refit.(*Model).penalty.l2 != chosen {
		t.Errorf("a refit took l2 %g, want %g (error %v)", refit.(*Model).penalty.l2, chosen, err)
	}
}

func TestTheLossSuitsTheLabels(t *testing.T) {
	skewed := []float32{0, 0, 0, 0, 1, 2, 3, 50}
	tests := []struct {
		name string
		y    []float32
		want string
	}{
		{"skewed and never negative", skewed, lossPoisson},
		{"skewed with few returns", append(slices.Clone(skewed), -1), lossPoisson},
		{"as much returned as bought", append(slices.Clone(skewed), -20, -20), lossSquared},
		{"symmetric", []float32{1, 2, 3, 4, 5}, lossSquared},
		{"constant", []float32{2, 2, 2}, lossSquared},
	}
	for _, tt := range tests {
		if got := suitable(tt.y); got != tt.want {
			t.Errorf("%s: %s, want %s", tt.name, got, tt.want)
		}
	}
	_, err := Linear{}.Fit(context.Background(), &model.Examples{X: &frame.Frame{Rows: 2}, Y: []float32{1, -1}}, nil,
		model.Settings{Task: model.Value, Params: map[string]any{"loss": lossTweedie}})
	if err == nil {
		t.Error("tweedie accepted a negative label")
	}
}

func FuzzDecode(f *testing.F) {
	e := &model.Examples{X: &frame.Frame{Rows: 4, Columns: []frame.Column{{Name: "a", Kind: frame.Number, Numbers: []float32{1, 2, 3, 4}}}},
		Y: []float32{0, 1, 0, 1}}
	m, err := Logistic{}.Fit(context.Background(), e, nil, model.Settings{Task: model.Class})
	if err != nil {
		f.Fatal(err)
	}
	b, err := m.Encode()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, alg := range []model.Algorithm{Logistic{}, Linear{}} {
			if m, err := alg.Decode(b); err == nil {
				_ = m.Predict(make([]float64, 4), e.X)
			}
		}
	})
}

func BenchmarkFitMillionRowsOf50(b *testing.B) {
	x, y := million(50)
	e := &model.Examples{X: x, Y: y}
	for b.Loop() {
		if _, err := (Logistic{}).Fit(context.Background(), e, nil, model.Settings{Task: model.Class}); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkScoreMillionRowsOf20(b *testing.B) {
	x, y := million(20)
	for i := range x.Columns {
		for j, v := range x.Columns[i].Numbers {
			x.Columns[i].Numbers[j] = float32(math.Exp(float64(v))) // heavy tails: every value is logged
		}
	}
	m, err := Logistic{}.Fit(context.Background(), &model.Examples{X: x.Slice(0, 20000), Y: y[:20000]}, nil, model.Settings{Task: model.Class})
	if err != nil {
		b.Fatal(err)
	}
	dst := make([]float64, x.Rows)
	for b.Loop() {
		if err := m.Predict(dst, x); err != nil {
			b.Fatal(err)
		}
	}
}

// million makes the rows of the benchmark of engine speed: normal columns, a label of a sum and a product.
func million(d int) (*frame.Frame, []float32) {
	const n = 1_000_000
	rng := rand.New(rand.NewPCG(2, 2))
	x := &frame.Frame{Rows: n}
	for j := range d {
		v := make([]float32, n)
		for i := range v {
			v[i] = float32(rng.NormFloat64())
		}
		x.Columns = append(x.Columns, frame.Column{Name: string(rune('a' + j)), Kind: frame.Number, Numbers: v})
	}
	y := make([]float32, n)
	for i := range y {
		if x.Columns[0].Numbers[i]+x.Columns[1].Numbers[i]*x.Columns[2].Numbers[i]+float32(rng.NormFloat64()) > 0 {
			y[i] = 1
		}
	}
	return x, y
}
