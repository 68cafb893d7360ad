package server

import (
	"errors"
	"fmt"
	"time"

	"cvp/server/frame"
	"github.com/jackc/pgproto3/v2"
)

// takeExecute runs the engine for a portal of ours. The Execute is the frame at the front of the client's
// buffer.
func (s *session) takeExecute(f []byte, p *portal, name string, limit int32) error {
	switch o, err := s.pause(); {
	case err != nil:
		return err
	case o != parked:
		return s.pass(f, true) // the backend discards it
	}
	if s.answers.idle.Load() > p.segment {
		s.calls.forget(name)
		s.resume()
		return s.pass(f, true) // its transaction is over: Postgres says so
	}
	s.client.drop(len(f))
	t := s.takeOver()
	if err := t.answerExecute(t.execute(p, name, execution{true, limit})); err != nil {
		return err
	}
	s.asked.count(frame.Execute, &s.answers)
	s.asked.executed = false // the transaction's state is known again
	s.resume()
	return nil
}

// answerExecute ends what execute has done.
func (t *takeover) answerExecute(err error) error {
	switch {
	case errors.Is(err, errFailed):
		t.s.gate.onError(t.s.answers.failure())
	case err != nil:
		return err
	}
	return t.flush()
}

// execution is what is to be done with a portal whose statement has been prepared: nothing, where a FETCH or MOVE comes.
type execution struct {
	executes bool
	limit    int32
}

// execute runs one Execute. After errFailed what comes up to the client's Sync is discarded.
func (t *takeover) execute(p *portal, name string, run execution) (err error) {
	ctx, done := t.working()
	defer done()
	defer t.timed(ctx, p.statement)(&err)
	t.text = p.statement.SQL()
	e := entry{portal: p, limits: limits{began: time.Now()}}
	if err := t.enter(&e, name); err != nil {
		return err
	}
	if err := t.lift(&e.limits); errors.Is(err, errFailed) {
		return errors.Join(err, t.failUnsynced())
	} else if err != nil {
		return err
	}
	ctx, stop := e.limits.bound(ctx)
	defer stop()
	final, failure, err := t.prepare(ctx, p.statement, t.call(p))
	if err != nil {
		return err
	}
	if failure != nil {
		if err := t.report(t.wording(ctx, failure)); err != nil {
			return err
		}
		if err := t.failUnsynced(); err != nil {
			return err
		}
		return errFailed
	}
	return t.finalPortal(&e, final, name, run)
}

// entry is what Postgres says at the beginning of an Execute.
type entry struct {
	portal  *portal
	limits  limits
	columns []pgproto3.FieldDescription
	// anew says that the implicit transaction has been ended for one with one snapshot: the portal has to be bound
	// again. isolation is the session's level then.
	anew      bool
	isolation string
}

// enter asks Postgres about the portal, and opens a transaction where none is.
func (t *takeover) enter(e *entry, name string) error {
	s := t.s
	opens := t.mustBegin(s.asked.executed)
	e.anew = opens && e.portal.statement.Repeatable() && s.asked.binds == 1 && !s.asked.executed
	b := t.askPortal(e.portal, name)
	var rest []byte
	switch {
	case e.anew:
		// The Bind has had a snapshot. It is all that the implicit transaction holds: that one may end.
		b = frame.AppendSync(b)
		rest = t.appendRepeatable(nil)
	case opens:
		rest = t.appendCommand(nil, begin)
	}
	rest = t.askLimits(rest)
	rest = frame.AppendClose(rest, 'S', s.server.fenceName+"-end")
	closes := countFrames(rest, frame.Close)
	if !e.anew {
		closes += countFrames(b, frame.Close)
	}
	if err := t.send(frame.AppendFlush(append(b, rest...))); err != nil {
		return err
	}
	err := t.entered(e, closes)
	switch {
	case err != nil && !errors.Is(err, errFailed):
		return err
	case opens && err == nil:
		s.opened.Store(!t.heard)
		s.answers.status.Store(frame.InTransaction)
	case opens && !s.asked.executed:
		s.opened.Store(true) // or will not have been: ending it then is no harm
	}
	if err == nil && e.anew {
		return t.settleIsolation(e.isolation)
	}
	return err
}

// askPortal has Postgres describe a portal, and its statement where that has not been done before.
func (t *takeover) askPortal(p *portal, name string) (b []byte) {
	if own := t.s.server.fenceName; p.statement.params == nil {
		b = frame.AppendParse(b, own, p.statement.SQL(), p.statement.types)
		b = frame.AppendDescribe(b, 'S', own)
		b = frame.AppendClose(b, 'S', own)
	}
	return frame.AppendDescribe(b, 'P', name)
}

// entered reads the answers to what enter has sent, which end with the last of so many CloseCompletes. Where the
// portal's transaction is ended by a Sync, they are counted behind that, and an error before it is one that the
// backend does not discard behind.
func (t *takeover) entered(e *entry, closes int) error {
	t.muted, t.heard = activeTransaction, false
	defer func() { t.muted = "" }()
	for synced := !e.anew; closes > 0; {
		kind, f, err := t.next()
		if err != nil {
			return err
		}
		body := f[frame.HeadLen:]
		switch kind {
		case frame.ErrorResponse:
			t.reply = t.s.appendError(t.reply, body, e.portal.statement.Statement)
			if synced {
				t.s.discarding = false
				return errFailed
			}
			t.s.discarding = true
		case frame.ReadyForQuery:
			synced = true
		case frame.ParameterDescription:
			e.portal.statement.params, err = frame.ParameterTypes(body)
		case frame.RowDescription:
			e.columns, err = frame.Columns(append([]byte(nil), body...))
		case frame.DataRow:
			err = e.show(body)
		case frame.CloseComplete:
			if synced {
				closes--
			}
		}
		if err != nil {
			return err
		}
	}
	if t.s.discarding {
		return errFailed
	}
	return nil
}

// show takes the value of a setting.
func (e *entry) show(body []byte) error {
	if e.anew && e.isolation == "" {
		return isolationInto(&e.isolation)(body)
	}
	return e.limits.show(body)
}

// call is the client's execution as the engine sees it.
func (t *takeover) call(p *portal) Call {
	n := len(p.binding.Params)
	formats := make([]int16, n)
	for i := range formats {
		formats[i] = p.binding.FormatOf(i)
	}
	return Call{
		ParamOIDs: p.statement.params, ParamFormats: formats, Params: p.binding.Params,
		InTransaction: !t.s.opened.Load(),
	}
}

// finalPortal binds the statement that gives the rows under the client's own name, in place of what stands there, and
// executes it, unless the client only moves in it. From then on the portal is Postgres's: its Executes, a FETCH or MOVE in
// SQL and its end need nothing of ours. The statement goes at once: the portal keeps what it needs of it.
func (t *takeover) finalPortal(e *entry, final *Final, name string, run execution) error {
	s := t.s
	b, ahead, shortened := t.before(&e.limits, t.restored())
	b, ahead = t.renaming.end(b, ahead)
	pieces := t.finalPieces(frame.AppendClose(b, 'P', name), e.portal, name, final)
	b = frame.AppendClose(frame.AppendDescribe(pieces[len(pieces)-1], 'P', name), 'S', s.server.fenceName)
	if run.executes {
		b = frame.AppendExecute(b, name, run.limit)
	}
	if shortened {
		b = t.after(&e.limits, b)
	}
	pieces[len(pieces)-1] = frame.AppendFlush(frame.AppendClose(b, 'S', s.server.fenceName+"-end"))
	if err := t.sendAll(pieces); err != nil {
		return err
	}
	s.calls.forget(name)
	r := &rows{portal: true, ahead: ahead, behind: shortened, more: 2, tag: final.Tag, failed: t.failed(final, e.portal.statement), described: func(f []byte) ([]byte, error) {
		return f, sameTypes(f, e.columns)
	}}
	err := t.relayRows(r)
	switch {
	case !errors.Is(err, errFailed):
		return err // or none
	case r.refused != nil:
		return errors.Join(err, t.failUnsynced())
	}
	return errors.Join(err, t.discardStatement())
}

// discardStatement takes away the statement of a portal whose Bind has failed. What the client sends is discarded up to
// its Sync: here, because the backend meets ours.
func (t *takeover) discardStatement() error {
	t.s.discarding = true
	if err := t.send(frame.AppendSync(t.appendClear(frame.AppendSync(nil)))); err != nil {
		return err
	}
	for range 2 {
		ready, _, err := t.until(frame.ReadyForQuery, nil)
		if err != nil {
			return err
		}
		t.status(ready)
	}
	return nil
}

// restored gives what makes the client's own unnamed statement again, if the call has taken it away.
func (t *takeover) restored() []byte {
	if c := &t.s.calls; t.renaming.dropped && c.unnamed != nil {
		return append([]byte(nil), c.unnamed...)
	}
	return nil
}

// finalPieces appends the final statement of a portal up to its Bind, in pieces: its parameters may be large.
func (t *takeover) finalPieces(b []byte, p *portal, name string, final *Final) [][]byte {
	call := t.call(p)
	oids := append(append([]uint32(nil), call.ParamOIDs...), final.ExtraOIDs...)
	own := t.s.server.fenceName
	b = frame.AppendParse(b, own, final.SQL, frame.Types(oids))
	formats := call.ParamFormats
	for range final.Extra {
		formats = append(formats, 1)
	}
	params := append(append([][]byte(nil), call.Params...), final.Extra...)
	return frame.BindParts(b, name, own, formats, params, p.binding.ResultFormats)
}

// sameTypes checks that the rows of a final statement are what the client was told they would be.
func sameTypes(f []byte, columns []pgproto3.FieldDescription) error {
	final, err := frame.Columns(f[frame.HeadLen:])
	if err != nil {
		return err
	}
	if len(final) != len(columns) {
		return fmt.Errorf("final statement has %d columns, the call has %d", len(final), len(columns))
	}
	for i := range final {
		if final[i].DataTypeOID != columns[i].DataTypeOID {
			return fmt.Errorf("column %q of the final statement has type %d, the call's has %d",
				columns[i].Name, final[i].DataTypeOID, columns[i].DataTypeOID)
		}
	}
	return nil
}

// countFrames counts frames of a kind among our own.
func countFrames(b []byte, kind byte) (n int) {
	for len(b) >= frame.HeadLen {
		size, err := frame.Size(b)
		if err != nil || size > len(b) {
			return n
		}
		if b[0] == kind {
			n++
		}
		b = b[size:]
	}
	return n
}
