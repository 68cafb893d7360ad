package gbdt

import (
	"cmp"
	"math"
	"slices"

	"cvp/engine/internal/chunks"
)

// piece is a chunk of a leaf's rows.
type piece struct{ leaf, from, to int }

// pieces cuts the leaves into chunks, which depend on the tree alone.
func (g *grower) pieces() []piece {
	var out []piece
	for i, l := range g.leaves {
		for from := l.from; from < l.to; from += rowChunk {
			out = append(out, piece{i, from, min(from+rowChunk, l.to)})
		}
	}
	return out
}

// settleLeaves gives each leaf its value, from the gradients themselves or the residuals' quantile, times the learning
// rate.
func (b *booster) settleLeaves() {
	g := b.grower
	values := b.newtonSteps()
	if b.loss.quantile > 0 {
		chunks.Do(b.settings.Threads, len(g.leaves), func(i int) {
			rows := g.rows[g.leaves[i].from:g.leaves[i].to]
			values[i] = quantileOf(residuals(b.train.y, b.train.scores, rows), weightsOf(b.train.weights, rows), b.loss.quantile)
		})
	}
	for i, l := range g.leaves {
		n := &g.nodes[l.node]
		v := n.bounds.clip(min(max(values[i], -b.loss.maxStep), b.loss.maxStep))
		n.value = v * b.options.learningRate
	}
}

// newtonSteps adds up the gradients of each leaf, chunk by chunk.
func (b *booster) newtonSteps() []float64 {
	g, pieces := b.grower, b.grower.pieces()
	type sum struct{ g, h float64 }
	sums := make([]sum, len(pieces))
	chunks.Do(b.settings.Threads, len(pieces), func(i int) {
		rows := g.rows[pieces[i].from:pieces[i].to]
		var s sum
		if b.h == nil {
			for _, row := range rows {
				s.g += float64(b.g[row])
			}
			s.h = float64(len(rows))
		} else {
			for _, row := range rows {
				s.g += float64(b.g[row])
				s.h += float64(b.h[row])
			}
		}
		sums[i] = s
	})
	leaves := make([]sum, len(g.leaves))
	for i, p := range pieces {
		leaves[p.leaf].g += sums[i].g
		leaves[p.leaf].h += sums[i].h
	}
	values := make([]float64, len(g.leaves))
	for i, s := range leaves {
		if d := s.h + g.limits.l2; d > 0 {
			values[i] = -shrunk(s.g, g.limits.l1) / d
		}
	}
	return values
}

// advance adds the tree to the scores of its rows, by leaf, and of the others, by asking it.
func (b *booster) advance(asked steps, out []int32) {
	g, scores := b.grower, b.train.scores
	pieces := g.pieces()
	chunks.Do(b.settings.Threads, len(pieces), func(i int) {
		v := g.nodes[g.leaves[pieces[i].leaf].node].value
		for _, row := range g.rows[pieces[i].from:pieces[i].to] {
			scores[row] += v
		}
	})
	chunked(b.settings.Threads, len(out), func(_, from, to int) {
		for _, row := range out[from:to] {
			scores[row] += asked.score(b.train.matrix, row)
		}
	})
}

// advance adds a tree to the scores of all rows.
func (p *part) advance(s steps, threads int) {
	chunked(threads, len(p.scores), func(_, from, to int) {
		for row := from; row < to; row++ {
			p.scores[row] += s.score(p.matrix, int32(row))
		}
	})
}

// steps are a tree that asks bins.
type steps []step

type step struct {
	at          place
	goes        *[256]uint8 // nil: a leaf
	left, right int32
	value       float64
}

func (g *grower) steps() steps {
	out := make(steps, len(g.nodes))
	for i := range g.nodes {
		n := &g.nodes[i]
		out[i] = step{value: n.value}
		if n.feature >= 0 {
			out[i] = step{at: placeOf(n.feature), goes: n.goes(), left: n.left, right: n.right}
		}
	}
	return out
}

func (s steps) score(m *matrix, row int32) float64 {
	n := &s[0]
	for n.goes != nil {
		if n.goes[m.bin(n.at, row)] == 1 {
			n = &s[n.left]
		} else {
			n = &s[n.right]
		}
	}
	return n.value
}

// residuals are labels less scores; a nil scores counts as 0.
func residuals(y []float32, scores []float64, rows []int32) []float64 {
	out := make([]float64, len(rows))
	for i, row := range rows {
		out[i] = float64(y[row])
		if scores != nil {
			out[i] -= scores[row]
		}
	}
	return out
}

func weightsOf(weights []float32, rows []int32) []float64 {
	if weights == nil {
		return nil
	}
	out := make([]float64, len(rows))
	for i, row := range rows {
		out[i] = float64(weights[row])
	}
	return out
}

// quantileOf gives the weighted quantile: half-way between the neighbours that it falls between.
func quantileOf(v, weights []float64, q float64) float64 {
	order := make([]int, len(v))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int { return cmp.Or(cmp.Compare(v[a], v[b]), cmp.Compare(a, b)) })
	weight := func(i int) float64 {
		if weights == nil {
			return 1
		}
		return weights[i]
	}
	var total float64
	for i := range v {
		total += weight(i)
	}
	// Each value stands at the middle of its weight; between two of them the line is straight.
	target, below := q*total, 0.0
	last, lastAt := math.NaN(), 0.0
	for _, i := range order {
		at := below + weight(i)/2
		if at >= target {
			if math.IsNaN(last) {
				return v[i]
			}
			return last + (v[i]-last)*(target-lastAt)/(at-lastAt)
		}
		last, lastAt = v[i], at
		below += weight(i)
	}
	return last
}
