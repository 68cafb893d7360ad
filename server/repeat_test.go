package server_test

import (
	"fmt"
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"
	"time"

	"cvp/internal/pgtest"
	"cvp/server"
	"github.com/jackc/pgx/v5/pgproto3"
)

// repetitions makes up what a client does that executes prepared statements again and again, step by step.
type repetitions struct{ *rand.Rand }

// repeatedTexts are prepared as s0, s1 and so on.
var repeatedTexts = []string{
	doubleN, "SELECT cvp_double(n) AS d, n FROM numbers WHERE n <= $1::bigint ORDER BY n", "SELECT 6 / (3 - $1::bigint), cvp_double($1::bigint) AS d",
	"SELECT $1::bigint + 1",
}

// betweenTexts are queried between two executions.
var betweenTexts = []string{
	"BEGIN", "BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT a", "ROLLBACK TO a", "RELEASE a", "INSERT INTO numbers VALUES (0)", "DELETE FROM numbers WHERE n < 2", "SELECT 1/0",
	"SET default_transaction_isolation = serializable", "RESET default_transaction_isolation", "SET search_path = cvp, public", "SET search_path = public, cvp",
	"DEALLOCATE s1", "DEALLOCATE ALL", "SET statement_timeout = '1min'", "SET idle_in_transaction_session_timeout = '1min'",
	"SET idle_in_transaction_session_timeout = '9s'", "SET plan_cache_mode = force_generic_plan", "SELECT cvp_double(2) AS d",
}

// execution is a call as a driver sends it, or nearly so.
func (g repetitions) execution() (all []pgproto3.FrontendMessage) {
	b := bind("", fmt.Sprint("s", g.IntN(len(repeatedTexts))), []string{"3", "2", "0", "x", "5"}[g.IntN(5)])
	switch g.IntN(12) {
	case 0:
		b.Parameters = nil
	case 1:
		b.Parameters[0] = nil
	case 2:
		b.ResultFormatCodes = []int16{1}
	case 3:
		b.DestinationPortal = "p"
	}
	all = append(all, b)
	if g.IntN(2) == 0 {
		all = append(all, describe('P', b.DestinationPortal))
	}
	all = append(all, execute(b.DestinationPortal, []uint32{0, 0, 0, 1, 2}[g.IntN(5)]))
	if g.IntN(8) == 0 {
		all = append(all, execute(b.DestinationPortal, 0))
	}
	return all
}

// step is what is sent at once, behind what was answered before; it ends with as many ReadyForQuerys.
func (g repetitions) step(before string) (all []pgproto3.FrontendMessage, ready int) {
	switch {
	case strings.HasSuffix(before, "ready:E") && g.IntN(2) == 0:
		return []pgproto3.FrontendMessage{query("ROLLBACK")}, 1
	case strings.Contains(before, "26000") && g.IntN(2) == 0:
		return prepareAll()
	}
	switch g.IntN(16) {
	case 0, 1, 2:
		return []pgproto3.FrontendMessage{query(betweenTexts[g.IntN(len(betweenTexts))])}, 1
	case 4: // a pipeline
		for range 1 + g.IntN(3) {
			all = append(append(all, g.execution()...), sync)
			ready++
		}
		return all, ready
	case 5: // in one segment
		return append(append(g.execution(), g.execution()...), sync), 1
	case 6: // the portal goes on, where it can
		return append(append(g.execution(), sync), execute("", 1), sync), 2
	}
	return append(g.execution(), sync), 1
}

// prepareAll prepares the statements anew.
func prepareAll() (all []pgproto3.FrontendMessage, ready int) {
	for n, text := range repeatedTexts {
		name := fmt.Sprint("s", n)
		all = append(all, closing('S', name), parse(name, text), sync)
	}
	return all, len(repeatedTexts)
}

// TestRandomRepetitionsAreAnsweredAsByPostgres compares with a Postgres where SQL functions answer the calls.
func TestRandomRepetitionsAreAnsweredAsByPostgres(t *testing.T) {
	planner := &testPlanner{repeats: true}
	p := start(t, func(c *server.Config) { c.Planner = planner })
	plain := pgtest.Database(t)
	install(t, plain)
	run(t, open(t, plain), `CREATE OR REPLACE FUNCTION cvp.cvp_double(x bigint DEFAULT 0) RETURNS bigint LANGUAGE sql STABLE AS 'SELECT x * 2'`)
	for i := range *sequenceCount / 10 {
		seed := *sequenceSeed + uint64(i)
		g := repetitions{rand.New(rand.NewPCG(seed, 8))}
		want, got := speak(t, plain), speak(t, p.database)
		var told []string
		w := "26000"
		for range 40 {
			frames, ready := g.step(w)
			told = append(told, script(frames))
			w = want.told(t, ready, frames)
			s := got.told(t, ready, frames)
			told = append(told, "   => "+s)
			if s != w {
				t.Errorf("seed %d:\n\t%s\ngot  %s\nwant %s", seed, strings.Join(told, "\n\t"), s, w)
				break
			}
		}
		_, _ = want.conn.Close(), got.conn.Close()
	}
	if n := planner.repeated.Load(); n < int64(*sequenceCount)/2 {
		t.Errorf("only %d calls were executed ahead", n)
	}
}

// told is exchange with the values of rows, and without notices.
func (c *wireClient) told(t *testing.T, ready int, frames []pgproto3.FrontendMessage) string {
	t.Helper()
	for _, f := range frames {
		c.Send(f)
	}
	if err := c.Flush(); err != nil {
		t.Fatal(err)
	}
	_ = c.conn.SetReadDeadline(time.Now().Add(10 * time.Second))
	var words []string
	for ready > 0 {
		m, err := c.Receive()
		if err != nil {
			return strings.Join(append(words, err.Error()), " ")
		}
		switch m := m.(type) {
		case *pgproto3.DataRow:
			words = append(words, fmt.Sprintf("row%s", m.Values))
		case *pgproto3.NoticeResponse, *pgproto3.ParameterStatus:
		case *pgproto3.ReadyForQuery:
			words = append(words, word(m))
			ready--
		default:
			words = append(words, word(m))
		}
	}
	// What a portal that a failed Bind or Query has left does in a failed transaction is nobody's business.
	return leftPortal.ReplaceAllString(strings.Join(words, " "), "ready:E error:25P02@0")
}

var leftPortal = regexp.MustCompile(`ready:E (EmptyQueryResponse|error:34000@0)`)

// A session that waits for a lock on behalf of a call is not idle, whichever way the call goes.
func TestASessionIsNotIdleWhileACallIsExecutedAgain(t *testing.T) {
	planner := &testPlanner{repeats: true}
	p := start(t, func(c *server.Config) { c.Planner, c.IdleTimeout = planner, 400*time.Millisecond })
	direct := open(t, p.direct)
	c := speak(t, p.database)
	c.exchange(t, 1, parse("s", "SELECT cvp_double(n) AS d FROM numbers WHERE n = $1::bigint"), sync)
	again := func(n string) string {
		return c.exchange(t, 1, bind("", "s", n), execute("", 0), sync)
	}
	for range 2 {
		again("1")
	}
	before := planner.repeated.Load()
	run(t, direct, "BEGIN; LOCK TABLE numbers")
	released := make(chan error)
	time.AfterFunc(1500*time.Millisecond, func() {
		_, err := direct.Exec(t.Context(), "COMMIT")
		released <- err
	})
	if got, want := again("2"), "BindComplete DataRow SELECT-1 ready:I"; got != want || planner.repeated.Load() != before+1 {
		t.Errorf("%s, want %s, executed ahead", got, want)
	}
	if err := <-released; err != nil {
		t.Error(err)
	}
}
