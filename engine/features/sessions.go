package features

import (
	"fmt"
	"math"
	"sort"
)

// sessionGap is how long nothing may happen within a session, in microseconds.
const sessionGap = 30 * 60_000_000

// sessions puts events that follow each other within half an hour together: visits of a site, say. Tables whose
// events have a group have purchases in their place.
type sessions struct {
	b    *binding
	wide []int
	next int // events before this one are in a session
	all  []session
}

// session is a run of events as of the cutoff.
type session struct {
	start, end int64 // of its first and its last event
	events     int
}

func (s session) minutes() float64 { return float64(s.end-s.start) / 60e6 }

var _ block = (*sessions)(nil)

func (s *sessions) features() []Feature {
	if !s.b.stream.Sessions {
		return nil
	}
	var n namer
	for _, w := range s.b.wideWindows() {
		d := s.b.stream.Windows[w]
		n.add(fmt.Sprintf("sessions_%dd", d), fmt.Sprintf("sessions begun in the last %d days; a session ends where nothing follows within 30 minutes", d))
		n.add(fmt.Sprintf("session_minutes_%dd", d), fmt.Sprintf("Σ minutes from the first to the last event of the sessions begun in the last %d days", d))
	}
	n.add("sessions", "sessions so far")
	n.add("session_events_mean", "mean number of events of a session")
	n.add("session_minutes_mean", "mean minutes of a session")
	n.add("session_single_share", "share of the sessions with one event")
	n.add("session_events_last", "events of the latest session")
	n.add("session_minutes_last", "minutes of the latest session")
	return n
}

func (s *sessions) begin(*trace) {
	s.next, s.all = 0, s.all[:0]
	if s.wide == nil {
		s.wide = s.b.wideWindows()
	}
}

func (s *sessions) write(dst []float32, t *trace) {
	if !s.b.stream.Sessions {
		return
	}
	s.all, s.next = extend(s.all, t, s.next), t.hi
	at := 0
	put := func(v float64) { dst[at] = number(v); at++ }
	for _, w := range s.wide {
		recent := s.all[begunSince(s.all, t.windowStart(s.b.stream.Windows[w])):]
		minutes := 0.0
		for _, x := range recent {
			minutes += x.minutes()
		}
		put(float64(len(recent)))
		put(minutes)
	}
	n, minutes, single, last := float64(len(s.all)), 0.0, 0.0, session{}
	for _, x := range s.all {
		minutes += x.minutes()
		if x.events == 1 {
			single++
		}
		last = x
	}
	put(n)
	put(float64(t.hi) / n) // NaN without any
	put(minutes / n)
	put(single / n)
	if n == 0 {
		put(math.NaN())
		put(math.NaN())
		return
	}
	put(float64(last.events))
	put(last.minutes())
}

// extend puts the events from the next one up to the cutoff into sessions.
func extend(all []session, t *trace, next int) []session {
	for ; next < t.hi; next++ {
		at := t.times[next]
		if n := len(all); n > 0 && at-all[n-1].end <= sessionGap {
			all[n-1].end = at
			all[n-1].events++
			continue
		}
		all = append(all, session{start: at, end: at, events: 1})
	}
	return all
}

// begunSince gives the index of the first session that began at or after an instant.
func begunSince(all []session, from int64) int {
	return sort.Search(len(all), func(i int) bool { return all[i].start >= from })
}

// chooseSessions takes sessions where single events follow each other closely enough to have any.
func (l *learner) chooseSessions() {
	if l.stream.Grouped || !l.stream.Hours {
		return
	}
	events, begun := 0, 0
	for e := range l.ev.Keys {
		times := l.ev.Times[l.ev.Start[e]:l.ev.Start[e+1]]
		times = times[:firstAtOrAfter(times, l.end)]
		for i, at := range times {
			events++
			if i == 0 || at-times[i-1] > sessionGap {
				begun++
			}
		}
	}
	const leastEvents = 1.2 // of a session on average
	l.stream.Sessions = float64(events) >= leastEvents*float64(begun)
}
