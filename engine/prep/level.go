package prep

import (
	"cmp"
	"slices"

	"cvp/engine/frame"
)

// fitLevels gives the frequent levels an output each. The rest share one, to which levels that training never
// saw belong too; where nothing was rare in training, an unknown level has zeros everywhere.
func fitLevels(out *column, c *frame.Column, opts Options) {
	counts, missing := make([]int, len(c.Levels)), 0
	for _, code := range c.Codes {
		if code == frame.NoCode {
			missing++
		} else {
			counts[code]++
		}
	}
	frequent := frequentLevels(counts, opts)
	rare := len(c.Codes) - missing
	for _, code := range frequent {
		rare -= counts[code]
		out.Levels = append(out.Levels, c.Levels[code])
	}
	out.Rare = rare >= opts.MinCount
	out.Missing = missing >= opts.MinCount && missing < len(c.Codes)
	switch width := out.width(); {
	case width <= 1 && !out.Missing: // one value in every row
		out.Levels, out.Rare = nil, false
	case width == 2 && out.Rare && !out.Missing: // each output says what the other does
		out.Rare = false
	case width == 2 && len(out.Levels) > 0:
		out.Levels = out.Levels[:len(out.Levels)-1]
	}
}

// frequentLevels gives the codes of at least MinCount rows, at most MaxLevels of them, most frequent first.
func frequentLevels(counts []int, opts Options) []int {
	var codes []int
	for code, n := range counts {
		if n >= opts.MinCount {
			codes = append(codes, code)
		}
	}
	slices.SortStableFunc(codes, func(a, b int) int { return cmp.Compare(counts[b], counts[a]) })
	return codes[:min(len(codes), opts.MaxLevels)]
}
