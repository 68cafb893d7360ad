package modeltest

import (
	"bytes"
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"cvp/engine/frame"
	"cvp/engine/metrics"
	"cvp/engine/model"

	"go.uber.org/goleak"
)

// quality fails where the scores of e fall short of Options.
func (s suite) quality(t *testing.T, m model.Model, e *model.Examples) {
	t.Helper()
	name, least := metrics.ROCAUC, s.opts.LeastAUC
	if s.task == model.Value {
		name, least = metrics.R2, s.opts.LeastR2
	}
	if got := metrics.Find(metrics.Evaluate(s.task, e.Y, s.scores(t, m, e.X)), name); !(got >= least) {
		t.Errorf("%s = %.3f on held-out rows, want at least %.3f", name, got, least)
	}
}

func (s suite) learns(t *testing.T) {
	train, valid, test := split(s.task)
	m := s.fit(t, train, valid)
	s.quality(t, m, test)
	if m.Rounds() < 0 {
		t.Errorf("rounds = %d", m.Rounds())
	}
}

func (s suite) weights(t *testing.T) {
	train, valid, test := split(s.task)
	y, w := slices.Clone(train.Y), fill(len(train.Y), float32(1))
	top := slices.Max(y)
	for i := range y {
		if i%2 == 0 {
			y[i], w[i] = top-y[i], 0
		}
	}
	s.quality(t, s.fit(t, &model.Examples{X: train.X, Y: y, Weights: w}, valid), test)
}

func (s suite) saves(t *testing.T) {
	train, valid, test := split(s.task)
	m := s.fit(t, train, valid)
	b, err := m.Encode()
	if err != nil {
		t.Fatalf("encode: %v", err)
	}
	loaded, err := s.alg.Decode(b)
	if err != nil {
		t.Fatalf("decode: %v", err)
	}
	same(t, predict(t, m, test.X), predict(t, loaded, test.X))
	if m.Rounds() != loaded.Rounds() {
		t.Errorf("rounds %d became %d", m.Rounds(), loaded.Rounds())
	}
	again, err := loaded.Encode()
	if err != nil || !bytes.Equal(b, again) {
		t.Errorf("encoding the loaded model gives other bytes (error %v)", err)
	}
}

// repeats also predicts from several goroutines at once: a model is immutable.
func (s suite) repeats(t *testing.T) {
	train, valid, test := split(s.task)
	a, b := s.fit(t, train, valid), s.fit(t, train, valid)
	ab, err1 := a.Encode()
	bb, err2 := b.Encode()
	if err1 != nil || err2 != nil || !bytes.Equal(ab, bb) {
		t.Errorf("two fits differ (errors %v, %v)", err1, err2)
	}
	want := predict(t, a, test.X)
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			got := make([]float64, test.X.Rows)
			if err := a.Predict(got, test.X); err != nil || !slices.Equal(got, want) {
				t.Errorf("concurrent predictions differ (error %v)", err)
			}
		})
	}
	wg.Wait()
}

func (s suite) singles(t *testing.T) {
	train, valid, test := split(s.task)
	m := s.fit(t, train, valid)
	want := predict(t, m, test.X)
	for i := range 20 {
		got := predict(t, m, test.X.Slice(i, i+1))[0]
		if math.Abs(got-want[i]) > 1e-5*max(1, math.Abs(want[i])) {
			t.Errorf("row %d alone scores %v, among others %v", i, got, want[i])
		}
	}
	predict(t, m, test.X.Slice(0, 0))
}

func (s suite) missing(t *testing.T) {
	train, valid, test := split(s.task)
	train = &model.Examples{X: holes(train.X, 3), Y: train.Y}
	m := s.fit(t, train, valid)
	s.scores(t, m, holes(test.X, 4))
	s.scores(t, m, test.X)
}

// holes is a copy of the frame with a third of all values missing.
func holes(x *frame.Frame, seed uint64) *frame.Frame {
	rng := rand.New(rand.NewPCG(seed, 1))
	rows := make([]int, x.Rows)
	for i := range rows {
		rows[i] = i
	}
	out := x.Take(rows)
	for _, c := range out.Columns {
		none := emptied(c)
		for i := range out.Rows {
			if rng.IntN(3) > 0 {
				continue
			}
			switch c.Kind {
			case frame.Category:
				c.Codes[i] = none.Codes[i]
			case frame.Time:
				c.Times[i] = none.Times[i]
			default:
				c.Numbers[i] = none.Numbers[i]
			}
		}
	}
	return out
}

func (s suite) absent(t *testing.T) {
	train, valid, test := split(s.task)
	m := s.fit(t, train, valid)
	for _, c := range test.X.Columns {
		same(t, s.scores(t, m, with(test.X, emptied(c))), s.scores(t, m, without(test.X, c.Name)))
	}
	s.scores(t, m, &frame.Frame{Rows: 3})
}

func (s suite) reordered(t *testing.T) {
	train, valid, test := split(s.task)
	m := s.fit(t, train, valid)
	x := &frame.Frame{Rows: test.X.Rows, Columns: slices.Clone(test.X.Columns)}
	slices.Reverse(x.Columns)
	x = with(x, frame.Column{Name: "unheard of", Kind: frame.Number, Numbers: make([]float32, x.Rows)})
	// The same texts in another order of levels, as another batch would number them.
	country := *x.Column("country")
	last := int32(len(country.Levels) - 1)
	country.Levels, country.Codes = slices.Clone(country.Levels), slices.Clone(country.Codes)
	slices.Reverse(country.Levels)
	for i, code := range country.Codes {
		if code != frame.NoCode {
			country.Codes[i] = last - code
		}
	}
	same(t, predict(t, m, test.X), predict(t, m, with(x, country)))
}

func (s suite) unknownLevels(t *testing.T) {
	train, valid, test := split(s.task)
	m := s.fit(t, train, valid)
	country := *test.X.Column("country")
	country.Levels = []string{"never", "seen", "before", "", "\x00"}
	s.scores(t, m, with(test.X, country))
}

func (s suite) constant(t *testing.T) {
	train, valid, test := split(s.task)
	n := train.X.Rows
	x := train.X
	for _, c := range []frame.Column{
		{Name: "same number", Kind: frame.Number, Numbers: fill(n, float32(7))},
		{Name: "same level", Kind: frame.Category, Codes: make([]int32, n), Levels: []string{"all"}},
		{Name: "same time", Kind: frame.Time, Times: fill(n, int64(1e15))},
		emptied(frame.Column{Name: "no number", Kind: frame.Number, Numbers: make([]float32, n)}),
		emptied(frame.Column{Name: "no level", Kind: frame.Category, Codes: make([]int32, n)}),
		emptied(frame.Column{Name: "no time", Kind: frame.Time, Times: make([]int64, n)}),
	} {
		x = with(x, c)
	}
	m := s.fit(t, &model.Examples{X: x, Y: train.Y}, valid)
	s.scores(t, m, x)
	s.scores(t, m, test.X)
	other := with(x, frame.Column{Name: "same number", Kind: frame.Number, Numbers: fill(n, float32(8))})
	s.scores(t, m, with(other, frame.Column{Name: "no number", Kind: frame.Number, Numbers: fill(n, float32(1e9))}))
}

func (s suite) huge(t *testing.T) {
	train, valid, test := split(s.task)
	spoil := func(x *frame.Frame, every int) *frame.Frame {
		v := slices.Clone(x.Column("amount").Numbers)
		for i := 0; i < len(v); i += every {
			v[i] = float32(math.Copysign(1e30, float64(i%(2*every))-.5))
		}
		return with(x, frame.Column{Name: "amount", Kind: frame.Number, Numbers: v})
	}
	m := s.fit(t, train, valid)
	s.scores(t, m, spoil(test.X, 3))
	for _, every := range []int{7, 900} { // many huge values, and a stray one
		m = s.fit(t, &model.Examples{X: spoil(train.X, every), Y: train.Y}, valid)
		s.scores(t, m, spoil(test.X, 3))
		s.quality(t, m, test)
	}
}

func (s suite) useless(t *testing.T) {
	if s.opts.Bound {
		return
	}
	train, _, test := split(s.task)
	n := train.X.Rows
	x := &frame.Frame{Rows: n, Columns: []frame.Column{
		{Name: "same", Kind: frame.Number, Numbers: fill(n, float32(7))},
		emptied(frame.Column{Name: "none", Kind: frame.Category, Codes: make([]int32, n)}),
	}}
	var mean float64
	for _, v := range train.Y {
		mean += float64(v) / float64(n)
	}
	for _, p := range s.scores(t, s.fit(t, &model.Examples{X: x, Y: train.Y}, nil), test.X) {
		if math.Abs(p-mean) > .2*mean {
			t.Fatalf("scores %v without any useful column, the label's mean is %v", p, mean)
		}
	}
}

func (s suite) unvalidated(t *testing.T) {
	train, valid, test := split(s.task)
	first := s.fit(t, train, valid)
	set := s.settings()
	if first.Rounds() > 0 {
		set.Params["rounds"] = first.Rounds()
	}
	m, err := s.alg.Fit(context.Background(), train, nil, set)
	if err != nil {
		t.Fatalf("fit: %v", err)
	}
	s.quality(t, m, test)
	if first.Rounds() != m.Rounds() && first.Rounds() > 0 {
		t.Errorf("asked for %d rounds, got %d", first.Rounds(), m.Rounds())
	}
}

// cancels ends a fit before it starts and in its middle; rows grow until the fit is long enough to have one.
func (s suite) cancels(t *testing.T) {
	leak := goleak.IgnoreCurrent()
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	train, valid, _ := split(s.task)
	if _, err := s.alg.Fit(ctx, train, valid, s.settings()); !errors.Is(err, context.Canceled) {
		t.Fatalf("error %v with an ended context", err)
	}
	if s.opts.Instant {
		return
	}
	for n := 20_000; !s.cancelledMidway(t, n); n *= 4 {
		if n > 2_000_000 {
			t.Fatalf("a fit of %d rows ignores its context", n)
		}
	}
	goleak.VerifyNone(t, leak)
}

// cancelledMidway reports whether a fit of n rows took long enough to be cancelled after 30 ms.
func (s suite) cancelledMidway(t *testing.T, n int) bool {
	all := Customers(n+1000, s.task, 5)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	var ended time.Time
	timer := time.AfterFunc(30*time.Millisecond, func() { ended = time.Now(); cancel() })
	_, err := s.alg.Fit(ctx, part(all, 0, n), part(all, n, n+1000), s.settings())
	returned := time.Now()
	if timer.Stop() || err == nil {
		if err != nil {
			t.Fatalf("fit: %v", err)
		}
		return false
	}
	if !errors.Is(err, context.Canceled) {
		t.Fatalf("error %v, want the context's", err)
	}
	<-ctx.Done()
	if late := returned.Sub(ended); late > 500*time.Millisecond {
		t.Errorf("ended %v after its context on %d rows", late, n)
	}
	return true
}

func (s suite) damaged(t *testing.T) {
	train, valid, test := split(s.task)
	b, err := s.fit(t, train, valid).Encode()
	if err != nil {
		t.Fatalf("encode: %v", err)
	}
	for _, bad := range [][]byte{nil, []byte("{}"), []byte("null"), []byte("[]"), []byte("{"), b[:len(b)/2], b[:len(b)-1]} {
		if _, err := s.alg.Decode(bad); err == nil {
			t.Errorf("decoded %.40q without an error", bad)
		}
	}
	// Changed bytes may still be a model, but never a crash.
	rng := rand.New(rand.NewPCG(1, 2))
	for range 300 {
		bad := slices.Clone(b)
		for range 1 + rng.IntN(3) {
			bad[rng.IntN(len(bad))] = "0123456789{}[],\":-eEA"[rng.IntN(21)]
		}
		if m, err := s.alg.Decode(bad); err == nil {
			_ = m.Predict(make([]float64, 5), test.X.Slice(0, 5))
		}
	}
}

func (s suite) progress(t *testing.T) {
	train, valid, _ := split(s.task)
	set, last := s.settings(), 0
	set.Progress = func(step model.Step) {
		if step.Done <= last || step.Of < step.Done {
			t.Errorf("step %d of %d after step %d", step.Done, step.Of, last)
		}
		last = step.Done
	}
	if _, err := s.alg.Fit(context.Background(), train, valid, set); err != nil {
		t.Fatalf("fit: %v", err)
	}
}

func same(t *testing.T, a, b []float64) {
	t.Helper()
	for i := range a {
		if math.Float64bits(a[i]) != math.Float64bits(b[i]) {
			t.Fatalf("row %d: %v and %v differ", i, a[i], b[i])
		}
	}
}
