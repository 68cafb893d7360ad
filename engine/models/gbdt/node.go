package gbdt

import "cvp/engine/frame"

// node is one node of a finished tree, which asks values. The nodes of a tree lie breadth-first: the children of its
// k-th inner node are nodes 2k+1 and 2k+2.
type node struct {
	feature     int32 // -1: a leaf
	left        int32
	limit       float32 // a number: values up to it go left
	missingLeft bool
	levels      *levelSet // a category: the bins that go left; nil for a number
	value       float64   // a leaf
	gain        float64   // of the split
	rows        float64   // that were there in training
}

// tree gives the nodes of the tree as it stands, breadth-first.
func (g *grower) tree() []node {
	out, order := make([]node, len(g.nodes)), []int32{0}
	next := int32(1)
	for i := range out {
		from := &g.nodes[order[i]]
		n := node{feature: -1, value: from.value, rows: float64(from.rows)}
		if from.feature >= 0 {
			n = node{feature: int32(from.feature), left: next, gain: from.gain, rows: float64(from.rows),
				missingLeft: from.missingLeft, levels: from.levels}
			if g.bins.Kind(from.feature) != frame.Category {
				n.limit = g.bins.Cut(from.feature, from.bin)
			}
			order = append(order, from.left, from.right)
			next += 2
		}
		out[i] = n
	}
	return out
}

// model keeps the trees and what they ask of the rows.
func (b *booster) model() *Model {
	used := make([]bool, b.bins.Width())
	for _, t := range b.trees {
		for _, n := range t {
			if n.feature >= 0 {
				used[n.feature] = true
			}
		}
	}
	kept, place := b.bins.Trim(used)
	for _, t := range b.trees {
		for i := range t {
			if f := t[i].feature; f >= 0 {
				t[i].feature = int32(place[f])
			}
		}
	}
	return (&Model{bins: kept, trees: b.trees, loss: b.loss, base: b.base, unit: b.unit, within: b.within}).prepared()
}
