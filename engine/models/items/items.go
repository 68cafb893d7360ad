// Package items recommends items to customers: those that they have bought, those bought by whoever bought the same
// (item-item cosine), and those that sell.
//
//	Log ─► Fit (neighbours and popularity as of a cutoff) ─► Recommender.Recommend(history, cutoff, n)
//	  └──► Choose (weights by MAP on a validation window, judged on a later one beside rules of thumb)
//
// The score of item i for a customer as of a cutoff, with p_j = Σ 2^(−age ÷ half-life) over his purchases of item j:
//
//	Σ_j p_j·cos(j, i) ÷ Σ_j p_j  +  repeat · p_i ÷ max p  +  popular · q_i
//
// cos is the cosine between the items' sets of customers, where a customer counts 1 ÷ ln(2 + his number of items)
// (Breese, Heckerman and Kadie, Empirical Analysis of Predictive Algorithms for Collaborative Filtering, 1998) and
// rare pairs are shrunk; q_i is the item's share of the recent purchases, of the most popular one's.
package items

import (
	"cmp"
	"math"
	"slices"
)

// Purchase is an item at a time (microseconds since 1970 UTC).
type Purchase struct {
	Item int32 // index into Log.Items
	At   int64
}

// Log is what customers have bought, each one's purchases in the order of time.
type Log struct {
	Items []string
	Of    [][]Purchase
}

const (
	microsPerDay = 24 * 60 * 60 * 1_000_000
	neighbours   = 50  // kept of each item
	longest      = 200 // items of one customer that count, the latest: a wholesaler with thousands says little of any pair
	shrink       = 3   // customers of a pair's denominator beyond the real ones
	recentDays   = 60  // half-life of popularity
)

// Neighbour is an item that is bought by the customers of another one.
type Neighbour struct {
	Item   int32
	Cosine float32
}

// Model recommends. It is immutable and safe for concurrent use.
type Model struct {
	Items   []string
	Near    [][]Neighbour // of each item, the nearest first
	Popular []float32     // of each item, 1 for the most popular one
	Weights Weights
	index   map[string]int32
	ranked  []int32 // items that were bought, the most popular first
}

// Weights are what Choose settles.
type Weights struct {
	HalfLifeDays    float64 `json:"half_life_days"`
	Repeat, Popular float64
}

// Fit learns neighbours and popularity from the purchases before a cutoff.
func Fit(log *Log, cutoff int64, w Weights) *Model {
	sets := make([][]int32, len(log.Of))
	buyers := make([][]int32, len(log.Items))
	worth := make([]float64, len(log.Of)) // of a customer in a pair
	popular := make([]float64, len(log.Items))
	for c, history := range log.Of {
		known := before(history, cutoff)
		sets[c] = distinct(known)
		worth[c] = 1 / math.Log(2+float64(len(sets[c])))
		for _, item := range sets[c] {
			buyers[item] = append(buyers[item], int32(c))
		}
		for _, p := range known {
			popular[p.Item] += decayed(p.At, cutoff, recentDays)
		}
	}
	m := &Model{Items: log.Items, Near: make([][]Neighbour, len(log.Items)), Popular: make([]float32, len(log.Items)), Weights: w}
	most := slices.Max(append(slices.Clone(popular), math.SmallestNonzeroFloat64))
	for i, v := range popular {
		m.Popular[i] = float32(v / most)
	}
	norms := make([]float64, len(log.Items))
	for i, of := range buyers {
		for _, c := range of {
			norms[i] += worth[c]
		}
	}
	together := make([]float64, len(log.Items))
	for i := range log.Items {
		m.Near[i] = nearest(int32(i), buyers[i], sets, worth, norms, together)
	}
	m.number()
	return m
}

// number makes items findable by their text and by their rank.
func (m *Model) number() {
	m.index, m.ranked = make(map[string]int32, len(m.Items)), nil
	for i, item := range m.Items {
		m.index[item] = int32(i)
		if m.Popular[i] > 0 {
			m.ranked = append(m.ranked, int32(i))
		}
	}
	slices.SortFunc(m.ranked, func(a, b int32) int { return cmp.Or(cmp.Compare(m.Popular[b], m.Popular[a]), cmp.Compare(a, b)) })
}

// nearest gives the neighbours of an item; together is scratch of zeros.
func nearest(item int32, buyers []int32, sets [][]int32, worth, norms, together []float64) []Neighbour {
	var met []int32
	for _, c := range buyers {
		for _, other := range sets[c] {
			if other == item {
				continue
			}
			if together[other] == 0 {
				met = append(met, other)
			}
			together[other] += worth[c]
		}
	}
	var out []Neighbour
	for _, other := range met {
		n := Neighbour{other, float32(together[other] / (math.Sqrt(norms[item]*norms[other]) + shrink))}
		together[other] = 0
		if len(out) == neighbours && !n.before(out[neighbours-1]) {
			continue
		}
		if len(out) < neighbours {
			out = append(out, n)
		}
		at := len(out) - 1
		for ; at > 0 && n.before(out[at-1]); at-- {
			out[at] = out[at-1]
		}
		out[at] = n
	}
	return slices.Clip(out)
}

// before reports whether a neighbour comes before another one.
func (n Neighbour) before(o Neighbour) bool {
	if n.Cosine != o.Cosine {
		return n.Cosine > o.Cosine
	}
	return n.Item < o.Item
}

// before gives the purchases before a cutoff.
func before(history []Purchase, cutoff int64) []Purchase {
	n, _ := slices.BinarySearchFunc(history, cutoff, func(p Purchase, t int64) int { return cmp.Or(cmp.Compare(p.At, t), 1) })
	return history[:n]
}

// distinct gives the latest different items.
func distinct(history []Purchase) []int32 {
	seen := map[int32]bool{}
	var out []int32
	for i := len(history) - 1; i >= 0 && len(out) < longest; i-- {
		if item := history[i].Item; !seen[item] {
			seen[item] = true
			out = append(out, item)
		}
	}
	return out
}

func decayed(at, cutoff int64, halfLifeDays float64) float64 {
	return math.Exp2(-float64(cutoff-at) / microsPerDay / halfLifeDays)
}
