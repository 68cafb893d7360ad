package server_test

import (
	"testing"

	"github.com/jackc/pgx/v5/pgproto3"
)

const (
	double  = "SELECT cvp_double(n) FROM numbers WHERE n <= 5 ORDER BY n"
	doubleN = "SELECT cvp_double($1) AS d, $1::bigint AS n"
	broken  = "SELECT cvp_double(1), nosuch"
	insert  = "INSERT INTO trained VALUES (1)"
	badDML  = "INSERT INTO trained VALUES ('x')"
	divide  = "SELECT 1/0"
)

// exchanges are sent to Postgres, where the catalog functions answer, and through the server, where the engine
// does: the frames that come back must be the same.
var exchanges = []struct {
	name   string
	ready  int
	frames []pgproto3.FrontendMessage
}{
	{"parse, bind, describe, execute, sync", 1, frames(parse("", double), bind("", ""), describe('P', ""), execute("", 0), sync)},
	{"describe the statement first", 2, frames(parse("s", doubleN), describe('S', "s"), sync, bind("", "s", "4"), describe('P', ""), execute("", 0), sync)},
	{"the unnamed statement is used again", 3, frames(one(doubleN, "1"), sync, bind("", "", "2"), execute("", 0), sync, bind("", "", "3"), execute("", 0), sync)},
	{"a native unnamed statement outlives a call", 2, frames(parse("ours", double), parse("", "SELECT 7 AS seven"), bind("p", "ours"), execute("p", 0), bind("", ""), execute("", 0), sync, bind("", ""), describe('P', ""), execute("", 0), sync)},
	{"row limits", 1, frames(parse("", double), bind("p", ""), execute("p", 2), execute("p", 2), execute("p", 2), execute("p", 0), sync)},
	{"row limits that fit", 1, frames(parse("", double), bind("", ""), execute("", 5), execute("", 0), sync)},
	{"a portal in a transaction", 4, frames(query("BEGIN"), parse("", double), bind("p", ""), execute("p", 2), sync, execute("p", 0), sync, query("COMMIT"))},
	{"a portal after its transaction", 2, frames(parse("", double), bind("p", ""), execute("p", 2), sync, execute("p", 0), sync)},
	{"a portal described after its execution", 2, frames(parse("s", doubleN), bind("p", "s", "1"), execute("p", 0), describe('P', "p"), bind("", "s", "2"), execute("", 0), describe('P', ""), sync, describe('P', "p"), sync)},
	{"the unnamed portal described after its execution", 1, frames(one(double), describe('P', ""), describe('S', ""), sync)},
	{"a portal described after its execution in a transaction", 3, frames(query("BEGIN"), one(double), describe('P', ""), sync, query("ROLLBACK"))},
	{"a portal bound again under its name", 2, frames(parse("s", double), bind("p", "s"), execute("p", 0), bind("p", "s"), sync, bind("p", "s"), execute("p", 1), sync)},
	{"a native unnamed portal, read around a call", 1, frames(parse("", "SELECT generate_series(1, 5)"), bind("", ""), execute("", 2), parse("s", double), bind("p", "s"), execute("p", 2), execute("", 2), execute("p", 0), execute("", 0), describe('S', ""), sync)},
	{"a native unnamed portal in a transaction, read around calls", 5, frames(query("BEGIN"), parse("", "SELECT generate_series(1, 5)"), bind("", ""), execute("", 2), sync, parse("s", doubleN), bind("p", "s", "1"), execute("p", 0), sync, execute("", 2), bind("q", "s", "2"), execute("q", 0), execute("", 0), sync, query("COMMIT"))},
	{"several portals read in turn", 1, frames(parse("s", double), bind("a", "s"), bind("b", "s"), parse("n", "SELECT generate_series(1, 4)"), bind("c", "n"), execute("a", 1), execute("b", 3), execute("c", 3), execute("a", 3), execute("b", 1), execute("c", 3), execute("b", 3), execute("a", 3), sync)},
	{"a call's portals with limits, several open at once", 4, frames(query("BEGIN"), parse("s", double), bind("a", "s"), execute("a", 1), flush, bind("b", "s"), execute("b", 3), sync, execute("a", 3), execute("b", 1), execute("a", 1), execute("b", 0), execute("a", 0), sync, query("COMMIT"))},
	{"MOVE and FETCH in SQL on a portal of a call", 7, frames(query("BEGIN"), parse("s", double), bind("p", "s"), sync, query("MOVE FORWARD 2 FROM p"), execute("p", 1), sync, query("FETCH 1 FROM \"p\""), execute("p", 0), sync, query("COMMIT"))},
	{"MOVE in SQL on a portal that has been read in part", 6, frames(query("BEGIN"), parse("s", double), bind("p", "s"), execute("p", 2), sync, query("MOVE 1 IN p"), execute("p", 1), sync, query("FETCH ALL FROM p"), query("COMMIT"))},
	{"MOVE in SQL backwards", 3, frames(query("BEGIN"), parse("s", double), bind("p", "s"), sync, query("MOVE BACKWARD 1 FROM p"))},
	{"FETCH by the extended protocol on a portal of a call", 3, frames(query("BEGIN"), parse("s", double), bind("p", "s"), one("FETCH 2 FROM p"), one("MOVE 1 IN p"), execute("p", 1), sync, query("COMMIT"))},
	{"a prepared FETCH on one portal after the other", 5, frames(query("BEGIN"), parse("s", double), bind("p", "s"), parse("f", "FETCH 2 FROM p"), bind("", "f"), execute("", 0), closing('P', "p"), sync, bind("p", "s"), sync, bind("", "f"), describe('P', ""), execute("", 0), sync, query("COMMIT"))},
	{"MOVE in SQL in an implicit transaction", 2, frames(parse("s", double), bind("p", "s"), one("MOVE 2 FROM p"), execute("p", 0), sync, query("FETCH 1 FROM p"))},
	{"CLOSE in SQL of portals of a call", 6, frames(query("BEGIN"), parse("s", double), bind("p", "s"), execute("p", 1), bind("q", "s"), sync, query("CLOSE p"), query("CLOSE q"), execute("p", 1), sync, query("ROLLBACK"))},
	{"MOVE in SQL on a portal that was closed in SQL", 5, frames(query("BEGIN"), parse("s", double), bind("p", "s"), sync, query("CLOSE p"), query("MOVE 1 FROM p"), query("ROLLBACK"))},
	{"MOVE in SQL after its transaction", 3, frames(parse("s", double), bind("p", "s"), sync, query("MOVE 1 FROM p"), query(double))},
	{"a portal bound again after MOVE in SQL", 6, frames(query("BEGIN"), parse("s", doubleN), bind("p", "s", "1"), sync, query("MOVE 1 FROM p"), closing('P', "p"), bind("p", "s", "2"), execute("p", 0), sync, query("FETCH 1 FROM p"), query("COMMIT"))},
	{"a named statement after DEALLOCATE", 4, frames(parse("s", double), sync, one("DEALLOCATE s"), sync, bind("", "s"), execute("", 0), sync, parse("s", doubleN), bind("", "s", "2"), execute("", 0), sync)},
	{"a named statement parsed with other types", 3, frames(typed("s", doubleN, 20), bind("", "s", "2"), execute("", 0), sync, closing('S', "s"), typed("s", "SELECT cvp_double($1::int) AS d", 23), describe('S', "s"), bind("", "s", "2"), describe('P', ""), execute("", 0), sync, typed("s", doubleN, 25), sync)},
	{"result formats for each column", 2, frames(parse("", doubleN), formatted("", "", []int16{1, 0}, "5"), describe('P', ""), execute("", 0), formatted("", "", []int16{0, 1}, "5"), describe('P', ""), execute("", 0), sync, formatted("", "", []int16{1, 1, 1}, "5"), execute("", 0), sync)},
	{"a function call between calls of one pipeline", 2, frames(one(double), &pgproto3.FunctionCall{Function: 1598, ResultFormatCode: 1}, one(double), sync)},
	{"savepoints around a failing call", 9, frames(query("BEGIN"), one(insert), sync, query("SAVEPOINT a"), one(broken), sync, one(double), sync, query("ROLLBACK TO a"), one(double), sync, query(double), query("COMMIT"))},
	{"savepoints in a query string with calls", 3, frames(query("BEGIN;SAVEPOINT a;"+insert+";"+double), query("ROLLBACK TO a;"+double+";RELEASE a"), query("COMMIT;"+double))},
	{"a pipeline of portals behind a savepoint", 3, frames(query("BEGIN"), one("SAVEPOINT a"), one(double), one("ROLLBACK TO a"), one(double), one("RELEASE a"), sync, query("COMMIT"))},
	{"a transaction prepared in the string of a call", 1, frames(query("BEGIN;" + double + ";PREPARE TRANSACTION 'x'"))},
	{"flush without sync, then errors", 2, frames(one(double), flush, one(broken), flush, one(double), flush, sync, one(double), flush, sync)},
	{"COPY by the extended protocol behind a call, with an early Sync", 2, frames(one(double), one("COPY trained FROM STDIN"), sync, copyData("1\n"), copyDone, sync, query(double))},
	{"COPY by a query behind a call", 2, frames(one(double), query("COPY trained FROM STDIN"), copyData("1\n"), copyDone, query(double))},
	{"a rollback and a call in the string behind a failed transaction", 3, frames(query("BEGIN"), query(divide), query("ROLLBACK;"+double))},
	{"a statement parsed behind an error and bound after it", 3, frames(parse("", double), sync, one(divide), parse("", "SELECT 1"), sync, bind("", ""), sync)},
	{"an unknown portal", 1, frames(parse("s", double), execute("nosuch", 0), sync)},
	{"an unknown statement", 1, frames(parse("s", double), bind("", "nosuch"), execute("", 0), sync)},
	{"two portals at a time", 1, frames(parse("s", doubleN), bind("a", "s", "1"), bind("b", "s", "2"), execute("a", 0), execute("b", 0), closing('P', "a"), closing('P', "b"), sync)},
	{"closing", 2, frames(parse("s", double), bind("p", "s"), execute("p", 1), closing('P', "p"), closing('S', "s"), closing('S', "nosuch"), sync, bind("", "s"), execute("", 0), sync)},
	{"a closed portal is executed", 1, frames(parse("s", double), bind("p", "s"), execute("p", 1), closing('P', "p"), execute("p", 0), sync)},
	{"a pipeline of calls and others", 1, frames(one(insert), one(double), one("SELECT 1"), one(doubleN, "7"), one(insert), sync)},
	{"an error before a call", 2, frames(one(divide), one(double), closing('S', "x"), sync, one(double), sync)},
	{"an error in the call's text", 2, frames(one(broken), one(double), sync, one(double), sync)},
	{"an error after a call", 2, frames(one(insert), one(double), one(badDML), one(insert), sync, one("SELECT count(*) FROM trained"), sync)},
	{"errors and syncs in one go", 4, frames(one(divide), sync, one(double), sync, one(broken), sync, one(double), sync)},
	{"a text with two statements", 1, frames(parse("", double+";"+double), bind("", ""), execute("", 0), sync)},
	{"flush", 1, frames(parse("", double), describe('S', ""), flush, bind("", ""), flush, execute("", 0), flush, sync)},
	{"an explicit transaction, pipelined", 1, frames(one("BEGIN"), one(double), one(insert), one("COMMIT"), sync)},
	{"a transaction left open", 2, frames(one("BEGIN"), one(double), sync, query("ROLLBACK"))},
	{"a transaction begun after a call", 2, frames(one(double), one("BEGIN"), one(insert), sync, query("ROLLBACK"))},
	{"a failed transaction", 5, frames(query("BEGIN"), query(divide), one(double), sync, query(double), query("ROLLBACK"))},
	{"an error in a transaction, pipelined", 2, frames(one("BEGIN"), one(double), one(broken), one(double), sync, query("ROLLBACK"))},
	{"a rollback behind an error", 3, frames(query("BEGIN"), one(broken), sync, query("ROLLBACK"))},
	{"simple queries in a row", 4, frames(query(double), query("SELECT 1"), query(double), query(double))},
	{"a simple query behind a pipeline", 1, frames(one(insert), query(double))},
	{"a simple query behind a call", 1, frames(one(double), query("SELECT 1"))},
	{"a simple query behind a failed pipeline", 1, frames(one(divide), query(double), sync)},
	{"a native simple query behind a failed pipeline", 2, frames(one(divide), query("SELECT 1"), sync, one(double), sync)},
	{"several statements in a string", 2, frames(query(insert+";"+double+";SELECT 2"), query(insert+";"+double+";"+divide+";SELECT 2"))},
	{"several statements in a failed transaction", 4, frames(query("BEGIN"), query(divide), query(double+";SELECT 2"), query("ROLLBACK"))},
	{"an empty query and an empty portal", 2, frames(query(""), one(""), sync)},
	{"syncs alone", 3, frames(sync, sync, flush, sync)},
	{"a name parsed again", 2, frames(parse("s", double), closing('S', "s"), parse("s", "SELECT 9 AS nine"), bind("", "s"), describe('P', ""), execute("", 0), sync, bind("", "s"), execute("", 0), sync)},
	{"a name parsed twice", 2, frames(parse("s", double), parse("s", "SELECT 9"), sync, bind("", "s"), execute("", 0), sync)},
	{"deallocate", 4, frames(parse("s", double), sync, query("DEALLOCATE s"), parse("s", "SELECT 9"), bind("", "s"), execute("", 0), sync, query("SELECT 1"))},
	{"discard all", 3, frames(parse("s", double), sync, query("DISCARD ALL"), bind("", "s"), execute("", 0), sync)},
	{"too few parameters", 2, frames(parse("", doubleN), bind("", ""), execute("", 0), sync, one(doubleN, "1"), sync)},
	{"a parameter that is no number", 2, frames(one(doubleN, "many"), sync, one(doubleN, "1"), sync)},
	{"a parameter in a simple query", 2, frames(query("SELECT cvp_double($1)"), query(double))},
	{"COPY, then a call", 3, frames(query("COPY trained FROM STDIN"), copyData("1\n"), copyDone, query(double), query("SELECT 1"))},
	{"COPY by the extended protocol, then calls", 3, frames(parse("", "COPY trained FROM STDIN"), bind("", ""), execute("", 0), copyData("1\n"), copyDone, sync, query(double), one(double), sync)},
	{"COPY that fails, then calls", 3, frames(query("COPY trained FROM STDIN"), copyData("x\n"), copyDone, query(double), one(double), sync)},
	{"COPY that the client gives up, then a call", 2, frames(query("COPY trained FROM STDIN"), copyData("1\n"), &pgproto3.CopyFail{Message: "no"}, query(double))},
	{"COPY out, then a call", 2, frames(query("COPY numbers TO STDOUT"), query(double))},
	{"COPY out in a pipeline", 1, frames(one("COPY numbers TO STDOUT"), one(double), sync)},
	{"a function call", 2, frames(&pgproto3.FunctionCall{Function: 1598}, one(double), sync)}, // random()
	{"a notice", 2, frames(query("DO $$BEGIN RAISE NOTICE 'cvp_double'; END$$"), query(double))},
	{"a deferred constraint", 3, frames(query("CREATE TEMP TABLE child (n bigint REFERENCES numbers DEFERRABLE INITIALLY DEFERRED)"), one("INSERT INTO child VALUES (0)"), one(double), sync, query(double))},
}

func TestFramesComeInTheOrderThatPostgresGivesThem(t *testing.T) {
	p := start(t)
	for _, e := range exchanges {
		t.Run(e.name, func(t *testing.T) {
			for _, sql := range []string{"TRUNCATE trained"} {
				run(t, open(t, p.direct), sql)
			}
			want := speak(t, p.direct).exchange(t, e.ready, e.frames...)
			run(t, open(t, p.direct), "TRUNCATE trained")
			c := speak(t, p.database)
			if got := c.exchange(t, e.ready, e.frames...); got != want {
				t.Errorf("got  %s\nwant %s", got, want)
			}
			if got := c.exchange(t, 1, query("SELECT 1")); got != "columns(?column?:23:0) DataRow SELECT-1 ready:I" && got != "error:25P02@0 ready:E" {
				t.Errorf("afterwards, a query gives %s", got)
			}
			if got := c.exchange(t, 1, frames(one(doubleN, "3"), sync)...); got != "ParseComplete BindComplete DataRow SELECT-1 ready:I" && got != "error:25P02@0 ready:E" {
				t.Errorf("afterwards, a call gives %s", got)
			}
		})
	}
}

// TestFramesMayComeInPieces sends the same, three bytes at a time.
func TestFramesMayComeInPieces(t *testing.T) {
	p := start(t)
	for _, e := range exchanges {
		t.Run(e.name, func(t *testing.T) {
			run(t, open(t, p.direct), "TRUNCATE trained")
			want := speak(t, p.direct).exchange(t, e.ready, e.frames...)
			run(t, open(t, p.direct), "TRUNCATE trained")
			c := speak(t, p.database)
			var all []byte
			for _, f := range e.frames {
				b, err := f.Encode(nil)
				if err != nil {
					t.Fatal(err)
				}
				all = append(all, b...)
			}
			for len(all) > 0 {
				n := min(3, len(all))
				if _, err := c.conn.Write(all[:n]); err != nil {
					t.Fatal(err)
				}
				all = all[n:]
			}
			if got := c.answers(t, e.ready); got != want {
				t.Errorf("got  %s\nwant %s", got, want)
			}
		})
	}
}

// libpq sends a Sync behind an Execute before it knows that it was a COPY; Postgres ignores that one.
func TestCopyWithAnEarlySync(t *testing.T) {
	p := start(t)
	for _, data := range []string{"1\n", "x\n"} {
		c := speak(t, p.database)
		for _, f := range frames(one("COPY trained FROM STDIN"), sync) {
			c.Send(f)
		}
		if err := c.Flush(); err != nil {
			t.Fatal(err)
		}
		for range 3 {
			if _, err := c.Receive(); err != nil {
				t.Fatal(err)
			}
		}
		outcome := map[string]string{"1\n": "COPY-1", "x\n": "error:22P02@0"}[data]
		if got := c.exchange(t, 1, copyData(data), copyDone, sync); got != outcome+" ready:I" {
			t.Errorf("COPY gives %s", got)
		}
		if got := c.exchange(t, 2, frames(query("SELECT cvp_double(1)"), one(doubleN, "3"), sync)...); got !=
			"columns(cvp_double:20:0) DataRow SELECT-1 ready:I ParseComplete BindComplete DataRow SELECT-1 ready:I" {
			t.Errorf("afterwards, calls give %s", got)
		}
	}
}

func TestAFailedCallInAPipelineDiscardsTheRest(t *testing.T) {
	p := start(t)
	c := speak(t, p.database)
	const ok = "ParseComplete BindComplete DataRow SELECT-1"
	for _, e := range []struct {
		name   string
		ready  int
		frames []pgproto3.FrontendMessage
		want   string
	}{
		{"two calls behind it", 2, frames(one("SELECT cvp_fail()"), one(doubleN, "1"), one(double), sync, one(doubleN, "1"), sync),
			"ParseComplete BindComplete error:XX000@0 ready:I " + ok + " ready:I"},
		{"a call of Postgres's kind", 2, frames(one("SELECT cvp_early()"), one(doubleN, "1"), sync, one(doubleN, "1"), sync),
			"ParseComplete BindComplete error:42P01@15 ready:I " + ok + " ready:I"},
		{"an insert, a call, and a failure: nothing is kept", 2, frames(one(insert), one(doubleN, "1"), one("SELECT cvp_insert()"), one("SELECT cvp_fail()"), sync, one("SELECT n FROM trained"), sync),
			"ParseComplete BindComplete INSERT-0-1 " + ok + " " + ok + " ParseComplete BindComplete error:XX000@0 ready:I ParseComplete BindComplete SELECT-0 ready:I"},
		{"a call between two inserts is kept with them", 3, frames(one(insert), one("SELECT cvp_insert()"), one(insert), sync, one("SELECT n FROM trained"), sync, query("TRUNCATE trained")),
			"ParseComplete BindComplete INSERT-0-1 " + ok + " ParseComplete BindComplete INSERT-0-1 ready:I ParseComplete BindComplete DataRow DataRow DataRow SELECT-3 ready:I TRUNCATE-TABLE ready:I"},
		{"a portal that a MOVE in SQL is about", 4, frames(query("BEGIN"), parse("s", "SELECT cvp_fail()"), bind("p", "s"), sync, query("MOVE 1 FROM p"), query("ROLLBACK")),
			"BEGIN ready:T ParseComplete BindComplete ready:T error:XX000@0 ready:E ROLLBACK ready:I"},
		{"a portal that a MOVE in a pipeline is about", 2, frames(parse("t", "SELECT cvp_fail()"), bind("p", "t"), one("MOVE 1 FROM p"), one(double), sync, one(doubleN, "1"), sync),
			"ParseComplete BindComplete ParseComplete error:XX000@0 ready:I " + ok + " ready:I"},
		{"in an explicit transaction", 3, frames(query("BEGIN"), one(doubleN, "1"), one("SELECT cvp_panic()"), one(doubleN, "1"), sync, query("ROLLBACK")),
			"BEGIN ready:T " + ok + " ParseComplete BindComplete error:XX000@0 ready:E ROLLBACK ready:I"},
	} {
		t.Run(e.name, func(t *testing.T) {
			if got := c.exchange(t, e.ready, e.frames...); got != e.want {
				t.Errorf("got  %s\nwant %s", got, e.want)
			}
		})
	}
}
