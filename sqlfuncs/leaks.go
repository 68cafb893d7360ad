package sqlfuncs

import (
	"fmt"

	"cvp/engine/frame"
	"cvp/engine/leaks"
	"cvp/engine/training"
	"cvp/sqlfuncs/source"
)

// What a training does about an attribute that is the answer.
const (
	refuseLeaks = "refuse"
	warnOfLeaks = "warn"
)

// findLeaks looks for columns that know the answer, tells of what is suspicious and refuses what is certain.
func (t *trainingCall) findLeaks() error {
	attributes := map[string]bool{}
	t.leaks = t.data.Leaks
	if e, ok := t.source.(*source.Events); ok {
		var overwritten []string
		for _, a := range e.Spec.Attributes {
			attributes[a.Column] = true
			if a.Kind != frame.Time { // one in time is missing as of earlier dates
				overwritten = append(overwritten, a.Column)
			}
		}
		t.leaks = append(t.leaks, leaks.AsTheyAre(overwritten)...)
	}
	t.leaks = append(t.leaks, leaks.Columns(t.data.Plan.Train, t.data.Plan.Test, t.data.Task, func(c string) bool { return attributes[c] })...)
	for _, f := range t.leaks {
		switch {
		case f.Severity == leaks.Error && t.options.Leaks != warnOfLeaks:
			return failure("22023", fmt.Sprintf("attribute %q knows the answer: %s", f.Subject, f.Evidence),
				fmt.Sprintf(`Leave it out: options => '{"exclude": [%q]}'. If it is known before the answer, train with '{"leaks": "warn"}'.`, f.Subject))
		case f.Severity != leaks.Info:
			t.notices.say(f.Advice, "%q, %s: %s", f.Subject, f.Check, f.Evidence)
		}
	}
	return nil
}

// tooGood doubts the quality of the chosen model.
func (t *trainingCall) tooGood(r *training.Result) []leaks.Finding {
	found := leaks.Quality(r.Metric, r.Leaderboard[0].Value)
	for _, f := range found {
		t.notices.say(f.Advice, "%s is too good to be true: %s", f.Subject, f.Evidence)
	}
	return found
}
