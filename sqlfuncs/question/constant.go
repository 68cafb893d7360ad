package question

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// constant reads what a value of the function is compared with: TRUE or FALSE for EXISTS, else a number.
func (p *parser) constant(f Function) (Constant, *Error) {
	c := Constant{Pos: p.position()}
	if f == Exists {
		for value, keyword := range []string{"FALSE", "TRUE"} {
			if p.takeWord(keyword) {
				c.Text, c.Value = keyword, float64(value)
				return c, nil
			}
		}
		return c, p.unexpected("EXISTS is compared with TRUE or FALSE; to compare a number of events, use COUNT.")
	}
	if p.takeMark("-") {
		c.Text = "-"
	} else {
		p.takeMark("+")
	}
	if p.kind() != number {
		return c, p.unexpected("A number is expected here.")
	}
	c.Text += p.spelling()
	value, err := strconv.ParseFloat(c.Text, 64)
	if err != nil {
		return c, fail(p.src, int(c.Pos), "", "number %s is out of range", c.Text)
	}
	c.Value = value
	p.at++
	return c, nil
}

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

// count reads a whole number above 0.
func (p *parser) count(hint string) (int, *Error) {
	if p.kind() != number {
		return 0, p.unexpected(hint)
	}
	n, err := strconv.ParseInt(p.spelling(), 10, 32)
	if err != nil || n == 0 {
		return 0, p.failHere("A window is a whole number of hours, days, weeks or months.", "invalid length of a window: %s", p.spelling())
	}
	p.at++
	return int(n), nil
}

// windowOf reads the unit of a window of n.
func (p *parser) windowOf(n int, at Pos) (Window, *Error) {
	if p.kind() != word {
		return Window{}, p.unexpected("The units are HOURS, DAYS, WEEKS and MONTHS.")
	}
	var words []string
	for _, u := range units {
		if p.takeWord(u.many) || p.takeWord(u.one) {
			return checkWindow(p.src, Window{N: n, Unit: u.unit, Pos: at})
		}
		words = append(words, u.many)
	}
	hint := "The units are HOURS, DAYS, WEEKS and MONTHS."
	if near, ok := Nearest(p.spelling(), words); ok {
		hint = "Did you mean " + near + "?"
	}
	return Window{}, p.failHere(hint, "unknown unit \"%s\"", p.spelling())
}

func checkWindow(src string, w Window) (Window, *Error) {
	for _, u := range units {
		if u.unit == w.Unit && w.N > maxYears*u.perYear {
			return w, fail(src, int(w.Pos), "", "a window of %s is longer than %d years", w, maxYears)
		}
	}
	return w, nil
}

// dateLayouts are the spellings of a moment; without an offset it is in UTC.
var dateLayouts = func() []string {
	layouts := []string{"2006-01-02"}
	for _, separator := range []string{" ", "T"} {
		for _, clock := range []string{"15:04", "15:04:05.999999"} {
			for _, offset := range []string{"", "Z07", "Z07:00", " Z07", " Z07:00"} {
				layouts = append(layouts, "2006-01-02"+separator+clock+offset)
			}
		}
	}
	return layouts
}()

// date reads a moment in single quotes, with or without the word DATE or TIMESTAMP before it.
func (p *parser) date() (*Date, *Error) {
	const hint = "A date is written '2011-09-10' or '2011-09-10 18:30:00+02'."
	for _, keyword := range []string{"DATE", "TIMESTAMP", "TIMESTAMPTZ"} {
		if p.takeWord(keyword) {
			break
		}
	}
	if p.kind() != text {
		return nil, p.unexpected(hint)
	}
	written := strings.Trim(p.spelling(), "'")
	for _, layout := range dateLayouts {
		t, err := time.Parse(layout, written)
		if err != nil {
			continue
		}
		t = t.UTC().Truncate(time.Microsecond)
		if t.Year() < 1 || t.Year() > 9999 {
			break
		}
		d := &Date{Time: t, Pos: p.position()}
		p.at++
		return d, nil
	}
	return nil, p.failHere(hint, "invalid date: %s", fmt.Sprintf("%q", written))
}
