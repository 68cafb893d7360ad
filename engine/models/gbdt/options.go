package gbdt

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"cvp/engine/model"
	"cvp/engine/prep"
)

// options are the hyperparameters of a fit.
type options struct {
	loss                    string
	quantile, power         float64
	trees, rounds, patience int
	learningRate            float64
	shape                   shape
	rowShare, columnShare   float64
	allColumns              bool // where columnShare is 0: all columns, but no more than 40 or a tenth
	rowEvery                int
	monotone                string
}

// Params lists the hyperparameters.
func (Boosting) Params() []model.Param {
	return []model.Param{
		{Name: "loss", Default: lossAuto, Choices: []string{lossAuto, lossSquared, lossAbsolute, lossQuantile, lossPoisson, lossTweedie},
			Help: "what a value model minimises: squared and poisson: the mean; tweedie: the mean of labels never negative, with less weight on large ones; absolute: the median; quantile: see there; auto: tweedie (poisson where a label is negative) for money-like labels, else squared. A class model always minimises the log loss"},
		{Name: "quantile", Default: 0.5, Min: 0.001, Max: 0.999, Help: "share of the rows that should lie below the prediction, with loss quantile"},
		{Name: "tweedie_power", Default: 1.3, Min: 1.01, Max: 1.99, Help: "power of the mean that the variance follows, with loss tweedie: nearer 1 for counts, nearer 2 for amounts"},
		{Name: "trees", Default: 400, Min: 1, Max: 100000, Help: "greatest number of trees"},
		{Name: "patience", Default: 50, Min: 1, Max: 100000, Help: "trees without a better validation loss after which the fit stops; those after the best are dropped"},
		{Name: "rounds", Default: 0, Min: 0, Max: 100000, Help: "number of trees where there is no validation part; 0 takes trees"},
		{Name: "learning_rate", Default: 0.03, Min: 1e-5, Max: 1, Help: "share of each tree that is added to the score"},
		{Name: "max_leaves", Default: 15, Min: 2, Max: 4096, Help: "greatest number of leaves of a tree"},
		{Name: "max_depth", Default: 0, Min: 0, Max: 1000, Help: "greatest number of questions to a leaf; 0: any"},
		{Name: "min_leaf", Default: 0, Min: 0, Max: 1e9, Help: "least number of training rows in a leaf; 0: one in 250 of the rows, at least 5 and at most 60"},
		{Name: "min_child_weight", Default: 1e-3, Min: 0, Max: 1e9, Help: "least sum of second derivatives in a leaf"},
		{Name: "min_gain", Default: 0.0, Min: 0, Max: 1e9, Help: "a split must lessen the loss by more than half of this"},
		{Name: "l1", Default: 0.0, Min: 0, Max: 1e6, Help: "draws the leaves' values to 0 by a constant"},
		{Name: "l2", Default: 5.0, Min: 0, Max: 1e6, Help: "draws the leaves' values to 0, as so many rows of second derivative 1 would"},
		{Name: "row_share", Default: 0.8, Min: 0.01, Max: 1, Help: "share of the rows drawn for a tree"},
		{Name: "row_every", Default: 1, Min: 1, Max: 100000, Help: "trees after which rows are drawn anew"},
		{Name: "column_share", Default: 0.0, Min: 0, Max: 1, Help: "share of the columns drawn for a tree; 0: half of them, but no more than 40 or a tenth"},
		{Name: "level_smoothing", Default: 10.0, Min: 0, Max: 1e6, Help: "draws rare levels to the middle where a category's levels are ranked for a split"},
		{Name: "level_l2", Default: 10.0, Min: 0, Max: 1e6, Help: "added to l2 where a category of more than four levels is split"},
		{Name: "monotone", Default: "", Help: "columns that the prediction must rise or fall with: names before :1 or :-1, between commas, e.g. \"income:1, age:-1\""},
	}
}

// newOptions fills in the defaults for a number of training rows.
func newOptions(s model.Settings, rows int) options {
	number := numbersOf(Boosting{}.Params(), s)
	whole := func(name string) int { return int(number(name)) }
	o := options{
		loss: s.Text("loss", lossAuto), quantile: number("quantile"), power: number("tweedie_power"),
		trees: whole("trees"), rounds: whole("rounds"), patience: whole("patience"), learningRate: number("learning_rate"),
		shape: shape{maxLeaves: whole("max_leaves"), maxDepth: whole("max_depth"), limits: limits{
			minLeaf: int64(whole("min_leaf")), minWeight: number("min_child_weight"), minGain: number("min_gain"),
			l1: number("l1"), l2: number("l2"), levelL2: number("level_l2"), levelSmooth: number("level_smoothing"),
		}},
		rowShare: number("row_share"), rowEvery: whole("row_every"), columnShare: number("column_share"),
		monotone: s.Text("monotone", ""),
	}
	if s.Task == model.Class {
		o.loss = lossLogistic
	}
	if o.shape.limits.minLeaf == 0 {
		o.shape.limits.minLeaf = int64(min(max(rows/250, 5), 60))
	}
	return o
}

// numbersOf gives the hyperparameters that are numbers, or their defaults.
func numbersOf(params []model.Param, s model.Settings) func(name string) float64 {
	defaults := map[string]float64{}
	for _, p := range params {
		switch d := p.Default.(type) {
		case int:
			defaults[p.Name] = float64(d)
		case float64:
			defaults[p.Name] = d
		}
	}
	return func(name string) float64 { return s.Number(name, defaults[name]) }
}

// features is how many of n are drawn for a tree.
func (o *options) features(n int) int {
	if o.columnShare > 0 {
		return max(int(math.Round(o.columnShare*float64(n))), min(1, n))
	}
	most := (n + 1) / 2
	if o.allColumns {
		most = n
	}
	return min(most, max(40, n/10))
}

// directions reads the option monotone: per feature 1, -1 or 0; nil where there is none.
func directions(text string, bins *prep.Bins) ([]int8, error) {
	if strings.TrimSpace(text) == "" {
		return nil, nil
	}
	out, sources := make([]int8, bins.Width()), bins.Sources()
	for _, item := range strings.Split(text, ",") {
		colon := strings.LastIndex(item, ":")
		if colon < 0 {
			return nil, fmt.Errorf("option \"monotone\": %q has no :1 or :-1", strings.TrimSpace(item))
		}
		name := strings.TrimSpace(item[:colon])
		direction, err := strconv.Atoi(strings.TrimSpace(item[colon+1:]))
		if err != nil || direction < -1 || direction > 1 {
			return nil, fmt.Errorf("option \"monotone\": %q is not 1, 0 or -1", strings.TrimSpace(item[colon+1:]))
		}
		if !slices.Contains(sources, name) {
			return nil, fmt.Errorf("option \"monotone\": there is no column %q that varies", name)
		}
		for f, source := range sources {
			if source == name {
				out[f] = int8(direction)
			}
		}
	}
	return out, nil
}
