package features

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"
)

// show writes a plan in days since the first event.
func (p Plan) show() string {
	days := func(cutoffs []int64) []float64 {
		var out []float64
		for _, c := range cutoffs {
			out = append(out, float64(c)/float64(day))
		}
		return out
	}
	return fmt.Sprintf("train %v validate %v test %v notes %d", days(p.Train), days(p.Validate), days([]int64{p.Test}), len(p.Notes))
}

func TestPlansFitTheHistory(t *testing.T) {
	hours := func(n int) time.Duration { return time.Duration(n) * time.Hour }
	for _, c := range []struct {
		name         string
		days         int64
		horizon      time.Duration
		options      PlanOptions
		want, reason string
	}{
		{"a year, 30 days", 365, hours(720), PlanOptions{}, "train [125 139 153 167 181 195 209 223 237 251 265] validate [300] test [335] notes 0", ""},
		{"two years, 90 days", 730, hours(2160), PlanOptions{}, "train [248 269 290 311 332 353 374 395 416 437 458] validate [549] test [640] notes 0", ""},
		{"two years, 90 days, given step and number", 730, hours(2160), PlanOptions{Step: hours(24 * 91), Max: 3}, "train [367 458] validate [549] test [640] notes 0", ""},
		{"half a year, 30 days", 182, hours(720), PlanOptions{}, "train [33 40 47 54 61 68 75 82] validate [117] test [152] notes 1", "history is short"},
		{"105 days, 30 days", 105, hours(720), PlanOptions{}, "train [33] validate [40] test [75] notes 2", "overlap that of validation by 23 days"},
		{"one cutoff only", 92, hours(720), PlanOptions{}, "train [32] validate [] test [62] notes 2", "no validation cutoff"},
		{"a first cutoff is given", 365, hours(720), PlanOptions{First: 200 * day}, "train [202 209 216 223 230 237 244 251 258 265] validate [300] test [335] notes 0", ""},
		{"a test cutoff is given", 365, hours(720), PlanOptions{Test: 300 * day, Step: hours(24 * 28)}, "train [146 174 202 230] validate [265] test [300] notes 0", ""},
		{"6 hours", 10, hours(6), PlanOptions{}, "train [5.75 6.75 7.75] validate [8.75] test [9.75] notes 0", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			p, err := PlanCutoffs(0, c.days*day, c.horizon, c.options)
			if err != nil {
				t.Fatal(err)
			}
			if got := p.show(); got != c.want {
				t.Errorf("got  %s\nwant %s\n%v", got, c.want, p.Notes)
			}
			if !strings.Contains(strings.Join(p.Notes, "; "), c.reason) {
				t.Errorf("notes %q do not say %q", p.Notes, c.reason)
			}
		})
	}
}

func TestAPlanThatCannotBeSaysWhatIsMissing(t *testing.T) {
	for _, c := range []struct {
		days    int64
		horizon time.Duration
		options PlanOptions
		want    string
	}{
		{89, 720 * time.Hour, PlanOptions{}, "history of 89 days is too short: at least 90 days are needed (30 before the first cutoff, 30 for the labels of training, 30 for the test)"},
		{0, time.Hour, PlanOptions{}, "history of 0 days is too short: at least 1.083 days are needed (1 before the first cutoff, 0.04167 for the labels of training, 0.04167 for the test)"},
		{100, 24 * time.Hour, PlanOptions{Test: 100 * day}, "the label window of the test cutoff ends 1.0 days after the data"},
		{100, 0, PlanOptions{}, "horizon 0s is shorter than a second"},
	} {
		if p, err := PlanCutoffs(0, c.days*day, c.horizon, c.options); err == nil || err.Error() != c.want {
			t.Errorf("got  %v, %s\nwant %s", err, p.show(), c.want)
		}
	}
}

func TestNoLabelWindowOfAnyPlanReachesIntoALaterPart(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	planned := 0
	for range 5000 {
		first := r.Int64N(1e15)
		asOf := first + r.Int64N(1500*day)
		horizon := time.Duration(1+r.Int64N(200*24)) * time.Hour
		p, err := PlanCutoffs(first, asOf, horizon, PlanOptions{Max: r.IntN(20)})
		if err != nil {
			continue
		}
		planned++
		h := horizon.Microseconds()
		end := p.Test
		if len(p.Validate) > 0 {
			if p.Validate[0]+h > p.Test {
				t.Fatalf("validation reaches into the test: %+v", p)
			}
			if end = p.Validate[0]; strings.Contains(fmt.Sprint(p.Notes), "overlap") {
				end = p.Test
			}
		}
		if p.Test+h > asOf || len(p.Train) == 0 || !slices.IsSorted(p.Train) || p.Train[0] <= first {
			t.Fatalf("horizon %v: %+v", horizon, p)
		}
		if last := p.Train[len(p.Train)-1]; last+h > end || len(p.Validate) > 0 && last >= p.Validate[0] {
			t.Fatalf("training reaches into validation, horizon %v: %+v", horizon, p)
		}
	}
	if planned < 3000 {
		t.Errorf("only %d plans were made", planned)
	}
}
