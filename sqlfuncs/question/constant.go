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
	if p.kind() == text && (f == First || f == Last) {
		return p.textConstant()
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

// textConstant reads a text in single quotes.
func (p *parser) textConstant() (Constant, *Error) {
	c := Constant{Text: p.spelling(), Quoted: true, Pos: p.position()}
	if c.Text[0] != '\'' || strings.ContainsAny(c.Text, "\n\r") {
		return c, p.failHere("Write it in single quotes, in one piece.", "invalid text constant")
	}
	p.at++
	return c, nil
}

// key reads a key of an entity: a text in single quotes or a number.
func (p *parser) key() (Constant, *Error) {
	if p.kind() == text {
		return p.textConstant()
	}
	if p.kind() != number && !p.isMark("-") && !p.isMark("+") {
		return Constant{}, p.unexpected("A key is a number or a text in single quotes.")
	}
	return p.constant(Sum)
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
