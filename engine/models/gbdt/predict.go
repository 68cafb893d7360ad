package gbdt

import (
	"errors"
	"math"

	"cvp/engine/frame"
	"cvp/engine/internal/chunks"
	"cvp/engine/prep"
)

// query is a node as predictions read it, 12 bytes. A value's key goes right if it is above limit; the key of a missing
// value is 0, and where those go right every key is taken down by 1, so that theirs becomes the greatest. A leaf sends
// every key to itself.
type query struct {
	limit   uint32
	left    int32  // the right side is the next
	feature uint32 // its highest bit: take down by 1
}

const downBit = 31

// scorer is a tree as predictions read it.
type scorer struct {
	queries []query
	values  []float64
	// levels has per node the bins of a category that go left; nil where the tree asks for none.
	levels []*levelSet
}

// keyOf orders numbers as whole ones, from 1; 0 is missing.
func keyOf(v float32) uint32 {
	if v != v {
		return 0
	}
	b := math.Float32bits(v + 0) // -0 is 0
	if b>>31 == 1 {
		return ^b
	}
	return b | 1<<31
}

func newScorer(nodes []node) scorer {
	s := scorer{queries: make([]query, len(nodes)), values: make([]float64, len(nodes))}
	for i, n := range nodes {
		if n.feature < 0 {
			s.queries[i] = query{limit: math.MaxUint32, left: int32(i)}
			s.values[i] = n.value
			continue
		}
		q := query{limit: keyOf(n.limit), left: n.left, feature: uint32(n.feature)}
		if n.levels != nil {
			if s.levels == nil {
				s.levels = make([]*levelSet, len(nodes))
			}
			s.levels[i] = n.levels
		} else if !n.missingLeft {
			q.limit--
			q.feature |= 1 << downBit
		}
		s.queries[i] = q
	}
	return s
}

const (
	blockKeys = 4096 // keys of a block of rows: they stay in the first cache while tree after tree reads them
	leastRows = 16   // of a block
	lanes     = 4    // rows that walk down a tree together: each waits for memory while the others work
)

// Predict writes the probability or expected value of each row.
func (m *Model) Predict(dst []float64, x *frame.Frame) error {
	batch, err := m.bins.Bind(x)
	if err != nil {
		return err
	}
	count := chunks.Count(x.Rows, rowChunk)
	errs := make([]error, count)
	chunks.Do(0, count, func(i int) {
		from, to := chunks.Bounds(i, rowChunk, x.Rows)
		errs[i] = m.predict(dst[from:to], batch, from, to)
	})
	return errors.Join(errs...)
}

func (m *Model) predict(dst []float64, batch *prep.BinBatch, from, to int) error {
	width := m.bins.Width()
	size := min(max(blockKeys/max(width, 1), leastRows), to-from)
	size = (size + lanes - 1) / lanes * lanes
	keys, values := make([]uint32, size*width), make([]float32, size)
	for ; from < to; from += size {
		n := min(size, to-from)
		if err := m.keys(keys, values, batch, from, from+n); err != nil {
			return err
		}
		m.scores(dst[:n], keys)
		for i, z := range dst[:n] {
			dst[i] = m.output(z)
		}
		dst = dst[n:]
	}
	return nil
}

// keys writes the keys of rows [from, to), row by row.
func (m *Model) keys(dst []uint32, values []float32, batch *prep.BinBatch, from, to int) error {
	width := m.bins.Width()
	for f := range width {
		if err := batch.Values(values, f, from, to); err != nil {
			return err
		}
		at := f
		for _, v := range values[:to-from] {
			dst[at] = keyOf(v)
			at += width
		}
	}
	return nil
}

// scores adds up the trees in their order. Rows beyond dst up to the next multiple of lanes hold any keys.
func (m *Model) scores(dst []float64, keys []uint32) {
	for i := range dst {
		dst[i] = m.base
	}
	width := m.bins.Width()
	for t := range m.scorers {
		s := &m.scorers[t]
		switch {
		case len(s.queries) == 1:
			for i := range dst {
				dst[i] += s.values[0]
			}
		case s.levels != nil:
			for i := range dst {
				dst[i] += s.values[s.walk(keys[i*width:(i+1)*width])]
			}
		default:
			s.walkAll(dst, keys, width)
		}
	}
}

// walk gives the leaf of one row in a tree that may ask for categories.
func (s *scorer) walk(keys []uint32) int32 {
	i := int32(0)
	for {
		next := s.child(i, keys)
		if next == i {
			return i
		}
		i = next
	}
}

// child is the child of node i that a row is sent to, i itself for a leaf.
func (s *scorer) child(i int32, keys []uint32) int32 {
	q := &s.queries[i]
	key := keys[q.feature&^(1<<downBit)]
	if s.levels == nil || s.levels[i] == nil {
		return q.next(key)
	}
	if s.levels[i].has(binOfKey(key)) {
		return q.left
	}
	return q.left + 1
}

// binOfKey gives back the bin whose number, as a float32, has that key.
func binOfKey(key uint32) uint8 {
	if key == 0 {
		return prep.MissingBin
	}
	return uint8(math.Float32frombits(key &^ (1 << 31)))
}

// next is the child that a key is sent to, without a branch.
func (q *query) next(key uint32) int32 {
	key -= q.feature >> downBit
	return q.left + int32((uint64(q.limit)-uint64(key))>>63)
}

// walkAll adds the leaves' values of a tree without categories, lanes rows at a time.
func (s *scorer) walkAll(dst []float64, keys []uint32, width int) {
	const mask = 1<<downBit - 1
	queries, values := s.queries, s.values
	for row := 0; row < len(dst); row += lanes {
		at := keys[row*width:]
		a, b, c, d := at[:width], at[width:2*width], at[2*width:3*width], at[3*width:4*width]
		var i, j, k, l int32
		for {
			q, r, s, t := &queries[i], &queries[j], &queries[k], &queries[l]
			in := q.next(a[q.feature&mask])
			jn := r.next(b[r.feature&mask])
			kn := s.next(c[s.feature&mask])
			ln := t.next(d[t.feature&mask])
			if (in^i)|(jn^j)|(kn^k)|(ln^l) == 0 {
				break
			}
			i, j, k, l = in, jn, kn, ln
		}
		for lane, leaf := range [lanes]int32{i, j, k, l} {
			if row+lane < len(dst) {
				dst[row+lane] += values[leaf]
			}
		}
	}
}
