package server

import (
	"errors"
	"slices"
	"time"

	"cvp/server/frame"
	"github.com/jackc/pgproto3/v2"
)

// opening is the first of the two round trips of a repeated call. It ends with ReadyForQuery; the client gets none of
// it before the outcome is known.
//
//	BEGIN, or SAVEPOINT in the client's own transaction
//	Parse of those statements of ours that are not kept yet
//	the client's Bind, Describe
//	the session's limits
//	the statement's questions
type opening struct {
	call      *repeated
	within    bool // the client's own transaction
	limits    limits
	questions []Question
	pending   []*keeping // Parses to come, nil for one of a statement that is not kept
	anew      bool       // there were some

	binds     int  // BindCompletes so far: 1 BEGIN, 2 the client's, 3 limits, then the questions
	begun     bool // BEGIN was executed
	described bool // the client's portal was
	isolation string
	columns   []pgproto3.FieldDescription
	reply     []byte   // the client's
	values    [][]byte // of a row

	failure []byte // the first ErrorResponse
	clients bool   // it answers the client's own frames
	odd     error  // an answer that is not what it should be
	changed bool   // types of columns are not what they should be

	final               *Final // what the statement makes of the answers
	ended               error  // why the call was ended meanwhile
	validated, prepared time.Time
}

const (
	bindOfClient = 2
	bindOfLimits = 3
	firstAnswer  = 4
)

// limitsSQL asks for what askLimits and appendRepeatable ask for, in a query whose plan is kept.
const limitsSQL = "SELECT pg_catalog.current_setting('statement_timeout'), " +
	"pg_catalog.current_setting('idle_in_transaction_session_timeout'), pg_catalog.current_setting('default_transaction_isolation')"

// savepoint is what the questions are undone to in the client's own transaction.
func (s *session) savepoint() string { return `"` + s.server.fenceName + `"` }

// append appends the frames of an opening. The portal without a name is ours until the client's Bind and again behind
// the client's Describe: nothing but its Execute, which is ours, comes behind that.
func (o *opening) append(dst []byte, t *takeover) []byte {
	k := &t.s.kept
	dst = k.appendStale(dst)
	var parses, asks []byte
	ask := func(q Question, formats []int16) {
		var name string
		var p *keeping
		parses, name, p = k.use(parses, q.SQL, q.OIDs)
		asks = frame.AppendBind(asks, "", name, binary(len(q.Params)), q.Params, formats)
		if p != nil {
			o.pending = append(o.pending, p)
			asks = frame.AppendDescribe(asks, 'P', "") // of one that is kept they cannot change
		}
		asks = frame.AppendExecute(asks, "", 0)
	}
	switch {
	case o.within:
		o.pending = append(o.pending, nil)
		dst = t.appendCommand(dst, "SAVEPOINT "+t.s.savepoint())
	default:
		sql := beginRepeatable
		if t.s.serializable {
			sql = begin
		}
		ask(Question{SQL: sql}, nil)
		dst, parses, asks = append(append(dst, parses...), asks...), nil, nil
	}
	ask(Question{SQL: limitsSQL}, nil)
	o.questions = o.call.repetition.Questions()
	for _, q := range o.questions {
		ask(q, []int16{1})
	}
	o.anew = len(o.pending) > 0
	dst = append(append(dst, parses...), o.call.bind...)
	dst = append(frame.AppendDescribe(dst, 'P', ""), asks...)
	return frame.AppendSync(dst)
}

// read takes the answers.
func (o *opening) read(t *takeover) error {
	for {
		kind, f, err := t.next()
		if err != nil {
			return err
		}
		if kind == frame.ReadyForQuery {
			t.status(f)
			for _, p := range o.pending {
				if p != nil {
					t.s.kept.doubt(p)
				}
			}
			return nil
		}
		if err := o.take(t, kind, f); err != nil && o.odd == nil {
			o.odd = err
		}
	}
}

// take notes one answer.
func (o *opening) take(t *takeover, kind byte, f []byte) (err error) {
	body := f[frame.HeadLen:]
	switch kind {
	case frame.ErrorResponse:
		if o.failure == nil {
			o.failure = append([]byte(nil), f...)
			o.clients = o.begun && len(o.pending) == 0 && !o.described
		}
	case frame.ParseComplete:
		if len(o.pending) > 0 {
			if p := o.pending[0]; p != nil {
				t.s.kept.keep(p)
			}
			o.pending = o.pending[1:]
		}
	case frame.CommandComplete:
		o.begun = true
	case frame.BindComplete:
		if o.binds++; o.binds == bindOfClient {
			o.reply = append(o.reply, f...)
		}
	case frame.RowDescription, frame.NoData:
		if o.binds != bindOfClient {
			return o.checkTypes(body)
		}
		if o.described = true; kind == frame.RowDescription {
			o.columns, err = frame.Columns(append([]byte(nil), body...))
		}
		if o.call.describes {
			o.reply = append(o.reply, f...)
		}
	case frame.DataRow:
		if o.values, err = frame.Values(body, o.values[:0]); err != nil {
			return err
		}
		if o.binds == bindOfLimits && len(o.values) == 3 {
			o.limits.statement, o.limits.idle, o.isolation = string(o.values[0]), string(o.values[1]), string(o.values[2])
			return nil
		}
		return o.call.repetition.Row(o.binds-firstAnswer, o.values)
	}
	return err
}

// checkTypes compares the result columns of a question with what they have to be.
func (o *opening) checkTypes(description []byte) error {
	i := o.binds - firstAnswer
	if i < 0 || o.questions[i].Types == nil {
		return nil
	}
	columns, err := frame.Columns(description)
	if err != nil {
		return err
	}
	types := make([]uint32, len(columns))
	for i, c := range columns {
		types[i] = c.DataTypeOID
	}
	if !slices.Equal(types, o.questions[i].Types) {
		o.changed = true
		return errors.New("the columns of a question have other types")
	}
	return nil
}

// code is the SQLSTATE of the failure.
func (o *opening) code() string {
	if o.failure == nil {
		return ""
	}
	return frame.Field(o.failure[frame.HeadLen:], 'C')
}

// end is what ends what the opening has begun.
func (o *opening) end(s *session) string {
	if o.within {
		return "RELEASE SAVEPOINT " + s.savepoint()
	}
	return "COMMIT"
}
