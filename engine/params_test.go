package engine

import (
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"

	"cvp/engine/model"
	"cvp/engine/models/mlp"
	"cvp/engine/models/tree"
)

func fromJSON(t *testing.T, text string) map[string]any {
	t.Helper()
	var v map[string]any
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		t.Fatal(err)
	}
	return v
}

func TestOptionsBecomeHyperparametersOfTheirType(t *testing.T) {
	got, err := CheckParams(mlp.New(), fromJSON(t, `{"hidden": [8, 4], "dropout": 0, "epochs": 3, "activation": "tanh"}`))
	want := map[string]any{"hidden": []int{8, 4}, "dropout": 0.0, "epochs": 3, "activation": "tanh"}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v (error %v)", got, want, err)
	}
	if got, err := CheckParams(tree.Tree{}, nil); err != nil || len(got) != 0 {
		t.Errorf("no options became %v (error %v)", got, err)
	}
}

func TestWrongOptionsAreAllReportedWithARemedy(t *testing.T) {
	tests := []struct {
		options string
		want    []string // in the error
		hint    string   // in the hint
	}{
		{`{"max_dept": 3}`, []string{`option "max_dept" does not exist`}, `Perhaps you meant "max_depth".`},
		{`{"zzz": 3}`, []string{`option "zzz" does not exist`}, `There are: criterion, max_depth`},
		{`{"max_depth": 99}`, []string{`option "max_depth" is out of range: 99`}, `from 1 to 30`},
		{`{"max_depth": 2.5}`, []string{`option "max_depth" must be a whole number, not 2.5`}, `greatest number of questions`},
		{`{"max_depth": "deep"}`, []string{`must be a whole number, not "deep"`}, ``},
		{`{"max_depth": null}`, []string{`must be a whole number, not null`}, ``},
		{`{"criterion": "ginni"}`, []string{`option "criterion" cannot be "ginni"`}, `Perhaps you meant "gini".`},
		{`{"criterion": 1}`, []string{`must be a text, not 1`}, ``},
		{`{"max_depth": 0, "min_leaf": -1, "x": 1}`, []string{`"max_depth" is out of range`, `"min_leaf" is out of range`, `"x" does not exist`}, ``},
	}
	for _, tt := range tests {
		_, err := CheckParams(tree.Tree{}, fromJSON(t, tt.options))
		var wrong ParamErrors
		if !errors.As(err, &wrong) {
			t.Errorf("%s: error %v", tt.options, err)
			continue
		}
		for _, want := range tt.want {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%s: error %q lacks %q", tt.options, err, want)
			}
		}
		if len(wrong) != len(tt.want) || !strings.Contains(wrong.Hint(), tt.hint) {
			t.Errorf("%s: %d errors, hint %q lacks %q", tt.options, len(wrong), wrong.Hint(), tt.hint)
		}
	}
	if _, err := CheckParams(mlp.New(), fromJSON(t, `{"hidden": [8, 0]}`)); err == nil {
		t.Error("a layer of 0 units was accepted")
	}
	if _, err := CheckParams(mlp.New(), fromJSON(t, `{"hidden": 8}`)); err == nil {
		t.Error("a number was accepted as a list")
	}
}

func TestAnOptionGoesToTheAlgorithmsThatHaveIt(t *testing.T) {
	algs, err := Select(model.Class, nil)
	if err != nil {
		t.Fatal(err)
	}
	got, err := CheckParamsOf(algs, map[string]any{"max_depth": 3.0, "l2": .5})
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]map[string]any{"tree": {"max_depth": 3}, "logistic": {"l2": .5}, "mlp": {"l2": .5}, "gbdt": {"max_depth": 3, "l2": .5}, "forest": {"max_depth": 3, "l2": .5}} {
		if !reflect.DeepEqual(got[name], want) {
			t.Errorf("%s got %v, want %v", name, got[name], want)
		}
	}
}

func TestAlgorithmsAreFoundByNameOrNearName(t *testing.T) {
	for _, a := range Algorithms() {
		if got, err := Algorithm(a.Name()); err != nil || got.Name() != a.Name() {
			t.Errorf("%s: %v", a.Name(), err)
		}
		for _, p := range a.Params() {
			if p.Help == "" {
				t.Errorf("%s: option %q has no help", a.Name(), p.Name)
			}
			if _, err := CheckParams(a, map[string]any{p.Name: p.Default}); err != nil {
				t.Errorf("%s: the default of %q is refused: %v", a.Name(), p.Name, err)
			}
		}
	}
	var unknown *UnknownError
	if _, err := Algorithm("logistik"); !errors.As(err, &unknown) || !strings.HasPrefix(unknown.Hint(), `Perhaps you meant "logistic".`) {
		t.Errorf("error %v", err)
	}
	if _, err := Algorithm("prophet of doom"); !errors.As(err, &unknown) || !strings.HasPrefix(unknown.Hint(), "There are: logistic, linear, tree, gbdt, forest, mlp, auto.") {
		t.Errorf("error %v", err)
	}
}

func TestSelectKnowsTheTask(t *testing.T) {
	names := func(task model.Task, asked ...string) string {
		algs, err := Select(task, asked)
		if err != nil {
			return err.Error()
		}
		var out []string
		for _, a := range algs {
			out = append(out, a.Name())
		}
		return strings.Join(out, " ")
	}
	for _, tt := range []struct{ got, want string }{
		{names(model.Class, "auto"), "logistic tree gbdt forest mlp"},
		{names(model.Value), "linear tree gbdt forest mlp"},
		{names(model.Class, "tree", "auto", "tree"), "tree logistic gbdt forest mlp"},
		{names(model.Value, "logistic"), `algorithm "logistic" does not predict a value`},
		{names(model.Value, "oracle"), `algorithm "oracle" does not exist`},
	} {
		if tt.got != tt.want {
			t.Errorf("got %q, want %q", tt.got, tt.want)
		}
	}
	if got := (&TaskError{"logistic", model.Value}).Hint(); got != "For a value there are: linear, tree, gbdt, forest, mlp, auto." {
		t.Errorf("hint %q", got)
	}
}

func TestDistanceCountsChangedLetters(t *testing.T) {
	for _, tt := range []struct {
		a, b string
		want int
	}{{"", "", 0}, {"", "abc", 3}, {"abc", "", 3}, {"kitten", "sitting", 3}, {"flaw", "lawn", 2}, {"same", "same", 0}} {
		if got := distance(tt.a, tt.b); got != tt.want {
			t.Errorf("distance(%q, %q) = %d, want %d", tt.a, tt.b, got, tt.want)
		}
	}
}
