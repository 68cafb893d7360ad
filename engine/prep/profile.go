package prep

import (
	"fmt"
	"math"
	"strings"

	"cvp/engine/frame"
)

// Profile is what cleaning finds in one column. Numbers that do not apply are NaN.
type Profile struct {
	Column   string
	Kind     frame.Kind
	Rows     int
	Missing  int
	Distinct int
	// Mean, Deviation, Min, Median and Max are of the values as they are.
	Mean, Deviation, Min, Median, Max float64
	// Low and High are the bounds to which a model of sums and products cuts the values, Cut how many lie beyond.
	Low, High float64
	Cut       int
	// Log says that such a model takes the logarithm.
	Log bool
	// Frequent is the most frequent level, RareLevels are those that share one output, RareRows their rows.
	Frequent             string
	RareLevels, RareRows int
	// Findings are short remarks for a person.
	Findings []string
}

// ProfileOf cleans every column of x as Fit does with logarithm and scaling, and tells what it found.
func ProfileOf(x *frame.Frame) []Profile {
	opts := Options{Log: true, Scale: true}.defaults(x.Rows)
	rows := sample(x.Rows, sampleRows)
	out := make([]Profile, len(x.Columns))
	for i := range x.Columns {
		out[i] = profile(&x.Columns[i], rows, opts)
	}
	return out
}

func profile(c *frame.Column, rows []int32, opts Options) Profile {
	nan := math.NaN()
	p := Profile{Column: c.Name, Kind: c.Kind, Rows: c.Len(), Missing: missingRows(c),
		Mean: nan, Deviation: nan, Min: nan, Median: nan, Max: nan, Low: nan, High: nan}
	switch c.Kind {
	case frame.Number:
		p.describeNumbers(c, rows, opts)
	case frame.Category:
		p.describeLevels(c, opts)
	case frame.Time:
		seen := map[int64]bool{}
		for _, t := range c.Times {
			if t != frame.NoTime {
				seen[t] = true
			}
		}
		p.Distinct = len(seen)
	}
	p.remark()
	return p
}

func (p *Profile) describeNumbers(c *frame.Column, rows []int32, opts Options) {
	seen := map[float32]bool{}
	for _, v := range c.Numbers {
		if v == v && !infinite(v) {
			seen[v] = true
			p.Min, p.Max = least(p.Min, float64(v)), -least(-p.Max, -float64(v))
		} else if v == v {
			p.Cut++
		}
	}
	p.Distinct = len(seen)
	if p.Cut > 0 {
		p.Findings = append(p.Findings, fmt.Sprintf("infinite in %d rows: a training refuses it", p.Cut))
		p.Cut = 0
		return
	}
	v := values(c, "", rows)
	if len(v) == 0 {
		return
	}
	p.Median = v[len(v)/2]
	m := momentsOf(v, number{Low: v[0], High: v[len(v)-1]})
	p.Mean, p.Deviation = m.mean, m.deviation
	n, ok := fitNumber(c, "", rows, opts)
	if !ok {
		return
	}
	p.Low, p.High, p.Log = n.Low, n.High, n.Log
	for _, x := range c.Numbers {
		if float64(x) < n.Low || float64(x) > n.High {
			p.Cut++
		}
	}
}

// least is the smaller number, b where a is not one.
func least(a, b float64) float64 {
	if a < b {
		return a
	}
	return b
}

func (p *Profile) describeLevels(c *frame.Column, opts Options) {
	counts := make([]int, len(c.Levels))
	for _, code := range c.Codes {
		if code != frame.NoCode {
			counts[code]++
		}
	}
	most := 0
	for code, n := range counts {
		if n > 0 {
			p.Distinct++
		}
		if n > most {
			most, p.Frequent = n, c.Levels[code]
		}
	}
	p.RareLevels, p.RareRows = p.Distinct, p.Rows-p.Missing
	for _, code := range frequentLevels(counts, opts) {
		p.RareLevels, p.RareRows = p.RareLevels-1, p.RareRows-counts[code]
	}
}

// remark puts what stands out into words.
func (p *Profile) remark() {
	present := p.Rows - p.Missing
	say := func(format string, args ...any) { p.Findings = append(p.Findings, fmt.Sprintf(format, args...)) }
	switch {
	case p.Rows > 0 && present == 0:
		say("empty: not used")
	case p.Distinct == 1 && p.Missing == 0:
		say("constant: not used")
	case p.Kind == frame.Category && p.Distinct == present && present > 20:
		say("a value of its own in every row: a key or free text, not used")
	}
	if p.Missing > 0 && present > 0 {
		say("missing in %.3g %% of the rows: filled with the median or a level of its own, and flagged", 100*float64(p.Missing)/float64(p.Rows))
	}
	if p.Cut > 0 {
		say("%d values cut to the bounds", p.Cut)
	}
	if p.Log {
		say("skewed: the logarithm is taken")
	}
	if p.RareLevels > 0 && p.RareRows < present {
		say("%d rare levels (%d rows) put together", p.RareLevels, p.RareRows)
	}
}

// Finding gives the remarks as one text, "" where there are none.
func (p *Profile) Finding() string { return strings.Join(p.Findings, "; ") }
