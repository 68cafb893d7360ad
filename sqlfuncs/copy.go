package sqlfuncs

import (
	"context"
	"errors"
	"fmt"
	"unicode/utf8"

	pg "github.com/pganalyze/pg_query_go/v6"

	"github.com/jackc/pgx/v5/pgconn"

	"cvp/sqlfuncs/calls"
	"cvp/sqlfuncs/pull"
	"cvp/sqlfuncs/syntax"
)

// admitCopy has Postgres check the query of a COPY. It looks into it only when it runs the COPY, and then it would speak of a
// text that the client has never seen.
func (s *statement) admitCopy(ctx context.Context, w *work, stmt *pg.Node) error {
	sql := s.SQL()
	from, to, err := syntax.Body(sql, stmt)
	if err != nil {
		return err
	}
	d, err := pull.Describe(ctx, w.conn, syntax.Alone(sql, from, to), nil)
	var refused *pgconn.PgError
	switch {
	case errors.As(err, &refused):
		out := *refused
		if out.Position > 0 {
			out.Message = s.Reword(out.Message, out.Position)
			out.Position = s.Position(out.Position)
		}
		if hint := calls.Hint(out.Code, out.Message); hint != "" {
			out.Hint = hint
		}
		return &out
	case err != nil:
		return err
	case len(d.ParamOIDs) > 0:
		return s.noParameter(w.stmt)
	case len(d.Fields) == 0 && w.stmt.GetSelectStmt() == nil:
		return failure("0A000", "COPY query must have a RETURNING clause", "")
	}
	return nil
}

// noParameter is Postgres's error for the first parameter of a statement that can have none.
func (s *statement) noParameter(query *pg.Node) error {
	var first *pg.ParamRef
	syntax.Walk(query, func(n *pg.Node, _ syntax.Place) bool {
		if p := n.GetParamRef(); p != nil && (first == nil || p.Location < first.Location) {
			first = p
		}
		return true
	})
	e := failure("42P02", fmt.Sprintf("there is no parameter $%d", first.GetNumber()), "")
	e.Position = s.Statement.Position(int32(utf8.RuneCountInString(s.Text[:first.GetLocation()]) + 1))
	return e
}
