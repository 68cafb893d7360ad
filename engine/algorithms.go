package engine

import (
	"fmt"
	"slices"
	"strings"

	"cvp/engine/model"
	"cvp/engine/models/baseline"
	"cvp/engine/models/linear"
	"cvp/engine/models/mlp"
	"cvp/engine/models/tree"
)

// Algorithms lists every family, in the order in which 'auto' tries them.
func Algorithms() []model.Algorithm {
	return []model.Algorithm{linear.Logistic{}, linear.Linear{}, tree.Tree{}, mlp.New()}
}

// Serving lists the families that can do a task: what 'auto' compares.
func Serving(task model.Task) []model.Algorithm {
	var out []model.Algorithm
	for _, a := range Algorithms() {
		if a.Serves(task) {
			out = append(out, a)
		}
	}
	return out
}

// Rules lists the baselines of a task: what a model must beat. lastValue and recency name the columns that the rules
// read, "" for none.
func Rules(task model.Task, lastValue, recency string) []model.Algorithm {
	out := []model.Algorithm{baseline.Constant{}}
	if task == model.Value && lastValue != "" {
		out = append(out, baseline.LastValue{Column: lastValue})
	}
	if task == model.Class && recency != "" {
		out = append(out, baseline.Recency{Column: recency})
	}
	return out
}

// UnknownAlgorithmError names an algorithm that there is none of.
type UnknownAlgorithmError struct{ Name string }

// Error says so.
func (e *UnknownAlgorithmError) Error() string { return fmt.Sprintf("unknown algorithm %q", e.Name) }

// Hint lists the algorithms.
func (e *UnknownAlgorithmError) Hint() string {
	return "Algorithms are auto, " + strings.Join(names(Algorithms()), ", ") + "."
}

// Algorithm finds a family by its name in SQL.
func Algorithm(name string) (model.Algorithm, error) {
	for _, a := range Algorithms() {
		if a.Name() == name {
			return a, nil
		}
	}
	return nil, &UnknownAlgorithmError{name}
}

func names(list []model.Algorithm) []string {
	out := make([]string, len(list))
	for i, a := range list {
		out[i] = a.Name()
	}
	return out
}

// ParamError lists everything that is wrong with an algorithm's hyperparameters.
type ParamError struct {
	Algorithm string
	Problems  []string
	params    []model.Param
}

// Error gives the problems.
func (e *ParamError) Error() string { return e.Algorithm + ": " + strings.Join(e.Problems, "; ") }

// Hint describes the hyperparameters there are.
func (e *ParamError) Hint() string {
	list := make([]string, len(e.params))
	for i, p := range e.params {
		list[i] = fmt.Sprintf("%s (%s)", p.Name, describe(p))
	}
	return "Hyperparameters of " + e.Algorithm + " are " + strings.Join(list, ", ") + "."
}

func describe(p model.Param) string {
	switch p.Default.(type) {
	case string:
		return strings.Join(p.Choices, " | ")
	case bool:
		return "true | false"
	case []int:
		return "list of whole numbers"
	case int:
		return fmt.Sprintf("whole number, %v to %v", p.Min, p.Max)
	}
	return fmt.Sprintf("%v to %v", p.Min, p.Max)
}

// CheckParams checks hyperparameters as JSON gives them and returns them in the types of their defaults. All that is
// wrong is reported together, as a *ParamError.
func CheckParams(a model.Algorithm, given map[string]any) (map[string]any, error) {
	e := &ParamError{Algorithm: a.Name(), params: a.Params()}
	out := map[string]any{}
	for name, v := range given {
		i := slices.IndexFunc(e.params, func(p model.Param) bool { return p.Name == name })
		if i < 0 {
			e.Problems = append(e.Problems, fmt.Sprintf("unknown hyperparameter %q", name))
			continue
		}
		value, problem := convert(e.params[i], v)
		if problem != "" {
			e.Problems = append(e.Problems, fmt.Sprintf("%s %s", name, problem))
			continue
		}
		out[name] = value
	}
	if len(e.Problems) > 0 {
		slices.Sort(e.Problems)
		return nil, e
	}
	return out, nil
}

// convert gives v, a value of encoding/json, the type of the parameter's default.
func convert(p model.Param, v any) (value any, problem string) {
	switch p.Default.(type) {
	case string:
		s, ok := v.(string)
		if !ok || len(p.Choices) > 0 && !slices.Contains(p.Choices, s) {
			return nil, fmt.Sprintf("is %v, not one of %s", v, strings.Join(p.Choices, ", "))
		}
		return s, ""
	case bool:
		b, ok := v.(bool)
		if !ok {
			return nil, fmt.Sprintf("is %v, not true or false", v)
		}
		return b, ""
	case []int:
		return convertList(p, v)
	}
	f, ok := v.(float64)
	_, whole := p.Default.(int)
	switch {
	case !ok || f < p.Min || f > p.Max:
		return nil, fmt.Sprintf("is %v, not a number from %v to %v", v, p.Min, p.Max)
	case whole && f != float64(int(f)):
		return nil, fmt.Sprintf("is %v, not a whole number", v)
	case whole:
		return int(f), ""
	}
	return f, ""
}

func convertList(p model.Param, v any) (any, string) {
	list, ok := v.([]any)
	if !ok {
		return nil, fmt.Sprintf("is %v, not a list of whole numbers", v)
	}
	out := make([]int, len(list))
	for i, x := range list {
		f, ok := x.(float64)
		if !ok || f != float64(int(f)) || f < p.Min || p.Max > 0 && f > p.Max {
			return nil, fmt.Sprintf("has %v at place %d, not a whole number from %v to %v", x, i+1, p.Min, p.Max)
		}
		out[i] = int(f)
	}
	return out, ""
}
