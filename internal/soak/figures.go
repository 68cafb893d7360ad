package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"time"
)

// figures are what a server holds at a moment.
type figures struct {
	at          time.Duration // since the clients began
	resident    int64         // bytes
	descriptors int
	threads     int
	// What the server itself tells; 0 where it does not.
	goroutines int
	heap       int64 // bytes
	sessions   int
}

func (f figures) plus(o figures) figures {
	f.resident += o.resident
	f.descriptors += o.descriptors
	f.threads += o.threads
	f.goroutines += o.goroutines
	f.heap += o.heap
	f.sessions += o.sessions
	return f
}

var (
	residentLine = regexp.MustCompile(`VmRSS:\s+(\d+) kB`)
	threadsLine  = regexp.MustCompile(`Threads:\s+(\d+)`)
)

// readFigures reads those of a process.
func readFigures(pid int) (figures, error) {
	dir := fmt.Sprintf("/proc/%d", pid)
	status, err := os.ReadFile(filepath.Join(dir, "status"))
	if err != nil {
		return figures{}, fmt.Errorf("look at the server: %w", err)
	}
	open, err := os.ReadDir(filepath.Join(dir, "fd"))
	if err != nil {
		return figures{}, fmt.Errorf("look at the server: %w", err)
	}
	kib, err := lineNumber(status, residentLine)
	if err != nil {
		return figures{}, err
	}
	threads, err := lineNumber(status, threadsLine)
	return figures{resident: kib << 10, descriptors: len(open), threads: int(threads)}, err
}

func lineNumber(text []byte, line *regexp.Regexp) (int64, error) {
	m := line.FindSubmatch(text)
	if m == nil {
		return 0, fmt.Errorf("look at the server: no %v", line)
	}
	return strconv.ParseInt(string(m[1]), 10, 64)
}

// typical is the median of a figure over the samples of a span of the run.
func typical(samples []figures, from, to time.Duration, of func(figures) int64) int64 {
	var values []int64
	for _, f := range samples {
		if f.at >= from && f.at < to {
			values = append(values, of(f))
		}
	}
	if len(values) == 0 {
		return 0
	}
	slices.Sort(values)
	return values[len(values)/2]
}
