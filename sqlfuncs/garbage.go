package sqlfuncs

import "runtime/debug"

// tightPercent is how much of what lives may come to lie about as garbage during a training.
const tightPercent = 50

// tightly has the garbage collector run more often until restore is called: work on many events would otherwise hold
// twice what it needs. The setting is the process's; trainings that overlap may leave it tight, which costs little.
func tightly() (restore func()) {
	before := debug.SetGCPercent(tightPercent)
	if before < tightPercent { // tighter already, or switched off (-1)
		debug.SetGCPercent(before)
	}
	return func() { debug.SetGCPercent(before) }
}
