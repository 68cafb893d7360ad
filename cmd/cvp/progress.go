package main

import (
	"fmt"
	"io"
	"os"
)

// progressLine shows how far long work is: on a terminal one line that is written over, elsewhere a line for
// every quarter.
type progressLine struct {
	w        io.Writer
	label    string
	terminal bool
	last     int // percent shown last
}

func newProgressLine(w io.Writer, label string) *progressLine {
	return &progressLine{w: w, label: label, terminal: isTerminal(w), last: -1}
}

// report is called as often as the work likes.
func (p *progressLine) report(done, total int) {
	percent := 100 * done / max(total, 1)
	step := 25
	if p.terminal {
		step = 1
	}
	if percent = percent / step * step; percent == p.last {
		return
	}
	p.last = percent
	if p.terminal {
		fmt.Fprintf(p.w, "\r%s: %3d %%", p.label, percent)
		return
	}
	fmt.Fprintf(p.w, "%s: %d %%\n", p.label, percent)
}

// end leaves the line as it is and goes to the next.
func (p *progressLine) end() {
	if p.terminal {
		fmt.Fprintln(p.w)
	}
}

// isTerminal tells a screen from a file or pipe.
func isTerminal(w io.Writer) bool {
	file, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := file.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}
