package main

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"text/tabwriter"
	"time"
)

// What a server may hold more than before the clients came. The model and the pools of buffers stay; the
// runtime opens a few descriptors as it meets the first connections.
const (
	moreDescriptors = 4
	moreGoroutines  = 4
	// moreMemory is by how much the last quarter of a run may exceed the second one, with moreMemoryBytes of
	// noise: the collector runs when the heap has doubled.
	moreMemory      = 1.10
	moreMemoryBytes = 16 << 20
	// leastForMemory is from when on quarters of a run say something about memory.
	leastForMemory = 2 * time.Minute
)

// report is what came out of a run.
type report struct {
	plan          plan
	before, after figures
	samples       []figures
	backends      int // left in Postgres
	restarts      int
	tally         *tally
}

func resident(f figures) int64 { return f.resident }

// quarter is the median of a figure in a quarter of the run, counted from 1.
func (r *report) quarter(n int, of func(figures) int64) int64 {
	q := r.plan.duration / 4
	return typical(r.samples, time.Duration(n-1)*q, time.Duration(n)*q, of)
}

// verdict says what was not as it has to be.
func (r *report) verdict() error {
	var errs []error
	if r.tally.failed > 0 {
		errs = append(errs, fmt.Errorf("%d failures", r.tally.failed))
	}
	if r.backends > 0 {
		errs = append(errs, fmt.Errorf("%d backends are left", r.backends))
	}
	if r.restarts < r.plan.restarts {
		errs = append(errs, fmt.Errorf("%d restarts, planned were %d", r.restarts, r.plan.restarts))
	}
	if r.after.descriptors > r.before.descriptors+moreDescriptors {
		errs = append(errs, fmt.Errorf("%d descriptors, before the run %d", r.after.descriptors, r.before.descriptors))
	}
	if r.after.goroutines > r.before.goroutines+moreGoroutines {
		errs = append(errs, fmt.Errorf("%d goroutines, before the run %d", r.after.goroutines, r.before.goroutines))
	}
	if r.after.sessions > 0 {
		errs = append(errs, fmt.Errorf("%d sessions are left", r.after.sessions))
	}
	second, last := r.quarter(2, resident), r.quarter(4, resident)
	if r.plan.duration >= leastForMemory && float64(last) > moreMemory*float64(second)+moreMemoryBytes {
		errs = append(errs, fmt.Errorf("memory grows: %d MiB in the second quarter, %d in the last", second>>20, last>>20))
	}
	return errors.Join(errs...)
}

// print writes the tables.
func (r *report) print(w io.Writer) {
	r.tally.mu.Lock()
	defer r.tally.mu.Unlock()
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintf(t, "%v, %d clients, seed %d\n\nwork\tright\tlost\tfailed\tslowest\n", r.plan.duration, r.plan.clients, r.plan.seed)
	var sum count
	for _, name := range slices.Sorted(maps.Keys(r.tally.works)) {
		n := r.tally.works[name]
		fmt.Fprintf(t, "%s\t%d\t%d\t%d\t%v\n", name, n.right, n.lost, n.failed, n.slowest.Round(time.Millisecond))
		sum.right, sum.lost, sum.failed, sum.slowest = sum.right+n.right, sum.lost+n.lost, sum.failed+n.failed, max(sum.slowest, n.slowest)
	}
	fmt.Fprintf(t, "all\t%d\t%d\t%d\t%v\n\n", sum.right, sum.lost, sum.failed, sum.slowest.Round(time.Millisecond))
	fmt.Fprintf(t, "done to the clients\ttimes\nrestart of Postgres\t%d\n", r.restarts)
	for _, h := range harms {
		fmt.Fprintf(t, "%v\t%d\n", h, r.tally.harms[h])
	}
	fmt.Fprintf(t, "\nthe server\tbefore\tquarter 1\tquarter 2\tquarter 3\tquarter 4\tafter\n")
	for _, line := range []struct {
		name string
		of   func(figures) int64
	}{
		{"resident MiB", func(f figures) int64 { return f.resident >> 20 }},
		{"heap MiB", func(f figures) int64 { return f.heap >> 20 }},
		{"sessions", func(f figures) int64 { return int64(f.sessions) }},
		{"descriptors", func(f figures) int64 { return int64(f.descriptors) }},
		{"threads", func(f figures) int64 { return int64(f.threads) }},
		{"goroutines", func(f figures) int64 { return int64(f.goroutines) }},
	} {
		fmt.Fprintf(t, "%s\t%d\t%d\t%d\t%d\t%d\t%d\n", line.name, line.of(r.before),
			r.quarter(1, line.of), r.quarter(2, line.of), r.quarter(3, line.of), r.quarter(4, line.of), line.of(r.after))
	}
	fmt.Fprintf(t, "backends left\t%d\n", r.backends)
	_ = t.Flush()
	for _, f := range r.tally.failures {
		fmt.Fprintln(w, "FAILED", f)
	}
}
