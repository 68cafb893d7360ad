package server

import (
	"bytes"
	"errors"
	"fmt"
	"runtime/debug"
	"strings"
	"unicode/utf8"

	"cvp/server/frame"
)

// intercept deals with the frame at the front of the client's buffer, which is there in full and may be ours.
func (s *session) intercept() error {
	kind, f, err := s.client.whole()
	if err != nil {
		return err
	}
	body := f[frame.HeadLen:]
	if s.asked.copy.unsure(kind) {
		return s.settleCopy()
	}
	if s.discarding && kind != frame.Terminate {
		if s.discarding = kind != frame.Sync; s.discarding {
			s.client.drop(len(f))
			return nil
		}
	}
	if (kind == frame.Query || kind == frame.FunctionCall) && s.asked.unsynced.Load() {
		// Behind an error of the extended protocol they are discarded and get no ReadyForQuery.
		switch o, err := s.pause(); {
		case err != nil:
			return err
		case o != parked:
			return s.pass(f, false)
		}
		s.resume()
	}
	if err := s.settleCalls(); err != nil {
		return err
	}
	if kind == frame.Query || kind == frame.Bind {
		if done, err := s.prepareMoved(f, body); done || err != nil {
			return err
		}
	}
	switch kind {
	case frame.Query:
		return s.interceptQuery(f, body)
	case frame.Parse:
		return s.interceptParse(f, body)
	case frame.Execute:
		return s.interceptExecute(f, body)
	case frame.Bind:
		if done, err := s.takeRepeated(); done || err != nil {
			return err
		}
		if kind, f, err = s.client.whole(); err != nil {
			return err
		}
		body = f[frame.HeadLen:]
		s.calls.bind(body, s.asked.sent.Load(), s.answers.idle.Load())
	case frame.Close:
		s.calls.close(body, s.asked.sent.Load(), s.asked.closes+1)
	}
	if s.opened.Load() && (kind == frame.Sync || kind == frame.FunctionCall) {
		switch {
		case s.ignoresSync():
		case s.asked.copy.doubt:
			return s.countAnew()
		default:
			return s.settle(f, f)
		}
	}
	return s.pass(f, true)
}

// settleCalls sees to it that how the segments before this one have ended is known, and with it which statements
// there are. It waits only for a client that sends on behind its Sync.
func (s *session) settleCalls() error {
	c := &s.calls
	if len(c.changes) == 0 || c.segment >= s.asked.sent.Load() {
		return nil
	}
	if s.answers.ready.Load() < s.asked.sent.Load() {
		switch o, err := s.pause(); {
		case err != nil:
			return err
		case o == parked:
			s.resume()
		}
	}
	c.settle(s.gate.failure(c.segment))
	return nil
}

// pass forwards the frame at the front of the client's buffer.
func (s *session) pass(f []byte, count bool) error {
	if count {
		s.asked.count(f[0], &s.answers) // before its answer can come
	}
	if err := s.toBackend(f); err != nil {
		return err
	}
	s.client.drop(len(f))
	return nil
}

// replace forwards a frame of our own in place of the one at the front of the client's buffer.
func (s *session) replace(f, by []byte) {
	s.hold(by)
	s.asked.count(f[0], &s.answers)
	s.client.drop(len(f))
}

// interceptQuery runs a Query that calls the engine, and forwards every other.
func (s *session) interceptQuery(f, body []byte) error {
	text, err := frame.QueryText(body)
	if err != nil {
		return s.pass(f, true)
	}
	planned := s.plan(text)
	s.calls.query()
	native := true
	for _, st := range planned {
		native = native && st.Native()
	}
	if len(planned) > 0 {
		if done, err := s.makeReady(f); done || err != nil {
			return err
		}
	}
	switch {
	case !native:
		return s.takeQuery(f, planned)
	case len(planned) == 0 && !s.opened.Load():
		return s.pass(f, true)
	}
	by := f
	if len(planned) > 0 {
		joined := join(planned)
		s.gate.expect(move{segment: s.asked.sent.Load(), to: joined}, s.answers.ready.Load())
		by = frame.AppendQuery(nil, joined.text)
	}
	if s.opened.Load() && !mayCopyIn(text) {
		return s.settle(f, by)
	}
	if s.opened.Load() {
		if done, err := s.commitAhead(f); done || err != nil {
			return err
		}
	}
	s.replace(f, by)
	return nil
}

// mayCopyIn says whether a query string may ask for COPY data: these could not pass while the session waits for
// the end of the string.
func mayCopyIn(text []byte) bool {
	lower := bytes.ToLower(text)
	return bytes.Contains(lower, []byte("copy")) && bytes.Contains(lower, []byte("stdin"))
}

// commitAhead ends the transaction that we have opened in a pipeline ahead of the Query at the front of the client's
// buffer, rather than with it. It reports whether that has failed and the Query is dealt with.
func (s *session) commitAhead(f []byte) (done bool, err error) {
	if o, err := s.pause(); err != nil || o != parked {
		return false, err
	}
	t := s.takeOver()
	failed := t.endTransaction("COMMIT")
	if failed != nil && !errors.Is(failed, errFailed) {
		return false, failed
	}
	if failed != nil {
		s.asked.count(frame.Query, &s.answers)
		s.client.drop(len(f))
		if err := t.ready(); err != nil {
			return false, err
		}
	} else if err := t.flush(); err != nil {
		return false, err
	}
	s.resume()
	return failed != nil, nil
}

// interceptParse notes a Parse of one statement of ours and forwards its text as Postgres is to have it.
func (s *session) interceptParse(f, body []byte) error {
	p, err := frame.ParseStatement(body)
	if err != nil {
		return s.pass(f, true)
	}
	name := string(p.Name)
	if delete(s.calls.movers, name); s.calls.any() && movesPortal(p.SQL) {
		s.calls.movers[name] = append([]byte(nil), p.SQL...)
	}
	if s.calls.any() || frame.Mentions(p.SQL) {
		s.calls.note(s.asked.sent.Load(), change{parse: s.asked.parses + 1, undo: s.calls.keeping(name)})
	}
	var planned []Statement
	if s.mentions(p.SQL) {
		planned = s.plan(p.SQL)
	}
	if len(planned) != 1 {
		s.calls.parse(name, nil, f)
		return s.pass(f, true)
	}
	if done, err := s.makeReady(f); done || err != nil {
		return err
	}
	st := planned[0]
	own := frame.AppendParse(nil, name, st.SQL(), p.Types)
	if late, ok := st.(Late); st.Native() && !(ok && late.Late()) {
		s.calls.parse(name, nil, own)
	} else {
		s.calls.parse(name, &prepared{Statement: st, types: append([]byte(nil), p.Types...)}, own)
	}
	s.gate.expect(move{segment: s.asked.sent.Load(), parse: s.asked.parses + 1, to: st}, s.answers.ready.Load())
	s.replace(f, own)
	return nil
}

// interceptExecute runs the engine for a portal of ours; its rows come from the portal of the final statement.
func (s *session) interceptExecute(f, body []byte) error {
	name, limit, err := frame.PortalAndLimit(body)
	if err != nil {
		return s.pass(f, true)
	}
	p := s.calls.portals[string(name)]
	switch {
	case p == nil:
		return s.pass(f, true)
	case s.answers.idle.Load() > p.segment:
		s.calls.forget(string(name)) // its transaction is over
		return s.pass(f, true)
	}
	return s.takeExecute(f, p, string(name), limit)
}

// plan asks the planner. A planner that panics costs the client nothing: Postgres gets the text.
func (s *session) plan(text []byte) (planned []Statement) {
	defer func() {
		if r := recover(); r != nil {
			s.log.Error("planner panicked", "panic", fmt.Sprint(r), "stack", string(debug.Stack()))
			planned = nil
		}
	}()
	if !s.mentions(text) || s.answers.lexing.misleads(text) {
		return nil
	}
	planned = s.planner.Plan(string(text))
	for _, st := range planned {
		p, ok := st.(Preparer)
		s.executes = s.executes || ok && p.Prepares()
	}
	s.server.observer.StatementsPlanned(len(planned))
	return planned
}

// joined is a query string put together again from its statements.
type joined struct {
	text       string
	statements []Statement
	starts     []int32 // characters before each statement
}

func join(statements []Statement) joined {
	j := joined{statements: statements}
	var text strings.Builder
	var chars int32
	for i, st := range statements {
		if i > 0 {
			text.WriteString(";\n")
			chars += 2
		}
		j.starts = append(j.starts, chars)
		text.WriteString(st.SQL())
		chars += int32(utf8.RuneCountInString(st.SQL()))
	}
	j.text = text.String()
	return j
}

// Position maps an error position in the joined text to the client's.
func (j joined) Position(p int32) int32 {
	st, start := j.at(p)
	if st == nil {
		return p
	}
	return st.Position(p - start)
}

// Reword implements Reworder for whichever statement an error is in.
func (j joined) Reword(message string, p int32) string {
	st, start := j.at(p)
	if r, ok := st.(Reworder); ok {
		return r.Reword(message, p-start)
	}
	return message
}

// at gives the statement at a position, and where it starts.
func (j joined) at(p int32) (st Statement, start int32) {
	for i := len(j.starts) - 1; i >= 0; i-- {
		if p > j.starts[i] {
			return j.statements[i], j.starts[i]
		}
	}
	return nil, 0
}
