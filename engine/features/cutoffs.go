package features

import (
	"fmt"
	"math"
	"time"
)

// PlanOptions shape a plan. Zero values mean the defaults, which depend on the horizon.
type PlanOptions struct {
	Step    time.Duration // between training cutoffs; default: whole weeks up to 28 days, so that Max cutoffs fill the history
	First   int64         // no cutoff before this instant (microseconds); default: where enough history lies before it
	Test    int64         // the test cutoff (microseconds); default: one horizon before the end of the data
	Max     int           // training and validation cutoffs together, default 12
	History time.Duration // events before the first cutoff, default 2 horizons, at least 20 horizons or 120 days, less where there is little
}

// Plan says as of which instants (microseconds) examples are built. Label windows of Train end by the first Validate
// cutoff, those of Validate by Test, and the window of Test by the end of the data, unless Notes say otherwise.
type Plan struct {
	Train    []int64  `json:"train"`    // ascending
	Validate []int64  `json:"validate"` // empty where history is too short for one
	Test     int64    `json:"test"`
	Notes    []string `json:"notes,omitempty"`
}

// Cutoffs gives the training and the validation cutoffs, those of a last fit.
func (p Plan) Cutoffs() []int64 { return append(append([]int64(nil), p.Train...), p.Validate...) }

// planner holds the lengths, in microseconds, that a plan is made of.
type planner struct {
	first, horizon, step, max int64
	gap                       int64 // from a cutoff to the next part: the horizon in whole periods
	earliest                  int64 // cutoffs lie at or after this
}

// PlanCutoffs spreads cutoffs over the history from firstEvent to asOf (both microseconds), the end of the data.
//
// The test cutoff lies one horizon before the end. Validation lies one horizon before the test, training cutoffs one
// horizon before that and then every step back, as far as history allows. These distances are rounded up to whole weeks
// (whole days for horizons under a day), since weekdays and hours differ.
func PlanCutoffs(firstEvent, asOf int64, horizon time.Duration, o PlanOptions) (Plan, error) {
	if horizon < time.Second {
		return Plan{}, fmt.Errorf("horizon %v is shorter than a second", horizon)
	}
	h := horizon.Microseconds()
	plan := Plan{Test: asOf - h}
	if o.Test != 0 {
		plan.Test = o.Test
	}
	if plan.Test > asOf-h {
		return Plan{}, fmt.Errorf("the label window of the test cutoff ends %.1f days after the data", daysBetween(asOf, plan.Test+h))
	}
	p := planner{first: firstEvent, horizon: h, gap: wholePeriods(h), max: 12}
	if o.Max > 0 {
		p.max = int64(o.Max)
	}
	p.chooseHistory(&plan, o)
	if plan.Test-h < p.earliest {
		return Plan{}, p.tooShort(asOf, plan.Test)
	}
	p.chooseStep(plan.Test, o)
	p.place(&plan)
	return plan, nil
}

const microsPerWeek = 7 * microsPerDay

// wholePeriods rounds a length up to whole weeks, or to one day where it is shorter: cutoffs that far apart see the
// same weekday, or the same hour.
func wholePeriods(length int64) int64 {
	if length < microsPerDay {
		return microsPerDay
	}
	return (length + microsPerWeek - 1) / microsPerWeek * microsPerWeek
}

// leastHistory is what must lie before the first cutoff whatever else is wanted: one horizon, within a day and 30 days.
func (p *planner) leastHistory() int64 { return max(microsPerDay, min(p.horizon, 30*microsPerDay)) }

// chooseHistory sets the earliest cutoff: with the history one would like where that leaves room for validation and
// three training cutoffs, else with the least.
func (p *planner) chooseHistory(plan *Plan, o PlanOptions) {
	if o.First != 0 {
		p.earliest = max(o.First, p.first+1)
		return
	}
	if o.History > 0 {
		p.earliest = p.first + o.History.Microseconds()
		return
	}
	wanted := max(2*p.horizon, min(20*p.horizon, 120*microsPerDay))
	p.earliest = p.first + wanted
	if room := plan.Test - 2*p.gap - p.earliest; room < 2*min(p.gap, 28*microsPerDay) {
		least := p.leastHistory()
		p.earliest = max(p.first+least, min(p.earliest, plan.Test-2*p.gap-2*min(p.gap, 28*microsPerDay)))
		plan.Notes = append(plan.Notes, fmt.Sprintf("history is short: the first cutoff has %.0f days of events before it, %.0f would be better",
			daysBetween(p.first, p.earliest), daysBetween(0, wanted)))
	}
}

// chooseStep spreads the cutoffs over the room there is, a week (a day for horizons under a day) to 28 days apart.
func (p *planner) chooseStep(test int64, o PlanOptions) {
	if o.Step > 0 {
		p.step = o.Step.Microseconds()
		return
	}
	least := min(p.gap, microsPerWeek)
	even := (test - 2*p.gap - p.earliest) / max(1, p.max-2) / least * least
	p.step = min(max(even, least), 28*microsPerDay)
}

// place puts validation and training cutoffs before the test cutoff.
func (p *planner) place(plan *Plan) {
	validate := plan.Test - p.gap
	if validate < p.earliest {
		validate = plan.Test - p.horizon
	}
	last := validate - p.gap
	if last < p.earliest {
		last = validate - p.horizon
	}
	switch {
	case last >= p.earliest:
		plan.Validate = []int64{validate}
	case validate-p.step >= p.earliest:
		plan.Validate, last = []int64{validate}, validate-p.step
		plan.Notes = append(plan.Notes, fmt.Sprintf("history is short: label windows of training overlap that of validation by %.0f days",
			daysBetween(validate, last+p.horizon)))
	default:
		last = validate
		plan.Notes = append(plan.Notes, "history is short: there is one training cutoff and no validation cutoff")
	}
	for c := last; c >= p.earliest && int64(len(plan.Train)+len(plan.Validate)) < p.max; c -= p.step {
		plan.Train = append([]int64{c}, plan.Train...)
	}
	if len(plan.Train) == 0 { // Max is 1: the validation cutoff took the only place
		plan.Train, plan.Validate = plan.Validate, nil
	}
}

// tooShort says how many days of history are needed and how many there are.
func (p *planner) tooShort(asOf, test int64) error {
	before := max(p.earliest-p.first, p.leastHistory())
	needed := daysBetween(0, before+p.horizon) + daysBetween(test, asOf)
	return fmt.Errorf("history of %.4g days is too short: at least %.4g days are needed (%.4g before the first cutoff, %.4g for the labels of training, %.4g for the test)",
		math.Max(0, daysBetween(p.first, asOf)), needed, daysBetween(0, before), daysBetween(0, p.horizon), daysBetween(test, asOf))
}
