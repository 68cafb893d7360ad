package sqlfuncs

import (
	"context"
	"slices"
	"sync"

	pg "github.com/pganalyze/pg_query_go/v6"

	"cvp/catalog"
	"cvp/server"
	"cvp/sqlfuncs/calls"
	"cvp/sqlfuncs/rewrite"
	"cvp/sqlfuncs/syntax"
)

// repetition is how a prepared statement that is about single keys of one model is executed once more: what it becomes
// does not depend on the keys, so nothing has to be planned.
type repetition struct {
	// sql is the statement over the scores; oids are the client's parameters it is for.
	sql  string
	oids []uint32
	// keys are the literals and parameters that name the keys, in the order of the parameters that hold their scores.
	// equated says that one of them is the key only if = is Postgres's own.
	keys    []*pg.Node
	equated bool
	// model is the name by which the statement calls its model, where that may be executed ahead; version is what it
	// meant last.
	model   string
	version catalog.ID
}

// remember keeps what a statement became, if that was by single keys alone.
func (s *statement) remember(w *work, stmt *pg.Node, groups []*scoring, final *server.Final) {
	if len(s.Reads) > 0 || s.Executes || stmt.GetCopyStmt() != nil || w.explain != nil || len(groups) == 0 ||
		len(w.resolved) != 1 || len(w.params.OIDs) != len(groups) {
		return
	}
	r := &repetition{sql: final.SQL, oids: w.call.ParamOIDs}
	if m := groups[0].model; stmt.GetSelectStmt() != nil && !m.foreign {
		r.model, r.version = s.parsed.models[0], m.version.ID
	}
	for _, g := range groups {
		if g.fixed == nil {
			return
		}
		r.keys = append(r.keys, g.named)
		r.equated = r.equated || g.equated
	}
	s.again.Store(r)
}

// repeat executes a statement that was remembered; nil says that it has to be planned.
func (s *statement) repeat(ctx context.Context, w *work, models []string) (*server.Final, error) {
	r := s.again.Load()
	if r == nil || len(models) != 1 || r.equated && !w.plainOperators || !slices.Equal(r.oids, w.call.ParamOIDs) {
		return nil, nil
	}
	groups := make([]*scoring, len(r.keys))
	for i, key := range r.keys {
		v, ok := w.wholeNumber(key)
		if !ok {
			return nil, nil
		}
		groups[i] = &scoring{fixed: &v}
	}
	model, err := w.load(ctx, models[0])
	if err != nil {
		return nil, err
	}
	if r.model != "" && model.version.ID != r.version {
		newer := *r
		newer.version = model.version.ID
		s.again.Store(&newer)
	}
	for _, g := range groups {
		g.model = model
		if err := w.scoreConstant(ctx, g); err != nil {
			return nil, err
		}
	}
	return &server.Final{SQL: r.sql, ExtraOIDs: w.params.OIDs, Extra: w.params.Values}, nil
}

// parsedOnce is a statement's text parsed, and what can be read off it.
type parsedOnce struct {
	once   sync.Once
	stmt   *pg.Node
	models []string // see namedModels
	err    error
}

// models are those that the statement names; its text is parsed once, as a prepared statement may be executed often.
func (s *statement) models() ([]string, error) {
	p := &s.parsed
	p.once.Do(func() {
		if p.stmt, p.err = syntax.Statement(s.Text); p.err == nil {
			p.models = namedModels(rewrite.Find(calls.Query(p.stmt)))
		}
	})
	return p.models, p.err
}
