package gbdt

import "cvp/engine/internal/chunks"

// columnRows is the number of rows up to which some columns of bins lie in the second cache together: each column is
// then read by itself, without the others that are not wanted.
const columnRows = 1 << 16

// together is how many columns are counted at a time.
const together = 4

func (m *matrix) byColumn() bool { return m.rows <= columnRows }

// countColumns adds up the rows column by column.
func (c *counter) countColumns(hist []cell, rows []int32) {
	packed := c.ordered[:len(rows)]
	for i, row := range rows {
		packed[i] = c.packed[row]
	}
	threads := c.threads
	if len(rows)*len(c.features) < parallelWork {
		threads = 1
	}
	chunks.Do(threads, chunks.Count(len(c.features), together), func(i int) {
		from, to := chunks.Bounds(i, together, len(c.features))
		features := c.features[from:to]
		var sums [together][256]uint64
		for at := 0; at < len(rows); at += rowChunk {
			end := min(at+rowChunk, len(rows))
			clear(sums[:])
			if len(features) == together {
				countFour(&sums, c.matrix.columns, features, rows[at:end], packed[at:end])
			} else {
				for k, f := range features {
					countColumn(&sums[k], c.matrix.columns[f], rows[at:end], packed[at:end])
				}
			}
			for k, f := range features {
				c.packing.unpack(c.cells(hist, f), sums[k][:])
			}
		}
	})
}

// parallelWork is the number of bins to count from which several goroutines are worth their start.
const parallelWork = 1 << 15

func countFour(sums *[together][256]uint64, columns [][]uint8, features []int, rows []int32, packed []uint64) {
	packed = packed[:len(rows)]
	a := columns[features[0]]
	b, c, d := columns[features[1]][:len(a)], columns[features[2]][:len(a)], columns[features[3]][:len(a)]
	for i, row := range rows {
		v := packed[i]
		sums[0][a[row]] += v
		sums[1][b[row]] += v
		sums[2][c[row]] += v
		sums[3][d[row]] += v
	}
}

func countColumn(sums *[256]uint64, column []uint8, rows []int32, packed []uint64) {
	packed = packed[:len(rows)]
	for i, row := range rows {
		sums[column[row]] += packed[i]
	}
}
