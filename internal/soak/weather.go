package main

import "sync"

// weather is whether Postgres is up. Its season changes when a restart begins and when it is over: what began
// in another season, or in bad weather, may have been lost.
type weather struct {
	mu     sync.Mutex
	season int
	bad    bool
}

// turn says that a restart begins or is over.
func (w *weather) turn(bad bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.season++
	w.bad = bad
}

// now gives the season.
func (w *weather) now() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.season
}

// sheltered says that Postgres has been up ever since a season.
func (w *weather) sheltered(since int) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return !w.bad && w.season == since
}
