package gbdt

import (
	"errors"
	"math"

	"cvp/engine/frame"
	"cvp/engine/internal/chunks"
)

// Columns are the columns in use, in the order of Contributions.
func (m *Model) Columns() []string {
	names, _ := m.columns()
	return names
}

// columns gives the columns and for each feature the index of its column.
func (m *Model) columns() (names []string, of []int) {
	at := map[string]int{}
	for _, source := range m.bins.Sources() {
		if _, seen := at[source]; !seen {
			at[source] = len(names)
			names = append(names, source)
		}
		of = append(of, at[source])
	}
	return names, of
}

// Contributions writes into dst [rows × (Columns+1)] what each column adds to a row's score, and last the score of a row
// of which nothing is known. They add up to the score: the log-odds of a class, the logarithm of a value with loss
// poisson or tweedie, else the value itself, before it is kept within the labels of training. They are the exact Shapley values of the trees, where an unknown value
// goes both ways in the shares of the training rows (Lundberg et al., From Local Explanations to Global Understanding
// with Explainable AI for Trees, 2020); those of the parts of a time are added.
func (m *Model) Contributions(dst []float64, x *frame.Frame) error {
	batch, err := m.bins.Bind(x)
	if err != nil {
		return err
	}
	names, of := m.columns()
	stride := len(names) + 1
	constant := m.base
	if m.loss.logLink {
		constant += math.Log(m.unit)
	}
	depth := 0
	for _, t := range m.trees {
		constant += expected(t, 0)
		depth = max(depth, depthOf(t, 0))
	}
	const rowsPerPiece = 64
	count := chunks.Count(x.Rows, rowsPerPiece)
	errs := make([]error, count)
	chunks.Do(0, count, func(i int) {
		from, to := chunks.Bounds(i, rowsPerPiece, x.Rows)
		k := m.newKeys(rowsPerPiece / lanes)
		if errs[i] = k.read(batch, from, to); errs[i] != nil {
			return
		}
		e := explainer{paths: make([]pathStep, (depth+2)*(depth+3)/2), of: of}
		for row := from; row < to; row++ {
			e.out, e.row = dst[row*stride:(row+1)*stride], k.row(row-from)
			clear(e.out)
			e.out[stride-1] = constant
			for t := range m.trees {
				e.nodes, e.scorer = m.trees[t], &m.scorers[t]
				e.descend(0, 0, 0, 1, 1, -1)
			}
		}
	})
	return errors.Join(errs...)
}

// expected is the mean value of the leaves under a node, by training rows.
func expected(nodes []node, i int32) float64 {
	n := &nodes[i]
	if n.feature < 0 {
		return n.value
	}
	share := leftShare(nodes, n)
	return share*expected(nodes, n.left) + (1-share)*expected(nodes, n.left+1)
}

// leftShare is the share of a node's training rows that went left.
func leftShare(nodes []node, n *node) float64 {
	left, right := nodes[n.left].rows, nodes[n.left+1].rows
	if !(left+right > 0) {
		return .5
	}
	return left / (left + right)
}

func depthOf(nodes []node, i int32) int {
	if n := &nodes[i]; n.feature >= 0 {
		return 1 + max(depthOf(nodes, n.left), depthOf(nodes, n.left+1))
	}
	return 0
}

// pathStep is one feature on the way to a leaf: the share of the orders of features in which the way is taken, by how
// many of those before are known.
type pathStep struct {
	feature   int32   // -1 before the root
	zero, one float64 // share of the way taken with the feature unknown, and known: 0 or 1
	weight    float64
}

// explainer walks one tree for one row.
type explainer struct {
	nodes  []node
	scorer *scorer
	row    []uint32
	out    []float64
	of     []int // column of each feature
	paths  []pathStep
}

// descend follows both sides of every node. The path of length steps that leads to node i lies in paths from at on and
// is copied behind itself for the children, since it changes on the way.
func (e *explainer) descend(i int32, at, length int, zero, one float64, feature int32) {
	path := e.paths[at : at+length+1]
	extend(path, zero, one, feature)
	n := &e.nodes[i]
	if n.feature < 0 {
		for k := 1; k < len(path); k++ {
			p := &path[k]
			e.out[e.of[p.feature]] += unwoundSum(path, k) * (p.one - p.zero) * n.value
		}
		return
	}
	hot := int32(e.scorer.child(uint32(i), e.row))
	share := leftShare(e.nodes, n)
	if hot != n.left {
		share = 1 - share
	}
	zero, one = 1, 1
	length = len(path)
	for k := 1; k < len(path); k++ { // a feature counts once: its earlier step is taken back
		if path[k].feature == n.feature {
			zero, one = path[k].zero, path[k].one
			unwind(path, k)
			length--
			break
		}
	}
	next := at + length
	for _, side := range []struct {
		node       int32
		share, one float64
	}{{hot, share, one}, {2*n.left + 1 - hot, 1 - share, 0}} {
		copy(e.paths[next:next+length], path[:length])
		e.descend(side.node, next, length, zero*side.share, side.one, n.feature)
	}
}

// extend adds a step, the last of path, whose place is there already.
func extend(path []pathStep, zero, one float64, feature int32) {
	last := len(path) - 1
	path[last] = pathStep{feature: feature, zero: zero, one: one}
	if last == 0 {
		path[0].weight = 1
	}
	for i := last - 1; i >= 0; i-- {
		path[i+1].weight += one * path[i].weight * float64(i+1) / float64(last+1)
		path[i].weight *= zero * float64(last-i) / float64(last+1)
	}
}

// unwind takes step k back; the path is one shorter then.
func unwind(path []pathStep, k int) {
	last := len(path) - 1
	zero, one := path[k].zero, path[k].one
	next := path[last].weight
	for i := last - 1; i >= 0; i-- {
		if one != 0 {
			was := path[i].weight
			path[i].weight = next * float64(last+1) / (float64(i+1) * one)
			next = was - path[i].weight*zero*float64(last-i)/float64(last+1)
		} else {
			path[i].weight *= float64(last+1) / (zero * float64(last-i))
		}
	}
	for i := k; i < last; i++ {
		path[i].feature, path[i].zero, path[i].one = path[i+1].feature, path[i+1].zero, path[i+1].one
	}
}

// unwoundSum is the sum of the weights that unwind would leave.
func unwoundSum(path []pathStep, k int) float64 {
	last := len(path) - 1
	zero, one := path[k].zero, path[k].one
	next, total := path[last].weight, 0.0
	for i := last - 1; i >= 0; i-- {
		if one != 0 {
			w := next * float64(last+1) / (float64(i+1) * one)
			total += w
			next = path[i].weight - w*zero*float64(last-i)/float64(last+1)
		} else if zero != 0 {
			total += path[i].weight * float64(last+1) / (zero * float64(last-i))
		}
	}
	return total
}
