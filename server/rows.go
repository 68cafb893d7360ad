package server

import (
	"fmt"

	"cvp/server/frame"
	"github.com/jackc/pgx/v5/pgconn"
)

// rows is the relaying of one statement's answer to the client.
type rows struct {
	// synced says that ReadyForQuery ends the answer; else it is a CloseComplete.
	synced bool
	// ahead is how many commands of ours go ahead of the statement; behind says that some come behind it, too.
	// None of their answers is relayed.
	ahead  int
	behind bool
	// more is how many CloseCompletes come besides, of Closes that are the statement's own.
	more int
	// tag is the command tag for the client, "" for the one that comes.
	tag string
	// failed words an error for the client.
	failed func(f []byte) []byte
	// described turns the RowDescription into the client's; nil is for a client that has one already. An error
	// fails the statement.
	described func(f []byte) ([]byte, error)
	// portal says that the client executes a portal, which was described before.
	portal bool

	closes   int   // CloseCompletes of what goes ahead or comes behind, so far
	complete bool  // the statement's own answer is over
	refused  error // described's error: what follows is not relayed
}

// relayRows relays the answer of a statement and returns errFailed where that is an error.
func (t *takeover) relayRows(r *rows) error {
	failed := false
	for {
		if r.refused == nil {
			if err := t.stream(); err != nil {
				return err
			}
		}
		kind, f, err := t.next()
		if err != nil {
			return err
		}
		switch {
		case kind == frame.ReadyForQuery:
			t.status(f)
			return t.ended(r, failed)
		case kind == frame.ErrorResponse:
			t.reply = append(t.reply, r.failed(f)...)
			if failed = true; !r.synced {
				return errFailed
			}
		case kind == frame.CloseComplete && r.closes < r.ours():
			r.closes++
		case kind == frame.CloseComplete && !r.synced:
			return t.ended(r, failed)
		case r.refused != nil, r.closes < closesOfCommand*r.ahead, r.behind && r.complete:
		default:
			if err := t.relayFrame(r, kind, f); err != nil {
				return err
			}
		}
	}
}

// ours is how many CloseCompletes belong to commands of ours.
func (r *rows) ours() int {
	n := r.ahead
	if r.behind {
		n++
	}
	return closesOfCommand*n + r.more
}

// ended gives the outcome of an answer that has come to its end.
func (t *takeover) ended(r *rows, failed bool) error {
	if r.refused != nil {
		if err := t.report(&pgconn.PgError{Code: internalError, Message: r.refused.Error()}); err != nil {
			return err
		}
		failed = true
	}
	if failed {
		return errFailed
	}
	return nil
}

// relayFrame relays one frame other than rows, or answers it.
func (t *takeover) relayFrame(r *rows, kind byte, f []byte) error {
	switch kind {
	case frame.ParseComplete, frame.BindComplete, frame.NoData, frame.CloseComplete:
		return nil
	case frame.CommandComplete, frame.EmptyQueryResponse, frame.PortalSuspended:
		if r.complete = true; kind == frame.CommandComplete && r.tag != "" {
			t.reply = frame.AppendComplete(t.reply, r.tag)
			return nil
		}
	case frame.RowDescription:
		if r.described != nil {
			own, err := r.described(f)
			if err != nil {
				r.refused = err
				return nil
			}
			if !r.portal {
				t.reply = append(t.reply, own...)
			}
			return nil
		}
	case frame.CopyInResponse:
		t.reply = append(t.reply, f...)
		return t.copyIn()
	}
	t.reply = append(t.reply, f...)
	return nil
}

// stream relays rows and COPY data from the read buffer, also in part, without looking into them, up to the
// first other frame.
func (t *takeover) stream() error {
	b := t.s.backend
	b.drop(t.held)
	t.held = 0
	for left := 0; ; {
		u := b.unread()
		n := 0
		for {
			k := min(left, len(u)-n)
			n, left = n+k, left-k
			if len(u)-n < frame.HeadLen || u[n] != frame.DataRow && u[n] != frame.CopyData {
				break
			}
			size, err := frame.Size(u[n:])
			if err != nil {
				return fmt.Errorf("read from backend: %w", err)
			}
			left = size
		}
		if err := t.gather(u[:n], left > 0); err != nil {
			return err
		}
		b.drop(n)
		if left == 0 && len(b.unread()) > 0 && b.unread()[0] != frame.DataRow && b.unread()[0] != frame.CopyData {
			return nil
		}
		if err := t.more(); err != nil {
			return err
		}
	}
}

// gather adds to what is sent to the client next; mid says that it ends inside a frame.
func (t *takeover) gather(b []byte, mid bool) error {
	if len(t.reply)+len(b) < replyLimit && !mid {
		t.reply = append(t.reply, b...)
		return nil
	}
	if err := t.flush(); err != nil {
		return err
	}
	if err := t.s.toClient(b, mid); err != nil {
		return fmt.Errorf("write to client: %w", err)
	}
	return nil
}

// copyIn forwards what the client sends for a COPY up to its end.
func (t *takeover) copyIn() error {
	if err := t.flush(); err != nil {
		return err
	}
	s := t.s
	s.stopWatch()
	defer s.startWatch()
	for {
		kind, f, err := s.client.whole()
		if err != nil {
			return fmt.Errorf("read from client: %w", err)
		}
		if err := t.send(f); err != nil {
			return err
		}
		s.client.drop(len(f))
		switch kind {
		case frame.CopyData, frame.Flush, frame.Sync:
		default:
			return nil // its end, or what the backend will refuse
		}
	}
}
