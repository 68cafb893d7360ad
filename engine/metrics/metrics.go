// Package metrics judges predictions against what happened.
//
// Every figure equals scikit-learn's or scipy's on the same input. Where a figure is undefined (the area under
// a curve with one class only, R² of a constant label) it is NaN, which the SQL layer shows as NULL; NaN never
// comes from anything else than that, or from a prediction that is itself NaN.
package metrics

import (
	"math"

	"cvp/engine/model"
)

// Metric is one figure of quality by its name in SQL.
type Metric struct {
	Name  string
	Value float64
}

// Threshold is the probability from which a row counts as predicted positive in accuracy, precision, recall
// and f1.
const Threshold = 0.5

// Names of the metrics as SQL shows them.
const (
	Accuracy         = "accuracy"
	Precision        = "precision"
	Recall           = "recall"
	F1               = "f1"
	ROCAUC           = "roc_auc"
	AveragePrecision = "average_precision"
	LogLoss          = "log_loss"
	Brier            = "brier"
	MAE              = "mae"
	RMSE             = "rmse"
	R2               = "r2"
	Spearman         = "spearman"
	Gini             = "gini"
)

// Evaluate gives every metric of the task for labels y and predictions p of equal length: probabilities of
// label 1 for model.Class, values for model.Value.
func Evaluate(task model.Task, y []float32, p []float64) []Metric {
	if task == model.Class {
		return class(y, p)
	}
	return value(y, p)
}

// Find gives the value of the named metric, NaN where the list lacks it.
func Find(list []Metric, name string) float64 {
	for _, m := range list {
		if m.Name == name {
			return m.Value
		}
	}
	return math.NaN()
}

// HigherIsBetter reports the direction of a metric.
func HigherIsBetter(metric string) bool {
	switch metric {
	case LogLoss, Brier, MAE, RMSE:
		return false
	}
	return true
}

// Better reports whether a is strictly better than b on the metric. An undefined value (NaN) is worse than
// any other and no better than itself.
func Better(metric string, a, b float64) bool {
	switch {
	case math.IsNaN(a):
		return false
	case math.IsNaN(b):
		return true
	case HigherIsBetter(metric):
		return a > b
	}
	return a < b
}
