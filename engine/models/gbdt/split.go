package gbdt

import (
	"math"

	"cvp/engine/prep"
)

// split is a way to part the rows of a leaf in two.
type split struct {
	feature     int   // -1: there is none
	bin         uint8 // a number: bins up to it go left
	missingLeft bool
	levels      *levelSet // a category: the bins that go left, the one of missing values among them
	gain        float64
	left, right cell
}

// levelSet is a set of bins.
type levelSet [4]uint64

func (s *levelSet) add(bin uint8)      { s[bin>>6] |= 1 << (bin & 63) }
func (s *levelSet) has(bin uint8) bool { return s[bin>>6]>>(bin&63)&1 == 1 }

// goes says for each bin whether it goes left, 1, or right, 0.
func (s *split) goes() *[256]uint8 {
	var out [256]uint8
	for b := range out {
		left := b <= int(s.bin)
		switch {
		case s.levels != nil:
			left = s.levels.has(uint8(b))
		case b == prep.MissingBin:
			left = s.missingLeft
		}
		if left {
			out[b] = 1
		}
	}
	return &out
}

// limits are what a split must keep to.
type limits struct {
	minLeaf   int64
	minWeight float64 // least sum of second derivatives of a side
	minGain   float64
	l1, l2    float64
	// levelL2 is added to l2 and levelSmooth to the denominator of a level's rank where a category is split.
	levelL2, levelSmooth float64
}

// bounds are what a leaf's value must lie in, so that no split below breaks a monotone one above.
type bounds struct{ low, high float64 }

var unbounded = bounds{math.Inf(-1), math.Inf(1)}

func (b bounds) clip(v float64) float64 { return min(max(v, b.low), b.high) }

// search finds the best split of one leaf.
type search struct {
	limits
	packing  packing
	bounds   bounds
	monotone []int8 // nil, or per feature 1 where the score must not fall, -1 where it must not rise
	total    cell
}

// value is the best constant for a cell: the step of Newton's method, drawn to 0 by the penalties.
func (s *search) value(c cell, l2 float64) float64 {
	g, h := float64(c.gradient)*s.packing.gradient, float64(c.hessian)*s.packing.hessian
	return s.bounds.clip(-shrunk(g, s.l1) / (h + l2))
}

// shrunk takes l1 off the absolute value.
func shrunk(g, l1 float64) float64 {
	switch {
	case g > l1:
		return g - l1
	case g < -l1:
		return g + l1
	}
	return 0
}

// score is how much a cell's loss falls, twice, if it is given its best value.
func (s *search) score(c cell, l2 float64) float64 {
	g, h := float64(c.gradient)*s.packing.gradient, float64(c.hessian)*s.packing.hessian
	v := s.bounds.clip(-shrunk(g, s.l1) / (h + l2))
	return -2*g*v - (h+l2)*v*v - 2*s.l1*math.Abs(v)
}

// allowed says whether both sides are large enough.
func (s *search) allowed(left, right cell) bool {
	least := s.minWeight / s.packing.hessian
	return left.rows >= s.minLeaf && right.rows >= s.minLeaf && float64(left.hessian) >= least && float64(right.hessian) >= least
}

// number finds the best cut of a feature with ordered bins.
func (s *search) number(best *split, feature int, cells []cell) {
	direction := int8(0)
	if s.monotone != nil {
		direction = s.monotone[feature]
	}
	if direction == 0 && s.l1 == 0 && s.bounds == unbounded {
		s.plainNumber(best, feature, cells)
		return
	}
	missing, base := cells[prep.MissingBin], s.score(s.total, s.l2)
	var left cell
	for k := 1; k < len(cells); k++ {
		if cells[k].rows == 0 {
			continue
		}
		left.add(cells[k])
		s.consider(best, split{feature: feature, bin: uint8(k), left: left}, base, direction)
		if missing.rows > 0 {
			with := left
			with.add(missing)
			s.consider(best, split{feature: feature, bin: uint8(k), missingLeft: true, left: with}, base, direction)
		}
	}
}

// plainNumber is number where a leaf's value is bound by nothing but l2: the gain is then a difference of squares,
// compared in the packing's own units.
func (s *search) plainNumber(best *split, feature int, cells []cell) {
	unit := s.packing.gradient * s.packing.gradient / s.packing.hessian
	l2 := s.l2 / s.packing.hessian
	base := square(s.total, l2)
	scan := scan{total: s.total, l2: l2, rows: max(s.minLeaf, 1), hessian: int64(math.Ceil(s.minWeight / s.packing.hessian)), most: best.gain/unit + base, bin: -1}
	missing := cells[prep.MissingBin]
	scan.cuts(cells, cell{}, false)
	if missing.rows > 0 {
		scan.cuts(cells, missing, true)
	}
	if scan.bin < 0 {
		return
	}
	gain := (scan.most - base) * unit
	if gain <= best.gain {
		return
	}
	*best = split{feature: feature, bin: uint8(scan.bin), missingLeft: scan.missingLeft, gain: gain, left: scan.left, right: s.total.minus(scan.left)}
}

func square(c cell, l2 float64) float64 {
	g := float64(c.gradient)
	return g * g / (float64(c.hessian) + l2)
}

// scan keeps the best cut seen.
type scan struct {
	total         cell
	l2            float64
	rows, hessian int64 // least of a side
	most          float64
	bin           int
	missingLeft   bool
	left          cell
}

// cuts tries each cut; left holds the missing rows where they go left.
func (s *scan) cuts(cells []cell, left cell, missingLeft bool) {
	for k := 1; k < len(cells); k++ {
		c := &cells[k]
		if c.rows == 0 {
			continue
		}
		left.gradient += c.gradient
		left.hessian += c.hessian
		left.rows += c.rows
		if left.rows < s.rows || left.hessian < s.hessian {
			continue
		}
		hessian := s.total.hessian - left.hessian
		if s.total.rows-left.rows < s.rows || hessian < s.hessian {
			return
		}
		g, r := float64(left.gradient), float64(s.total.gradient-left.gradient)
		gain := g*g/(float64(left.hessian)+s.l2) + r*r/(float64(hessian)+s.l2)
		if gain > s.most {
			s.most, s.bin, s.missingLeft, s.left = gain, k, missingLeft, left
		}
	}
}

// consider takes a split into left and the rest if it is allowed and better.
func (s *search) consider(best *split, c split, base float64, direction int8) {
	c.right = s.total.minus(c.left)
	if !s.allowed(c.left, c.right) {
		return
	}
	if c.gain = s.score(c.left, s.l2) + s.score(c.right, s.l2) - base; c.gain <= best.gain {
		return
	}
	if direction != 0 && float64(direction)*(s.value(c.right, s.l2)-s.value(c.left, s.l2)) < 0 {
		return
	}
	*best = c
}

// settle sends what the leaf has no row of to the larger side.
func (s *search) settle(best *split, cells []cell) {
	larger := best.left.rows > best.right.rows
	if best.levels == nil {
		if cells[prep.MissingBin].rows == 0 {
			best.missingLeft = larger
		}
		return
	}
	for b := range 256 {
		if larger && (b >= len(cells) || cells[b].rows == 0) {
			best.levels.add(uint8(b))
		}
	}
}
