package server

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"cvp/server/frame"
)

// A prepared statement that is executed again takes two round trips to Postgres: the opening, and then the final
// statement with the end of the transaction. The client's frames stay in its buffer meanwhile. Whatever is not as it
// was the time before (another version of a model, a statement of ours that is gone, a relation that was altered) is
// undone, and the frames go the ordinary way as if nothing had been.

// takeRepeated runs the call at the front of the client's buffer, if it is one that can be repeated, and reports
// whether it is dealt with.
func (s *session) takeRepeated() (done bool, err error) {
	u := s.repeatedCall()
	if u == nil {
		return false, nil
	}
	t := s.takeOver()
	o := &opening{call: u, within: s.answers.status.Load() == frame.InTransaction}
	o.limits.began = time.Now()
	ctx, over := t.working()
	defer over()
	asks := o.append(nil, t)
	s.asked.unsynced.Store(true) // the session is not idle
	switch reached, err := s.pauseAhead(asks); {
	case err != nil:
		return false, err
	case reached != parked:
		s.asked.unsynced.Store(false)
		return false, nil // the connection ends: Postgres says why
	}
	if err := o.read(t); err != nil {
		return false, err
	}
	s.opened.Store(!o.within && t.state() != frame.Idle)
	if !t.settleOpening(ctx, o) {
		if err := t.undoOpening(o); err != nil {
			return false, fmt.Errorf("undo the opening of a call: %w", err)
		}
		if err := t.flush(); err != nil {
			return false, err
		}
		s.asked.unsynced.Store(false)
		s.resume()
		return false, nil
	}
	for _, kind := range u.kinds {
		s.asked.count(kind, &s.answers)
	}
	s.client.drop(u.size)
	s.calls.forget("")
	if err := t.repeat(ctx, o); err != nil && !errors.Is(err, errFailed) {
		return false, err
	}
	if err := t.ready(); err != nil {
		return false, err
	}
	s.resume()
	return true, nil
}

// settleOpening has the statement make of the answers what the client gets. It reports false where the call has to go
// the ordinary way.
func (t *takeover) settleOpening(ctx context.Context, o *opening) bool {
	k := &t.s.kept
	switch code := o.code(); {
	case o.failure != nil && (o.clients || strings.HasPrefix(code, "57")): // the client's own mistake, cancelled, ended
		return true
	case o.failure != nil && (code == undefinedStatement || code == duplicateStatement):
		k.miss()
		return false
	case o.changed: // and stays so: a statement that is kept is not described again
		k.miss()
		return false
	case o.failure != nil:
		k.drop()
		return false
	case o.odd != nil || !o.within && (o.isolation == serializable) != t.s.serializable:
		return false
	}
	if !o.anew {
		k.misses = 0
	}
	o.validated = time.Now()
	ctx, stop := o.limits.bound(ctx)
	defer stop()
	failure := t.shielded(func() (err error) {
		o.final, err = o.call.repetition.Final(ctx)
		if err == nil && o.final != nil {
			err = o.final.fits(t.call(o.call.portal))
		}
		return err
	})
	o.prepared = time.Now()
	if ctx.Err() != nil {
		o.ended = context.Cause(ctx)
		return true
	}
	return failure == nil && o.final != nil
}

// undoOpening ends the transaction of an opening, or takes the client's own back to where it was.
func (t *takeover) undoOpening(o *opening) error {
	if !o.within {
		return t.endTransaction("ROLLBACK")
	}
	b := t.appendCommand(nil, "ROLLBACK TO SAVEPOINT "+t.s.savepoint())
	failure, err := t.commands(t.appendCommand(b, "RELEASE SAVEPOINT "+t.s.savepoint()), nil)
	if err == nil && failure != nil {
		err = errors.New(frame.Field(failure[frame.HeadLen:], 'M'))
	}
	return err
}

// repeat gives the client the answer to a call whose opening is settled.
func (t *takeover) repeat(ctx context.Context, o *opening) (err error) {
	st := o.call.statement
	t.text = st.SQL()
	defer t.timed(ctx, st)(&err)
	t.timing = timing{began: o.limits.began, validated: o.validated, prepared: o.prepared}
	t.reply = append(t.reply, o.reply...)
	switch {
	case o.failure != nil && o.clients:
		t.reply = t.s.appendError(t.reply, o.failure[frame.HeadLen:], st)
		err = errFailed
	case o.failure != nil:
		t.reply = append(t.reply, withoutPosition(o.failure)...)
		err = errFailed
	case o.ended != nil:
		if err := t.report(t.wording(ctx, o.ended)); err != nil {
			return err
		}
		if err := t.fail(); err != nil {
			return err
		}
		err = errFailed
	default:
		err = t.finalRepeated(o)
	}
	if errors.Is(err, errFailed) && t.s.opened.Load() {
		if err := t.endTransaction("ROLLBACK"); err != nil && !errors.Is(err, errFailed) {
			return err
		}
	}
	return err
}

// finalRepeated has Postgres give the client its rows, and ends the transaction, or the savepoint, with them.
func (t *takeover) finalRepeated(o *opening) error {
	s, final, call := t.s, o.final, t.call(o.call.portal)
	if o.limits.idleSoon() {
		if err := t.lift(&o.limits); err != nil {
			return err
		}
	}
	b, ahead, shortened := t.before(&o.limits, nil)
	b, name, parse := s.kept.use(b, final.SQL, append(append([]uint32(nil), call.ParamOIDs...), final.ExtraOIDs...))
	formats := call.ParamFormats
	for range final.Extra {
		formats = append(formats, 1)
	}
	params := append(append([][]byte(nil), call.Params...), final.Extra...)
	pieces := frame.BindParts(b, "", name, formats, params, o.call.portal.binding.ResultFormats)
	b = frame.AppendExecute(frame.AppendDescribe(pieces[len(pieces)-1], 'P', ""), "", o.call.limit)
	if shortened {
		b = t.after(&o.limits, b)
	}
	b = t.appendCommand(b, o.end(s))
	pieces[len(pieces)-1] = frame.AppendSync(b)
	if err := t.sendAll(pieces); err != nil {
		return err
	}
	r := &rows{portal: true, synced: true, ahead: ahead, behind: true, failed: t.failed(final, o.call.statement),
		described: func(f []byte) ([]byte, error) { return f, sameTypes(f, o.columns) }}
	err := t.relayRows(r)
	switch {
	case parse == nil:
	case err == nil:
		s.kept.keep(parse)
	default:
		s.kept.doubt(parse)
	}
	switch {
	case err == nil && !o.within:
		s.opened.Store(false)
		s.calls.endTransaction()
	case err != nil && t.state() == frame.Idle:
		s.opened.Store(false)
	case r.refused != nil && o.within:
		err = errors.Join(err, t.fail())
	}
	return err
}
