package server

import (
	"bytes"
	"errors"
	"slices"

	"cvp/server/frame"
)

// A FETCH or MOVE in SQL may be about a portal of ours that the client has bound and not executed: Postgres has the
// statement with the calls there. Such a portal is prepared first, as an Execute would. Portals that have been executed are
// Postgres's own.

// movesPortal reports whether a query string may hold a FETCH or MOVE.
func movesPortal(sql []byte) bool {
	lower := bytes.ToLower(sql)
	return bytes.Contains(lower, []byte("fetch")) || bytes.Contains(lower, []byte("move"))
}

// moved lists the portals that a FETCH or MOVE may be about. Which of several names in the text is the cursor's need not be
// known: preparing one more costs time alone.
func (c *calls) moved(sql []byte) (names []string) {
	if len(c.portals) == 0 || !movesPortal(sql) {
		return nil
	}
	lower := bytes.ToLower(sql)
	for name := range c.portals {
		if name != "" && bytes.Contains(lower, bytes.ToLower([]byte(quoted(name)))) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// quoted is a name as it stands between the quotes of an identifier.
func quoted(name string) string {
	return string(bytes.ReplaceAll([]byte(name), []byte(`"`), []byte(`""`)))
}

// prepareMoved prepares the portals that a FETCH or MOVE may be about: by a Query, or by a Bind of a statement. It reports
// whether that has failed and the frame f, at the front of the client's buffer, is dealt with.
func (s *session) prepareMoved(f, body []byte) (done bool, err error) {
	for _, name := range s.calls.moved(s.calls.moving(f[0], body)) {
		switch o, err := s.pause(); {
		case err != nil:
			return false, err
		case o != parked:
			return false, nil // the backend discards it
		}
		p := s.calls.portals[name]
		if s.answers.idle.Load() > p.segment || s.answers.status.Load() == frame.Failed {
			s.calls.forget(name)
			s.resume()
			continue // Postgres says what is wrong
		}
		t := s.takeOver()
		failed := t.execute(p, name, execution{})
		if failed != nil && !errors.Is(failed, errFailed) {
			return false, failed
		}
		if failed == nil {
			if err := t.flush(); err != nil {
				return false, err
			}
			s.asked.executed = false
			s.resume()
			continue
		}
		s.asked.count(f[0], &s.answers)
		s.client.drop(len(f))
		if err := t.refuseMove(f[0]); err != nil {
			return false, err
		}
		s.resume()
		return true, nil
	}
	return false, nil
}

// moving gives the query string that may hold a FETCH or MOVE: that of a Query, or of the statement of a Bind.
func (c *calls) moving(kind byte, body []byte) []byte {
	if len(c.portals) == 0 {
		return nil
	}
	if kind == frame.Query {
		text, err := frame.QueryText(body)
		if err != nil {
			return nil
		}
		return text
	}
	b, err := frame.ParseBinding(body)
	if err != nil {
		return nil
	}
	return c.movers[string(b.Statement)]
}

// refuseMove ends the answer to a Query or Bind whose error the client has got.
func (t *takeover) refuseMove(kind byte) error {
	s := t.s
	if kind != frame.Query {
		s.gate.onError(s.answers.failure())
		return t.flush()
	}
	if !s.discarding { // then the backend does
		if _, err := t.commands(nil, nil); err != nil {
			return err
		}
	}
	s.discarding = false
	if s.opened.Load() {
		if err := t.endTransaction("ROLLBACK"); err != nil {
			return err
		}
	}
	return t.ready()
}
