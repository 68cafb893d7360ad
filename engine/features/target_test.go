package features

import (
	"encoding/json"
	"math"
	"testing"
	"time"

	"cvp/engine/model"
)

func TestLabelsAreWhatSQLWouldGive(t *testing.T) {
	// The window is [10 d, 12 d): rows at its start count, rows at its end do not.
	rows := []shopRow{
		{customer: "a", at: 9 * day, amount: 100, match: 1},
		{customer: "a", at: 10 * day, amount: 1, match: 1},
		{customer: "a", at: 11 * day, amount: missing, match: 1},
		{customer: "a", at: 12*day - 1, amount: 5, match: 1},
		{customer: "a", at: 11 * day, amount: 50, match: 0},
		{customer: "a", at: 11 * day, amount: 60, match: missing},
		{customer: "a", at: 12 * day, amount: 1000, match: 1},
		{customer: "b", at: 1 * day, amount: 3, match: 1},
		{customer: "c", at: 1 * day, amount: 3, match: 1},
		{customer: "c", at: 11 * day, amount: missing, match: 1},
	}
	nan := math.NaN()
	valued := Roles{Entity: "customer", Time: "at", Value: "amount", Match: "match"}
	for _, c := range []struct {
		name      string
		roles     Roles
		aggregate Aggregate
		compare   string
		constant  float64
		want      [3]float64
		task      model.Task
	}{
		{"count of a column leaves NULL out", valued, Count, "", 0, [3]float64{2, 0, 0}, model.Value},
		{"count of rows", Roles{Entity: "customer", Time: "at", Match: "match"}, Count, "", 0, [3]float64{3, 0, 1}, model.Value},
		{"count without a condition", Roles{Entity: "customer", Time: "at"}, Count, "", 0, [3]float64{5, 0, 1}, model.Value},
		{"sum of nothing is 0", valued, Sum, "", 0, [3]float64{6, 0, 0}, model.Value},
		{"mean of nothing is missing", valued, Avg, "", 0, [3]float64{3, nan, nan}, model.Value},
		{"least", valued, Min, "", 0, [3]float64{1, nan, nan}, model.Value},
		{"greatest", valued, Max, "", 0, [3]float64{5, nan, nan}, model.Value},
		{"exists counts rows with NULL", valued, Exists, "", 0, [3]float64{1, 0, 1}, model.Class},
		{"not exists", valued, Exists, "=", 0, [3]float64{0, 1, 0}, model.Class},
		{"churn", valued, Count, "=", 0, [3]float64{0, 1, 1}, model.Class},
		{"more than", valued, Sum, ">", 6, [3]float64{0, 0, 0}, model.Class},
		{"at least", valued, Sum, ">=", 6, [3]float64{1, 0, 0}, model.Class},
		{"less than", valued, Sum, "<", 6, [3]float64{0, 1, 1}, model.Class},
		{"at most", valued, Sum, "<=", 6, [3]float64{1, 1, 1}, model.Class},
		{"not equal", valued, Sum, "<>", 6, [3]float64{0, 1, 1}, model.Class},
		{"a comparison with NULL is missing", valued, Max, ">", 4, [3]float64{1, nan, nan}, model.Class},
	} {
		t.Run(c.name, func(t *testing.T) {
			ev := mustEvents(t, rows, c.roles)
			target := Target{Aggregate: c.aggregate, Compare: c.compare, Constant: c.constant, Horizon: 48 * time.Hour}
			if err := target.Check(ev); err != nil {
				t.Fatal(err)
			}
			if target.Task() != c.task {
				t.Errorf("task %s, want %s", target.Task(), c.task)
			}
			for i, got := range target.Labels(ev, ev.SeenBefore(10*day)) {
				if w := c.want[i]; float64(got) != w && !(got != got && w != w) {
					t.Errorf("%s: got %v, want %v", ev.Keys[i], got, w)
				}
			}
		})
	}
}

func TestATargetThatCannotBeIsRefused(t *testing.T) {
	ev := mustEvents(t, shopRows(1, 2, 30), Roles{Entity: "customer", Time: "at"})
	for _, c := range []struct {
		target Target
		want   string
	}{
		{Target{Aggregate: "mode", Horizon: time.Hour}, `unknown aggregate "mode": use one of count, count_distinct, sum, exists, avg, min, max, first, last`},
		{Target{Aggregate: Count, Compare: "!=", Horizon: time.Hour}, `unknown comparison "!=": use one of = <> < <= > >=`},
		{Target{Aggregate: Count}, "horizon 0s is shorter than a second"},
		{Target{Aggregate: Sum, Horizon: time.Hour}, "aggregate sum needs a number column"},
	} {
		if err := c.target.Check(ev); err == nil || err.Error() != c.want {
			t.Errorf("got %v, want %s", err, c.want)
		}
		if l := c.target.Labels(ev, ev.SeenBefore(30*day)); l[0] == l[0] {
			t.Errorf("%+v has label %v", c.target, l[0])
		}
	}
}

func TestTargetsSurviveJSON(t *testing.T) {
	want := Target{Aggregate: Count, Compare: ">", Constant: 2.5, Horizon: 90 * time.Minute}
	b, err := json.Marshal(want)
	if err != nil {
		t.Fatal(err)
	}
	var got Target
	if err := json.Unmarshal(b, &got); err != nil || got != want {
		t.Errorf("%s gave %+v, %v", b, got, err)
	}
}
