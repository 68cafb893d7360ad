package tree

import (
	"context"

	"cvp/engine/internal/chunks"
	"cvp/engine/prep"
)

// node is one node of a tree that grows. Children follow their parent in the array.
type node struct {
	feature     int   // -1: a leaf
	split       uint8 // bins up to it go left
	missingLeft bool
	left, right int
	rows        int
	weight, sum float64
	cost        float64
}

// bin adds up the rows of one bin of one feature.
type bin struct {
	weight, sum float64
	rows        int
}

func (b *bin) add(o bin) {
	b.weight += o.weight
	b.sum += o.sum
	b.rows += o.rows
}

func (b bin) minus(o bin) bin { return bin{b.weight - o.weight, b.sum - o.sum, b.rows - o.rows} }

// grower grows a tree over binned rows.
type grower struct {
	criterion criterion
	bins      [][]uint8 // per feature, one bin per row
	offsets   []int     // where each feature's bins begin in a histogram, and the end
	y         []float32 // per row
	weights   []float32 // nil: equal
	maxDepth  int
	minLeaf   int
	leastGain float64
	threads   int

	rows  []int32 // all rows; a node has a contiguous part of them, in ascending order
	right []int32 // scratch of the partition
	free  [][]bin // histograms to use again
	nodes []node
}

// parallelWork is the number of bin look-ups from which a histogram is worth several goroutines.
const parallelWork = 1 << 16

// grow gives the nodes of the full tree, the root first.
func (g *grower) grow(ctx context.Context) ([]node, error) {
	hist := g.histogram(ctx, g.rows)
	root := g.total(g.rows)
	g.nodes = []node{g.leaf(root)}
	if err := g.divide(ctx, 0, g.rows, hist, 1); err != nil {
		return nil, err
	}
	return g.nodes, nil
}

func (g *grower) leaf(b bin) node {
	return node{feature: -1, rows: b.rows, weight: b.weight, sum: b.sum, cost: g.criterion.cost(b.weight, b.sum)}
}

// total adds up rows.
func (g *grower) total(rows []int32) bin {
	b := bin{rows: len(rows)}
	for _, i := range rows {
		w := g.weight(i)
		b.weight += w
		b.sum += w * float64(g.y[i])
	}
	return b
}

func (g *grower) weight(row int32) float64 {
	if g.weights == nil {
		return 1
	}
	return float64(g.weights[row])
}

// divide splits node at and what comes under it; rows are the node's, hist is its histogram and is used up.
func (g *grower) divide(ctx context.Context, at int, rows []int32, hist []bin, depth int) error {
	defer func() { g.free = append(g.free, hist) }()
	if err := ctx.Err(); err != nil {
		return err
	}
	if depth > g.maxDepth || len(rows) < 2*g.minLeaf {
		return nil
	}
	best := g.best(&g.nodes[at], hist)
	if best.feature < 0 {
		return nil
	}
	cut := g.partition(rows, best)
	left, right := rows[:cut], rows[cut:]
	g.nodes = append(g.nodes, g.leaf(g.total(left)), g.leaf(g.total(right)))
	n := &g.nodes[at]
	n.feature, n.split, n.missingLeft = best.feature, best.split, best.missingLeft
	n.left, n.right = len(g.nodes)-2, len(g.nodes)-1
	// Only the smaller side is read; what is left of the parent's histogram is the larger side's.
	small, large, smallAt, largeAt := left, right, n.left, n.right
	if len(left) > len(right) {
		small, large, smallAt, largeAt = right, left, n.right, n.left
	}
	if len(large) < 2*g.minLeaf || depth == g.maxDepth {
		return nil
	}
	smallHist := g.histogram(ctx, small)
	largeHist := g.take()
	for i := range largeHist {
		largeHist[i] = hist[i].minus(smallHist[i])
	}
	if err := g.divide(ctx, smallAt, small, smallHist, depth+1); err != nil {
		return err
	}
	return g.divide(ctx, largeAt, large, largeHist, depth+1)
}

// take gives a histogram whose content is arbitrary.
func (g *grower) take() []bin {
	if k := len(g.free); k > 0 {
		h := g.free[k-1]
		g.free = g.free[:k-1]
		return h
	}
	return make([]bin, g.offsets[len(g.bins)])
}

// histogram adds up rows by the bins of every feature.
func (g *grower) histogram(ctx context.Context, rows []int32) []bin {
	hist := g.take()
	clear(hist)
	threads := g.threads
	if len(rows)*len(g.bins) < parallelWork {
		threads = 1
	}
	// A histogram cut short by ctx is never used: divide looks at ctx first.
	_ = chunks.DoContext(ctx, threads, len(g.bins), func(f int) {
		part, bins := hist[g.offsets[f]:g.offsets[f+1]], g.bins[f]
		if g.weights == nil {
			for _, i := range rows {
				b := &part[bins[i]]
				b.sum += float64(g.y[i])
				b.rows++
			}
			for i := range part {
				part[i].weight = float64(part[i].rows)
			}
			return
		}
		for _, i := range rows {
			b, w := &part[bins[i]], float64(g.weights[i])
			b.weight += w
			b.sum += w * float64(g.y[i])
			b.rows++
		}
	})
	return hist
}

// choice is a possible split.
type choice struct {
	feature     int
	split       uint8
	missingLeft bool
	gain        float64
}

// best finds the split of greatest gain; feature -1 where none is allowed. Of equal ones the first wins.
func (g *grower) best(n *node, hist []bin) choice {
	best := choice{feature: -1, gain: g.leastGain}
	all := bin{n.weight, n.sum, n.rows}
	for f := range g.bins {
		part := hist[g.offsets[f]:g.offsets[f+1]]
		missing := part[prep.MissingBin]
		// left and with are the rows up to the cut without and with the missing ones.
		left, with := bin{}, missing
		for k := 1; k < len(part); k++ {
			if part[k].rows == 0 {
				continue
			}
			left.add(part[k])
			with.add(part[k])
			if missing.rows > 0 {
				g.consider(&best, n, all, left, choice{feature: f, split: uint8(k)})
			}
			g.consider(&best, n, all, with, choice{feature: f, split: uint8(k), missingLeft: missing.rows > 0})
		}
	}
	if best.feature >= 0 {
		g.sendUnseenMissing(&best, n, hist)
	}
	return best
}

// consider takes a split into left and the rest if it is allowed and better.
func (g *grower) consider(best *choice, n *node, all, left bin, c choice) {
	right := all.minus(left)
	if left.rows < g.minLeaf || right.rows < g.minLeaf {
		return
	}
	c.gain = n.cost - g.criterion.cost(left.weight, left.sum) - g.criterion.cost(right.weight, right.sum)
	if c.gain > best.gain {
		*best = c
	}
}

// sendUnseenMissing sends missing values to the larger side where the node's rows have none.
func (g *grower) sendUnseenMissing(c *choice, n *node, hist []bin) {
	part := hist[g.offsets[c.feature]:g.offsets[c.feature+1]]
	if part[prep.MissingBin].rows > 0 {
		return
	}
	left := 0
	for k := 1; k <= int(c.split); k++ {
		left += part[k].rows
	}
	c.missingLeft = 2*left > n.rows
}

// partition moves the rows that go left to the front, each side in ascending order still, and counts them.
func (g *grower) partition(rows []int32, c choice) int {
	bins := g.bins[c.feature]
	right, left := g.right[:0], 0
	for _, i := range rows {
		if goesLeft(bins[i], c.split, c.missingLeft) {
			rows[left] = i
			left++
		} else {
			right = append(right, i)
		}
	}
	copy(rows[left:], right)
	return left
}

func goesLeft(bin, split uint8, missingLeft bool) bool {
	if bin == prep.MissingBin {
		return missingLeft
	}
	return bin <= split
}
