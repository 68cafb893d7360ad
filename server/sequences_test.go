package server_test

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"cvp/internal/pgtest"
	"github.com/jackc/pgx/v5/pgproto3"
)

var (
	sequenceCount = flag.Int("sequences", 300, "how many random sequences of frames are compared")
	sequenceSeed  = flag.Uint64("sequence-seed", 0, "the first of their seeds")
)

// TestRandomSequencesAreAnsweredAsByPostgres sends sequences of frames that a client may send, and some that it
// should not, to Postgres, where SQL functions answer the calls, and through the server, where the engine does.
func TestRandomSequencesAreAnsweredAsByPostgres(t *testing.T) {
	p := start(t)
	plain := pgtest.Database(t)
	install(t, plain)
	run(t, open(t, plain), `CREATE OR REPLACE FUNCTION cvp.cvp_double(x bigint DEFAULT 0) RETURNS bigint LANGUAGE sql STABLE AS 'SELECT x * 2';
		CREATE OR REPLACE FUNCTION cvp.cvp_insert(x bigint DEFAULT 0) RETURNS bigint LANGUAGE sql VOLATILE AS 'INSERT INTO trained VALUES (1); SELECT 0::bigint';
		CREATE OR REPLACE FUNCTION cvp.cvp_fail(x bigint DEFAULT 0) RETURNS bigint LANGUAGE plpgsql AS
			$$BEGIN RAISE EXCEPTION USING ERRCODE = 'XX000', MESSAGE = 'too little data'; END$$`)
	want, got := &speaker{database: plain}, &speaker{database: p.database}
	for i := range *sequenceCount {
		seed := *sequenceSeed + uint64(i)
		g := &sequence{Rand: rand.New(rand.NewPCG(seed, 7))}
		frames := g.frames()
		w := want.tell(t, frames, nil)
		if s := got.tell(t, frames, g.chunks()); s != w {
			t.Errorf("seed %d: %s\ngot  %s\nwant %s", seed, script(frames), s, w)
			if got.client != nil {
				_ = got.client.conn.Close()
				got.client = nil
			}
		}
	}
}

// speaker is a client whose session goes on from one sequence to the next, as long as it lives.
type speaker struct {
	database string
	client   *wireClient
}

// theEnd is what a sequence is read up to.
const theEnd = "SELECT 'the end'"

// tell sends frames, in chunks where these are given, and gives the answers.
func (s *speaker) tell(t *testing.T, frames []pgproto3.FrontendMessage, chunks func() int) string {
	t.Helper()
	if s.client == nil {
		s.client = speak(t, s.database)
	}
	c := s.client
	c.exchange(t, 4, query("ROLLBACK"), query("DISCARD ALL"), query("SET search_path = public, cvp"), query("TRUNCATE trained"))
	frames = append(append([]pgproto3.FrontendMessage(nil), frames...), copyDone, sync, query("ROLLBACK"), query("SELECT count(*) FROM trained"), query(theEnd))
	var b []byte
	for _, f := range frames {
		var err error
		if b, err = f.Encode(b); err != nil {
			t.Fatal(err)
		}
	}
	written := make(chan struct{})
	go func() {
		defer close(written)
		for len(b) > 0 {
			n := len(b)
			if chunks != nil {
				n = min(n, chunks())
			}
			if _, err := c.conn.Write(b[:n]); err != nil {
				return
			}
			if b = b[n:]; chunks != nil && len(b) > 0 {
				time.Sleep(100 * time.Microsecond)
			}
		}
	}()
	defer func() { <-written }()
	return s.answers()
}

// answers reads up to the end of a sequence, or of the session.
func (s *speaker) answers() string {
	c := s.client
	_ = c.conn.SetReadDeadline(time.Now().Add(2 * time.Second))
	var words, parameters []string
	for ended := false; ; {
		m, err := c.Receive()
		if err != nil {
			_ = c.conn.Close()
			s.client = nil
			if strings.Contains(err.Error(), "timeout") {
				return strings.Join(append(words, "HANGS"), " ")
			}
			return strings.Join(append(words, "closed"), " ")
		}
		w := word(m)
		switch m := m.(type) {
		case *pgproto3.DataRow:
			w = fmt.Sprintf("row%s", m.Values)
			ended = ended || len(m.Values) == 1 && string(m.Values[0]) == "the end"
		case *pgproto3.CopyData:
			w = fmt.Sprintf("copy:%d", len(m.Data))
		case *pgproto3.ErrorResponse:
			// A call that fails in a simple query has not described its columns.
			if n := len(words); n > 0 && strings.HasPrefix(words[n-1], "columns") {
				words = words[:n-1]
			}
			switch {
			case m.Severity == "FATAL":
				w = "FATAL"
			case m.Code == "34000": // a Query that has failed leaves a portal, which nobody has asked for
				w = "error:25P02@0"
			case m.Code == "25P01": // a call makes a block of a pipeline's transaction
				w = "error:3B001@0"
			}
		case *pgproto3.ParameterStatus:
			// Within a pipeline a call may bring it forward.
			parameters = append(parameters, w)
			continue
		case *pgproto3.ReadyForQuery:
			words, parameters = append(words, parameters...), nil
		case *pgproto3.NoticeResponse, *pgproto3.NotificationResponse:
			// When they come is not for the protocol to say.
			continue
		}
		words = append(words, w)
		if _, ok := m.(*pgproto3.ReadyForQuery); ok && ended {
			return strings.Join(words, " ")
		}
	}
}

// script is a sequence for a person.
func script(frames []pgproto3.FrontendMessage) string {
	var lines []string
	for _, f := range frames {
		lines = append(lines, strings.TrimPrefix(fmt.Sprintf("%T", f), "*pgproto3.")+strings.TrimPrefix(fmt.Sprintf("%+v", f), "&"))
	}
	return strings.Join(lines, "\n\t")
}

// sequence makes up what a client sends.
type sequence struct {
	*rand.Rand
	// calling says that a call may have opened a transaction in the pipeline: the ReadyForQuery of a Sync in the
	// middle of failed COPY data then comes before the server has ended that.
	calling bool
}

func pick[T any](g *sequence, of ...T) T { return of[g.IntN(len(of))] }

// statementTexts are what is parsed; those with a parameter take a number.
var statementTexts = []string{
	double, double, doubleN, doubleN, "SELECT cvp_double(n), n FROM numbers WHERE n <= $1::bigint ORDER BY n", "SELECT cvp_insert()", "SELECT cvp_fail()",
	"SELECT n, n + $1::bigint FROM numbers WHERE n < 6 ORDER BY n", "SELECT generate_series(1, 5)", insert, insert, badDML, divide, broken, "SELECT nosuch",
	"BEGIN", "COMMIT", "ROLLBACK", "COPY trained FROM STDIN", "COPY numbers TO STDOUT", "",
	"SET application_name = 'cvp_double'", "INSERT INTO trained SELECT cvp_double(n) FROM numbers WHERE n < 4", "SELECT n FROM cvp_table ORDER BY n LIMIT 4",
}

// queryTexts are what is queried besides.
var queryTexts = []string{
	insert + ";" + double, double + ";" + divide, "BEGIN;" + insert + ";SELECT cvp_double(2)", "SELECT cvp_double(2); COMMIT", insert + ";SELECT cvp_fail();" + insert,
	"DEALLOCATE ALL", "SAVEPOINT a;SELECT cvp_fail()", "ROLLBACK TO a;SELECT cvp_double(3)", "ROLLBACK;SELECT cvp_double(3);" + insert, "SET application_name = 'x';" + double,
	"DISCARD ALL", "NOTIFY news", "LISTEN news",
}

func (g *sequence) statement() string { return pick(g, "", "", "s", "r") }
func (g *sequence) portal() string    { return pick(g, "", "", "p", "q") }

// bound gives a Bind with as many parameters as the statement may need, or not.
func (g *sequence) bound(portal, statement, text string) *pgproto3.Bind {
	b := bind(portal, statement)
	if strings.Contains(text, "$1") != (g.IntN(20) == 0) {
		b.Parameters = [][]byte{[]byte(pick(g, "3", "2", "0", "x"))}
	}
	b.ResultFormatCodes = pick(g, nil, nil, nil, []int16{0}, []int16{1})
	return b
}

// frames gives a sequence of some ten parts.
func (g *sequence) frames() (all []pgproto3.FrontendMessage) {
	texts := map[string]string{}
	for range 3 + g.IntN(10) {
		if n := len(all); n > 0 && all[n-1] == pgproto3.FrontendMessage(sync) {
			g.calling = false
		}
		switch g.IntN(16) {
		case 0, 1, 2, 3, 4: // a statement as drivers send it
			name, portal, text := g.statement(), g.portal(), pick(g, statementTexts...)
			texts[name] = text
			g.calling = g.calling || strings.Contains(text, "cvp_")
			all = append(all, parse(name, text))
			if g.IntN(3) == 0 {
				all = append(all, describe('S', name))
			}
			all = append(all, g.bound(portal, name, text))
			if g.IntN(2) == 0 {
				all = append(all, describe('P', portal))
			}
			all = append(all, execute(portal, pick(g, uint32(0), 0, 0, 1, 3)))
			all = append(all, g.data(text)...)
			if g.IntN(3) > 0 {
				all = append(all, sync)
			}
		case 5, 6: // a statement again
			name, portal := g.statement(), g.portal()
			g.calling = true
			all = append(all, g.bound(portal, name, texts[name]), execute(portal, pick(g, uint32(0), 1, 3)))
			all = append(all, g.data(texts[name])...)
		case 7, 8:
			g.calling = true
			all = append(all, execute(g.portal(), pick(g, uint32(0), 1, 3)))
		case 9:
			all = append(all, describe(pick(g, byte('S'), 'P'), g.portal()))
		case 10:
			all = append(all, closing(pick(g, byte('S'), 'P'), g.portal()))
		case 11, 12, 13:
			text := pick(g, append(queryTexts, statementTexts...)...)
			if g.calling && strings.Contains(text, "STDIN") {
				all = append(all, sync) // the server would commit ahead of the COPY
				g.calling = false
			}
			all = append(all, query(text))
			all = append(all, g.data(text)...)
		case 14:
			all = append(all, pick[pgproto3.FrontendMessage](g, flush, sync, sync))
		case 15:
			all = append(all, pick[pgproto3.FrontendMessage](g, &pgproto3.FunctionCall{Function: 1598, ResultFormatCode: 3}, copyDone, copyData("7\n"), sync))
		}
	}
	return all
}

// data gives what follows a COPY, with what Postgres ignores in between, and at times without its end.
func (g *sequence) data(text string) (all []pgproto3.FrontendMessage) {
	if !strings.Contains(text, "FROM STDIN") {
		return nil
	}
	for g.IntN(4) > 0 {
		if g.calling {
			all = append(all, copyData("1\n"))
			continue
		}
		all = append(all, pick[pgproto3.FrontendMessage](g, copyData("1\n"), copyData("2\n3\n"), copyData("x\n"), sync, flush))
	}
	switch {
	case g.calling && g.IntN(2) == 0:
		all = append([]pgproto3.FrontendMessage{sync}, all...)
	case !g.calling && g.IntN(8) == 0:
		return all
	}
	return append(all, pick[pgproto3.FrontendMessage](g, copyDone, copyDone, copyDone, &pgproto3.CopyFail{Message: "no"}))
}

// chunks gives the sizes in which a sequence is written.
func (g *sequence) chunks() func() int {
	switch g.IntN(3) {
	case 0:
		return nil
	case 1:
		return func() int { return 1 + g.IntN(200) }
	}
	return func() int { return 1 + g.IntN(2000) }
}
