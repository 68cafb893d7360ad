package server

import (
	"fmt"
	"runtime"
	"runtime/metrics"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

// memoryGuard refuses calls of the engine while the process holds too much live memory. Sessions live on: what
// they relay needs none.
type memoryGuard struct {
	limit int64 // bytes; 0 is none

	mu        sync.Mutex
	collected time.Time // when the garbage was last collected for its sake
}

// collectAgain is how long a refused call's collection serves for others.
const collectAgain = time.Second

// refusal gives the error of a call that must not start, nil where it may.
func (g *memoryGuard) refusal() error {
	if g.limit == 0 || liveHeap() < g.threshold() {
		return nil
	}
	g.collect() // what the last collection found may be long gone, and an idle process collects rarely
	live := liveHeap()
	if live < g.threshold() {
		return nil
	}
	return &pgconn.PgError{
		Severity: "ERROR", Code: outOfMemory, Message: "out of memory",
		Detail: fmt.Sprintf("The server holds %d MiB of live memory, of %d MiB that it may use.", live>>20, g.limit>>20),
		Hint:   "Try again when other calls have ended, or let the administrator raise the memory limit of the server.",
	}
}

// threshold is nine tenths of the limit: nearer to it the collector would take the time of all sessions.
func (g *memoryGuard) threshold() int64 { return g.limit - g.limit/10 }

// collect collects the garbage unless that has just been done.
func (g *memoryGuard) collect() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if time.Since(g.collected) < collectAgain {
		return
	}
	runtime.GC()
	g.collected = time.Now()
}

// liveHeap is what the last collection found in use.
func liveHeap() int64 {
	sample := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(sample)
	return int64(sample[0].Value.Uint64())
}
