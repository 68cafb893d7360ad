package gbdt

import (
	"encoding/binary"
	"slices"
)

const (
	fewLevels  = 4  // up to so many are parted one from the rest
	mostLevels = 32 // greatest number of levels on the smaller side of a split
)

// category finds the best set of levels of a category. Ranked by gradient per second derivative, the best of all sets
// is the first so many, or the last (Fisher, On Grouping for Maximum Homogeneity, 1958); smoothing keeps rare levels
// from the ends, and the greater l2 makes up for the many sets there were to choose from.
func (s *search) category(best *split, feature int, cells []cell) {
	var levels []uint8
	for b, c := range cells {
		if c.rows > 0 {
			levels = append(levels, uint8(b))
		}
	}
	if len(levels) < 2 {
		return
	}
	if len(levels) <= fewLevels {
		base := s.score(s.total, s.l2)
		for _, b := range levels {
			s.considerLevels(best, feature, []uint8{b}, cells[b], base, s.l2)
		}
		return
	}
	smooth := s.levelSmooth / s.packing.hessian
	rank := func(b uint8) float64 { return float64(cells[b].gradient) / (float64(cells[b].hessian) + smooth) }
	slices.SortStableFunc(levels, func(a, b uint8) int {
		switch ra, rb := rank(a), rank(b); {
		case ra < rb:
			return -1
		case ra > rb:
			return 1
		}
		return 0
	})
	s.prefixes(best, feature, levels, cells)
	slices.Reverse(levels)
	s.prefixes(best, feature, levels, cells)
}

// prefixes considers the first so many levels.
func (s *search) prefixes(best *split, feature int, levels []uint8, cells []cell) {
	l2 := s.l2 + s.levelL2
	base := s.score(s.total, l2)
	var left cell
	for i := range min(mostLevels, (len(levels)+1)/2) {
		left.add(cells[levels[i]])
		s.considerLevels(best, feature, levels[:i+1], left, base, l2)
	}
}

func (s *search) considerLevels(best *split, feature int, levels []uint8, left cell, base, l2 float64) {
	right := s.total.minus(left)
	if !s.allowed(left, right) {
		return
	}
	gain := s.score(left, l2) + s.score(right, l2) - base
	if gain <= best.gain {
		return
	}
	set := &levelSet{}
	for _, b := range levels {
		set.add(b)
	}
	*best = split{feature: feature, levels: set, gain: gain, left: left, right: right}
}

// append writes the set as 32 bytes.
func (s *levelSet) append(b []byte) []byte {
	for _, w := range s {
		b = binary.LittleEndian.AppendUint64(b, w)
	}
	return b
}

// takeLevels takes a set off the bytes; nil where they do not suffice.
func takeLevels(b *[]byte) *levelSet {
	var s levelSet
	if len(*b) < 8*len(s) {
		return nil
	}
	for i := range s {
		s[i] = binary.LittleEndian.Uint64((*b)[8*i:])
	}
	*b = (*b)[8*len(s):]
	return &s
}
