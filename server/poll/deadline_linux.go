package poll

import (
	"sync"
	"time"
)

// deadline is a moment after which waiting is over. It can be moved at any time, also while somebody waits.
type deadline struct {
	mu     sync.Mutex
	timer  *time.Timer
	passed chan struct{} // closed once it has passed
	isPast bool
}

func newDeadline() deadline { return deadline{passed: make(chan struct{})} }

// set moves the deadline; the zero time is never.
func (d *deadline) set(t time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.timer != nil {
		d.timer.Stop()
		d.timer = nil
	}
	if d.isPast {
		d.passed, d.isPast = make(chan struct{}), false
	}
	if t.IsZero() {
		return
	}
	passed := d.passed
	if wait := time.Until(t); wait > 0 {
		d.timer = time.AfterFunc(wait, func() { d.expire(passed) })
		return
	}
	d.isPast = true
	close(passed)
}

// expire is what the timer of one setting does, unless another setting came first.
func (d *deadline) expire(passed chan struct{}) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.passed == passed && !d.isPast {
		d.isPast = true
		close(passed)
	}
}

// over gives a channel that is closed when the deadline, as it is set now, has passed.
func (d *deadline) over() <-chan struct{} {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.passed
}
