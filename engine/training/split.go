package training

import (
	"cmp"
	"slices"

	"cvp/engine/model"
)

// Parts are the rows of each part, ascending.
type Parts struct {
	Train, Validate, Test []int
}

// Shares of the parts.
const (
	trainShare    = 0.6
	validateShare = 0.2
)

// Split parts the rows of a relation 60 : 20 : 20. A row's part follows from the hash of its key and the seed
// alone, so that later versions of a model are tested on the same entities, and rows of one key stay together.
// Where a part would be without one of the classes, the keys of each class are ranked by their hash and the
// ranks are cut instead. labels are nil for a value.
func Split(keys []string, labels []float32, seed uint64) Parts {
	var p Parts
	for i, k := range keys {
		p.put(i, place(k, seed))
	}
	if labels == nil && p.filled() || labels != nil && p.bothClasses(labels) {
		return p
	}
	return splitRanks(keys, labels, seed)
}

// put adds a row by its place in [0, 1).
func (p *Parts) put(row int, at float64) {
	switch {
	case at < trainShare:
		p.Train = append(p.Train, row)
	case at < trainShare+validateShare:
		p.Validate = append(p.Validate, row)
	default:
		p.Test = append(p.Test, row)
	}
}

func (p *Parts) all() [][]int { return [][]int{p.Train, p.Validate, p.Test} }

func (p *Parts) filled() bool {
	return !slices.ContainsFunc(p.all(), func(rows []int) bool { return len(rows) == 0 })
}

func (p *Parts) bothClasses(labels []float32) bool {
	return !slices.ContainsFunc(p.all(), func(rows []int) bool {
		positive := 0
		for _, i := range rows {
			if labels[i] > 0 {
				positive++
			}
		}
		return positive == 0 || positive == len(rows)
	})
}

// splitRanks orders the keys of each class by hash and cuts the order.
func splitRanks(keys []string, labels []float32, seed uint64) Parts {
	positive := map[string]bool{}
	for i, k := range keys {
		positive[k] = positive[k] || labels != nil && labels[i] > 0
	}
	at := map[string]float64{}
	for _, class := range []bool{false, true} {
		var ranked []string
		for k, is := range positive {
			if is == class {
				ranked = append(ranked, k)
			}
		}
		slices.SortFunc(ranked, func(a, b string) int {
			return cmp.Or(cmp.Compare(place(a, seed), place(b, seed)), cmp.Compare(a, b))
		})
		for i, k := range ranked {
			at[k] = (float64(i) + .5) / float64(len(ranked))
		}
	}
	var p Parts
	for i, k := range keys {
		p.put(i, at[k])
	}
	return p
}

// place maps a key to [0, 1): FNV-1a with the seed, its bits then mixed as in MurmurHash3, since the upper
// bits of FNV hardly differ between short keys.
func place(key string, seed uint64) float64 {
	h := uint64(14695981039346656037) ^ seed*0x9e3779b97f4a7c15
	for i := range len(key) {
		h = (h ^ uint64(key[i])) * 1099511628211
	}
	h ^= h >> 33
	h *= 0xff51afd7ed558ccd
	h ^= h >> 33
	h *= 0xc4ceb9fe1a85ec53
	h ^= h >> 33
	return float64(h>>11) / (1 << 53)
}

// Arrange puts the rows of the parts one after the other in one copy, of which the plan's parts are views.
func Arrange(e *model.Examples, p Parts) Plan {
	rows := slices.Concat(p.Train, p.Validate, p.Test)
	all := take(e, rows)
	a, b := len(p.Train), len(p.Train)+len(p.Validate)
	return Plan{
		Train:         view(all, 0, a),
		Validate:      view(all, a, b),
		Test:          view(all, b, len(rows)),
		TrainValidate: view(all, 0, b),
	}
}

func view(e *model.Examples, from, to int) *model.Examples {
	out := &model.Examples{X: e.X.Slice(from, to), Y: e.Y[from:to]}
	if e.Weights != nil {
		out.Weights = e.Weights[from:to]
	}
	return out
}
