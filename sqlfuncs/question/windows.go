package question

import (
	"fmt"
	"strconv"
)

// maxYears bounds a window: what is further off than a century is a slip.
const maxYears = 100

// units are the words for units, each with how many make a year.
var units = []struct {
	one, many string
	unit      Unit
	perYear   int
}{
	{"HOUR", "HOURS", Hours, 8766}, {"DAY", "DAYS", Days, 366}, {"WEEK", "WEEKS", Weeks, 53}, {"MONTH", "MONTHS", Months, 12},
}

const (
	hintNext = "Say over which time: OVER NEXT 30 DAYS."
	hintLast = "Say how far back: OVER LAST 90 DAYS."
)

// window reads OVER NEXT n unit [STARTING IN n unit], or of the past OVER LAST n unit [ENDING n unit AGO].
func (p *parser) window(past bool) (Window, *Error) {
	hint, direction, gap := hintNext, "NEXT", "STARTING"
	if past {
		hint, direction, gap = hintLast, "LAST", "ENDING"
	}
	if err := p.expect("OVER", hint); err != nil {
		return Window{}, err
	}
	w := Window{Past: past, Pos: p.position()}
	if !past || !p.takeWord("PAST") {
		if err := p.direction(direction, hint); err != nil {
			return Window{}, err
		}
		var err *Error
		w.Pos = p.position()
		if w.Length, err = p.span(hint); err != nil {
			return Window{}, err
		}
	}
	if !p.takeWord(gap) {
		return w, nil
	}
	return w, p.gap(&w)
}

// direction reads NEXT or LAST and explains where the other one stands.
func (p *parser) direction(wanted, hint string) *Error {
	switch {
	case wanted == "NEXT" && p.isWord("LAST"):
		return p.failHere("What is predicted lies ahead: OVER NEXT 30 DAYS.", "the window of a prediction must not lie in the past")
	case wanted == "LAST" && p.isWord("NEXT"):
		return p.failHere("Conditions look back: OVER LAST 90 DAYS. What is supposed to happen goes into ASSUMING.",
			"a condition must not look at the future")
	}
	return p.expect(wanted, hint)
}

// gap reads IN n unit, or of the past n unit AGO.
func (p *parser) gap(w *Window) (err *Error) {
	if !w.Past {
		if err = p.expect("IN", "Say when: STARTING IN 7 DAYS."); err != nil {
			return err
		}
		w.Gap, err = p.span("Say when: STARTING IN 7 DAYS.")
		return err
	}
	if w.Gap, err = p.span("Say when: ENDING 7 DAYS AGO."); err != nil {
		return err
	}
	return p.expect("AGO", "Say when: ENDING 7 DAYS AGO.")
}

// span reads n unit.
func (p *parser) span(hint string) (Span, *Error) {
	at := p.position()
	if p.kind() != number {
		return Span{}, p.unexpected(hint)
	}
	n, err := strconv.ParseInt(p.spelling(), 10, 32)
	if err != nil || n == 0 {
		return Span{}, p.failHere("A window is a whole number of hours, days, weeks or months.", "invalid length of a window: %s", p.spelling())
	}
	p.at++
	unit, fault := p.unit()
	if fault != nil {
		return Span{}, fault
	}
	return p.checkSpan(Span{N: int(n), Unit: unit}, at)
}

// unit reads a unit of time.
func (p *parser) unit() (Unit, *Error) {
	const hint = "The units are HOURS, DAYS, WEEKS and MONTHS."
	if p.kind() != word {
		return "", p.unexpected(hint)
	}
	var words []string
	for _, u := range units {
		if p.takeWord(u.many) || p.takeWord(u.one) {
			return u.unit, nil
		}
		words = append(words, u.many)
	}
	if near, ok := Nearest(p.spelling(), words); ok {
		return "", p.failHere("Did you mean "+near+"?", "unknown unit \"%s\"", p.spelling())
	}
	return "", p.failHere(hint, "unknown unit \"%s\"", p.spelling())
}

func (p *parser) checkSpan(s Span, at Pos) (Span, *Error) {
	for _, u := range units {
		if u.unit == s.Unit && s.N > maxYears*u.perYear {
			return s, fail(p.src, int(at), "", "a window of %s is longer than %d years", s, maxYears)
		}
	}
	return s, nil
}

// windowInside reads Kumo's window: , start, end [, unit].
func (p *parser) windowInside(past bool) (Window, *Error) {
	p.at++
	at := p.position()
	from, endless, err := p.offset(past)
	if err != nil {
		return Window{}, err
	}
	if !p.takeMark(",") {
		return Window{}, p.unexpected(hintInside(past))
	}
	until := p.position()
	to, _, err := p.offset(false)
	if err != nil {
		return Window{}, err
	}
	unit := Days
	if p.takeMark(",") {
		if unit, err = p.unit(); err != nil {
			return Window{}, err
		}
	}
	switch {
	case !past && (from < 0 || to < 0):
		return Window{}, fail(p.src, int(at), "What is predicted lies ahead: (…, 0, 30, days).", "the window of a prediction must not lie in the past")
	case past && to > 0:
		return Window{}, fail(p.src, int(until), "Conditions look back: (…, -90, 0, days). What is supposed to happen goes into ASSUMING.",
			"a condition must not look at the future")
	case !endless && to <= from:
		return Window{}, fail(p.src, int(until), "Give the start before the end, counted from the moment of prediction.", "the window ends before it starts")
	}
	return p.windowBetween(from, to, endless, unit, at, past)
}

// windowBetween is the window between two offsets from the cutoff.
func (p *parser) windowBetween(from, to int, endless bool, unit Unit, at Pos, past bool) (w Window, err *Error) {
	w = Window{Past: past, Pos: at}
	gap := from
	if past {
		gap = -to
	}
	if !endless {
		if w.Length, err = p.checkSpan(Span{N: to - from, Unit: unit}, at); err != nil {
			return w, err
		}
	}
	if gap != 0 {
		w.Gap, err = p.checkSpan(Span{N: gap, Unit: unit}, at)
	}
	return w, err
}

func hintInside(past bool) string {
	window := "0, 90, days"
	if past {
		window = "-90, 0, days"
	}
	return fmt.Sprintf("After a comma stands a window (%s); conditions are joined by AND or OR.", window)
}

// offset reads a whole number with its sign, or -INF where that is allowed.
func (p *parser) offset(past bool) (n int, endless bool, err *Error) {
	negative := p.takeMark("-")
	if !negative {
		p.takeMark("+")
	}
	if negative && past && (p.takeWord("INF") || p.takeWord("INFINITY")) {
		return 0, true, nil
	}
	if p.kind() != number {
		return 0, false, p.unexpected(hintInside(past))
	}
	v, fault := strconv.ParseInt(p.spelling(), 10, 24)
	if fault != nil {
		return 0, false, p.failHere("A window is a whole number of hours, days, weeks or months.", "invalid length of a window: %s", p.spelling())
	}
	p.at++
	if negative {
		v = -v
	}
	return int(v), false, nil
}
