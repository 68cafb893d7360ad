package engine

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"cvp/engine/model"
)

// ParamError is one option that is wrong.
type ParamError struct {
	Param   string
	Message string // what is wrong, without the name of the option
	Hint    string // what would be right, a sentence
}

func (e *ParamError) Error() string { return fmt.Sprintf("option %q %s", e.Param, e.Message) }

// ParamErrors are all options that are wrong, by name.
type ParamErrors []*ParamError

func (e ParamErrors) Error() string {
	parts := make([]string, len(e))
	for i, p := range e {
		parts[i] = p.Error()
	}
	return strings.Join(parts, "; ")
}

// Hint is the hints of all, in the same order.
func (e ParamErrors) Hint() string {
	var parts []string
	for _, p := range e {
		if p.Hint != "" && !slices.Contains(parts, p.Hint) {
			parts = append(parts, p.Hint)
		}
	}
	return strings.Join(parts, " ")
}

// CheckParams turns options as JSON gives them into the types of the algorithm's hyperparameters. Those not
// given stay absent: the algorithm then chooses. The error is ParamErrors with everything that is wrong.
func CheckParams(alg model.Algorithm, options map[string]any) (map[string]any, error) {
	all, err := CheckParamsOf([]model.Algorithm{alg}, options)
	if err != nil {
		return nil, err
	}
	return all[alg.Name()], nil
}

// CheckParamsOf checks options given for several algorithms at once: each goes to those that have it, and it
// is an error where none does.
func CheckParamsOf(algs []model.Algorithm, options map[string]any) (map[string]map[string]any, error) {
	out := make(map[string]map[string]any, len(algs))
	for _, a := range algs {
		out[a.Name()] = map[string]any{}
	}
	var wrong ParamErrors
	for _, name := range slices.Sorted(maps.Keys(options)) {
		known := false
		for _, a := range algs {
			i := slices.IndexFunc(a.Params(), func(p model.Param) bool { return p.Name == name })
			if i < 0 {
				continue
			}
			known = true
			v, err := paramValue(a.Params()[i], options[name])
			if err != nil {
				wrong = append(wrong, err)
				break
			}
			out[a.Name()][name] = v
		}
		if !known {
			e := &UnknownError{What: "option", Name: name, Known: paramNames(algs)}
			wrong = append(wrong, &ParamError{Param: name, Message: "does not exist", Hint: e.Hint()})
		}
	}
	if len(wrong) > 0 {
		return nil, wrong
	}
	return out, nil
}

func paramNames(algs []model.Algorithm) []string {
	var names []string
	for _, a := range algs {
		for _, p := range a.Params() {
			if !slices.Contains(names, p.Name) {
				names = append(names, p.Name)
			}
		}
	}
	return names
}

// paramValue converts one value to the type of the parameter's default and checks its range.
func paramValue(p model.Param, v any) (any, *ParamError) {
	switch p.Default.(type) {
	case float64:
		f, ok := asNumber(v)
		if !ok {
			return nil, wrongType(p, v, "a number")
		}
		return f, outside(p, f)
	case int:
		f, ok := asNumber(v)
		if !ok || f != math.Trunc(f) {
			return nil, wrongType(p, v, "a whole number")
		}
		return int(f), outside(p, f)
	case bool:
		b, ok := v.(bool)
		if !ok {
			return nil, wrongType(p, v, "true or false")
		}
		return b, nil
	case []int:
		return paramList(p, v)
	default:
		s, ok := v.(string)
		if !ok {
			return nil, wrongType(p, v, "a text")
		}
		return s, notChosen(p, s)
	}
}

func paramList(p model.Param, v any) (any, *ParamError) {
	if list, ok := v.([]int); ok {
		return list, nil
	}
	list, ok := v.([]any)
	if !ok {
		return nil, wrongType(p, v, "a list of whole numbers")
	}
	out := make([]int, len(list))
	for i, item := range list {
		f, ok := asNumber(item)
		if !ok || f != math.Trunc(f) {
			return nil, wrongType(p, v, "a list of whole numbers")
		}
		if err := outside(p, f); err != nil {
			return nil, err
		}
		out[i] = int(f)
	}
	return out, nil
}

func asNumber(v any) (float64, bool) {
	switch n := v.(type) {
	case float64:
		return n, !math.IsNaN(n) && !math.IsInf(n, 0)
	case int:
		return float64(n), true
	case json.Number:
		f, err := n.Float64()
		return f, err == nil
	}
	return 0, false
}

// outside is the error of a number beyond the parameter's range; a comparison with nil needs the untyped nil.
func outside(p model.Param, f float64) *ParamError {
	if f >= p.Min && f <= p.Max {
		return nil
	}
	return &ParamError{Param: p.Name, Message: fmt.Sprintf("is out of range: %s", shown(f)),
		Hint: fmt.Sprintf("Option %q is from %s to %s: %s.", p.Name, shown(p.Min), shown(p.Max), p.Help)}
}

func notChosen(p model.Param, s string) *ParamError {
	if len(p.Choices) == 0 || slices.Contains(p.Choices, s) {
		return nil
	}
	e := &UnknownError{Name: s, Known: p.Choices}
	return &ParamError{Param: p.Name, Message: fmt.Sprintf("cannot be %q", s), Hint: e.Hint()}
}

func wrongType(p model.Param, v any, want string) *ParamError {
	text, err := json.Marshal(v)
	if err != nil {
		text = []byte(fmt.Sprint(v))
	}
	return &ParamError{Param: p.Name, Message: fmt.Sprintf("must be %s, not %.60s", want, text),
		Hint: fmt.Sprintf("Option %q: %s.", p.Name, p.Help)}
}

// shown writes a number without a useless exponent.
func shown(f float64) string {
	if f == math.Trunc(f) && math.Abs(f) < 1e15 {
		return fmt.Sprintf("%d", int64(f))
	}
	return fmt.Sprintf("%g", f)
}
