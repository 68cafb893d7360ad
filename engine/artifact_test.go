package engine

import (
	"bytes"
	"context"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"cvp/engine/model"
	"cvp/engine/model/modeltest"
)

// trained gives an artifact of the algorithm, quick to fit, and its model.
func trained(t testing.TB, name string, task model.Task) (*Artifact, model.Model, *model.Examples) {
	t.Helper()
	alg, err := Algorithm(name)
	if err != nil {
		t.Fatal(err)
	}
	e := modeltest.Customers(300, task, 1)
	params := map[string]any{}
	if name == "mlp" {
		params["epochs"] = 1
	}
	m, err := alg.Fit(context.Background(), e, nil, model.Settings{Task: task, Seed: 1, Params: params})
	if err != nil {
		t.Fatal(err)
	}
	b, err := m.Encode()
	if err != nil {
		t.Fatal(err)
	}
	return &Artifact{Kind: KindRelation, Task: task, Algorithm: name, Inputs: InputsOf(e.X), Model: b}, m, e
}

func TestEveryAlgorithmsArtifactReturnsTheSameModel(t *testing.T) {
	for _, alg := range Algorithms() {
		for _, task := range []model.Task{model.Class, model.Value} {
			if !alg.Serves(task) {
				continue
			}
			a, m, e := trained(t, alg.Name(), task)
			if task == model.Value {
				a.Kind, a.Features = KindQuestion, json.RawMessage(`{"a":"<b>"}`)
			}
			b, err := a.Encode()
			if err != nil {
				t.Fatal(err)
			}
			got, err := Decode(b)
			if err != nil {
				t.Fatal(err)
			}
			if again, err := got.Encode(); err != nil || !bytes.Equal(again, b) {
				t.Errorf("%s: encoding again gives other bytes (error %v)", alg.Name(), err)
			}
			if !bytes.Equal(got.Model, a.Model) || !slices.Equal(got.Inputs, a.Inputs) || !bytes.Equal(got.Features, a.Features) {
				t.Errorf("%s: the artifact changed", alg.Name())
			}
			loaded, err := got.Load()
			if err != nil {
				t.Fatal(err)
			}
			p, q := make([]float64, e.X.Rows), make([]float64, e.X.Rows)
			if m.Predict(p, e.X) != nil || loaded.Predict(q, e.X) != nil || !slices.Equal(p, q) {
				t.Errorf("%s: predictions changed", alg.Name())
			}
		}
	}
}

func TestDamagedArtifactsAreErrors(t *testing.T) {
	a, _, _ := trained(t, "tree", model.Class)
	b, err := a.Encode()
	if err != nil {
		t.Fatal(err)
	}
	change := func(from, to string) string {
		if !strings.Contains(string(b), from) {
			t.Fatalf("no %s in the artifact", from)
		}
		return strings.Replace(string(b), from, to, 1)
	}
	for name, text := range map[string]string{
		"empty":            "",
		"no object":        "[]",
		"an empty object":  "{}",
		"cut":              string(b[:len(b)-1]),
		"a later format":   change(`"format":1`, `"format":2`),
		"no format":        change(`"format":1,`, ``),
		"another kind":     change(`"relation"`, `"wish"`),
		"another task":     change(`"task":"class"`, `"task":"rank"`),
		"another family":   change(`"algorithm":"tree"`, `"algorithm":"oak"`),
		"an odd column":    change(`"kind":1`, `"kind":9`),
		"features":         change(`"inputs"`, `"features":{},"inputs"`),
		"a missing model":  change(`"model"`, `"muddle"`),
		"a question alone": change(`"relation"`, `"question"`),
	} {
		if _, err := Decode([]byte(text)); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

func FuzzDecodeArtifact(f *testing.F) {
	var e *model.Examples
	for _, alg := range Algorithms() {
		task := model.Class
		if !alg.Serves(task) {
			task = model.Value
		}
		a, _, examples := trained(f, alg.Name(), task)
		b, err := a.Encode()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
		e = examples
	}
	x := e.X.Slice(0, 4)
	f.Fuzz(func(t *testing.T, b []byte) {
		a, err := Decode(b)
		if err != nil {
			return
		}
		if m, err := a.Load(); err == nil {
			_ = m.Predict(make([]float64, x.Rows), x)
		}
	})
}
