package main

import (
	"fmt"
	"sync"
	"time"
)

// keptFailures is how many are kept in full; the rest are counted.
const keptFailures = 50

// tally counts what the clients did and keeps what went wrong.
type tally struct {
	mu       sync.Mutex
	works    map[string]*count
	harms    map[harm]int
	failed   int
	failures []string
	began    time.Time
}

// count is about one kind of work.
type count struct {
	right, lost, failed int
	slowest             time.Duration
}

func newTally() *tally {
	return &tally{works: map[string]*count{}, harms: map[harm]int{}, began: time.Now()}
}

// note counts a work that has ended.
func (t *tally) note(name string, took time.Duration, o outcome) {
	t.mu.Lock()
	defer t.mu.Unlock()
	n := t.works[name]
	if n == nil {
		n = &count{}
		t.works[name] = n
	}
	n.slowest = max(n.slowest, took)
	switch o {
	case right:
		n.right++
	case lost:
		n.lost++
	case failed:
		n.failed++
	}
}

// harmed counts what the killer did.
func (t *tally) harmed(h harm) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.harms[h]++
}

// fail reports a failure.
func (t *tally) fail(format string, args ...any) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.failed++; len(t.failures) < keptFailures {
		t.failures = append(t.failures, time.Since(t.began).Round(time.Millisecond).String()+" "+fmt.Sprintf(format, args...))
	}
}
