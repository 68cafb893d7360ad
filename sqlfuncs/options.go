package sqlfuncs

import (
	"encoding/json"
	"fmt"
	"slices"
	"sort"
	"strings"
	"time"

	"cvp/engine"
	"cvp/sqlfuncs/question"
)

// options are the jsonb argument of cvp_train. Times are UTC.
type options struct {
	Seed     uint64   `json:"seed"`
	Threads  int      `json:"threads"`
	Exclude  []string `json:"exclude"`  // columns that are no features
	Positive string   `json:"positive"` // relation, attribute: the text label that counts as 1

	AsOf        string  `json:"as_of"`        // question: nothing later is read
	FirstCutoff string  `json:"first_cutoff"` // question: the earliest training cutoff
	TestCutoff  string  `json:"test_cutoff"`  // question: where the test window begins
	StepDays    float64 `json:"step_days"`    // question: time between training cutoffs
	Time        string  `json:"time"`         // question: table.column of the events' time
	Link        string  `json:"link"`         // question: events.customer = customers.customer_id
	Group       string  `json:"group"`        // question: column of the purchase an event belongs to

	Recorded string `json:"recorded_at"` // question: table.column of the moment since when an event is known

	Sides []string `json:"sides"` // question: tables of other events to read, [] for none; all that the schema shows

	Leaks string `json:"leaks"` // what to do about an attribute that is the answer: refuse or warn

	// Algorithms lists candidates in place of 'auto'.
	Algorithms []string `json:"algorithms"`
	// Hyperparameters are all other options; the algorithms check them.
	Hyperparameters map[string]any `json:"-"`

	seeded bool // the seed was given
}

// optionNames lists what options has, for errors and hints.
var optionNames = []string{"algorithms", "as_of", "exclude", "first_cutoff", "group", "leaks", "link", "positive", "recorded_at", "seed", "sides", "step_days", "test_cutoff", "threads", "time"}

// readOptions reads the options of a training; all problems are reported together. Names it does not know are
// taken for hyperparameters.
func readOptions(text string) (*options, error) {
	o := &options{Seed: 1, Hyperparameters: map[string]any{}}
	if text == "" {
		return o, nil
	}
	var raw map[string]json.RawMessage
	if err := json.Unmarshal([]byte(text), &raw); err != nil {
		return nil, failure("22023", "options is not a JSON object", `Write it like options => '{"seed": 7}'.`)
	}
	var problems []string
	known := map[string]json.RawMessage{}
	for name, value := range raw {
		if slices.Contains(optionNames, name) {
			known[name] = value
			continue
		}
		if near, ok := question.Nearest(name, optionNames); ok && !isHyperparameter(name) {
			problems = append(problems, fmt.Sprintf("unknown option %q (did you mean %q?)", name, near))
			continue
		}
		var v any
		if err := json.Unmarshal(value, &v); err != nil {
			problems = append(problems, fmt.Sprintf("option %q: %v", name, err))
		}
		o.Hyperparameters[name] = v
	}
	for name, value := range known {
		one, _ := json.Marshal(map[string]json.RawMessage{name: value})
		if err := json.Unmarshal(one, o); err != nil {
			problems = append(problems, fmt.Sprintf("option %q does not take the value %s", name, value))
		}
	}
	for _, t := range []struct{ name, value string }{{"as_of", o.AsOf}, {"first_cutoff", o.FirstCutoff}, {"test_cutoff", o.TestCutoff}} {
		if _, err := instant(t.value); err != nil {
			problems = append(problems, fmt.Sprintf("option %q: %v", t.name, err))
		}
	}
	if !slices.Contains([]string{"", refuseLeaks, warnOfLeaks}, o.Leaks) {
		problems = append(problems, fmt.Sprintf(`option "leaks" is %q or %q, not %q`, refuseLeaks, warnOfLeaks, o.Leaks))
	}
	if o.StepDays < 0 {
		problems = append(problems, `option "step_days" must be positive`)
	}
	if len(problems) > 0 {
		sort.Strings(problems)
		return nil, failure("22023", strings.Join(problems, "; "), "Options are "+strings.Join(optionNames, ", ")+
			", and the hyperparameters of the algorithms.")
	}
	_, o.seeded = known["seed"]
	return o, nil
}

// isHyperparameter reports whether some algorithm has a hyperparameter of that name.
func isHyperparameter(name string) bool {
	for _, a := range engine.Algorithms() {
		for _, p := range a.Params() {
			if p.Name == name {
				return true
			}
		}
	}
	return false
}

// instant reads a date or time as microseconds since 1970 UTC, 0 for "".
func instant(s string) (int64, error) {
	if s == "" {
		return 0, nil
	}
	for _, layout := range []string{"2006-01-02", "2006-01-02 15:04:05", "2006-01-02T15:04:05", "2006-01-02 15:04:05Z07:00", time.RFC3339Nano, "2006-01-02 15:04:05-07"} {
		if t, err := time.Parse(layout, s); err == nil {
			return t.UnixMicro(), nil
		}
	}
	return 0, fmt.Errorf("%q is not a date such as 2011-09-10 or a time such as 2011-09-10 08:00:00", s)
}

func didYouMean(word string, names []string) string {
	if near, ok := question.Nearest(word, names); ok {
		return fmt.Sprintf(" (did you mean %q?)", near)
	}
	return ""
}
