package tree

import "math"

// pruner cuts a tree back by the weakest link: of all inner nodes, the one whose leaves explain least per leaf
// becomes a leaf first.
type pruner struct {
	nodes []node
	// below[i] and leaves[i] are the cost and number of the leaves under node i as the tree stands.
	below  []float64
	leaves []int
	// loss[i] is the summed validation loss if node i were a leaf; loss under it as the tree stands.
	loss, lossBelow []float64
}

func newPruner(nodes []node, loss []float64) *pruner {
	p := &pruner{nodes: nodes, below: make([]float64, len(nodes)), leaves: make([]int, len(nodes)),
		loss: loss, lossBelow: make([]float64, len(nodes))}
	p.update()
	return p
}

// update recounts from the leaves up: children come after their parents.
func (p *pruner) update() {
	for i := len(p.nodes) - 1; i >= 0; i-- {
		n := &p.nodes[i]
		if n.feature < 0 {
			p.below[i], p.leaves[i] = n.cost, 1
			if p.loss != nil {
				p.lossBelow[i] = p.loss[i]
			}
			continue
		}
		p.below[i] = p.below[n.left] + p.below[n.right]
		p.leaves[i] = p.leaves[n.left] + p.leaves[n.right]
		p.lossBelow[i] = p.lossBelow[n.left] + p.lossBelow[n.right]
	}
}

// weakest gives the least cost explained per leaf saved, +Inf for a lone root.
func (p *pruner) weakest() float64 {
	least := math.Inf(1)
	p.walk(0, func(i int) { least = min(least, p.strength(i)) })
	return least
}

func (p *pruner) strength(i int) float64 {
	return (p.nodes[i].cost - p.below[i]) / float64(p.leaves[i]-1)
}

// walk visits the inner nodes that are still in the tree, parents first.
func (p *pruner) walk(i int, visit func(int)) {
	if p.nodes[i].feature < 0 {
		return
	}
	visit(i)
	if n := p.nodes[i]; n.feature >= 0 {
		p.walk(n.left, visit)
		p.walk(n.right, visit)
	}
}

// cut makes leaves of inner nodes, the weakest first, until all left are stronger than alpha. The order
// matters: a strong split over many weak ones looks weak itself until they are gone.
func (p *pruner) cut(alpha float64) {
	for weakest := p.weakest(); weakest <= alpha; weakest = p.weakest() {
		p.walk(0, func(i int) {
			if p.strength(i) <= weakest {
				p.nodes[i].feature = -1
			}
		})
		p.update()
	}
}

// strongest gives the strength of pruning after which the validation loss is least; of equal ones the
// greatest, which leaves the smallest tree.
func (p *pruner) strongest() float64 {
	best, least := 0.0, p.lossBelow[0]
	for alpha := p.weakest(); !math.IsInf(alpha, 1); alpha = p.weakest() {
		alpha = max(alpha, 0)
		p.cut(alpha)
		if p.lossBelow[0] <= least {
			best, least = alpha, p.lossBelow[0]
		}
	}
	return best
}
