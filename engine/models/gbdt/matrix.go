package gbdt

import (
	"context"
	"errors"

	"cvp/engine/frame"
	"cvp/engine/internal/chunks"
	"cvp/engine/prep"
)

const (
	wordBytes   = 8  // features in a word
	planeWords  = 8  // words of a row that lie together: a cache line
	planeWidth  = 64 // features in a plane
	paddedWords = 6  // rows of so many words are filled up to a cache line
	rowChunk    = 8192
)

// matrix is binned rows, twice: by feature, where rows are parted by one of them, and by row, eight bins to a word,
// where they are counted by all.
type matrix struct {
	rows    int
	columns [][]uint8
	planes  []plane
}

// plane holds up to planeWidth features of all rows.
type plane struct {
	first, features int
	used            int      // words of a row that hold features
	width           int      // words of a row
	words           []uint64 // rows × width
}

// newMatrix bins the rows of a frame.
func newMatrix(ctx context.Context, bins *prep.Bins, x *frame.Frame, threads int) (*matrix, error) {
	batch, err := bins.Bind(x)
	if err != nil {
		return nil, err
	}
	m := &matrix{rows: x.Rows, columns: make([][]uint8, bins.Width())}
	for f := range m.columns {
		m.columns[f] = make([]uint8, x.Rows)
	}
	for first := 0; first < bins.Width(); first += planeWidth {
		n := min(planeWidth, bins.Width()-first)
		width := chunks.Count(n, wordBytes)
		if width >= paddedWords {
			width = planeWords // a row must not lie across two cache lines
		}
		m.planes = append(m.planes, plane{first: first, features: n, used: chunks.Count(n, wordBytes), width: width, words: make([]uint64, width*x.Rows)})
	}
	count := chunks.Count(x.Rows, rowChunk)
	errs := make([]error, count)
	err = chunks.DoContext(ctx, threads, count, func(i int) {
		from, to := chunks.Bounds(i, rowChunk, x.Rows)
		for f, column := range m.columns {
			if err := batch.Feature(column[from:to], f, from, to); err != nil {
				errs[i] = err
				return
			}
		}
		for p := range m.planes {
			m.planes[p].fill(m.columns, from, to)
		}
	})
	return m, errors.Join(err, errors.Join(errs...))
}

// fill writes rows [from, to) from the columns.
func (p *plane) fill(columns [][]uint8, from, to int) {
	for w := range p.used {
		first := p.first + w*wordBytes
		n := min(wordBytes, p.first+p.features-first)
		for k, column := range columns[first : first+n] {
			shift, at := 8*k, from*p.width+w
			for _, bin := range column[from:to] {
				p.words[at] |= uint64(bin) << shift
				at += p.width
			}
		}
	}
}

// place says where a feature's bin lies in a row.
type place struct {
	plane, word int
	shift       uint
}

func placeOf(feature int) place {
	in := feature % planeWidth
	return place{feature / planeWidth, in / wordBytes, uint(in%wordBytes) * 8}
}

// bin is the bin of a row at a place.
func (m *matrix) bin(at place, row int32) uint8 {
	p := &m.planes[at.plane]
	return uint8(p.words[int(row)*p.width+at.word] >> at.shift)
}
