package modeltest

import (
	"math"
	"math/rand/v2"

	"cvp/engine/frame"
	"cvp/engine/model"
)

// Customers makes n rows like a customer table: numbers normal and heavy-tailed, a flag, a category and a
// time, a tenth of some of them missing; the label follows recency, orders, the category and an interaction.
// The same seed gives the same rows.
func Customers(n int, task model.Task, seed uint64) *model.Examples {
	rng := rand.New(rand.NewPCG(seed, 0))
	var (
		recency, orders = make([]float32, n), make([]float32, n)
		amount, flag    = make([]float32, n), make([]float32, n)
		noise           = make([]float32, n)
		country         = make([]int32, n)
		joined          = make([]int64, n)
		y               = make([]float32, n)
		levels          = []string{"FR", "DE", "GB", "IT", "XX"}
		effect          = []float64{0, 1, -1, .5, -.5}
	)
	nan := float32(math.NaN())
	for i := range n {
		r, o := rng.ExpFloat64()*60, math.Floor(math.Exp(rng.NormFloat64()+1))
		a := math.Exp(rng.NormFloat64()*1.5 + 3)
		c := min(int(rng.ExpFloat64()*1.5), len(levels)-1)
		recency[i], orders[i], amount[i] = float32(r), float32(o), float32(a)
		flag[i] = float32(rng.IntN(2))
		noise[i] = float32(rng.NormFloat64())
		country[i] = int32(c)
		joined[i] = (1262304000 + rng.Int64N(10*365*86400)) * 1e6
		logit := 1.2*math.Log1p(o) - .9*math.Log1p(r) + effect[c] + .8*float64(flag[i]) + 1
		y[i] = label(rng, task, logit, a)
		if rng.IntN(10) == 0 {
			amount[i] = nan
		}
		if rng.IntN(10) == 0 {
			country[i] = frame.NoCode
		}
		if rng.IntN(10) == 0 {
			joined[i] = frame.NoTime
		}
	}
	return &model.Examples{Y: y, X: &frame.Frame{Rows: n, Columns: []frame.Column{
		{Name: "recency", Kind: frame.Number, Numbers: recency},
		{Name: "orders", Kind: frame.Number, Numbers: orders},
		{Name: "amount", Kind: frame.Number, Numbers: amount},
		{Name: "flag", Kind: frame.Number, Numbers: flag},
		{Name: "noise", Kind: frame.Number, Numbers: noise},
		{Name: "country", Kind: frame.Category, Codes: country, Levels: levels},
		{Name: "joined", Kind: frame.Time, Times: joined},
	}}}
}

// label draws 0 or 1, or a spend that grows with the logit and is spread by a gamma-like factor.
func label(rng *rand.Rand, task model.Task, logit, amount float64) float32 {
	if task == model.Class {
		if rng.Float64() < 1/(1+math.Exp(-2*logit)) {
			return 1
		}
		return 0
	}
	return float32(10 * math.Exp(.5*logit+.1*math.Log(amount)) * (rng.ExpFloat64() + rng.ExpFloat64()) / 2)
}

func part(e *model.Examples, from, to int) *model.Examples {
	out := &model.Examples{X: e.X.Slice(from, to), Y: e.Y[from:to]}
	if e.Weights != nil {
		out.Weights = e.Weights[from:to]
	}
	return out
}

// split gives train, validate and test rows of 2,000 customers.
func split(task model.Task) (train, valid, test *model.Examples) {
	all := Customers(4000, task, 11)
	return part(all, 0, 2000), part(all, 2000, 3000), part(all, 3000, 4000)
}

// without is the frame less the named column.
func without(x *frame.Frame, name string) *frame.Frame {
	out := &frame.Frame{Rows: x.Rows}
	for _, c := range x.Columns {
		if c.Name != name {
			out.Columns = append(out.Columns, c)
		}
	}
	return out
}

// with is the frame with the column in place of the one of its name, or added.
func with(x *frame.Frame, c frame.Column) *frame.Frame {
	out := without(x, c.Name)
	out.Columns = append(out.Columns, c)
	return out
}

// emptied is a column like c in which every value is missing.
func emptied(c frame.Column) frame.Column {
	n := c.Len()
	switch c.Kind {
	case frame.Category:
		c.Codes = fill(n, frame.NoCode)
	case frame.Time:
		c.Times = fill(n, frame.NoTime)
	default:
		c.Numbers = fill(n, float32(math.NaN()))
	}
	return c
}

func fill[T any](n int, v T) []T {
	out := make([]T, n)
	for i := range out {
		out[i] = v
	}
	return out
}

func finite(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }
