package server

import (
	"errors"
	"fmt"

	"cvp/server/frame"
	"github.com/jackc/pgx/v5/pgconn"
)

// takeover is the talk with the backend while its pump is parked. Frames of the backend come one by one; those
// that belong to no request (notices, notifications, parameters) go to the client on the way.
type takeover struct {
	s      *session
	reply  []byte // for the client, sent when it has grown or when the backend has nothing more at hand
	held   int    // the length of the frame that next gave last
	muted  string // SQLSTATE of a notice that is about our own doing
	heard  bool   // it came
	late   *late  // parameters that have changed, for the end of a query string
	timing timing // of the call in progress

	renaming renaming
	text     string          // the client's statement
	reported *pgconn.PgError // the last error of ours that the client gets
}

// replyLimit is how much is gathered for the client before it is sent.
const replyLimit = 32 << 10

func (s *session) takeOver() *takeover {
	return &takeover{s: s, renaming: renaming{name: s.server.fenceName + "-lent"}}
}

// send gives frames to the backend.
func (t *takeover) send(b []byte) error {
	if _, err := t.s.backend.conn.Write(b); err != nil {
		return fmt.Errorf("write to backend: %w", err)
	}
	return nil
}

// sendAll gives frames to the backend that come in pieces.
func (t *takeover) sendAll(pieces [][]byte) error {
	for _, b := range pieces {
		if err := t.send(b); err != nil {
			return err
		}
	}
	return nil
}

// flush sends the client what is gathered for it, and lets go of the frame that next gave last.
func (t *takeover) flush() error {
	t.s.backend.drop(t.held)
	t.held = 0
	if len(t.reply) == 0 {
		return nil
	}
	err := t.s.toClient(t.reply, false)
	t.reply = t.reply[:0]
	if err != nil {
		return fmt.Errorf("write to client: %w", err)
	}
	return nil
}

// next gives the next frame that answers a request. It is valid until the next call.
func (t *takeover) next() (byte, []byte, error) {
	for {
		kind, f, err := t.any()
		if err != nil {
			return 0, nil, err
		}
		switch kind {
		case frame.NoticeResponse:
			if t.muted != "" && frame.Field(f[frame.HeadLen:], 'C') == t.muted {
				t.heard = true
				continue
			}
			if t.muted == "" && t.s.observeNotice(f) == keep {
				continue
			}
		case frame.ParameterStatus:
			t.s.answers.report(f)
			if t.late != nil {
				t.late.add(f)
				continue
			}
		case frame.NotificationResponse:
		case frame.ErrorResponse:
			if !isFatal(f) {
				return kind, f, nil
			}
		default:
			return kind, f, nil
		}
		t.reply = append(t.reply, f...)
		if err := t.flush(); err != nil {
			return 0, nil, err
		}
	}
}

// any gives the next frame whatever it is. What the client is to have is sent before waiting for more.
func (t *takeover) any() (byte, []byte, error) {
	b := t.s.backend
	b.drop(t.held)
	t.held = 0
	for {
		if u := b.unread(); len(u) >= frame.HeadLen {
			size, err := frame.Size(u)
			if err != nil {
				return 0, nil, fmt.Errorf("read from backend: %w", err)
			}
			if len(u) >= size {
				t.held = size
				return u[0], u[:size:size], nil
			}
		}
		if err := t.more(); err != nil {
			return 0, nil, err
		}
	}
}

// more reads on from the backend.
func (t *takeover) more() error {
	if err := t.flush(); err != nil {
		return err
	}
	for {
		err := t.s.backend.fill()
		switch {
		case err == nil:
			return nil
		case isTimeout(err) && t.s.ctx.Err() == nil:
			t.s.unwake()
		default:
			return fmt.Errorf("read from backend: %w", err)
		}
	}
}

// until reads frames up to one of a kind, which it gives along with the first error on the way. Every other
// frame goes to each, where that is not nil.
func (t *takeover) until(last byte, each func(kind byte, f []byte) error) (f, failure []byte, err error) {
	for {
		kind, f, err := t.next()
		switch {
		case err != nil:
			return nil, nil, err
		case kind == last:
			return f, failure, nil
		case kind == frame.ErrorResponse:
			if failure == nil {
				failure = append([]byte(nil), f...)
			}
			if last != frame.ReadyForQuery {
				return nil, failure, nil // the backend discards everything up to a Sync
			}
		case each != nil:
			if err := each(kind, f); err != nil {
				return nil, nil, err
			}
		}
	}
}

// status notes the transaction state of a ReadyForQuery that the client does not get.
func (t *takeover) status(ready []byte) { t.s.answers.status.Store(int32(ready[len(ready)-1])) }

// state is the backend's transaction state as of its last ReadyForQuery.
func (t *takeover) state() byte { return byte(t.s.answers.status.Load()) }

// command runs a statement of our own without rows and without parameters; failure is the ErrorResponse.
func (t *takeover) command(sql string) (failure []byte, err error) {
	return t.commands(t.appendCommand(nil, sql), nil)
}

// commands runs statements of our own up to the first that fails. shown gets the body of each row.
func (t *takeover) commands(b []byte, shown func([]byte) error) (failure []byte, err error) {
	if err := t.send(frame.AppendSync(b)); err != nil {
		return nil, err
	}
	ready, failure, err := t.until(frame.ReadyForQuery, func(kind byte, f []byte) error {
		if kind == frame.DataRow && shown != nil {
			return shown(f[frame.HeadLen:])
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("run a command of the server's: %w", err)
	}
	t.status(ready)
	if failure != nil {
		err = t.clear()
	}
	return failure, err
}

// clear closes what a failed statement of our own has left.
func (t *takeover) clear() error {
	_, err := t.commands(t.appendClear(nil), nil)
	return err
}

// closesOfCommand is how many CloseCompletes are among the answers to a command of ours.
const closesOfCommand = 2

// appendCommand appends a statement of our own, by names of our own: a simple Query would drop the client's
// unnamed statement and portal.
func (t *takeover) appendCommand(dst []byte, sql string) []byte {
	name := t.s.server.fenceName
	dst = frame.AppendParse(dst, name, sql, frame.Types(nil))
	dst = frame.AppendBind(dst, name, name, nil, nil, nil)
	return t.appendClear(frame.AppendExecute(dst, name, 0))
}

// appendClear closes what a statement of our own has left.
func (t *takeover) appendClear(dst []byte) []byte {
	name := t.s.server.fenceName
	return frame.AppendClose(frame.AppendClose(dst, 'P', name), 'S', name)
}

// mustBegin says whether a transaction has to be opened: none is known to be open. An Execute of the client's
// since the last ReadyForQuery may have changed that; BEGIN then says by a warning whether one is.
func (t *takeover) mustBegin(executed bool) bool {
	return !t.s.opened.Load() && (t.state() == frame.Idle || executed)
}

// begin opens a transaction unless one is open; executed as for mustBegin. In the implicit transaction of a
// pipeline, BEGIN makes that one a block, which outlives our Syncs. repeatable says that all its queries are to
// see one snapshot.
func (t *takeover) begin(repeatable, executed bool) error {
	if !t.mustBegin(executed) {
		return nil
	}
	b := t.appendCommand(nil, begin)
	var shown func([]byte) error
	var isolation string
	if repeatable {
		b = t.appendRepeatable(nil)
		shown = isolationInto(&isolation)
	}
	t.muted, t.heard = activeTransaction, false
	failure, err := t.commands(b, shown)
	t.muted = ""
	if err != nil {
		return err
	}
	if failure != nil {
		t.reply = append(t.reply, failure...)
		return errFailed
	}
	t.s.opened.Store(!t.heard)
	if repeatable && !t.heard {
		return t.settleIsolation(isolation)
	}
	return nil
}

// endTransaction ends the transaction that we have opened, if we have; a COMMIT rolls it back where it has
// failed. Where COMMIT itself fails, the client gets its error.
func (t *takeover) endTransaction(sql string) error {
	s := t.s
	if !s.opened.Load() {
		return nil // the client has made it its own
	}
	s.opened.Store(false)
	s.calls.endTransaction()
	how, err := t.endAttachment(sql)
	if err != nil {
		return err
	}
	t.muted = noTransaction
	failure, err := t.command(how)
	t.muted = ""
	if err != nil {
		return err
	}
	t.reply = append(t.reply, failure...)
	// A cancel request that came late must not leave the transaction open.
	for range 3 {
		if t.state() == frame.Idle {
			break
		}
		if _, err := t.command("ROLLBACK"); err != nil {
			return err
		}
	}
	switch {
	case t.state() != frame.Idle:
		return errors.New("transaction does not end")
	case failure != nil, how != sql:
		return errFailed
	}
	return nil
}

// ready ends the answer to a Sync or Query.
func (t *takeover) ready() error {
	s := t.s
	s.answers.next(t.state())
	t.reply = t.late.appendTo(t.reply)
	t.reply = frame.AppendReady(t.reply, t.state())
	return t.flush()
}

// report gathers an error for the client.
func (t *takeover) report(e *pgconn.PgError) error {
	reply, err := frame.AppendError(t.reply, e)
	if err != nil {
		return err
	}
	t.reply, t.reported = reply, e
	return nil
}

func isFatal(f []byte) bool {
	body := f[frame.HeadLen:]
	severity := frame.Field(body, 'V')
	if severity == "" {
		severity = frame.Field(body, 'S')
	}
	return severity == "FATAL" || severity == "PANIC"
}
