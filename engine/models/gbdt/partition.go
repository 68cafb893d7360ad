package gbdt

import "cvp/engine/internal/chunks"

// part moves those of rows[from:to] that go left to the front and counts them. Each side stays ascending. Chunks are
// parted on their own and then put one after the other.
func (g *grower) part(from, to int, s *split) int {
	rows, goes, column := g.rows[from:to], s.goes(), g.matrix.columns[s.feature]
	count := chunks.Count(len(rows), rowChunk)
	lefts := make([]int, count+1) // rows going left in the chunks before
	chunks.Do(g.threads, count, func(i int) {
		a, b := chunks.Bounds(i, rowChunk, len(rows))
		lefts[i+1] = divide(g.left[a:b], g.right[a:b], rows[a:b], column, goes)
	})
	for i := range count {
		lefts[i+1] += lefts[i]
	}
	cut := lefts[count]
	chunks.Do(g.threads, count, func(i int) {
		a, b := chunks.Bounds(i, rowChunk, len(rows))
		n := lefts[i+1] - lefts[i]
		copy(rows[lefts[i]:lefts[i+1]], g.left[a:a+n])
		copy(rows[cut+a-lefts[i]:], g.right[a:b-n])
	})
	return cut
}

// divide writes the rows that go left and those that go right, and counts the former. Every row is written to both:
// a store costs less than a branch that cannot be foretold.
func divide(left, right, rows []int32, column []uint8, goes *[256]uint8) int {
	left, right = left[:len(rows)], right[:len(rows)]
	l, r := 0, 0
	for _, row := range rows {
		b := int(goes[column[row]])
		left[l], right[r] = row, row
		l += b
		r += 1 - b
	}
	return l
}
