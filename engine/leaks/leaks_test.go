package leaks

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"cvp/engine/frame"
	"cvp/engine/model"
)

// examples have one column that is the label in disguise, and others that are not.
func examples(task model.Task) *model.Examples {
	const n = 2000
	random := rand.New(rand.NewPCG(1, 2))
	nan := float32(math.NaN())
	e := &model.Examples{X: &frame.Frame{Rows: n}, Y: make([]float32, n)}
	number := func() []float32 { return make([]float32, n) }
	noise, equal, only, half := number(), number(), number(), number()
	codes, unique := make([]int32, n), make([]int32, n)
	uniqueLevels := make([]string, n)
	for i := range n {
		e.Y[i] = float32(random.NormFloat64())
		if task == model.Class {
			e.Y[i] = float32(random.IntN(2))
		}
		noise[i], equal[i], only[i] = float32(random.NormFloat64()), -3*e.Y[i]+1, nan
		half[i] = e.Y[i] + float32(random.NormFloat64())
		if e.Y[i] > 0.5 {
			only[i], codes[i] = noise[i], 1
		}
		unique[i], uniqueLevels[i] = int32(i), strings.Repeat("x", 1+i%7)+string(rune('a'+i%26))
	}
	e.X.Columns = []frame.Column{
		{Name: "noise", Kind: frame.Number, Numbers: noise}, {Name: "equal", Kind: frame.Number, Numbers: equal},
		{Name: "half", Kind: frame.Number, Numbers: half}, {Name: "only where positive", Kind: frame.Number, Numbers: only},
		{Name: "status", Kind: frame.Category, Codes: codes, Levels: []string{"active", "gone"}},
		{Name: "name", Kind: frame.Category, Codes: unique, Levels: uniqueLevels},
	}
	return e
}

func found(list []Finding) map[string]Severity {
	out := map[string]Severity{}
	for _, f := range list {
		out[f.Subject] = f.Severity
	}
	return out
}

func TestColumnsThatAreTheAnswerAreFound(t *testing.T) {
	all := found(Columns(examples(model.Class), examples(model.Class), model.Class, func(name string) bool { return name != "status" }))
	want := map[string]Severity{"equal": Error, "only where positive": Error, "status": Warning}
	if len(all) != len(want) {
		t.Errorf("findings: %v", all)
	}
	for name, severity := range want {
		if all[name] != severity {
			t.Errorf("%s: %q, want %q", name, all[name], severity)
		}
	}
	values := found(Columns(examples(model.Value), examples(model.Value), model.Value, func(string) bool { return true }))
	if len(values) != 1 || values["equal"] != Error {
		t.Errorf("findings of values: %v", values)
	}
}

func TestCleanColumnsGiveOneRemark(t *testing.T) {
	e := examples(model.Class)
	e.X.Columns = []frame.Column{e.X.Columns[0], e.X.Columns[2]}
	got := Columns(e, e, model.Class, func(string) bool { return true })
	if len(got) != 1 || got[0].Severity != Info || got[0].Subject != "half" {
		t.Errorf("findings: %v", got)
	}
}

func TestMomentsAfterTheCutoffAreCounted(t *testing.T) {
	f := &frame.Frame{Rows: 3, Columns: []frame.Column{
		{Name: "joined", Kind: frame.Time, Times: []int64{1, 2, frame.NoTime}},
		{Name: "last_seen", Kind: frame.Time, Times: []int64{9, 10, frame.NoTime}}}}
	got := LaterThan(f, 10)
	if len(got) != 1 || got[0].Subject != "last_seen" || !strings.Contains(got[0].Evidence, "1 of 2") {
		t.Errorf("findings: %v", got)
	}
}

func TestAnAttributeThatKnowsTheNewestWindowBestIsTold(t *testing.T) {
	earlier, newest := examples(model.Class), examples(model.Class)
	earlier.X.Columns, newest.X.Columns = earlier.X.Columns[:1], newest.X.Columns[2:3]
	newest.X.Columns[0].Name = "noise"
	if got := Columns(earlier, newest, model.Class, func(string) bool { return true }); len(got) != 1 || got[0].Check != Newest {
		t.Errorf("findings: %v", got)
	}
}
