package features

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"cvp/engine/frame"
)

// Options bound what Learn chooses. Zero values mean the defaults.
type Options struct {
	Amount    string // number column that says what a purchase was worth; "": Roles.Value, else one named like an amount
	MixLevels int    // levels of a category column that get a share, default 12
	MaxLevels int    // levels above which a category column only gives distinct counts, default 100
	Windows   []int  // days; nil: adapted to the data and the horizon
	First     int64  // time of the first event where the events are a sample; 0: the first of them
}

const (
	attributeLevels  = 1000 // more distinct texts than this identify rows rather than describe them
	seasonCutoffs    = 24   // fewer cutoffs than this, or less than two years, teach no season
	seasonDays       = 730
	leastActiveShare = 0.02 // a window in which fewer entities than this had an event says little
)

// learner gathers what Learn decides from: events of one table, before the end only.
type learner struct {
	ev     *Events
	opts   Options
	start  int64 // the first training cutoff
	end    int64 // the last training cutoff
	first  int64 // of the events before the end
	spec   *Spec
	stream *Stream
}

// Learn fixes the features for a target from what was known before the last of the training cutoffs. It looks at no
// label, so the cutoffs may be shared with validation. A side without an event before then gives no features.
func Learn(t *Tables, target Target, cutoffs []int64, opts Options) (*Spec, error) {
	if err := target.Check(t.Events); err != nil {
		return nil, fmt.Errorf("learn features: %w", err)
	}
	if len(cutoffs) == 0 {
		return nil, fmt.Errorf("learn features: no training cutoffs")
	}
	opts.MixLevels = cmp.Or(opts.MixLevels, 12)
	opts.MaxLevels = cmp.Or(opts.MaxLevels, 100)
	t = t.KnownAt(slices.Max(cutoffs))
	spec := &Spec{Version: specVersion, Target: target, Value: t.Events.valueName}
	l := &learner{ev: t.Events, opts: opts, start: slices.Min(cutoffs), end: slices.Max(cutoffs), spec: spec, stream: &spec.Stream}
	if err := l.choose(); err != nil {
		return nil, fmt.Errorf("learn features: %w", err)
	}
	l.chooseCalendar(cutoffs)
	if t.Attributes != nil {
		l.chooseAttributes(t.Attributes)
	}
	for _, side := range t.Sides {
		if err := l.side(side); err != nil {
			return nil, fmt.Errorf("learn features of %s: %w", side.Name, err)
		}
	}
	return spec, nil
}

// side fixes the features of another event table.
func (l *learner) side(s Side) error {
	of := *l
	of.ev, of.stream, of.opts.Amount, of.opts.First = s.Events, &Stream{Name: s.Name}, "", 0
	if err := of.choose(); errors.Is(err, errNoEvent) {
		l.spec.Notes = append(l.spec.Notes, fmt.Sprintf("events \"%s\" are left out: none lies before the last training cutoff", s.Name))
		return nil
	} else if err != nil {
		return err
	}
	l.spec.Sides = append(l.spec.Sides, *of.stream)
	return nil
}

// choose fixes the features of the learner's stream.
func (l *learner) choose() error {
	l.stream.Grouped, l.stream.Matched = l.ev.groups != nil, l.ev.match != nil
	if err := l.findSpan(); err != nil {
		return err
	}
	if err := l.chooseAmount(); err != nil {
		return err
	}
	l.chooseWindows()
	l.chooseColumns()
	l.choosePortions()
	l.chooseSessions()
	if l.stream.Name == "" {
		l.chooseCohorts()
	}
	return nil
}

var errNoEvent = errors.New("no event lies before the last training cutoff")

// findSpan finds the first event before the end and whether times have an hour.
func (l *learner) findSpan() error {
	seen := false
	for _, t := range l.ev.Times {
		if t >= l.end {
			continue
		}
		if !seen || t < l.first {
			l.first, seen = t, true
		}
		l.stream.Hours = l.stream.Hours || t%microsPerDay != 0
	}
	if !seen {
		return errNoEvent
	}
	if l.opts.First != 0 {
		l.first = min(l.first, l.opts.First)
	}
	l.stream.FirstEvent = l.first
	return nil
}

// amountWords are parts of column names that mean money, the most telling first.
func amountWords() []string {
	return []string{"amount", "sales", "revenue", "spend", "total", "price", "value", "cost"}
}

// chooseAmount picks the number column that says what a purchase was worth.
func (l *learner) chooseAmount() error {
	name := cmp.Or(l.opts.Amount, l.ev.valueName)
	if name == "" {
		for _, word := range amountWords() {
			for _, c := range l.ev.Columns {
				if name == "" && c.Kind == frame.Number && strings.Contains(strings.ToLower(c.Name), word) {
					name = c.Name
				}
			}
		}
	}
	if name == "" {
		l.spec.Notes = append(l.spec.Notes, "no number column is named like an amount: purchases are counted, not valued")
		return nil
	}
	c := l.ev.column(name, frame.Number)
	if c == nil {
		return fmt.Errorf("amount column \"%s\" is not a number column of the events", name)
	}
	l.stream.Amount = name
	for i, t := range l.ev.Times {
		if t < l.end && c.Numbers[i] < 0 {
			l.stream.Returns = true
			break
		}
	}
	return nil
}

// chooseWindows takes from a ladder of windows those that history fills and in which something happens.
func (l *learner) chooseWindows() {
	l.stream.HalfLives = []int{7, 30, 90}
	if l.opts.Windows != nil {
		l.stream.Windows = slices.Compact(slices.Sorted(slices.Values(l.opts.Windows)))
		return
	}
	ladder := []int{1, 3, 7, 14, 30, 60, 90, 180, 365, 730}
	horizon := int(l.spec.Target.Horizon.Microseconds() / microsPerDay)
	if horizon > 7 {
		ladder = ladder[2:]
	}
	if near := ladder[nearest(ladder, float64(max(horizon, 1)))]; apart(float64(near), float64(max(horizon, 1))) > 1.2 && horizon > 0 {
		ladder = append(ladder, horizon)
		slices.Sort(ladder)
	}
	// A window longer than the history before the first cutoff would mean something else at each cutoff.
	history := daysBetween(l.first, l.start)
	for _, days := range ladder {
		if float64(days) <= 1.5*history && l.activeShare(days) >= leastActiveShare {
			l.stream.Windows = append(l.stream.Windows, days)
		}
	}
	if len(l.stream.Windows) == 0 {
		l.stream.Windows = []int{max(1, horizon)}
	}
}

// activeShare is the share of the entities seen before the end that had an event in its last days.
func (l *learner) activeShare(days int) float64 {
	seen, active := 0, 0
	for e := range l.ev.Keys {
		lo, hi := l.ev.between(int32(e), l.end-int64(days)*microsPerDay, l.end)
		if hi > lo {
			active++
		}
		if hi > l.ev.Start[e] {
			seen++
		}
	}
	return float64(active) / float64(max(seen, 1))
}

// chooseColumns decides what each event column gives: sums, distinct counts, shares of its levels.
func (l *learner) chooseColumns() {
	for i := range l.ev.Columns {
		switch c := &l.ev.Columns[i]; c.Kind {
		case frame.Number:
			if l.varies(c) {
				l.stream.Numbers = append(l.stream.Numbers, c.Name)
			}
		case frame.Category:
			l.chooseCategory(c)
		}
	}
}

// choosePortions sets the number columns against the amount.
func (l *learner) choosePortions() {
	if l.stream.Name != "" || l.stream.Amount == "" {
		return
	}
	for _, name := range l.stream.Numbers {
		if name != l.stream.Amount {
			l.stream.Portions = append(l.stream.Portions, name)
		}
	}
}

// varies reports whether a number column has any value but 0 before the end.
func (l *learner) varies(c *frame.Column) bool {
	for i, v := range c.Numbers {
		if v == v && v != 0 && l.ev.Times[i] < l.end {
			return true
		}
	}
	return false
}

func (l *learner) chooseCategory(c *frame.Column) {
	counts := make([]int, len(c.Levels))
	rows, levels := 0, 0
	for i, code := range c.Codes {
		if code == frame.NoCode || l.ev.Times[i] >= l.end {
			continue
		}
		if counts[code] == 0 {
			levels++
		}
		counts[code]++
		rows++
	}
	if levels < 2 {
		return
	}
	if levels*2 > rows && levels > l.opts.MaxLevels {
		l.spec.Notes = append(l.spec.Notes, fmt.Sprintf("column \"%s\" is left out: it names rows (%d texts in %d rows)", c.Name, levels, rows))
		return
	}
	if levels > 3 {
		l.stream.Distinct = append(l.stream.Distinct, c.Name)
	}
	if levels <= l.opts.MaxLevels {
		l.stream.Ends = append(l.stream.Ends, Levels{Column: c.Name, Levels: l.frequent(c, counts)})
	}
	if l.stream.Matched {
		l.chooseRelated(c, levels)
		return
	}
	if levels <= l.opts.MaxLevels {
		l.stream.Mixes = append(l.stream.Mixes, Levels{Column: c.Name, Levels: l.frequent(c, counts)})
	}
}

// frequent gives the levels with most rows, ties in order of text.
func (l *learner) frequent(c *frame.Column, counts []int) []string {
	var codes []int
	for code, n := range counts {
		if n > 0 {
			codes = append(codes, code)
		}
	}
	slices.SortStableFunc(codes, func(a, b int) int { return cmp.Compare(counts[b], counts[a]) })
	out := make([]string, 0, l.opts.MixLevels)
	for _, code := range codes[:min(len(codes), l.opts.MixLevels)] {
		out = append(out, c.Levels[code])
	}
	return out
}

// chooseCalendar allows the season where there is more than a cutoff or two of each.
func (l *learner) chooseCalendar(cutoffs []int64) {
	days := daysBetween(slices.Min(cutoffs), slices.Max(cutoffs))
	l.spec.Calendar = len(cutoffs) >= seasonCutoffs && days >= seasonDays
	if !l.spec.Calendar {
		l.spec.Notes = append(l.spec.Notes, fmt.Sprintf(
			"season of the cutoff is left out: it takes %d cutoffs over %d days, there are %d over %.0f", seasonCutoffs, seasonDays, len(cutoffs), days))
	}
}

// chooseAttributes takes the attribute columns that vary among the entities seen before the end.
func (l *learner) chooseAttributes(attrs *Attributes) {
	rows := attrs.align(l.ev.Keys)
	known := rows[:0]
	for e, row := range rows {
		if row >= 0 && l.ev.seen[e] != frame.NoTime && l.ev.seen[e] < l.end {
			known = append(known, row)
		}
	}
	for i := range attrs.f.Columns {
		c := &attrs.f.Columns[i]
		if c == attrs.key {
			continue
		}
		a := Attribute{Column: c.Name, Kind: c.Kind}
		if c.Kind == frame.Category {
			if a.Levels = levelsOf(c, known); len(a.Levels) > attributeLevels {
				l.spec.Notes = append(l.spec.Notes, fmt.Sprintf("attribute \"%s\" is left out: it has %d distinct texts", c.Name, len(a.Levels)))
				continue
			}
			if len(a.Levels) == 0 {
				continue
			}
		}
		l.spec.Attributes = append(l.spec.Attributes, a)
	}
}

// levelsOf gives the levels of a column that occur in the rows, in ascending order of text.
func levelsOf(c *frame.Column, rows []int32) []string {
	used := make([]bool, len(c.Levels))
	for _, row := range rows {
		if code := c.Codes[row]; code != frame.NoCode {
			used[code] = true
		}
	}
	var out []string
	for code, ok := range used {
		if ok {
			out = append(out, c.Levels[code])
		}
	}
	slices.Sort(out)
	return out
}
