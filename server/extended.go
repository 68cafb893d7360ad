package server

import (
	"errors"
	"fmt"

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
	switch err := t.execute(p, name, limit); {
	case err == nil:
	case errors.Is(err, errFailed):
		s.gate.onError(s.answers.ready.Load())
	default:
		return err
	}
	if err := t.flush(); err != nil {
		return err
	}
	s.asked.count(frame.Execute, &s.answers)
	s.asked.executed = false // the transaction's state is known again
	s.resume()
	return nil
}

// execute runs one Execute. After errFailed the backend discards everything up to the client's Sync.
func (t *takeover) execute(p *portal, name string, limit int32) (err error) {
	ctx, done := t.working()
	defer done()
	defer t.timed(ctx, p.statement)(&err)
	columns, err := t.enter(p, name)
	if err != nil {
		return err
	}
	final, failure, err := t.prepare(ctx, p.statement, t.call(p))
	if err != nil {
		return err
	}
	if failure != nil {
		if err := t.fail(); err != nil {
			return err
		}
		if err := t.report(t.wording(ctx, failure)); err != nil {
			return err
		}
		return errFailed
	}
	return t.finalPortal(p, final, columns, limit)
}

// enter asks Postgres about the portal, opens a transaction where none is, and clears away portals that the
// client has left.
func (t *takeover) enter(p *portal, name string) ([]pgproto3.FieldDescription, error) {
	s := t.s
	own := s.server.fenceName
	var b []byte
	if p.statement.params == nil {
		b = frame.AppendParse(b, own, p.statement.SQL(), p.statement.types)
		b = frame.AppendDescribe(b, 'S', own)
		b = frame.AppendClose(b, 'S', own)
	}
	b = frame.AppendDescribe(b, 'P', name)
	opens := t.mustBegin(s.asked.executed)
	anew := opens && p.statement.Repeatable() && s.asked.binds == 1 && !s.asked.executed
	switch {
	case anew:
		// The Bind has had a snapshot. It is all that the implicit transaction holds: that one may end.
		b = t.appendCommand(frame.AppendSync(b), beginRepeatable)
	case opens:
		b = t.appendCommand(b, begin)
	}
	for _, old := range s.calls.finished {
		b = frame.AppendClose(b, 'P', old)
	}
	s.calls.finished = s.calls.finished[:0]
	b = frame.AppendClose(b, 'S', own+"-end")
	if err := t.send(frame.AppendFlush(b)); err != nil {
		return nil, err
	}
	return t.entered(p, opens, anew, countFrames(b, frame.Close))
}

// entered reads the answers to what enter has sent, which end with the last of so many CloseCompletes. synced
// says that there is a Sync among it: the backend listens again after an error before that.
func (t *takeover) entered(p *portal, opens, synced bool, closes int) ([]pgproto3.FieldDescription, error) {
	var columns []pgproto3.FieldDescription
	t.muted, t.heard = activeTransaction, false
	defer func() { t.muted = "" }()
	for closes > 0 {
		kind, f, err := t.next()
		if err != nil {
			return nil, err
		}
		body := f[frame.HeadLen:]
		switch kind {
		case frame.ErrorResponse:
			t.reply = frame.AppendRepositioned(t.reply, body, p.statement.Position)
			if synced {
				return nil, t.refuse()
			}
			return nil, errFailed
		case frame.ReadyForQuery:
			synced = false
		case frame.ParameterDescription:
			if p.statement.params, err = frame.ParameterTypes(body); err != nil {
				return nil, err
			}
		case frame.RowDescription:
			if columns, err = frame.Columns(append([]byte(nil), body...)); err != nil {
				return nil, err
			}
		case frame.CloseComplete:
			closes--
		}
	}
	if opens {
		t.s.opened.Store(!t.heard)
		t.s.answers.status.Store(frame.InTransaction)
	}
	return columns, nil
}

// refuse has the backend discard what comes until the client's Sync, after an error behind which it has met a
// Sync of ours and begun a transaction.
func (t *takeover) refuse() error {
	if _, _, err := t.until(frame.ReadyForQuery, nil); err != nil {
		return err
	}
	t.s.opened.Store(true) // or will have: the answers to BEGIN are skipped with the rest
	if err := t.fail(); err != nil {
		return err
	}
	return errFailed
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

// finalPortal binds and executes the statement that gives the rows. Its portal stays, so that the client's
// next Execute goes on there.
func (t *takeover) finalPortal(p *portal, final *Final, columns []pgproto3.FieldDescription, limit int32) error {
	s := t.s
	name := fmt.Sprintf("%s-%d", s.server.fenceName, s.nextPortal())
	call := t.call(p)
	var b []byte
	reparsed := s.calls.unnamed != nil
	if reparsed {
		b = append(b, s.calls.unnamed...) // pgconn's own queries have replaced it
	}
	oids := append(append([]uint32(nil), call.ParamOIDs...), final.ExtraOIDs...)
	b = frame.AppendParse(b, name, final.SQL, frame.Types(oids))
	formats := call.ParamFormats
	for range final.Extra {
		formats = append(formats, 1)
	}
	params := append(append([][]byte(nil), call.Params...), final.Extra...)
	b = frame.AppendBind(b, name, name, formats, params, p.binding.ResultFormats)
	b = frame.AppendDescribe(b, 'P', name)
	b = frame.AppendExecute(b, name, limit)
	b = frame.AppendClose(b, 'S', name)
	if err := t.send(frame.AppendFlush(b)); err != nil {
		return err
	}
	r := &rows{portal: true, failed: withoutPosition, described: func(f []byte) ([]byte, error) {
		return f, sameTypes(f, columns)
	}}
	if err := t.relayRows(r); err != nil {
		if r.refused != nil {
			return errors.Join(err, t.fail())
		}
		return err
	}
	p.final = name
	return nil
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

// nextPortal numbers the portals of final statements within a session.
func (s *session) nextPortal() int64 {
	s.portals++
	return s.portals
}
