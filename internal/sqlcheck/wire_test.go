package sqlcheck

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgproto3"
)

// wire is a connection of which every message of an answer is kept.
type wire struct{ conn *pgconn.PgConn }

// answerLimit bounds the wait for one answer.
const answerLimit = time.Minute

func dial(t testing.TB, database string) *wire {
	t.Helper()
	conn, err := pgconn.Connect(t.Context(), database)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	return &wire{conn: conn}
}

// outcome is what a query string or an execution has answered.
type outcome struct {
	results []result
	failure *failure
	state   byte // of the transaction afterwards
}

// result is the answer to one statement.
type result struct {
	columns []column
	rows    [][][]byte
	copied  [][]byte // data of COPY … TO STDOUT
	tag     string
}

type column struct {
	name   string
	typ    uint32
	mod    int32
	format int16
}

// failure is an error without what depends on where it was raised.
type failure struct{ code, message string }

func (f *failure) String() string { return f.code + " " + f.message }

// simple runs a query string by the simple protocol.
func (w *wire) simple(t testing.TB, sql string) outcome {
	t.Helper()
	w.conn.Frontend().SendQuery(&pgproto3.Query{String: sql})
	return w.answer(t, sql)
}

// extended runs one statement by the extended protocol, with parameters as text and results in one format.
func (w *wire) extended(t testing.TB, sql string, params []param, format int16) outcome {
	t.Helper()
	f := w.conn.Frontend()
	types, values := make([]uint32, len(params)), make([][]byte, len(params))
	for i, p := range params {
		types[i], values[i] = p.typ, p.value
	}
	f.SendParse(&pgproto3.Parse{Query: sql, ParameterOIDs: types})
	f.SendBind(&pgproto3.Bind{Parameters: values, ResultFormatCodes: []int16{format}})
	f.SendDescribe(&pgproto3.Describe{ObjectType: 'P'})
	f.SendExecute(&pgproto3.Execute{})
	f.SendSync(&pgproto3.Sync{})
	return w.answer(t, sql)
}

// answer sends what is buffered and reads up to ReadyForQuery.
func (w *wire) answer(t testing.TB, sql string) (out outcome) {
	t.Helper()
	if err := w.conn.Conn().SetDeadline(time.Now().Add(answerLimit)); err != nil {
		t.Fatal(err)
	}
	f := w.conn.Frontend()
	if err := f.Flush(); err != nil {
		t.Fatalf("%s: send: %v", sql, err)
	}
	var r result
	for {
		m, err := f.Receive()
		if err != nil {
			t.Fatalf("%s: receive: %v", sql, err)
		}
		switch m := m.(type) {
		case *pgproto3.RowDescription:
			r.columns = columns(m)
		case *pgproto3.DataRow:
			r.rows = append(r.rows, values(m.Values))
		case *pgproto3.CopyData:
			r.copied = append(r.copied, append([]byte(nil), m.Data...))
		case *pgproto3.CommandComplete:
			r.tag = string(m.CommandTag)
			out.results = append(out.results, r)
			r = result{}
		case *pgproto3.ErrorResponse:
			out.failure = &failure{m.Code, m.Message}
			r = result{} // rows before an error: how many had been sent is of no meaning
		case *pgproto3.ReadyForQuery:
			out.state = m.TxStatus
			return out
		}
	}
}

// firstOwn is the first OID that Postgres gives to what is made in a database (FirstNormalObjectId).
const firstOwn = 16384

func columns(m *pgproto3.RowDescription) []column {
	out := make([]column, len(m.Fields))
	for i, f := range m.Fields {
		// The types of a database's own tables have other numbers in each database.
		out[i] = column{string(f.Name), min(f.DataTypeOID, firstOwn), f.TypeModifier, f.Format}
	}
	return out
}

// values copies a row out of the reader's buffer.
func values(row [][]byte) [][]byte {
	out := make([][]byte, len(row))
	for i, v := range row {
		if v != nil {
			out[i] = append([]byte{}, v...)
		}
	}
	return out
}

// param is a parameter as text; a nil value is NULL.
type param struct {
	typ   uint32
	value []byte
}

// mode is a way in which a client runs a statement.
type mode struct {
	name     string
	extended bool
	format   int16
	block    bool // inside BEGIN … ROLLBACK
}

// modes cover both protocols, both formats, and both with and without a transaction of the client's.
var modes = []mode{
	{"simple", false, 0, false}, {"simple in a block", false, 0, true},
	{"extended, text, in a block", true, 0, true}, {"extended, binary", true, 1, false},
}

// run runs a statement in a mode.
func (w *wire) run(t testing.TB, m mode, sql string, params []param) (out outcome) {
	t.Helper()
	if m.block {
		w.must(t, "BEGIN")
		defer w.must(t, "ROLLBACK")
	}
	if m.extended {
		return w.extended(t, sql, params, m.format)
	}
	return w.simple(t, sql)
}

func (w *wire) must(t testing.TB, sql string) {
	t.Helper()
	if o := w.simple(t, sql); o.failure != nil {
		t.Fatalf("%s: %s", sql, o.failure)
	}
}

// differs says in what two outcomes differ, nil where they are equal. Rows count in their order only where the
// statement orders them.
func differs(got, want outcome, ordered bool) error {
	switch {
	case (got.failure == nil) != (want.failure == nil), got.failure != nil && *got.failure != *want.failure:
		return fmt.Errorf("error %v, want %v", got.failure, want.failure)
	case got.state != want.state:
		return fmt.Errorf("transaction state %c, want %c", got.state, want.state)
	case len(got.results) != len(want.results):
		return fmt.Errorf("%d results, want %d", len(got.results), len(want.results))
	}
	for i := range got.results {
		if err := got.results[i].differs(want.results[i], ordered); err != nil {
			return fmt.Errorf("result %d: %w", i+1, err)
		}
	}
	return nil
}

func (r result) differs(want result, ordered bool) error {
	if len(r.columns) != len(want.columns) {
		return fmt.Errorf("%d columns, want %d", len(r.columns), len(want.columns))
	}
	for i, c := range r.columns {
		if c != want.columns[i] {
			return fmt.Errorf("column %d is %v, want %v", i+1, c, want.columns[i])
		}
	}
	if err := sameRows(lines(r.rows, ordered), lines(want.rows, ordered)); err != nil {
		return err
	}
	if err := sameRows(lines([][][]byte{r.copied}, true), lines([][][]byte{want.copied}, true)); err != nil {
		return fmt.Errorf("copied data: %w", err)
	}
	if r.tag != want.tag {
		return errors.New("tag " + r.tag + ", want " + want.tag)
	}
	return nil
}
