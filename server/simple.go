package server

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"time"

	"cvp/server/frame"
	"github.com/jackc/pgproto3/v2"
	"github.com/jackc/pgx/v5/pgconn"
)

// errFailed ends a query string whose error the client has got.
var errFailed = errors.New("the statement failed")

// takeQuery runs a Query that calls the engine, which is the frame at the front of the client's buffer.
func (s *session) takeQuery(f []byte, planned []Statement) error {
	switch o, err := s.pause(); {
	case err != nil:
		return err
	case o == eaten:
		s.client.drop(len(f))
		return nil
	case o == skipping:
		return s.pass(f, false)
	}
	refused := s.answers.status.Load() == frame.Failed && !s.asked.executed && !controlsTransaction(planned[0].SQL())
	if refused || s.answers.lexing.misleads(f) {
		s.resume()
		return s.pass(f, true) // Postgres says what is wrong with it
	}
	s.client.drop(len(f))
	t := s.takeOver()
	t.late = newLate(maps.Clone(s.answers.parameters))
	unsynced, executed := s.asked.unsynced.Load(), s.asked.executed
	s.asked.count(frame.Query, &s.answers)
	if err := t.query(planned, unsynced, executed); err != nil && !errors.Is(err, errFailed) {
		return err
	}
	if err := t.ready(); err != nil {
		return err
	}
	s.resume()
	return nil
}

// query runs the statements of a query string up to the first that fails, in one transaction as Postgres
// does, unless the string itself says where transactions end. unsynced and executed tell of frames of the
// extended protocol before it in its segment.
func (t *takeover) query(planned []Statement, unsynced, executed bool) error {
	ctx, done := t.working()
	defer done()
	own, repeatable := false, !unsynced
	for _, st := range planned {
		own = own || controlsTransaction(st.SQL())
		repeatable = repeatable && st.Repeatable()
	}
	var err error
	if r, ok := planned[0].(Reader); ok && len(planned) == 1 && !unsynced && !repeatable && t.state() == frame.Idle {
		if repeatable, err = t.reads(ctx, r); err != nil {
			return err
		}
	}
	if !own {
		err = t.begin(repeatable, executed)
	}
	for _, st := range planned {
		if err != nil {
			break
		}
		if own && t.state() == frame.Idle && !st.Native() {
			err = t.alone(ctx, st)
			continue
		}
		err = t.statement(ctx, st)
	}
	if err != nil && !errors.Is(err, errFailed) {
		return err
	}
	switch {
	case err == nil:
		return t.endTransaction("COMMIT")
	case t.s.opened.Load():
		return t.endTransaction("ROLLBACK")
	case t.state() == frame.InTransaction:
		return t.fail()
	}
	return nil
}

// reads asks whether a statement only reads. A failure costs nothing: the statement meets it too.
func (t *takeover) reads(ctx context.Context, r Reader) (reads bool, err error) {
	_, err = t.lend(ctx, func(conn *pgconn.PgConn) (err error) {
		reads, err = r.OnlyReads(ctx, conn)
		return err
	})
	if b, n := t.renaming.end(nil, 0); err == nil && n > 0 {
		_, err = t.commands(b, nil)
	}
	return reads, err
}

// alone runs one statement of ours in a transaction of its own.
func (t *takeover) alone(ctx context.Context, st Statement) error {
	if err := t.begin(false, false); err != nil {
		return err
	}
	failed := t.statement(ctx, st)
	switch {
	case failed == nil:
		return t.endTransaction("COMMIT")
	case !errors.Is(failed, errFailed):
		return failed
	}
	if err := t.endTransaction("ROLLBACK"); err != nil {
		return err
	}
	return failed
}

// statement runs one statement and gives the client its rows.
func (t *takeover) statement(ctx context.Context, st Statement) (err error) {
	if st.Native() {
		return t.native(st)
	}
	defer t.timed(ctx, st)(&err)
	t.text = st.SQL()
	l := limits{began: time.Now()}
	columns, err := t.validate(st, &l)
	if err != nil {
		return err
	}
	if err := t.lift(&l); err != nil {
		return err
	}
	ctx, stop := l.bound(ctx)
	defer stop()
	final, failure, err := t.prepare(ctx, st, Call{InTransaction: !t.s.opened.Load()})
	if err != nil {
		return err
	}
	if failure != nil {
		if err := t.report(t.wording(ctx, failure)); err != nil {
			return err
		}
		if err := t.fail(); err != nil {
			return err
		}
		return errFailed
	}
	return t.final(st, final, columns, &l)
}

// native has Postgres run a statement.
func (t *takeover) native(st Statement) error {
	if err := t.send(frame.AppendQuery(nil, st.SQL())); err != nil {
		return err
	}
	return t.relayRows(&rows{synced: true, failed: func(f []byte) []byte {
		return t.s.appendError(nil, f[frame.HeadLen:], st)
	}})
}

// validate has Postgres check a statement: unknown tables, columns and functions get its own error.
func (t *takeover) validate(st Statement, l *limits) ([]pgproto3.FieldDescription, error) {
	name := t.s.server.fenceName
	b := frame.AppendClose(nil, 'S', "") // as a Query does
	b = frame.AppendParse(t.askLimits(b), name, st.SQL(), frame.Types(nil))
	b = frame.AppendDescribe(b, 'S', name)
	b = frame.AppendClose(b, 'S', name)
	if err := t.send(frame.AppendSync(b)); err != nil {
		return nil, err
	}
	var columns []pgproto3.FieldDescription
	var params []uint32
	ready, failure, err := t.until(frame.ReadyForQuery, func(kind byte, f []byte) (err error) {
		switch kind {
		case frame.DataRow:
			err = l.show(f[frame.HeadLen:])
		case frame.ParameterDescription:
			params, err = frame.ParameterTypes(f[frame.HeadLen:])
		case frame.RowDescription:
			columns, err = frame.Columns(append([]byte(nil), f[frame.HeadLen:]...))
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	t.status(ready)
	if failure != nil {
		t.reply = t.s.appendError(t.reply, failure[frame.HeadLen:], st)
		return nil, errFailed
	}
	if len(params) > 0 {
		return nil, t.native(st) // which fails: a simple query has no parameters
	}
	return columns, nil
}

// final runs the statement that gives the rows of a call in a Query.
func (t *takeover) final(st Statement, final *Final, columns []pgproto3.FieldDescription, l *limits) error {
	b, ahead, shortened := t.before(l, nil)
	b, ahead = t.renaming.end(b, ahead)
	b = frame.AppendClose(b, 'P', "") // a Query takes its place
	name := t.s.server.fenceName
	b = frame.AppendParse(b, name, final.SQL, frame.Types(final.ExtraOIDs))
	pieces := frame.BindParts(b, name, name, binary(len(final.Extra)), final.Extra, nil)
	b = frame.AppendDescribe(pieces[len(pieces)-1], 'P', name)
	b = t.appendClear(frame.AppendExecute(b, name, 0))
	if shortened {
		b = t.after(l, b)
	}
	pieces[len(pieces)-1] = frame.AppendSync(b)
	if err := t.sendAll(pieces); err != nil {
		return err
	}
	err := t.relayRows(&rows{synced: true, ahead: ahead, behind: shortened, tag: final.Tag, failed: t.failed(final, st), described: func(f []byte) ([]byte, error) {
		return renamed(f, columns)
	}})
	if errors.Is(err, errFailed) {
		return errors.Join(err, t.clear())
	}
	return err
}

// binary is the format of every one of n parameters.
func binary(n int) []int16 {
	if n == 0 {
		return nil
	}
	return []int16{1}
}

// failed gives what words an error of a final statement: its position means something to the client only where the
// statement is its own.
func (t *takeover) failed(f *Final, st Statement) func([]byte) []byte {
	if f.SQL != st.SQL() {
		return withoutPosition
	}
	return func(b []byte) []byte { return t.s.appendError(nil, b[frame.HeadLen:], st) }
}

// withoutPosition drops the position of an error: it would point into a text that the client has never seen.
func withoutPosition(f []byte) []byte {
	return frame.AppendRepositioned(nil, f[frame.HeadLen:], func(int32) int32 { return 0 })
}

// renamed gives the columns of a final statement the names of the client's own.
func renamed(f []byte, columns []pgproto3.FieldDescription) ([]byte, error) {
	final, err := frame.Columns(f[frame.HeadLen:])
	if err != nil {
		return nil, err
	}
	if len(final) != len(columns) {
		return nil, fmt.Errorf("final statement has %d columns, the call has %d", len(final), len(columns))
	}
	for i := range final {
		final[i].Name = columns[i].Name
		final[i].TableOID = columns[i].TableOID
		final[i].TableAttributeNumber = columns[i].TableAttributeNumber
	}
	return frame.AppendColumns(nil, final)
}
