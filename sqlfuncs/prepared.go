package sqlfuncs

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	pg "github.com/pganalyze/pg_query_go/v6"

	"github.com/jackc/pgx/v5/pgconn"

	"cvp/sqlfuncs/calls"
	"cvp/sqlfuncs/pull"
	"cvp/sqlfuncs/rewrite"
	"cvp/sqlfuncs/syntax"
)

// A PREPARE in SQL is Postgres's: it parses the statement with cvp's own functions, keeps it under its name and forgets it
// on DEALLOCATE or DISCARD. On EXECUTE its text is looked up there, on the client's own connection, and run as if the
// client had sent it with the arguments as parameters.

// preparedSQL finds a prepared statement by its name.
const preparedSQL = `
SELECT p.statement, pg_catalog.array_to_string(p.parameter_types::pg_catalog.oid[], ',')
FROM pg_catalog.pg_prepared_statements AS p WHERE p.name OPERATOR(pg_catalog.=) $1`

// executed puts a prepared statement in the place of the EXECUTE that is w's query. It is not ours where it calls nothing
// of the engine's, or is not there: then Postgres runs the EXECUTE, or words the error.
func (s *statement) executed(ctx context.Context, w *work, stmt *pg.Node) (ours bool, err error) {
	execute := w.stmt.GetExecuteStmt()
	query, types, err := w.prepared(ctx, execute.Name)
	if err != nil || query == nil || !s.calls(query) {
		return false, err
	}
	if len(types) != len(execute.Params) {
		e := failure("42601", fmt.Sprintf("wrong number of parameters for prepared statement %q", execute.Name), "")
		e.Detail = fmt.Sprintf("Expected %d parameters but got %d.", len(types), len(execute.Params))
		return true, e
	}
	if len(types) > 0 {
		if err := s.evaluate(ctx, w, stmt, types); err != nil {
			return true, err
		}
	}
	w.executed, w.params = true, rewrite.NewParameters(len(types))
	w.stmt.Node = query.Node
	return true, nil
}

// OnlyReads implements server.Reader.
func (s *statement) OnlyReads(ctx context.Context, conn *pgconn.PgConn) (bool, error) {
	if !s.Executes {
		return s.Repeatable(), nil
	}
	stmt, err := syntax.Statement(s.Text)
	if err != nil || stmt.GetExecuteStmt() == nil { // CREATE TABLE … AS EXECUTE writes
		return false, err
	}
	w := &work{functions: s.functions, conn: conn}
	query, _, err := w.prepared(ctx, stmt.GetExecuteStmt().Name)
	if err != nil || query == nil {
		return false, err
	}
	text, err := syntax.Text(query)
	if err != nil {
		return false, err
	}
	parts := calls.Split(text, s.views)
	return len(parts) == 1 && parts[0].ReadOnly, nil
}

// prepared gives the statement of that name and the types of its parameters, nil where there is none.
func (w *work) prepared(ctx context.Context, name string) (query *pg.Node, types []uint32, err error) {
	var texts, lists pull.Text
	if _, err := pull.Into(ctx, w.conn, pull.Query{SQL: preparedSQL, Params: [][]byte{[]byte(name)}}, &texts, &lists); err != nil {
		return nil, nil, fmt.Errorf("look up prepared statement %q: %w", name, err)
	}
	if len(texts) == 0 {
		return nil, nil, nil
	}
	tree, err := syntax.Parse(*texts[0])
	if err != nil {
		return nil, nil, fmt.Errorf("read prepared statement %q: %w", name, err)
	}
	// The text is the whole query string that prepared it, in SQL or by a Parse.
	for _, raw := range tree.Stmts {
		if w.functions.kept != nil {
			if err := unshape(raw, *texts[0]); err != nil {
				return nil, nil, err
			}
		}
		if p := raw.Stmt.GetPrepareStmt(); p == nil && len(tree.Stmts) == 1 {
			query = raw.Stmt
		} else if p.GetName() == name {
			query = p.Query
		}
	}
	for list := range strings.SplitSeq(*lists[0], ",") {
		if list == "" {
			continue
		}
		oid, err := strconv.ParseUint(list, 10, 32)
		if err != nil {
			return nil, nil, fmt.Errorf("read the parameter types of prepared statement %q: %w", name, err)
		}
		types = append(types, uint32(oid))
	}
	return query, types, nil
}

// calls reports whether a prepared query calls the engine, by itself or through a view.
func (s *statement) calls(query *pg.Node) bool {
	return calls.Query(query) != nil && syntax.Any(query, func(n *pg.Node) bool {
		v := n.GetRangeVar()
		return calls.EngineCall(n) != "" || v != nil && s.views != nil && s.views(v.Relname) ||
			s.functions.kept != nil && (calls.RegistryCall(n) != "" || v != nil && s.functions.kept.surface.View(v.Relname) != nil)
	})
}

// argumentsName is the prepared statement by which Postgres computes the arguments of an EXECUTE, with the conversions
// that are an EXECUTE's own.
const argumentsName = "cvp_arguments"

// evaluate makes the arguments of an EXECUTE the parameters of the call.
func (s *statement) evaluate(ctx context.Context, w *work, stmt *pg.Node, types []uint32) error {
	from, to, err := syntax.Arguments(s.Text, stmt)
	if err != nil {
		return err
	}
	columns := make([]string, len(types))
	for i := range columns {
		columns[i] = fmt.Sprintf("$%d", i+1)
	}
	if _, err := w.conn.Prepare(ctx, argumentsName, "SELECT "+strings.Join(columns, ", "), types); err != nil {
		return fmt.Errorf("prepare the arguments of EXECUTE: %w", err)
	}
	execute := "EXECUTE " + argumentsName
	values := make([]value, len(types))
	sinks := make([]pull.Sink, len(types))
	for i := range values {
		sinks[i] = &values[i]
	}
	_, err = pull.Into(ctx, w.conn, pull.Query{SQL: execute + s.Text[from:to]}, sinks...)
	if closed := w.conn.Deallocate(ctx, argumentsName); err == nil && closed != nil {
		err = fmt.Errorf("forget the arguments of EXECUTE: %w", closed)
	}
	if refused, ok := err.(*pgconn.PgError); ok && refused.Position > 0 {
		out := *refused
		out.Position = s.Statement.Position(refused.Position - int32(len(execute)) + int32(utf8.RuneCountInString(s.Text[:from])))
		return &out
	}
	if err != nil {
		return err
	}
	w.call.ParamOIDs, w.call.Params, w.call.ParamFormats = types, nil, nil
	for _, v := range values {
		w.call.Params, w.call.ParamFormats = append(w.call.Params, v), append(w.call.ParamFormats, 1)
	}
	return nil
}

// value is a Sink of one value in binary form.
type value []byte

// Append implements pull.Sink.
func (v *value) Append(b []byte) error {
	*v = nil
	if b != nil {
		*v = append(make([]byte, 0, len(b)), b...)
	}
	return nil
}

// extra are the parameters of the final statement behind the client's own.
func (w *work) extra() (oids []uint32, values [][]byte) {
	if !w.executed {
		return w.params.OIDs, w.params.Values
	}
	return w.oids(), append(append(values, w.call.Params...), w.params.Values...)
}
