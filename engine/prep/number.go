package prep

import (
	"math"
	"math/rand/v2"
	"slices"

	"cvp/engine/frame"
)

// sampleRows is how many rows the statistics of a column are learned from: with 50,000 the standard error of
// the median is a quarter of a percentile, and a million rows cost no more than these.
const sampleRows = 50_000

// sample gives ascending row numbers, all of them where there are at most limit. They are drawn at
// random with a fixed seed: every k-th row would follow any rhythm in the order of the rows.
func sample(n, limit int) []int32 {
	rows := make([]int32, 0, min(n, limit))
	rng := rand.New(rand.NewPCG(1, 1))
	for i := range n {
		// Selection sampling: each row is taken with probability wanted / left.
		if left := n - i; n <= limit || rng.IntN(left) < limit-len(rows) {
			rows = append(rows, int32(i))
		}
	}
	return rows
}

// number is one numeric output: impute, cut to [Low, High], take the logarithm, standardise.
type number struct {
	Part   string  `json:"part,omitempty"` // of a time; empty for a plain number
	Median float64 `json:"median"`         // stands for missing
	Low    float64 `json:"low"`
	High   float64 `json:"high"`
	Log    bool    `json:"log,omitempty"`
	Mean   float64 `json:"mean"`  // subtracted
	Scale  float64 `json:"scale"` // then multiplied with
}

// fitNumber learns one output from the sampled rows; false where it would be constant.
func fitNumber(c *frame.Column, part string, rows []int32, opts Options) (number, bool) {
	v := values(c, part, rows)
	if len(v) == 0 {
		return number{}, false
	}
	out := number{Part: part, Median: v[len(v)/2], Scale: 1, Low: v[0], High: v[len(v)-1]}
	if q := int(opts.Winsorise * float64(len(v))); opts.Winsorise > 0 {
		out.Low, out.High = v[q], v[len(v)-1-q]
	}
	plain := momentsOf(v, out)
	if plain.deviation == 0 {
		return number{}, false
	}
	chosen := plain
	if opts.Log && c.Kind == frame.Number && math.Abs(plain.skew) > 1 {
		logged := out
		logged.Log = true
		if m := momentsOf(v, logged); m.deviation > 0 && math.Abs(m.skew) < math.Abs(plain.skew) {
			out, chosen = logged, m
		}
	}
	if opts.Scale {
		out.Mean, out.Scale = chosen.mean, 1/chosen.deviation
	}
	return out, true
}

// values gives the sampled values of a number or part of a time that are not missing, sorted.
func values(c *frame.Column, part string, rows []int32) []float64 {
	v := make([]float64, 0, len(rows))
	for _, i := range rows {
		if c.Missing(int(i)) {
			continue
		}
		if c.Kind == frame.Time {
			v = append(v, partOf(part, c.Times[i]))
		} else {
			v = append(v, float64(c.Numbers[i]))
		}
	}
	slices.Sort(v)
	return v
}

// moments describe a distribution; skew is the third standardised moment.
type moments struct{ mean, deviation, skew float64 }

// momentsOf describes values after n has cut and logged them.
func momentsOf(v []float64, n number) moments {
	var m moments
	for _, x := range v {
		m.mean += n.shape(x)
	}
	count := float64(len(v))
	m.mean /= count
	var square, cube float64
	for _, x := range v {
		d := n.shape(x) - m.mean
		square += d * d
		cube += d * d * d
	}
	m.deviation = math.Sqrt(square / count)
	// What is left of a constant by rounding is no spread.
	if m.deviation <= 1e-12*math.Abs(m.mean) {
		m.deviation = 0
		return m
	}
	m.skew = cube / count / (m.deviation * m.deviation * m.deviation)
	return m
}

// shape is the value before standardisation.
func (n *number) shape(x float64) float64 {
	x = min(max(x, n.Low), n.High)
	if n.Log {
		return signedLog(x)
	}
	return x
}

// signedLog is sign(x)·log(1+|x|). In float64 the logarithm of 1+|x| is exact to the last bits of any float32
// x of use and takes a third of the time of math.Log1p.
func signedLog(x float64) float64 {
	switch {
	case x > 0:
		return math.Log(1 + x)
	case x < 0:
		return -math.Log(1 - x)
	}
	return 0
}

func (n *number) output(x float64) float32 { return float32((n.shape(x) - n.Mean) * n.Scale) }
