// Package chunks spreads independent pieces of work over processors.
//
// The pieces are fixed by the caller, never by the number of threads, so that sums taken over them in order
// come out the same on any machine.
package chunks

import (
	"context"
	"runtime"
	"sync"
	"sync/atomic"
)

// Do calls f(0) … f(n-1), up to threads at once (0: all processors), and returns when all are done.
func Do(threads, n int, f func(i int)) {
	_ = DoContext(context.Background(), threads, n, f)
}

// DoContext is Do that starts no further piece once ctx is done, and then returns ctx's error.
func DoContext(ctx context.Context, threads, n int, f func(i int)) error {
	if threads <= 0 {
		threads = runtime.GOMAXPROCS(0)
	}
	var next atomic.Int64
	work := func() {
		for ctx.Err() == nil {
			i := int(next.Add(1)) - 1
			if i >= n {
				return
			}
			f(i)
		}
	}
	var wg sync.WaitGroup
	for range min(threads, n) - 1 {
		wg.Go(work)
	}
	work()
	wg.Wait()
	return ctx.Err()
}

// Count is how many chunks of size rows cover n rows.
func Count(n, size int) int { return (n + size - 1) / size }

// Bounds gives the rows [from, to) of chunk i of size rows out of n.
func Bounds(i, size, n int) (from, to int) { return i * size, min((i+1)*size, n) }
