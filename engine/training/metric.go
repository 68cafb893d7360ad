package training

import (
	"cvp/engine/metrics"
	"cvp/engine/model"
)

// Primary is the metric that chooses among candidates and that a model must beat the baselines on.
//
// For a class it is the area under the ROC curve: the order in which to approach customers.
//
// For a value that is skewed and seldom negative, as money is, it is the normalised Gini coefficient, the order
// again (Wang, Liu and Miao, A Deep Probabilistic Model for Customer Lifetime Value Prediction, 2019). The
// alternatives mislead there: the absolute error is least for the median, which is 0 where most customers do
// not buy, and so favours models that are far too low in total; the squared error is least for the mean, as it
// should be, but a handful of great customers decide it. That the level is right too is asked for apart: see
// Result.BeatsBaseline. For any other value it is the root of the mean squared error.
func Primary(task model.Task, y []float32) string {
	if task == model.Class {
		return metrics.ROCAUC
	}
	if model.MoneyLike(y) {
		return metrics.Gini
	}
	return metrics.RMSE
}
