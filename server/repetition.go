package server

import (
	"context"

	"cvp/server/frame"
)

// Repeater is a Statement that, once it has been executed, may know what it will ask Postgres when it is executed
// again. The server then asks that together with what it has to ask itself, in one round trip, in place of Prepare.
type Repeater interface {
	Statement
	// Repeat gives an execution whose questions are known, nil where the statement has to be prepared.
	Repeat(Call) Repetition
}

// Repetition is one execution of a Repeater. Its questions only read; the statement is prepared after all where one
// of them fails.
type Repetition interface {
	Questions() []Question
	// Row takes a row that answers one of the questions, in binary; nil is NULL. The values are valid during the call.
	Row(question int, values [][]byte) error
	// Final gives the statement for the client's rows, as Prepare does, nil where the answers say that it has to be
	// prepared.
	Final(context.Context) (*Final, error)
}

// Question is a query with its parameters in binary. Its text should be the same each time: it stays prepared.
type Question struct {
	SQL    string
	OIDs   []uint32
	Params [][]byte
	// Types are those of the result columns: the question fails where they are others. Nil takes any.
	Types []uint32
}

// repeated is a call that a client sends as one: Bind, perhaps Describe, Execute, Sync, the portal without a name.
type repeated struct {
	statement  *prepared
	repetition Repetition
	portal     *portal
	bind       []byte // the frame
	kinds      []byte // of all its frames
	size       int    // of them together
	describes  bool
	limit      int32
}

// repeatedCall gives the call at the front of the client's buffer if it is one that can be repeated: all of it is
// there, and nothing else is under way.
func (s *session) repeatedCall() *repeated {
	if s.kept.isOff() || !s.isQuiet() || s.attachment != nil || s.server.memory.refusal() != nil {
		return nil
	}
	u := s.readRepeated(s.client.unread())
	if u == nil || u.statement.params == nil || !u.statement.Repeatable() {
		return nil
	}
	st, ok := u.statement.Statement.(Repeater)
	if !ok {
		return nil
	}
	call := s.takeOver().call(u.portal)
	call.InTransaction = s.answers.status.Load() != frame.Idle
	if u.repetition = st.Repeat(call); u.repetition == nil {
		return nil
	}
	return u
}

// isQuiet says that everything has been answered, and that a transaction may be begun or is the client's own.
func (s *session) isQuiet() bool {
	status := s.answers.status.Load()
	return s.started.Load() && !s.asked.unsynced.Load() && !s.opened.Load() && !s.asked.copy.doubt && len(s.held) == 0 &&
		s.asked.sent.Load() == s.answers.ready.Load() && (status == frame.Idle || status == frame.InTransaction)
}

// readRepeated reads the frames of a call, nil where they are others or not all there.
func (s *session) readRepeated(b []byte) *repeated {
	u := &repeated{}
	for len(b)-u.size >= frame.HeadLen {
		f := b[u.size:]
		size, err := frame.Size(f)
		if err != nil || size > len(f) {
			return nil
		}
		f = f[:size]
		body := f[frame.HeadLen:]
		switch at := len(u.kinds); {
		case f[0] == frame.Bind && at == 0:
			err = s.readBind(u, f)
		case f[0] == frame.Describe && at == 1:
			kind, name, failed := frame.Target(body)
			if err = failed; kind != 'P' || len(name) > 0 {
				return nil
			}
			u.describes = true
		case f[0] == frame.Execute && at > 0 && u.kinds[at-1] != frame.Execute:
			portal, limit, failed := frame.PortalAndLimit(body)
			if err = failed; len(portal) > 0 {
				return nil
			}
			u.limit = limit
		case f[0] == frame.Sync && at > 0 && u.kinds[at-1] == frame.Execute:
			u.kinds = append(u.kinds, frame.Sync)
			u.size += size
			return u
		default:
			return nil
		}
		if err != nil || u.statement == nil {
			return nil
		}
		u.kinds = append(u.kinds, f[0])
		u.size += size
	}
	return nil
}

// readBind reads the Bind of a call; where it is not one of ours, no statement is noted.
func (s *session) readBind(u *repeated, f []byte) error {
	u.bind = append([]byte(nil), f...) // it outlives the buffer
	binding, err := frame.ParseBinding(u.bind[frame.HeadLen:])
	if err != nil || len(binding.Portal) > 0 {
		return err
	}
	if u.statement = s.calls.statements[string(binding.Statement)]; u.statement != nil {
		u.portal = &portal{statement: u.statement, binding: binding, segment: s.asked.sent.Load()}
	}
	return nil
}
