package sqlcheck

import (
	"flag"
	"math/rand/v2"
	"testing"
	"time"
)

var (
	statements = flag.Int("statements", 300, "how many random statements TestRandomStatements runs")
	seed       = flag.Uint64("seed", 1, "the seed of the first of them; each has the next")
)

// most is the share of random statements that Postgres may refuse: they prove little.
const most = 0.15

// wholeRows refuses whole rows in a place whose rows cannot be read beforehand.
const wholeRows = "cvp_predict cannot score whole rows here"

// Random statements give through the server what they give where the functions are Postgres's own.
func TestRandomStatements(t *testing.T) {
	w := newWorld(t)
	w.restore(t, "")
	w.native.must(t, "SET statement_timeout = '4s'")
	refused, slow, rows, began := 0, 0, 0, time.Now()
	for i := range *statements {
		n := *seed + uint64(i)
		m := &maker{Rand: rand.New(rand.NewPCG(n, 0))}
		mode := pick(m, modes[1], modes[2], mode{"extended, binary, in a block", true, 1, true}) // writes are undone
		var q *query
		var sql string
		if m.chance(12) {
			sql = m.change()
		} else {
			q = m.statement()
			sql = q.String()
		}
		want, got, err := w.compare(t, mode, sql, q.total())
		switch {
		case want.failure != nil && want.failure.code == "57014":
			slow++
		case err != nil && got.failure != nil && got.failure.code == "0A000" && got.failure.message == wholeRows:
			rows++
		case err != nil:
			if q != nil {
				q = shrink(q, func(s *query) bool {
					_, _, err := w.compare(t, mode, s.String(), s.total())
					return err != nil
				})
				sql = q.String()
				_, _, err = w.compare(t, mode, sql, q.total())
			}
			t.Errorf("seed %d (%s): %v\n%s", n, mode.name, err, sql)
		case want.failure != nil:
			refused++
		}
	}
	t.Logf("%d statements in %.1f s, %d refused by both ways, %d too slow to compare, %d with whole rows where none can be scored", *statements, time.Since(began).Seconds(), refused, slow, rows)
	if float64(refused) > most*float64(*statements) {
		t.Errorf("%d of %d statements are refused", refused, *statements)
	}
}

// compare runs a statement both ways. Errors are equal where their SQLSTATEs are. A statement that the twin has no time
// for is not compared.
func (w *world) compare(t *testing.T, m mode, sql string, ordered bool) (want, got outcome, err error) {
	t.Helper()
	want = w.native.run(t, m, sql, nil)
	if want.failure != nil && want.failure.code == "57014" {
		return want, got, nil
	}
	got = w.called.run(t, m, sql, nil)
	if got.failure != nil && want.failure != nil && got.failure.code == want.failure.code {
		return want, got, nil
	}
	return want, got, differs(got, want, ordered)
}
