package server

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"cvp/server/frame"
	"github.com/jackc/pgx/v5/pgconn"
)

// walked is what came of a stream that was walked in pieces.
type walked struct {
	out   []byte // what was forwarded
	rest  []byte // what waits for more
	stops []int  // where frames were to be looked at, by their place in the stream
	err   string
	state string // the counts afterwards
}

// walk gives a stream to a step in pieces of random lengths; 0 gives it at once. A step looks at what is buffered
// and gives how much of it can be forwarded, and the length of a frame behind that which it has dealt with.
func walk(stream []byte, seed uint64, step func(b []byte) (n, looked int, err error)) (w walked) {
	random := rand.New(rand.NewPCG(seed, 0))
	for taken := 0; taken < len(stream) && w.err == ""; {
		n := len(stream) - taken
		if seed != 0 {
			n = 1 + random.IntN(min(n, 1+random.IntN(40)))
		}
		w.rest = append(w.rest, stream[taken:taken+n]...)
		taken += n
		for {
			n, looked, err := step(w.rest)
			w.out, w.rest = append(w.out, w.rest[:n]...), w.rest[n:]
			if err != nil {
				w.err = err.Error()
				break
			}
			if looked == 0 {
				break
			}
			w.stops = append(w.stops, len(w.out))
			w.out, w.rest = append(w.out, w.rest[:looked]...), w.rest[looked:]
		}
	}
	return w
}

// noPlanner has the client's frames looked at, without knowing any statement.
type noPlanner struct{}

func (noPlanner) Plan(string) []Statement                     { return nil }
func (noPlanner) Ready(context.Context, *pgconn.PgConn) error { return nil }

func bareSession(planner Planner) *session {
	s := &session{planner: planner, gate: newGate(), calls: newCalls()}
	s.answers.parameters = map[string]string{}
	return s
}

// walkClient walks what a client sends. Frames that the session would intercept are forwarded and counted.
func walkClient(stream []byte, seed uint64, planner Planner) walked {
	s := bareSession(planner)
	w := walk(stream, seed, func(b []byte) (int, int, error) {
		n, stop, err := s.walkRequests(b)
		if !stop || err != nil {
			return n, 0, err
		}
		size, err := frame.Size(b[n:])
		if err == nil {
			s.asked.count(b[n], &s.answers)
		}
		return n, size, err
	})
	a := &s.asked
	w.state = fmt.Sprintf("sent %d unsynced %v terminated %v executed %v binds %d closes %d parses %d copy %+v left %d",
		a.sent.Load(), a.unsynced.Load(), a.terminated, a.executed, a.binds, a.closes, a.parses, a.copy, s.requestLeft)
	return w
}

// walkBackend walks what a backend sends to a session that has sent so many requests. No fence is up.
func walkBackend(stream []byte, seed uint64, sent int64) walked {
	s := bareSession(noPlanner{})
	s.asked.sent.Store(sent)
	w := walk(stream, seed, func(b []byte) (int, int, error) {
		n, v, err := s.walkAnswers(b)
		if v != relay {
			return n, 0, fmt.Errorf("verdict %d without a fence", v)
		}
		return n, 0, err
	})
	a := &s.answers
	w.state = fmt.Sprintf("ready %d status %d idle %d copies %d closes %d parses %d copying %v left %d failed %d %d", a.ready.Load(), a.status.Load(),
		a.idle.Load(), a.copies.Load(), a.closes, a.parses, a.copying, s.answerLeft, s.gate.failed, s.gate.copying)
	for _, name := range slices.Sorted(maps.Keys(a.parameters)) {
		w.state += fmt.Sprintf(" %q=%q", name, a.parameters[name])
	}
	return w
}

// framed makes a stream of frames from arbitrary bytes: a kind and a length each, and sometimes a wrong length.
func framed(data []byte, kinds string) (stream []byte) {
	for len(data) >= 2 {
		kind, length := kinds[int(data[0])%len(kinds)], int(data[1])
		data = data[2:]
		head := [frame.HeadLen]byte{kind}
		if length == 0xff {
			putUint32(head[1:], 3)
			return append(append(stream, head[:]...), data...)
		}
		body := data[:min(length, len(data))]
		data = data[len(body):]
		putUint32(head[1:], uint32(4+length)) // the last may be cut off
		stream = append(append(stream, head[:]...), body...)
	}
	return stream
}

// FuzzRequests walks what a client sends in pieces and at once: the same is forwarded, looked at and counted, and
// no byte is lost, added or moved.
func FuzzRequests(f *testing.F) {
	const kinds = "QPBDECHSFdcfX\x00?"
	addStreams(f, frame.AppendSync(frame.AppendExecute(frame.AppendBind(frame.AppendParse(frame.AppendQuery(nil, "SELECT cvp_x(1)"), "", "SELECT 1", frame.Types(nil)), "", "", nil, nil, nil), "", 0)))
	f.Fuzz(func(t *testing.T, data []byte, seed uint64, shaped, plain bool) {
		if shaped {
			data = framed(data, kinds)
		}
		var planner Planner = noPlanner{}
		if plain {
			planner = nil
		}
		compare(t, data, walkClient(data, 0, planner), walkClient(data, seed|1, planner))
	})
}

// FuzzAnswers does so with what a backend sends.
func FuzzAnswers(f *testing.F) {
	const kinds = "RK23CGHDIEnNAtS1sZTdc\x00?"
	stream := frame.AppendReady([]byte("S\x00\x00\x00\x08a\x00b\x00G\x00\x00\x00\x07\x00\x00\x001\x00\x00\x00\x043\x00\x00\x00\x04"), 'T')
	addStreams(f, stream)
	f.Fuzz(func(t *testing.T, data []byte, seed uint64, shaped, few bool) {
		if shaped {
			data = framed(data, kinds)
		}
		sent := int64(1 << 40)
		if few {
			sent = 2
		}
		compare(t, data, walkBackend(data, 0, sent), walkBackend(data, seed|1, sent))
	})
}

func addStreams(f *testing.F, stream []byte) {
	for _, either := range []bool{false, true} {
		f.Add(stream, uint64(3), false, either)
		f.Add([]byte("\x00\x05cvp_x\x01\x03abc\x02\x00\x03\x02xx\x07\x00\x08\x00\x09\x30tail"), uint64(5), true, either)
		f.Add(append(stream[:len(stream):len(stream)], "Q\xff\xff\xff\xffrest"...), uint64(7), false, either)
	}
}

// compare compares the two ways. An error ends both at the same frame; of what was read along with it, the way at
// once may not have forwarded all.
func compare(t *testing.T, stream []byte, whole, pieces walked) {
	t.Helper()
	for _, w := range []walked{whole, pieces} {
		if !bytes.HasPrefix(stream, append(w.out[:len(w.out):len(w.out)], w.rest...)) {
			t.Fatalf("forwarded %q and kept %q of %q", w.out, w.rest, stream)
		}
		if w.err == "" && len(w.out)+len(w.rest) != len(stream) {
			t.Fatalf("%d of %d bytes are lost", len(stream)-len(w.out)-len(w.rest), len(stream))
		}
	}
	if whole.err != pieces.err || whole.state != pieces.state || fmt.Sprint(whole.stops) != fmt.Sprint(pieces.stops) {
		t.Fatalf("of %q\nat once   %+v\nin pieces %+v", stream, whole, pieces)
	}
	if whole.err == "" && !bytes.Equal(whole.out, pieces.out) {
		t.Fatalf("of %q\nat once   %q\nin pieces %q", stream, whole.out, pieces.out)
	}
}
