// Package leaks looks for columns that know the answer: values that were written after the moment from which a model
// predicts. It tells what it finds with evidence; what becomes of it is the caller's decision.
package leaks

import (
	"fmt"
	"math"
	"slices"

	"cvp/engine/frame"
	"cvp/engine/metrics"
	"cvp/engine/model"
)

// Severity says how sure a finding is.
type Severity string

// The severities: an Error is all but certain to be a leak, a Warning has to be looked at, Info is a limit of what was checked.
const (
	Error   Severity = "error"
	Warning Severity = "warning"
	Info    Severity = "info"
)

// Finding is the outcome of one check about one subject.
type Finding struct {
	Check    string   `json:"check"`
	Subject  string   `json:"subject"`
	Severity Severity `json:"severity"`
	Evidence string   `json:"evidence"`
	Advice   string   `json:"advice"`
}

// Names of the checks.
const (
	EqualsLabel = "column equals the answer"
	Later       = "value later than the cutoff"
	Newest      = "knows the newest window best"
	InPlace     = "read as it is now"
	TooGood     = "too good to be true"
	Nothing     = "columns against the answer"
)

// known is how well one column alone may order the examples by their label before it is taken for the label itself:
// the area under the ROC curve, or the absolute rank correlation.
const known = 0.99

// sampleRows bounds the rows that a column is judged on.
const sampleRows = 50_000

// stronger is by how much an attribute may order the newest window better than earlier ones.
const stronger = 0.15

// Columns judges each column of the examples on its own, the newest ones (of the test window) and the earlier ones apart.
// attribute says that a column is an attribute, which no cutoff protects; of other columns only a warning is given. Without a
// finding there is an Info that says what was checked.
func Columns(earlier, newest *model.Examples, task model.Task, attribute func(column string) bool) []Finding {
	past, present := judge(earlier), judge(newest)
	var out []Finding
	strongest, power := "", 0.0
	for i := range earlier.X.Columns {
		c := &earlier.X.Columns[i]
		before := Power(c, past.rows, past.y, task)
		now := before
		if n := newest.X.Column(c.Name); n != nil {
			now = Power(n, present.rows, present.y, task)
		}
		p := max(before, now)
		if p > power {
			strongest, power = c.Name, p
		}
		switch {
		case p >= known:
			f := Finding{Check: EqualsLabel, Subject: c.Name, Severity: Warning,
				Evidence: fmt.Sprintf("alone it orders the examples with %s %.4f", measure(task), p),
				Advice:   "See when the column is written. If that is after the moment of prediction, exclude it."}
			if attribute(c.Name) {
				f.Severity = Error
			}
			out = append(out, f)
		case attribute(c.Name) && now > before+stronger:
			out = append(out, Finding{Check: Newest, Subject: c.Name, Severity: Warning,
				Evidence: fmt.Sprintf("alone it orders the test window with %s %.3f, earlier ones with %.3f", measure(task), now, before),
				Advice:   "It seems to be overwritten by what happens to the entity: exclude it."})
		}
	}
	if len(out) == 0 && strongest != "" {
		out = append(out, Finding{Check: Nothing, Subject: strongest, Severity: Info,
			Evidence: fmt.Sprintf("the strongest of %d columns alone has %s %.3f", len(earlier.X.Columns), measure(task), power),
			Advice:   "Nothing to do."})
	}
	return out
}

// judged are the rows that columns are judged on, and their labels.
type judged struct {
	rows []int
	y    []float32
}

func judge(e *model.Examples) judged {
	j := judged{rows: spread(e.X.Rows)}
	for _, r := range j.rows {
		j.y = append(j.y, e.Y[r])
	}
	return j
}

func measure(task model.Task) string {
	if task == model.Class {
		return "AUC"
	}
	return "rank correlation"
}

// spread gives at most sampleRows row numbers, evenly over all.
func spread(n int) []int {
	out := make([]int, min(n, sampleRows))
	for i := range out {
		out[i] = int(int64(i) * int64(n) / int64(len(out)))
	}
	return out
}

// Power is how well a column alone orders the rows by their labels: the area under the ROC curve, at least 0.5, or the
// absolute rank correlation, at least 0. Having a value at all is judged too, and the better of both is given.
func Power(c *frame.Column, rows []int, y []float32, task model.Task) float64 {
	var means []float64
	if c.Kind == frame.Category {
		means = levelMeans(c, rows, y)
	}
	present := make([]float64, len(rows))
	var labels []float32
	var values []float64
	for i, r := range rows {
		if c.Missing(r) {
			continue
		}
		present[i] = 1
		labels = append(labels, y[i])
		switch c.Kind {
		case frame.Category:
			values = append(values, means[i])
		case frame.Time:
			values = append(values, float64(c.Times[r]))
		default:
			values = append(values, float64(c.Numbers[r]))
		}
	}
	best := none(task)
	if len(values) > 0 && len(values) < len(rows) {
		best = order(task, y, present)
	}
	// A few rows with a value order themselves by chance.
	if len(labels)*20 >= len(rows) {
		best = max(best, order(task, labels, values))
	}
	return best
}

// none is the power of a column that tells no rows apart.
func none(task model.Task) float64 {
	if task == model.Class {
		return 0.5
	}
	return 0
}

// order is the power of scores over labels.
func order(task model.Task, y []float32, p []float64) float64 {
	if len(p) == 0 {
		return 0
	}
	metric := metrics.Spearman
	if task == model.Class {
		metric = metrics.ROCAUC
	}
	v := metrics.Find(metrics.Evaluate(task, y, p), metric)
	switch {
	case math.IsNaN(v):
		return none(task)
	case task == model.Class:
		return max(v, 1-v)
	}
	return math.Abs(v)
}

// levelMeans gives each row the mean label of its level among the other half of the rows, so that a level of one row
// does not know its own label.
func levelMeans(c *frame.Column, rows []int, y []float32) []float64 {
	type total struct{ sum, n float64 }
	halves := [2]map[int32]total{{}, {}}
	var mean total
	for i, r := range rows {
		t := halves[i%2][c.Codes[r]]
		halves[i%2][c.Codes[r]] = total{t.sum + float64(y[i]), t.n + 1}
		mean = total{mean.sum + float64(y[i]), mean.n + 1}
	}
	out := make([]float64, len(rows))
	for i, r := range rows {
		out[i] = mean.sum / mean.n
		if t := halves[1-i%2][c.Codes[r]]; t.n > 0 {
			out[i] = t.sum / t.n
		}
	}
	return out
}

// LaterThan tells which Time columns lie at or after a moment (microseconds since 1970 UTC) in some of the rows: of those
// rows the column could not have been known at it.
func LaterThan(f *frame.Frame, moment int64) []Finding {
	var out []Finding
	for i := range f.Columns {
		c := &f.Columns[i]
		if c.Kind != frame.Time {
			continue
		}
		later, present := 0, 0
		for _, t := range c.Times {
			if t != frame.NoTime {
				present++
			}
			if t >= moment {
				later++
			}
		}
		if later > 0 {
			out = append(out, Finding{Check: Later, Subject: c.Name, Severity: Warning,
				Evidence: fmt.Sprintf("%d of %d values are later than the first date of the test window", later, present),
				Advice:   "They count as missing as of earlier dates. If the column is overwritten in place (a last visit, a last change), exclude it: its earlier values are gone."})
		}
	}
	return out
}

// AsTheyAre names columns whose history is not kept, so that past examples see their present values.
func AsTheyAre(columns []string) []Finding {
	out := make([]Finding, len(columns))
	for i, name := range columns {
		out[i] = Finding{Check: InPlace, Subject: name, Severity: Info, Evidence: "examples of the past see the value that the column has today",
			Advice: "Exclude it if it is overwritten by what happens to the entity."}
	}
	return out
}

// Quality doubts a model that is better than the future lets one be: value is the metric on the test rows.
func Quality(metric string, value float64) []Finding {
	if !slices.Contains([]string{metrics.ROCAUC, metrics.AveragePrecision, metrics.Spearman}, metric) || value < known {
		return nil
	}
	return []Finding{{Check: TooGood, Subject: metric, Severity: Warning, Evidence: fmt.Sprintf("%.4f on the test rows", value),
		Advice: "Look for the answer among the features: SELECT * FROM cvp_features(model, key)."}}
}
