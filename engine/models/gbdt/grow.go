package gbdt

import (
	"context"
	"math"
	"math/rand/v2"

	"cvp/engine/frame"
	"cvp/engine/internal/chunks"
	"cvp/engine/prep"
)

// branch is one node of a tree that grows. Children follow their parent in the array.
type branch struct {
	split       // feature -1: a leaf
	left, right int32
	rows        int64
	bounds      bounds
	value       float64
}

// leaf is a leaf that may yet be split: its rows are rows[from:to] of the grower.
type leaf struct {
	node, from, to, depth int
	hist                  []cell
	best                  split
}

// shape bounds the growth of a tree.
type shape struct {
	maxLeaves, maxDepth int // maxDepth 0: unbounded
	limits              limits
	monotone            []int8  // per feature; nil: none
	splitShare          float64 // of the tree's features, drawn for each split; 0: all
}

// grower grows trees, always at the leaf whose split gains most.
type grower struct {
	*counter
	shape
	bins *prep.Bins
	rng  *rand.Rand // of the tree

	rows        []int32 // in the tree; a leaf has a contiguous part of them, ascending
	left, right []int32 // scratch of the partition
	nodes       []branch
	leaves      []leaf
}

func newGrower(c *counter, bins *prep.Bins, s shape, rows int) *grower {
	return &grower{counter: c, shape: s, bins: bins, left: make([]int32, rows), right: make([]int32, rows)}
}

// grow grows a tree over the rows, which it reorders. What it leaves in nodes and leaves holds until it is called
// again; after an error the grower is of no use.
func (g *grower) grow(ctx context.Context, rows []int32) error {
	g.rows, g.nodes, g.leaves = rows, g.nodes[:0], g.leaves[:0]
	root := leaf{to: len(rows), hist: g.count(rows)}
	g.nodes = append(g.nodes, branch{split: split{feature: -1}, rows: int64(len(rows)), bounds: unbounded})
	g.search([]*leaf{&root})
	g.leaves = append(g.leaves, root)
	for len(g.leaves) < g.maxLeaves {
		if err := ctx.Err(); err != nil {
			return err
		}
		at := g.most()
		if at < 0 {
			break
		}
		g.divide(at)
	}
	for i := range g.leaves {
		g.release(g.leaves[i].hist)
	}
	return ctx.Err()
}

// most is the leaf whose split gains most, -1 where none can be split; of equal ones the first.
func (g *grower) most() int {
	at := -1
	for i := range g.leaves {
		if b := &g.leaves[i].best; b.feature >= 0 && (at < 0 || b.gain > g.leaves[at].best.gain) {
			at = i
		}
	}
	return at
}

// divide splits a leaf: its place in leaves goes to the left side, the right side is appended.
func (g *grower) divide(at int) {
	parent := g.leaves[at]
	cut := parent.from + g.part(parent.from, parent.to, &parent.best)
	n := int32(len(g.nodes))
	lower, upper := g.childBounds(&parent)
	g.nodes = append(g.nodes,
		branch{split: split{feature: -1}, rows: int64(cut - parent.from), bounds: lower},
		branch{split: split{feature: -1}, rows: int64(parent.to - cut), bounds: upper})
	b := &g.nodes[parent.node]
	b.split, b.left, b.right = parent.best, n, n+1
	left := leaf{node: int(n), from: parent.from, to: cut, depth: parent.depth + 1, best: split{feature: -1}}
	right := leaf{node: int(n) + 1, from: cut, to: parent.to, depth: parent.depth + 1, best: split{feature: -1}}
	if len(g.leaves)+1 < g.maxLeaves && (g.divisible(&left) || g.divisible(&right)) {
		g.countSides(parent.hist, &left, &right)
		g.search([]*leaf{&left, &right})
	} else {
		g.release(parent.hist)
	}
	g.leaves[at] = left
	g.leaves = append(g.leaves, right)
}

func (g *grower) divisible(l *leaf) bool {
	return int64(l.to-l.from) >= 2*g.limits.minLeaf && (g.maxDepth == 0 || l.depth < g.maxDepth)
}

// countSides reads the smaller side only; what is left of the parent's histogram is the larger side's.
func (g *grower) countSides(parent []cell, left, right *leaf) {
	small, large := left, right
	if left.to-left.from > right.to-right.from {
		small, large = right, left
	}
	small.hist = g.count(g.rows[small.from:small.to])
	for i, c := range small.hist {
		p := &parent[i]
		p.gradient -= c.gradient
		p.hessian -= c.hessian
		p.rows -= c.rows
	}
	large.hist = parent
}

// childBounds parts the bounds of a node's value between its sides where the split is monotone.
func (g *grower) childBounds(l *leaf) (left, right bounds) {
	own := g.nodes[l.node].bounds
	left, right = own, own
	if g.monotone == nil || g.monotone[l.best.feature] == 0 {
		return left, right
	}
	s := g.searchOf(l)
	middle := (s.value(l.best.left, s.l2) + s.value(l.best.right, s.l2)) / 2
	if g.monotone[l.best.feature] > 0 {
		left.high, right.low = middle, middle
	} else {
		left.low, right.high = middle, middle
	}
	return left, right
}

func (g *grower) searchOf(l *leaf) *search {
	s := &search{limits: g.limits, packing: g.packing, bounds: g.nodes[l.node].bounds, monotone: g.monotone}
	if l.hist == nil {
		return s
	}
	for _, c := range g.cells(l.hist, g.features[0]) { // any feature's cells add up to all rows
		s.total.add(c)
	}
	return s
}

// drawForSplit gives the features that a split may ask.
func (g *grower) drawForSplit() []int {
	if g.splitShare == 0 || g.splitShare == 1 {
		return g.features
	}
	n := len(g.features)
	drawn := drawFeatures(n, max(int(math.Round(g.splitShare*float64(n))), 1), g.rng)
	for i, at := range drawn {
		drawn[i] = g.features[at]
	}
	return drawn
}

// searchGroup is how many features one goroutine looks at at a time.
const searchGroup = 8

// search finds the best split of each leaf; of equal ones the first feature's.
func (g *grower) search(leaves []*leaf) {
	draws := make([][]int, len(leaves))
	for i := range draws {
		draws[i] = g.drawForSplit()
	}
	per := chunks.Count(len(draws[0]), searchGroup)
	found := make([]split, per*len(leaves))
	searches := make([]*search, len(leaves))
	for i, l := range leaves {
		l.best = split{feature: -1, gain: g.limits.minGain}
		if g.divisible(l) {
			searches[i] = g.searchOf(l)
		}
	}
	chunks.Do(g.threads, len(found), func(i int) {
		s, l := searches[i/per], leaves[i/per]
		found[i] = split{feature: -1, gain: g.limits.minGain}
		if s == nil {
			return
		}
		features := draws[i/per]
		from, to := chunks.Bounds(i%per, searchGroup, len(features))
		for _, f := range features[from:to] {
			cells := g.cells(l.hist, f)
			if g.bins.Kind(f) == frame.Category {
				s.category(&found[i], f, cells)
			} else {
				s.number(&found[i], f, cells)
			}
		}
	})
	for i, f := range found {
		if l := leaves[i/per]; f.feature >= 0 && f.gain > l.best.gain {
			l.best = f
		}
	}
	for i, l := range leaves {
		if f := l.best.feature; f >= 0 {
			searches[i].settle(&l.best, g.cells(l.hist, f))
		}
	}
}
