package tree

import (
	"fmt"
	"math"

	"cvp/engine/model"
)

// Criteria by their name in SQL.
const (
	criterionAuto    = "auto"
	criterionGini    = "gini"
	criterionEntropy = "entropy"
	criterionSquared = "squared"
	criterionPoisson = "poisson"
)

// criterion is what growth lessens.
type criterion struct {
	name string
	// cost is the summed cost of rows scored with their mean, up to what does not depend on the split, for the
	// sum of weights and of weighted labels.
	cost func(weight, sum float64) float64
	// row is the cost of one row with label y scored p.
	row func(p, y float64) float64
}

// criterionOf resolves a name, checked against the task.
func criterionOf(name string, task model.Task, y []float32) (criterion, error) {
	if name == criterionAuto {
		switch {
		case task == model.Class:
			name = criterionEntropy
		case skewedPositive(y):
			name = criterionPoisson
		default:
			name = criterionSquared
		}
	}
	forClass := name == criterionGini || name == criterionEntropy
	if forClass != (task == model.Class) {
		return criterion{}, fmt.Errorf("criterion %q does not serve task %q", name, task)
	}
	switch name {
	case criterionGini, criterionSquared:
		// The Gini impurity 2p(1-p) is twice the squared error of a label of 0 and 1: the same splits.
		return criterion{name, squaredCost, func(p, y float64) float64 { return (p - y) * (p - y) }}, nil
	case criterionEntropy:
		return criterion{name, entropyCost, func(p, y float64) float64 { return -xlogy(y, p) - xlogy(1-y, 1-p) }}, nil
	case criterionPoisson:
		for i, v := range y {
			if v < 0 {
				return criterion{}, fmt.Errorf("criterion %q needs labels of at least 0, row %d has %g", name, i+1, v)
			}
		}
		return criterion{name, poissonCost, func(p, y float64) float64 { return p - xlogy(y, p) }}, nil
	}
	return criterion{}, fmt.Errorf("unknown criterion %q", name)
}

func squaredCost(weight, sum float64) float64 {
	if weight == 0 {
		return 0
	}
	return -sum * sum / weight
}

func entropyCost(weight, sum float64) float64 {
	rest := weight - sum
	return xlogy(weight, weight) - xlogy(sum, sum) - xlogy(rest, rest)
}

func poissonCost(weight, sum float64) float64 {
	return xlogy(sum, weight) - xlogy(sum, sum)
}

// xlogy is x·log(y), 0 where x is 0 or (by the rounding of a difference) below.
func xlogy(x, y float64) float64 {
	if x <= 0 {
		return 0
	}
	return x * math.Log(max(y, math.SmallestNonzeroFloat64))
}

// skewedPositive reports labels that are never negative with a long upper tail.
func skewedPositive(y []float32) bool {
	var total, square, cube float64
	for _, v := range y {
		if v < 0 {
			return false
		}
		total += float64(v)
	}
	n := float64(len(y))
	for _, v := range y {
		d := float64(v) - total/n
		square += d * d
		cube += d * d * d
	}
	return cube/n/math.Pow(square/n, 1.5) > 1
}
