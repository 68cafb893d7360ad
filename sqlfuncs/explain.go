package sqlfuncs

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	pg "github.com/pganalyze/pg_query_go/v6"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"

	"cvp/server"
	"cvp/sqlfuncs/calls"
	"cvp/sqlfuncs/pull"
	"cvp/sqlfuncs/rewrite"
	"cvp/sqlfuncs/syntax"
)

// explanation is what an EXPLAIN says of the calls of its statement. Without ANALYZE nothing is read and nothing is
// scored: Postgres then plans the rewritten statement over results without rows. A nil explanation is of a statement that
// is run.
type explanation struct {
	analyze, timing bool
	format          string // text, json, xml or yaml
	calls           []*explained
	// options is how many characters stand before the statement that is explained; position maps one of them to the
	// client's text.
	options  int
	position func(int32) int32
}

// explained is how one call, or several equal ones, are run.
type explained struct {
	at       int32 // where the first of them stands in the text
	function string
	count    int
	model    *loaded
	keys     string // the SELECT of the keys; "" where every key is scored, or none is asked for
	every    string // why every key is scored
	named    bool   // the statement names the one key
	place    string

	// What ANALYZE has counted.
	pulled           int // keys
	batches, scored  int
	pulling, scoring time.Duration
}

// newExplanation reads the options of an EXPLAIN. What is wrong with them Postgres says when it plans.
func (s *statement) newExplanation(stmt *pg.Node) (*explanation, error) {
	from, _, err := syntax.Body(s.Text, stmt)
	if err != nil {
		return nil, err
	}
	x := &explanation{format: "text", timing: true, options: utf8.RuneCountInString(s.Text[:from]), position: s.Position}
	e := stmt.GetExplainStmt()
	for _, o := range e.Options {
		d := o.GetDefElem()
		switch d.Defname {
		case "analyze":
			x.analyze = isOn(d.Arg)
		case "timing":
			x.timing = isOn(d.Arg)
		case "format":
			x.format = strings.ToLower(d.Arg.GetString_().GetSval())
		}
	}
	return x, nil
}

// isOn reads a boolean option (defGetBoolean in src/backend/commands/define.c).
func isOn(n *pg.Node) bool {
	switch {
	case n == nil:
		return true
	case n.GetInteger() != nil:
		return n.GetInteger().Ival != 0
	case n.GetBoolean() != nil:
		return n.GetBoolean().Boolval
	}
	switch strings.ToLower(n.GetString_().GetSval()) {
	case "true", "on":
		return true
	}
	return false
}

// dry says that nothing is to be read or scored.
func (x *explanation) dry() bool { return x != nil && !x.analyze }

// begin notes a call that is about to be run.
func (x *explanation) begin(e explained) *explained {
	x.calls = append(x.calls, &e)
	return &e
}

// current is the call being run.
func (x *explanation) current() *explained { return x.calls[len(x.calls)-1] }

// pulling counts the keys that are read up to the call of what it returns.
func (x *explanation) pulling(keys *pull.Keys) (ended func()) {
	if x == nil {
		return func() {}
	}
	began, before := time.Now(), keys.Len()
	return func() {
		e := x.current()
		e.pulling, e.pulled = e.pulling+time.Since(began), e.pulled+keys.Len()-before
	}
}

// scoring counts the keys that are scored up to the call of what it returns; keys is nil for all.
func (x *explanation) scoring(l *loaded, keys *pull.Keys, scores *[]float64) (ended func()) {
	if x == nil {
		return func() {}
	}
	began := time.Now()
	return func() {
		e := x.current()
		e.model, e.batches = l, e.batches+1
		if keys != nil && e.pulled == 0 {
			e.pulled = keys.Len() // the statement itself names them
		}
		if keys == nil && e.keys != "" && e.pulled == 0 {
			e.keys, e.every = "", "reading those that are needed was an error"
		}
		e.scoring, e.scored = e.scoring+time.Since(began), e.scored+len(*scores)
	}
}

// places says where the scores of the call being run are put.
func (x *explanation) places(how string) {
	if x != nil {
		x.current().place = how
	}
}

// none are the keys of a model, without any.
func (x *explanation) none(l *loaded) *pull.Keys {
	x.current().model = l
	if l.source.KeyInteger() {
		return &pull.Keys{OID: pgtype.Int8OID}
	}
	return &pull.Keys{OID: pgtype.TextOID}
}

// run scores a group of calls, and says how where that is asked for.
func (w *work) run(ctx context.Context, g *scoring) error {
	if w.explain == nil {
		return w.score(ctx, g)
	}
	e := w.explain.begin(explained{at: g.calls[0].Func.Location, function: calls.Predict, count: len(g.calls), model: g.model, keys: g.keys})
	c := g.calls[0]
	if rewrite.Constant(g.subject.Expr) {
		e.place = "one parameter"
	}
	switch {
	case g.every:
		e.every = "the statement reads the whole relation of the model"
	case g.keys == "":
		if e.every = rewrite.WhyEveryKey(w.stmt, c, g.subject); e.every == "" {
			e.every = "its SELECT refers to an outer one"
		}
	}
	err := w.score(ctx, g)
	if g.most {
		e.keys, e.every = "", mostReason
	}
	if g.fixed != nil {
		e.keys, e.every, e.place = "", "", "one parameter"
		e.named = true
	}
	return err
}

// explainTable runs a call that gives rows, unless nothing is to be run.
func (w *work) explainTable(ctx context.Context, c *rewrite.Call) error {
	e := w.explain.begin(explained{at: c.Func.Location, function: c.Function, count: 1, place: "rows from array parameters"})
	switch {
	case c.Function == calls.Train && w.explain.dry():
		return c.Table(w.leaderboard("", 0, nil))
	case c.Function == calls.Train:
		return w.train(ctx, c)
	case c.Function == calls.Features:
		e.named = true
		return w.features(ctx, c)
	case c.Function == calls.Profile:
		e.named = true
		return w.profile(ctx, c)
	case c.Function == calls.Recommend, c.Function == calls.Recommendations:
		e.named = c.Function == calls.Recommend
		return w.recommend(ctx, c)
	case c.Function == calls.ExplainQuestion:
		e.named = true
		return w.explainQuestion(ctx, c)
	}
	e.every = c.Function + " gives them all"
	return w.predictions(ctx, c)
}

// final gives the lines about the calls and Postgres's plan of the rewritten statement behind them.
func (x *explanation) final(ctx context.Context, w *work, planned *server.Final) (*server.Final, error) {
	var plan pull.Text
	if _, err := pull.Into(ctx, w.conn, w.query(planned.SQL), &plan); err != nil {
		return nil, x.positioned(err)
	}
	lines := make([]string, len(plan))
	for i, l := range plan {
		lines[i] = withoutResults(*l)
	}
	slices.SortStableFunc(x.calls, func(a, b *explained) int { return int(a.at) - int(b.at) })
	out, kind := x.written(lines)
	n := len(w.call.Params) + 1
	if w.executed {
		n = 1
	}
	return &server.Final{
		SQL:       fmt.Sprintf(`SELECT line::pg_catalog.%s AS "QUERY PLAN" FROM pg_catalog.unnest($%d::pg_catalog.text[]) AS plan (line)`, kind, n),
		ExtraOIDs: []uint32{pgtype.TextArrayOID}, Extra: [][]byte{pull.TextArray(out)}, Tag: "EXPLAIN",
	}, nil
}

// positioned moves the position of an error into the client's text: the options stand there as they are, and what is
// behind them has been rewritten.
func (x *explanation) positioned(err error) error {
	var refused *pgconn.PgError
	if !errors.As(err, &refused) || refused.Position == 0 {
		return err
	}
	out := *refused
	if out.Position = 0; int(refused.Position) <= x.options {
		out.Position = x.position(refused.Position)
	}
	return &out
}

// shownResults is how long results may be in a plan.
const shownResults = 100

// withoutResults shortens the arrays and objects that a plan shows in full: they may hold a million keys.
func withoutResults(plan string) string {
	var out strings.Builder
	for {
		from := strings.Index(plan, "'{")
		if from < 0 {
			return out.String() + plan
		}
		size := literalEnd(plan[from+1:])
		if size > shownResults {
			out.WriteString(plan[:from] + "'{…}'")
		} else {
			out.WriteString(plan[:from+size+2])
		}
		plan = plan[from+size+2:]
	}
}

// literalEnd gives the place of the quote that ends a literal; the text begins behind the one that opens it.
func literalEnd(text string) int {
	for i := 0; i < len(text); i++ {
		if text[i] != '\'' {
			continue
		}
		if i+1 == len(text) || text[i+1] != '\'' {
			return i
		}
		i++
	}
	return len(text) - 1 // it does not end: nothing that Postgres writes
}
