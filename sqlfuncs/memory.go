package sqlfuncs

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"cvp/sqlfuncs/source"
)

// memory is the session's cvp.work_mem in bytes: how much of the events is held at once.
func (w *work) memory() (int64, error) {
	if w.workMem == "" {
		return source.DefaultMemory, nil
	}
	bytes, ok := parseMemory(w.workMem)
	if !ok {
		return 0, failure("22023", fmt.Sprintf("invalid value for parameter \"cvp.work_mem\": %q", w.workMem), "Write a number with a unit, such as 512MB or 2GB.")
	}
	return bytes, nil
}

// leastMemory is what a batch of events needs to be worth while, as Postgres has it for its own work_mem.
const leastMemory = 64 << 10

// parseMemory reads a size as Postgres writes it: kilobytes without a unit.
func parseMemory(text string) (bytes int64, ok bool) {
	text = strings.TrimSpace(text)
	digits := strings.TrimRight(text, "kKMGTB ")
	unit, known := map[string]float64{"": 1 << 10, "B": 1, "kB": 1 << 10, "MB": 1 << 20, "GB": 1 << 30, "TB": 1 << 40}[strings.TrimSpace(text[len(digits):])]
	n, err := strconv.ParseFloat(digits, 64)
	if err != nil || !known || !(n*unit >= leastMemory) || n*unit > math.MaxInt64/2 {
		return 0, false
	}
	return int64(n * unit), true
}

// bounded gives the source with the session's bound on memory.
func (w *work) bounded(from source.Source) (source.Source, error) {
	e, ok := from.(*source.Events)
	if !ok {
		return from, nil
	}
	memory, err := w.memory()
	if err != nil {
		return nil, err
	}
	bounded := *e
	bounded.Memory = memory
	return &bounded, nil
}
