package sqlfuncs

import (
	"context"
	"fmt"
	"log/slog"

	pg "github.com/pganalyze/pg_query_go/v6"

	"github.com/jackc/pgx/v5/pgconn"

	"cvp/server"
	"cvp/sqlfuncs/calls"
	"cvp/sqlfuncs/rewrite"
	"cvp/sqlfuncs/syntax"
)

// statement is one statement of a client's query string.
type statement struct {
	functions *Functions
	calls.Statement
}

var _ server.Statement = (*statement)(nil)

// SQL implements server.Statement.
func (s *statement) SQL() string { return s.Text }

// Native implements server.Statement.
func (s *statement) Native() bool { return len(s.Engine) == 0 }

// Repeatable implements server.Statement.
func (s *statement) Repeatable() bool { return s.ReadOnly }

// Prepare implements server.Statement: it runs the statement's engine calls and returns the statement over
// their results.
func (s *statement) Prepare(ctx context.Context, conn *pgconn.PgConn, call server.Call) (*server.Final, error) {
	final, err := s.prepare(ctx, conn, call)
	if err != nil {
		return nil, postgresError(err)
	}
	return final, nil
}

func (s *statement) prepare(ctx context.Context, conn *pgconn.PgConn, call server.Call) (*server.Final, error) {
	stmt, err := syntax.Statement(s.Text)
	if err != nil {
		return nil, err
	}
	if !takesParameters(stmt) {
		return nil, failure("0A000", "a cvp call cannot stand in this kind of statement",
			"SELECT, INSERT, UPDATE, DELETE, MERGE and CREATE TABLE AS may hold one.")
	}
	w := &work{functions: s.functions, conn: conn, call: call, stmt: stmt, params: rewrite.NewParameters(len(call.Params)), notices: newNotices(call.Notice)}
	if err := w.settings(ctx); err != nil {
		return nil, err
	}
	// Only now: what a SET earlier in a pipeline has changed comes with the end of the first query.
	if err := checkStrings(conn, s.Text); err != nil {
		return nil, err
	}
	rewrite.PushDown(stmt)
	// Tables first: a scalar call's keys may come from one.
	scalars, err := w.tables(ctx, rewrite.Find(stmt))
	if err != nil {
		return nil, err
	}
	if err := w.scalars(ctx, scalars); err != nil {
		return nil, err
	}
	sql, err := syntax.Text(stmt)
	if err != nil {
		return nil, err
	}
	return &server.Final{SQL: sql, ExtraOIDs: w.params.OIDs, Extra: w.params.Values}, nil
}

// takesParameters reports whether Postgres takes parameters in a statement of that kind: the results of our calls are
// parameters.
func takesParameters(stmt *pg.Node) bool {
	return stmt.GetSelectStmt() != nil || stmt.GetInsertStmt() != nil || stmt.GetUpdateStmt() != nil ||
		stmt.GetDeleteStmt() != nil || stmt.GetMergeStmt() != nil || stmt.GetCreateTableAsStmt() != nil
}

// work is the execution of one statement.
type work struct {
	functions *Functions
	conn      *pgconn.PgConn
	call      server.Call
	stmt      *pg.Node
	params    *rewrite.Parameters
	notices   *notices
	// model is the session's cvp.model, "" where it is not set.
	model string
	// trusted are the roles of cvp.trusted_roles.
	trusted []string
}

// log is the session's where the server gives it, so that a line tells whose call it is about.
func (w *work) log() *slog.Logger {
	if w.call.Log != nil {
		return w.call.Log
	}
	return w.functions.log
}

// tables runs the calls that give rows, replaces them, and returns the scalar ones.
func (w *work) tables(ctx context.Context, all []*rewrite.Call) (scalars []*rewrite.Call, err error) {
	for _, c := range all {
		switch c.Function {
		case calls.Train:
			err = w.train(ctx, c)
		case calls.Predictions:
			err = w.predictions(ctx, c)
		case calls.Predict:
			scalars = append(scalars, c)
		default:
			err = fmt.Errorf("%s is not a function of the engine", c.Function)
		}
		if err != nil {
			return nil, err
		}
	}
	return scalars, nil
}
