package sqlfuncs

import (
	"context"
	"fmt"
	"log/slog"
	"sync/atomic"

	pg "github.com/pganalyze/pg_query_go/v6"

	"github.com/jackc/pgx/v5/pgconn"

	"cvp/catalog"
	"cvp/server"
	"cvp/sqlfuncs/calls"
	"cvp/sqlfuncs/rewrite"
	"cvp/sqlfuncs/shape"
	"cvp/sqlfuncs/syntax"
	"cvp/sqlfuncs/views"
)

// statement is one statement of a client's query string.
type statement struct {
	functions *Functions
	// views tells the names of views that may hold an engine call; nil where none is known.
	views func(relation string) bool
	calls.Statement
	// alone says that the query string holds nothing else: Postgres makes one transaction of several.
	alone bool
	// shape is what Postgres checks in place of Text, nil where it has cvp's functions.
	shape *shape.Text
	// Kept between executions: the types of keys, the parsed text, and how to execute it again.
	keyTypes keyTypes
	parsed   parsedOnce
	again    atomic.Pointer[repetition]
}

var (
	_ server.Statement = (*statement)(nil)
	_ server.Preparer  = (*statement)(nil)
	_ server.Reader    = (*statement)(nil)
	_ server.Late      = (*statement)(nil)
	_ server.Reworder  = (*statement)(nil)
)

// SQL implements server.Statement.
func (s *statement) SQL() string {
	if s.shape != nil {
		return s.shape.SQL
	}
	return s.Text
}

// Position implements server.Statement.
func (s *statement) Position(p int32) int32 {
	if s.shape != nil {
		p = s.shape.Position(p)
	}
	return s.Statement.Position(p)
}

// Reword implements server.Reworder.
func (s *statement) Reword(message string, position int32) string {
	if s.shape == nil {
		return message
	}
	return s.shape.Reword(message, position)
}

// Native implements server.Statement.
func (s *statement) Native() bool {
	if s.functions.kept != nil && (len(s.Engine) > 0 || s.Registry) {
		return s.shapeServes()
	}
	return len(s.Engine) == 0 && len(s.Reads) == 0 && !s.Executes || !s.Runs
}

// Prepares implements server.Preparer.
func (s *statement) Prepares() bool { return s.Statement.Prepares }

// Late implements server.Late.
func (s *statement) Late() bool {
	return !s.Runs && (s.Statement.Prepares || len(s.Defines) > 0) && s.Native()
}

// Repeatable implements server.Statement.
func (s *statement) Repeatable() bool { return s.ReadOnly }

// Prepare implements server.Statement: it runs the statement's engine calls and returns the statement over
// their results.
func (s *statement) Prepare(ctx context.Context, conn *pgconn.PgConn, call server.Call) (*server.Final, error) {
	if s.Late() {
		return &server.Final{SQL: s.SQL()}, nil
	}
	final, err := s.prepare(ctx, conn, call)
	if err != nil {
		return nil, postgresError(err)
	}
	return final, nil
}

func (s *statement) prepare(ctx context.Context, conn *pgconn.PgConn, call server.Call) (*server.Final, error) {
	models, err := s.models()
	if err != nil {
		return nil, err
	}
	if !s.Runs {
		return nil, s.keeps()
	}
	w := &work{functions: s.functions, conn: conn, call: call, stmt: calls.Query(s.parsed.stmt), params: rewrite.NewParameters(len(call.Params)), notices: newNotices(call.Notice), keyTypes: &s.keyTypes}
	if err := s.admit(ctx, w, s.parsed.stmt); err != nil {
		return nil, err
	}
	if err := w.look(ctx, models); err != nil {
		return nil, err
	}
	// Only now: what a SET earlier in a pipeline has changed comes with the end of the first query.
	if err := checkStrings(conn, s.Text); err != nil {
		return nil, err
	}
	if final, err := s.repeat(ctx, w, models); final != nil || err != nil {
		return final, err
	}
	return s.plan(ctx, w)
}

// plan runs the calls of a statement and rewrites it.
func (s *statement) plan(ctx context.Context, w *work) (final *server.Final, err error) {
	stmt := syntax.Clone(s.parsed.stmt)
	withoutOutParameters(stmt, w.call.ParamOIDs)
	query := calls.Query(stmt)
	w.stmt, w.cursor = query, stmt.GetDeclareCursorStmt()
	if stmt.GetExplainStmt() != nil {
		if w.explain, err = s.newExplanation(stmt); err != nil {
			return nil, err
		}
	}
	if s.Executes {
		if ours, err := s.executed(ctx, w, stmt); !ours || err != nil {
			return &server.Final{SQL: s.Text}, err
		}
	}
	if len(s.Reads) > 0 || s.Executes && s.views != nil {
		if err := views.Expand(ctx, w.conn, query, s.views); err != nil {
			return nil, err
		}
	}
	if err := w.registryItems(ctx, query); err != nil {
		return nil, err
	}
	rewrite.PushDown(query)
	// Tables first: a scalar call's keys may come from one.
	scalars, err := w.tables(ctx, rewrite.Find(query))
	if err != nil {
		return nil, err
	}
	groups, err := w.scalars(ctx, scalars)
	if err != nil {
		return nil, err
	}
	if err := w.unanswered(query); err != nil {
		return nil, err
	}
	if final, err = s.final(stmt, w); err != nil {
		return nil, err
	}
	s.remember(w, stmt, groups, final)
	if w.explain == nil {
		return final, nil
	}
	return w.explain.final(ctx, w, final)
}

// final is the statement with its query rewritten.
func (s *statement) final(stmt *pg.Node, w *work) (*server.Final, error) {
	from, to, err := syntax.Body(s.Text, stmt)
	if err != nil {
		return nil, err
	}
	body := stmt
	if inner := calls.Body(stmt); inner != nil {
		body = inner
	}
	query, err := syntax.Text(body)
	if err != nil {
		return nil, err
	}
	if stmt.GetCopyStmt() == nil {
		oids, values := w.extra()
		return &server.Final{SQL: s.Text[:from] + " " + query + s.Text[to:], ExtraOIDs: oids, Extra: values}, nil
	}
	if query, err = withLiterals(query, w.params); err != nil {
		return nil, err
	}
	return &server.Final{SQL: s.Text[:from] + query + s.Text[to:]}, nil
}

// admit refuses what Postgres refuses only when it runs a statement of such a kind: our calls would go first.
func (s *statement) admit(ctx context.Context, w *work, stmt *pg.Node) error {
	switch {
	case stmt.GetCopyStmt() != nil:
		return s.admitCopy(ctx, w, stmt)
	case stmt.GetDeclareCursorStmt() != nil:
		return s.admitCursor(w, stmt.GetDeclareCursorStmt())
	}
	return nil
}

// work is the execution of one statement.
type work struct {
	functions *Functions
	conn      *pgconn.PgConn
	call      server.Call
	stmt      *pg.Node // the query that holds the calls
	params    *rewrite.Parameters
	notices   *notices
	keyTypes  *keyTypes
	// resolved are the versions that models named by the statement mean, as far as they are known.
	resolved map[string]*catalog.Version
	// plainOperators says that = between whole numbers is Postgres's own.
	plainOperators bool
	// model is the session's cvp.model, "" where it is not set.
	model string
	// trusted are the roles of cvp.trusted_roles.
	trusted []string
	// workMem is the session's cvp.work_mem, "" where it is not set.
	workMem string
	// executed says that call's parameters are not the client's own but those of a prepared statement.
	executed bool
	// served says for whom a registry is asked, database is the oid of his database; both are empty without a registry.
	served   catalog.Served
	database uint32
	// cursor is the declaration of a cursor whose query this is, nil for other statements.
	cursor *pg.DeclareCursorStmt
	// explain is what an EXPLAIN says of the calls, nil for a statement that is run.
	explain *explanation
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
		switch {
		case c.Function == calls.Predict:
			scalars = append(scalars, c)
		case w.explain != nil:
			err = w.explainTable(ctx, c)
		case c.Function == calls.Train:
			err = w.train(ctx, c)
		case c.Function == calls.Predictions:
			err = w.predictions(ctx, c)
		case c.Function == calls.Features:
			err = w.features(ctx, c)
		case c.Function == calls.Profile:
			err = w.profile(ctx, c)
		case c.Function == calls.Recommend, c.Function == calls.Recommendations:
			err = w.recommend(ctx, c)
		case c.Function == calls.ExplainQuestion:
			err = w.explainQuestion(ctx, c)
		default:
			err = fmt.Errorf("%s is not a function of the engine", c.Function)
		}
		if err != nil {
			return nil, err
		}
	}
	return scalars, nil
}
