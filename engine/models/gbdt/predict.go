package gbdt

import (
	"errors"
	"math"

	"cvp/engine/frame"
	"cvp/engine/internal/chunks"
	"cvp/engine/prep"
)

// query is a node as predictions read it, 16 bytes. A value goes right if its key less down is above limit. The key of a
// missing value is 0, so that it goes right where down is 1, as 0 less 1 is the greatest. A leaf sends every key to
// itself.
type query struct {
	limit uint32
	left  uint32 // the right side is the next
	at    uint32 // where the keys of its feature begin in those of a group of rows
	down  uint32
}

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
			s.queries[i] = query{limit: math.MaxUint32, left: uint32(i)}
			s.values[i] = n.value
			continue
		}
		s.queries[i] = query{limit: keyOf(n.limit), left: uint32(n.left), at: uint32(n.feature) * lanes}
		if n.levels == nil {
			if !n.missingLeft {
				s.queries[i].limit--
				s.queries[i].down = 1
			}
			continue
		}
		if s.levels == nil {
			s.levels = make([]*levelSet, len(nodes))
		}
		s.levels[i] = n.levels
	}
	return s
}

const (
	lanes     = 8    // rows of a group: the keys of one feature lie together
	blockKeys = 4096 // keys of a block of groups: they stay in the first cache while tree after tree reads them
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
	groups := min(max(blockKeys/lanes/max(m.bins.Width(), 1), 1), (to-from+lanes-1)/lanes)
	k := m.newKeys(groups)
	for ; from < to; from += groups * lanes {
		n := min(groups*lanes, to-from)
		if err := k.read(batch, from, from+n); err != nil {
			return err
		}
		m.scores(dst[:n], k)
		for i, z := range dst[:n] {
			dst[i] = m.output(z)
		}
		dst = dst[n:]
	}
	return nil
}

// keys are the keys of groups of rows: of each group feature by feature.
type keys struct {
	width  int
	keys   []uint32 // groups × width × lanes
	values []float32
}

func (m *Model) newKeys(groups int) *keys {
	width := m.bins.Width()
	return &keys{width: width, keys: make([]uint32, groups*width*lanes), values: make([]float32, groups*lanes)}
}

// read takes the keys of rows [from, to), no more than there is room for. Those of the rows that fill up the last
// group are left as they are.
func (k *keys) read(batch *prep.BinBatch, from, to int) error {
	for f := range k.width {
		if err := batch.Values(k.values, f, from, to); err != nil {
			return err
		}
		for i := 0; i < to-from; i += lanes {
			group := k.keys[(i*k.width + f*lanes):][:lanes]
			for lane, v := range k.values[i:min(i+lanes, to-from)] {
				group[lane&(lanes-1)] = keyOf(v)
			}
		}
	}
	return nil
}

// group is the keys of a group.
func (k *keys) group(i int) []uint32 { return k.keys[i*k.width*lanes : (i+1)*k.width*lanes] }

// row is the keys of a row, of one feature each lanes after that of the one before.
func (k *keys) row(i int) []uint32 { return k.group(i / lanes)[i%lanes:] }

// scores adds up the trees in their order.
func (m *Model) scores(dst []float64, k *keys) {
	for i := range dst {
		dst[i] = m.base
	}
	for t := range m.scorers {
		s := &m.scorers[t]
		if len(s.queries) == 1 {
			for i := range dst {
				dst[i] += s.values[0]
			}
			continue
		}
		for i := 0; i < len(dst); i += lanes {
			rows := dst[i:min(i+lanes, len(dst))]
			if s.levels == nil {
				s.walkGroup(rows, k.group(i/lanes))
				continue
			}
			for lane := range rows {
				rows[lane] += s.values[s.walk(k.row(i+lane))]
			}
		}
	}
}

// walk gives the leaf of one row.
func (s *scorer) walk(row []uint32) uint32 {
	i := uint32(0)
	for {
		next := s.child(i, row)
		if next == i {
			return i
		}
		i = next
	}
}

// child is the child of node i that a row is sent to, i itself for a leaf.
func (s *scorer) child(i uint32, row []uint32) uint32 {
	q := &s.queries[i]
	key := row[q.at]
	if s.levels != nil && s.levels[i] != nil {
		if s.levels[i].has(binOfKey(key)) {
			return q.left
		}
		return q.left + 1
	}
	return q.next(key)
}

// walkGroup adds the leaves' values of a tree that asks for no category, four rows at a time.
func (s *scorer) walkGroup(dst []float64, group []uint32) {
	for ; len(dst) > 0; group, dst = group[lanes/2:], dst[min(lanes/2, len(dst)):] {
		var leaves [lanes / 2]uint32
		leaves[0], leaves[1], leaves[2], leaves[3] = walkFour(s.queries, group)
		for i := range dst[:min(lanes/2, len(dst))] {
			dst[i] += s.values[leaves[i&(lanes/2-1)]]
		}
	}
}

// walkFour gives the leaves of four rows. They walk down together, without a branch: each waits for memory while the
// others go on.
func walkFour(queries []query, group []uint32) (i, j, k, l uint32) {
	for {
		p, q, r, s := &queries[i], &queries[j], &queries[k], &queries[l]
		in := p.next(group[p.at])
		jn := q.next(group[q.at+1])
		kn := r.next(group[r.at+2])
		ln := s.next(group[s.at+3])
		if (in^i)|(jn^j)|(kn^k)|(ln^l) == 0 {
			return i, j, k, l
		}
		p, q, r, s = &queries[in], &queries[jn], &queries[kn], &queries[ln]
		i = p.next(group[p.at])
		j = q.next(group[q.at+1])
		k = r.next(group[r.at+2])
		l = s.next(group[s.at+3])
	}
}

// next is the child that a key is sent to, without a branch.
func (q *query) next(key uint32) uint32 {
	return q.left + uint32((uint64(q.limit)-uint64(key-q.down))>>63)
}

// binOfKey gives back the bin whose number, as a float32, has that key.
func binOfKey(key uint32) uint8 {
	if key == 0 {
		return prep.MissingBin
	}
	return uint8(math.Float32frombits(key &^ (1 << 31)))
}
