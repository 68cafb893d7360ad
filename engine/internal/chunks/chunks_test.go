package chunks

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
)

func TestEveryPieceIsDoneOnceWhateverTheThreads(t *testing.T) {
	for _, threads := range []int{0, 1, 2, 9} {
		for _, n := range []int{0, 1, 2, 100} {
			done := make([]atomic.Int32, n)
			Do(threads, n, func(i int) { done[i].Add(1) })
			for i := range done {
				if got := done[i].Load(); got != 1 {
					t.Errorf("threads %d, n %d: piece %d done %d times", threads, n, i, got)
				}
			}
		}
	}
}

func TestAnEndedContextStopsFurtherPieces(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	var started atomic.Int32
	err := DoContext(ctx, 2, 1000, func(int) {
		if started.Add(1) == 5 {
			cancel()
		}
	})
	if !errors.Is(err, context.Canceled) || started.Load() > 6 {
		t.Errorf("error %v after %d pieces", err, started.Load())
	}
}

func TestBoundsCoverAllRows(t *testing.T) {
	for _, n := range []int{0, 1, 9, 10, 11} {
		next := 0
		for i := range Count(n, 5) {
			from, to := Bounds(i, 5, n)
			if from != next || to <= from {
				t.Errorf("n %d: chunk %d is [%d, %d) after %d", n, i, from, to, next)
			}
			next = to
		}
		if next != n {
			t.Errorf("n %d: covered %d", n, next)
		}
	}
}

func TestAPieceThatPanicsDoesSoInTheCaller(t *testing.T) {
	for _, threads := range []int{1, 4} {
		var done atomic.Int32
		func() {
			defer func() {
				f, ok := recover().(*Failure)
				if !ok || f.Value != "piece 20" || !strings.Contains(f.Error(), "chunks_test.go") {
					t.Errorf("%d threads: recovered %v", threads, f)
				}
			}()
			Do(threads, 1_000_000, func(i int) {
				if i == 20 {
					panic("piece 20")
				}
				done.Add(1)
			})
		}()
		if done.Load() > 900_000 {
			t.Errorf("%d threads: %d pieces were done all the same", threads, done.Load())
		}
	}
}
