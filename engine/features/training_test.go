package features_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"cvp/engine/features"
	"cvp/engine/frame"
	"cvp/engine/model"
	"cvp/engine/training"
)

const (
	shopEnd = 400 // days
	day     = int64(24 * time.Hour / time.Microsecond)
)

// shopOf draws the purchases of customers with rates of their own; flag gives for a purchase's customer and day what
// the column "flag" holds.
func shopOf(customers int, flag func(customer, at int) float32) *frame.Frame {
	r := rand.New(rand.NewPCG(11, 5))
	customer := frame.Column{Name: "customer", Kind: frame.Category}
	at := frame.Column{Name: "at", Kind: frame.Time}
	amount := frame.Column{Name: "amount", Kind: frame.Number}
	told := frame.Column{Name: "flag", Kind: frame.Number}
	for c := range customers {
		customer.Levels = append(customer.Levels, fmt.Sprint("c", c))
		every := 5 + 60*r.Float64()
		for d := r.ExpFloat64() * every; d < shopEnd; d += r.ExpFloat64() * every {
			customer.Codes, at.Times = append(customer.Codes, int32(c)), append(at.Times, int64(d*float64(day)))
			amount.Numbers, told.Numbers = append(amount.Numbers, float32(r.ExpFloat64()*20)), append(told.Numbers, flag(c, int(d)))
		}
	}
	return &frame.Frame{Rows: len(at.Times), Columns: []frame.Column{customer, at, amount, told}}
}

// testAUC trains on the cutoffs before the test as sqlfuncs does and gives the AUC of the test. label, where not nil,
// replaces the answers.
func testAUC(t *testing.T, f *frame.Frame, label func(model.Examples)) float64 {
	t.Helper()
	ev, err := features.NewEvents(f, features.Roles{Entity: "customer", Time: "at"})
	if err != nil {
		t.Fatal(err)
	}
	target := features.Target{Aggregate: features.Count, Compare: "=", Horizon: 30 * 24 * time.Hour}
	plan, err := features.PlanCutoffs(0, shopEnd*day, target.Horizon, features.PlanOptions{})
	if err != nil {
		t.Fatal(err)
	}
	tables := features.NewTables(ev, nil)
	spec, err := features.Learn(tables, target, plan.Cutoffs(), features.Options{})
	if err != nil {
		t.Fatal(err)
	}
	examples := func(cutoffs ...int64) *model.Examples {
		points := ev.PointsAt(cutoffs)
		x, err := spec.Compute(t.Context(), tables, points)
		if err != nil {
			t.Fatal(err)
		}
		e := model.Examples{X: x, Y: target.Labels(ev, points)}
		if label != nil {
			label(e)
		}
		return &e
	}
	result, err := training.Run(t.Context(), training.Plan{Train: examples(plan.Train...), Validate: examples(plan.Validate...), Test: examples(plan.Test)},
		training.Request{Task: model.Class, Algorithms: []string{"logistic"}, Seed: 1, Metric: "roc_auc"})
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range result.Leaderboard {
		if row.Algorithm == "logistic" {
			return row.Value
		}
	}
	t.Fatal("no figure of the model")
	return 0
}

// The label of the purchases of the last window before a cutoff would be known only after it. A column that holds on each
// purchase whether the customer comes back within the 30 days behind the last test cutoff is worth nothing to a model
// that reads it on purchases behind that cutoff only.
func TestAColumnThatEncodesTheFutureDoesNotRaiseTheTestAUC(t *testing.T) {
	plan, err := features.PlanCutoffs(0, shopEnd*day, 30*24*time.Hour, features.PlanOptions{})
	if err != nil {
		t.Fatal(err)
	}
	test := int(plan.Test / day)
	honest := testAUC(t, shopOf(1500, func(int, int) float32 { return 1 }), nil)
	// A purchase in a window of an answer says with 1,000 that there was one: who has none has no such row.
	planted := testAUC(t, shopOf(1500, func(_, at int) float32 {
		if at >= test {
			return 1000
		}
		return 1
	}), nil)
	if honest < 0.6 {
		t.Errorf("AUC %.3f: nothing is learned, so nothing is tested", honest)
	}
	if math.Abs(planted-honest) > 0.005 {
		t.Errorf("AUC %.3f with the future planted, %.3f without", planted, honest)
	}
}

func TestShuffledLabelsGiveAnAUCOfOneHalf(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 3))
	auc := testAUC(t, shopOf(6000, func(int, int) float32 { return 1 }), func(e model.Examples) {
		r.Shuffle(len(e.Y), func(a, b int) { e.Y[a], e.Y[b] = e.Y[b], e.Y[a] })
	})
	if math.Abs(auc-0.5) > 0.02 {
		t.Errorf("AUC %.3f of shuffled labels", auc)
	}
}
