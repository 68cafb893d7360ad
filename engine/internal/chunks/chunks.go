// Package chunks spreads independent pieces of work over processors.
//
// The pieces are fixed by the caller, never by the number of threads, so that sums taken over them in order
// come out the same on any machine.
package chunks

import (
	"context"
	"fmt"
	"runtime"
	"runtime/debug"
	"sync"
	"sync/atomic"
)

// Do calls f(0) … f(n-1), up to threads at once (0: all processors), and returns when all are done.
func Do(threads, n int, f func(i int)) {
	_ = DoContext(context.Background(), threads, n, f)
}

// DoContext is Do that starts no further piece once ctx is done, and then returns ctx's error. A piece that panics does
// so in the caller, who may recover: in a goroutine of its own it would end the process.
func DoContext(ctx context.Context, threads, n int, f func(i int)) error {
	if threads <= 0 {
		threads = runtime.GOMAXPROCS(0)
	}
	var next atomic.Int64
	var failure atomic.Pointer[Failure]
	work := func() {
		defer func() {
			if r := recover(); r != nil {
				next.Store(int64(n)) // no further piece
				failure.CompareAndSwap(nil, &Failure{Value: r, Stack: string(debug.Stack())})
			}
		}()
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
	if f := failure.Load(); f != nil {
		panic(f)
	}
	return ctx.Err()
}

// Failure is what a caller's panic holds where a piece has panicked.
type Failure struct {
	Value any
	Stack string // of the piece
}

// Error gives the piece's own panic, with where it came from.
func (f *Failure) Error() string { return fmt.Sprintf("%v\n%s", f.Value, f.Stack) }

// Count is how many chunks of size rows cover n rows.
func Count(n, size int) int { return (n + size - 1) / size }

// Bounds gives the rows [from, to) of chunk i of size rows out of n.
func Bounds(i, size, n int) (from, to int) { return i * size, min((i+1)*size, n) }
