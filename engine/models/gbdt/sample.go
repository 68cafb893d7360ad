package gbdt

import (
	"math"
	"math/rand/v2"
	"slices"

	"cvp/engine/internal/chunks"
)

// sampler draws rows and features for trees. A row's draw depends on seed, round and row alone, so that it is the same
// on any number of threads.
type sampler struct {
	seed    uint64
	threads int
	rows    []int32 // with a weight above 0
	share   float64
	in, out []int32 // of the last draw; in is reordered by the grower
	counts  []int
}

// draw parts the rows into those of a tree and the others.
func (s *sampler) draw(round int) (in, out []int32) {
	if s.share >= 1 {
		s.in = append(s.in[:0], s.rows...)
		return s.in, nil
	}
	n := len(s.rows)
	if s.in == nil {
		s.in, s.out, s.counts = make([]int32, n), make([]int32, n), make([]int, chunks.Count(n, rowChunk)+1)
	}
	salt := mix(s.seed ^ mix(uint64(round)))
	limit := uint64(s.share * math.MaxUint32)
	draws := func(row int32) bool { return mix(salt+uint64(row))>>32 <= limit }
	chunked(s.threads, n, func(i, from, to int) {
		k := 0
		for _, row := range s.rows[from:to] {
			if draws(row) {
				k++
			}
		}
		s.counts[i+1] = k
	})
	for i := range len(s.counts) - 1 {
		s.counts[i+1] += s.counts[i]
	}
	chunked(s.threads, n, func(i, from, to int) {
		k, j := s.counts[i], from-s.counts[i]
		for _, row := range s.rows[from:to] {
			if draws(row) {
				s.in[k] = row
				k++
			} else {
				s.out[j] = row
				j++
			}
		}
	})
	k := s.counts[len(s.counts)-1]
	return s.in[:k], s.out[:n-k]
}

// drawFeatures draws k of n features.
func drawFeatures(n, k int, rng *rand.Rand) []int {
	drawn := rng.Perm(n)[:k]
	slices.Sort(drawn)
	return drawn
}
