package gbdt

import (
	"sync"

	"cvp/engine/internal/chunks"
)

// cell adds up the rows of one bin, in units of the packing.
type cell struct {
	gradient, hessian, rows int64
}

func (c *cell) add(o cell) {
	c.gradient += o.gradient
	c.hessian += o.hessian
	c.rows += o.rows
}

func (c cell) minus(o cell) cell {
	return cell{c.gradient - o.gradient, c.hessian - o.hessian, c.rows - o.rows}
}

// gatherRows is how many rows are fetched before they are counted: their words and one word's sums fit the first
// cache.
const gatherRows = 256

// scratch is what one goroutine needs to count rows.
type scratch struct {
	sums   [planeWidth][256]uint64
	words  [planeWords][gatherRows]uint64
	packed [gatherRows]uint64
}

// counter counts rows into histograms.
type counter struct {
	matrix   *matrix
	packing  packing
	packed   []uint64 // per row
	counts   []int    // bins of each feature
	features []int    // to count, ascending
	wanted   []bool   // whether a feature is among them
	offsets  []int    // where each feature's cells begin, and the end; others have none
	threads  int

	locks   []sync.Mutex // of each plane's cells
	ordered []uint64     // scratch of a matrix that is counted by column
	spare   sync.Pool
	free    [][]cell
}

func newCounter(m *matrix, counts []int, threads int) *counter {
	c := &counter{matrix: m, counts: counts, wanted: make([]bool, len(counts)), offsets: make([]int, len(counts)+1), threads: threads,
		locks: make([]sync.Mutex, len(m.planes)), packed: make([]uint64, m.rows)}
	if m.byColumn() {
		c.ordered = make([]uint64, m.rows)
	}
	c.spare.New = func() any { return new(scratch) }
	return c
}

// want takes the features to count from now on. No histogram may be in use.
func (c *counter) want(features []int) {
	c.features = features
	clear(c.wanted)
	for _, f := range features {
		c.wanted[f] = true
	}
	for f, n := range c.counts {
		c.offsets[f+1] = c.offsets[f]
		if c.wanted[f] {
			c.offsets[f+1] += n
		}
	}
}

// cells are those of a feature in a histogram.
func (c *counter) cells(hist []cell, feature int) []cell {
	return hist[c.offsets[feature]:c.offsets[feature+1]]
}

// take gives an empty histogram, release takes it back.
func (c *counter) take() []cell {
	n := c.offsets[len(c.counts)]
	if k := len(c.free); k > 0 {
		h := c.free[k-1]
		c.free = c.free[:k-1]
		if cap(h) >= n {
			h = h[:n]
			clear(h)
			return h
		}
	}
	return make([]cell, n)
}

func (c *counter) release(h []cell) {
	if h != nil {
		c.free = append(c.free, h)
	}
}

// count adds up the rows by the bins of every wanted feature.
func (c *counter) count(rows []int32) []cell {
	hist := c.take()
	if c.matrix.byColumn() {
		c.countColumns(hist, rows)
		return hist
	}
	per := chunks.Count(len(rows), rowChunk)
	chunks.Do(c.threads, per*len(c.matrix.planes), func(i int) {
		from, to := chunks.Bounds(i%per, rowChunk, len(rows))
		c.countPlane(hist, i/per, rows[from:to])
	})
	return hist
}

// countPlane adds up at most rowChunk rows by the features of one plane.
func (c *counter) countPlane(hist []cell, at int, rows []int32) {
	s := c.spare.Get().(*scratch)
	defer c.spare.Put(s)
	p := &c.matrix.planes[at]
	for k := range p.features {
		if f := p.first + k; c.wanted[f] {
			clear(s.sums[k][:c.counts[f]])
		}
	}
	for ; len(rows) > 0; rows = rows[min(gatherRows, len(rows)):] {
		block := rows[:min(gatherRows, len(rows))]
		s.gather(p, c.packed, block)
		for w := range p.used {
			c.countWord(s, p, w, len(block))
		}
	}
	c.locks[at].Lock()
	defer c.locks[at].Unlock()
	for k := range p.features {
		if f := p.first + k; c.wanted[f] {
			c.packing.unpack(c.cells(hist, f), s.sums[k][:])
		}
	}
}

// gather fetches the words and packed gradients of the rows. The first word of each row waits for memory, many rows at
// once; the others lie beside it.
func (s *scratch) gather(p *plane, packed []uint64, rows []int32) {
	dst := s.packed[:len(rows)]
	for i, row := range rows {
		dst[i] = packed[row]
	}
	for w := range p.used {
		dst, words, width := s.words[w][:len(rows)], p.words[w:], p.width
		for i, row := range rows {
			dst[i] = words[int(row)*width]
		}
	}
}

// countWord counts n gathered rows by the wanted features of one word.
func (c *counter) countWord(s *scratch, p *plane, word, n int) {
	first := word * wordBytes
	var wanted [wordBytes]int
	k := 0
	for i := first; i < min(first+wordBytes, p.features); i++ {
		if c.wanted[p.first+i] {
			wanted[k] = i - first
			k++
		}
	}
	words, packed := s.words[word][:n], s.packed[:n]
	sums := (*[wordBytes][256]uint64)(s.sums[first:])
	if k == wordBytes {
		countEight(sums, words, packed)
		return
	}
	for i := 0; i < k; {
		if k-i >= 2 {
			countTwo(&sums[wanted[i]], &sums[wanted[i+1]], uint(wanted[i])*8, uint(wanted[i+1])*8, words, packed)
			i += 2
		} else {
			countOne(&sums[wanted[i]], uint(wanted[i])*8, words, packed)
			i++
		}
	}
}

// countEight counts by all features of a word. A row costs one load of its word and one of its gradient for eight
// additions to memory.
func countEight(sums *[wordBytes][256]uint64, words, packed []uint64) {
	packed = packed[:len(words)]
	for i, w := range words {
		v := packed[i]
		sums[0][uint8(w)] += v
		sums[1][uint8(w>>8)] += v
		sums[2][uint8(w>>16)] += v
		sums[3][uint8(w>>24)] += v
		sums[4][uint8(w>>32)] += v
		sums[5][uint8(w>>40)] += v
		sums[6][uint8(w>>48)] += v
		sums[7][uint8(w>>56)] += v
	}
}

func countTwo(a, b *[256]uint64, shiftA, shiftB uint, words, packed []uint64) {
	packed = packed[:len(words)]
	for i, w := range words {
		v := packed[i]
		a[uint8(w>>(shiftA&63))] += v
		b[uint8(w>>(shiftB&63))] += v
	}
}

func countOne(a *[256]uint64, shift uint, words, packed []uint64) {
	packed = packed[:len(words)]
	for i, w := range words {
		a[uint8(w>>(shift&63))] += packed[i]
	}
}
