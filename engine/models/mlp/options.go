package mlp

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"cvp/engine/model"
)

// options are the hyperparameters of a fit.
type options struct {
	hidden       []int
	activation   activation
	loss         string
	dropout      float64
	learningRate float64
	batchSize    int
	epochs       int
	patience     int
	rounds       int
	l1, l2       float64
}

// autoLoss lets the task and the labels choose.
const autoLoss = "auto"

const (
	maxHidden = 4096 // units of one layer: 16 M weights between two such layers
	maxLayers = 16
)

// Params lists the hyperparameters.
func (Algorithm) Params() []model.Param {
	return []model.Param{
		{Name: "hidden", Default: []int{64, 32}, Min: 1, Max: maxHidden, Help: "units of each hidden layer, from the inputs on; an empty list is a linear model"},
		{Name: "activation", Default: string(relu), Choices: []string{string(relu), string(sigmoid), string(tanh)}, Help: "non-linearity of the hidden layers"},
		{Name: "loss", Default: autoLoss, Choices: []string{autoLoss, string(tweedie), logLabels, string(huber), string(squared)}, Help: "what a value model minimises: tweedie (labels of at least 0, log link), log (Huber's loss on the logarithm of the label), huber, squared; auto takes tweedie where no label is negative, else log. A class model always minimises the log loss"},
		{Name: "dropout", Default: 0.1, Min: 0, Max: 0.9, Help: "share of each hidden layer's outputs left out at random in training"},
		{Name: "learning_rate", Default: 0.002, Min: 1e-7, Max: 10, Help: "step size of Adam"},
		{Name: "batch_size", Default: 256, Min: 1, Max: 65536, Help: "rows per step"},
		{Name: "epochs", Default: 40, Min: 1, Max: 100000, Help: "most passes over the training rows"},
		{Name: "patience", Default: 5, Min: 1, Max: 100000, Help: "epochs without a better validation loss after which the fit stops and takes the best weights"},
		{Name: "l2", Default: 0.3, Min: 0, Max: 100, Help: "decoupled weight decay: each step multiplies the weights with 1 - learning_rate * l2"},
		{Name: "l1", Default: 0.0, Min: 0, Max: 100, Help: "each step pulls the weights towards zero by learning_rate * l1"},
		{Name: "rounds", Default: 0, Min: 0, Max: 100000, Help: "epochs to run where there is no validation part; 0 takes epochs"},
	}
}

// newOptions fills in the defaults, checks every value and reports all that is wrong together.
func newOptions(params map[string]any) (options, error) {
	r := reader{params: params, byName: map[string]model.Param{}}
	for _, p := range (Algorithm{}).Params() {
		r.byName[p.Name] = p
	}
	for name := range params {
		if _, known := r.byName[name]; !known {
			r.fail(fmt.Errorf("unknown option %q of mlp, it has %s", name, strings.Join(slices.Sorted(maps.Keys(r.byName)), ", ")))
		}
	}
	o := options{
		hidden:       r.sizes("hidden"),
		activation:   activation(r.text("activation")),
		loss:         r.text("loss"),
		dropout:      r.number("dropout"),
		learningRate: r.number("learning_rate"),
		batchSize:    r.whole("batch_size"),
		epochs:       r.whole("epochs"),
		patience:     r.whole("patience"),
		rounds:       r.whole("rounds"),
		l1:           r.number("l1"),
		l2:           r.number("l2"),
	}
	if len(o.hidden) > maxLayers {
		r.fail(fmt.Errorf("option hidden has %d layers, at most %d are allowed", len(o.hidden), maxLayers))
	}
	if o.learningRate*o.l2 >= 1 {
		r.fail(fmt.Errorf("learning_rate * l2 is %g, it must be below 1", o.learningRate*o.l2))
	}
	return o, errors.Join(r.errs...)
}

// reader takes typed values out of a parameter map and keeps every error.
type reader struct {
	params map[string]any
	byName map[string]model.Param
	errs   []error
}

func (r *reader) fail(err error) { r.errs = append(r.errs, err) }

// value gives the named parameter or its default.
func (r *reader) value(name string) (any, model.Param) {
	p := r.byName[name]
	if v, ok := r.params[name]; ok {
		return v, p
	}
	return p.Default, p
}

func (r *reader) number(name string) float64 {
	v, p := r.value(name)
	f, ok := toFloat(v)
	if !ok || !(f >= p.Min && f <= p.Max) {
		r.fail(fmt.Errorf("option %s must be a number from %g to %g, got %v", name, p.Min, p.Max, v))
	}
	return f
}

func (r *reader) whole(name string) int {
	v, p := r.value(name)
	f, ok := toFloat(v)
	if !ok || f != math.Trunc(f) || !(f >= p.Min && f <= p.Max) {
		r.fail(fmt.Errorf("option %s must be a whole number from %g to %g, got %v", name, p.Min, p.Max, v))
		return 0
	}
	return int(f)
}

func (r *reader) text(name string) string {
	v, p := r.value(name)
	s, ok := v.(string)
	if !ok || !slices.Contains(p.Choices, s) {
		r.fail(fmt.Errorf("option %s must be one of %q, got %v", name, p.Choices, v))
	}
	return s
}

func (r *reader) sizes(name string) []int {
	v, p := r.value(name)
	var out []int
	bad := false
	add := func(v any) {
		f, ok := toFloat(v)
		if !ok || f != math.Trunc(f) || !(f >= p.Min && f <= p.Max) {
			bad = true
			return
		}
		out = append(out, int(f))
	}
	switch v := v.(type) {
	case []int:
		for _, n := range v {
			add(n)
		}
	case []any: // a JSON array
		for _, n := range v {
			add(n)
		}
	default:
		bad = true
	}
	if bad {
		r.fail(fmt.Errorf("option %s must be a list of whole numbers from %g to %g, got %v", name, p.Min, p.Max, v))
	}
	return out
}

func toFloat(v any) (float64, bool) {
	switch v := v.(type) {
	case float64:
		return v, true
	case int:
		return float64(v), true
	}
	return 0, false
}
