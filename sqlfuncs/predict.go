package sqlfuncs

import (
	"context"
	"fmt"
	"math"
	"slices"

	pg "github.com/pganalyze/pg_query_go/v6"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"

	"cvp/sqlfuncs/pull"
	"cvp/sqlfuncs/rewrite"
	"cvp/sqlfuncs/source"
)

// scoring is a set of equal calls of cvp_predict in one query block: one model, one subject.
type scoring struct {
	calls   []*rewrite.Call
	model   *loaded
	subject rewrite.Subject
	key     *pg.Node // what identifies the subject: Subject.Expr, or a text of it
	// keys is the SELECT of the subjects that are needed, "" where every key of the model is scored.
	keys string
	// oid is the type of the key where it is known, else 0.
	oid uint32
	// most says that keys are not read because most of the model's are expected among them.
	most bool
	// limited says that keys are those of the rows that the block's LIMIT picks: the block is restricted to them. nulls
	// says that rows without a key are among them.
	limited, nulls bool
	// picked are those keys, of all groups that ask different models about them.
	picked *picked
	// fixed is the one key that the group is about, where that is known beforehand; equated says that it is one only if
	// the key is of an integer type.
	fixed   *int64
	named   *pg.Node // the literal or parameter that names it
	equated bool
	// shared says that calls about other subjects stand in the block too.
	shared bool
	// constant says that all rows share the subject.
	constant bool
	// elsewhere says that the calls' own block does not tell the whole rows that they are about: keys gives those that can be.
	elsewhere bool
	// every says that those are exactly the rows of the model's own relation.
	every bool
}

// scalars runs the calls of cvp_predict and replaces them. It gives the groups in the order of their parameters.
func (w *work) scalars(ctx context.Context, cs []*rewrite.Call) ([]*scoring, error) {
	if err := w.markOuter(ctx, cs); err != nil {
		return nil, err
	}
	groups, err := w.group(ctx, cs)
	if err != nil {
		return nil, err
	}
	if err := markShared(groups); err != nil {
		return nil, err
	}
	// All key queries are written before the first call is replaced: they read the client's own FROM clauses.
	for _, g := range groups {
		if err := w.keyQuery(ctx, g); err != nil {
			return nil, err
		}
	}
	// A call inside another's key stands behind it in the text and has to be replaced first.
	slices.SortStableFunc(groups, func(a, b *scoring) int { return int(b.last()) - int(a.last()) })
	for _, g := range groups {
		if err := w.run(ctx, g); err != nil {
			return nil, err
		}
	}
	return groups, nil
}

// markOuter finds the calls in aggregates whose columns are all of a block around.
func (w *work) markOuter(ctx context.Context, cs []*rewrite.Call) error {
	for _, c := range cs {
		sqls, err := c.BareColumns(w.stmt)
		if err != nil {
			return err
		}
		if len(sqls) > 0 && !slices.ContainsFunc(sqls, func(sql string) bool { return w.standsAlone(ctx, sql) }) {
			c.MarkBareOuter()
		}
	}
	return nil
}

// last is where the last of the calls stands in the text.
func (g *scoring) last() int32 { return g.calls[len(g.calls)-1].Func.Location }

// group puts together the calls that ask the same of the same rows.
func (w *work) group(ctx context.Context, cs []*rewrite.Call) ([]*scoring, error) {
	var out []*scoring
	index := map[string]*scoring{}
	for _, c := range cs {
		model, arg, err := w.predictArguments(ctx, c)
		if err != nil {
			return nil, err
		}
		text, err := expressionText(arg)
		if err != nil {
			return nil, err
		}
		name := fmt.Sprintf("%p %t %s %s", c.At.Block, c.Joinable(arg), model.version.ID, text)
		if g := index[name]; g != nil {
			g.calls = append(g.calls, c)
			continue
		}
		g := &scoring{calls: []*rewrite.Call{c}, model: model, subject: rewrite.SubjectOf(c, arg)}
		index[name] = g
		out = append(out, g)
	}
	return out, nil
}

// picked are the keys of the rows that a block's LIMIT picks. They are read once, for all groups of the block that are
// about them: where rows are equal in order, LIMIT may pick others the next time.
type picked struct {
	done  bool
	oid   uint32
	keys  *pull.Keys // nil where all are scored
	nulls bool
}

// markShared notes which groups share their block with groups about other subjects, and joins those about the same.
func markShared(groups []*scoring) error {
	for i, g := range groups {
		g.picked = &picked{}
		text, err := expressionText(g.subject.Expr)
		if err != nil {
			return err
		}
		for j, other := range groups {
			if i == j || other.calls[0].At.Block != g.calls[0].At.Block {
				continue
			}
			same, err := expressionText(other.subject.Expr)
			switch {
			case err != nil:
				return err
			case same != text || other.model.source.KeyInteger() != g.model.source.KeyInteger():
				g.shared = true
			case j < i:
				g.picked = other.picked
			}
		}
	}
	return nil
}

// predictArguments reads cvp_predict([model,] subject).
func (w *work) predictArguments(ctx context.Context, c *rewrite.Call) (*loaded, *pg.Node, error) {
	signature := []string{"model", "subject", "key"}
	if len(c.Func.Args) == 1 {
		signature = []string{"subject", "key"}
	}
	args, err := c.Arguments(signature...)
	if err != nil {
		return nil, nil, err
	}
	subject := args["subject"]
	if subject == nil {
		subject = args["key"]
	}
	delete(args, "subject")
	delete(args, "key")
	constant, err := w.constants(ctx, c, args)
	if err != nil {
		return nil, nil, err
	}
	name, given := constant["model"]
	if args["model"] != nil && !given {
		return nil, nil, &pgconn.PgError{Severity: "ERROR", Code: "22004", Message: "the model of cvp_predict must not be NULL"}
	}
	model, err := w.load(ctx, name)
	return model, subject, err
}

// score scores the keys that a group of calls needs in one go and replaces the calls.
func (w *work) score(ctx context.Context, g *scoring) error {
	isFixed, err := w.isFixed(ctx, g)
	switch {
	case err != nil:
		return err
	case isFixed || g.constant:
		return w.scoreConstant(ctx, g)
	case g.subject.IsRow():
		return w.scoreRows(ctx, g)
	}
	var keys *pull.Keys
	restricted := g.limited && g.picked.done
	if g.keys != "" {
		if keys, err = w.keysOnce(ctx, g); err != nil {
			return err
		}
	}
	var known *pull.Keys
	var scores []float64
	if keys != nil {
		known, scores, err = w.scoresOf(ctx, g.model, keys)
	} else {
		known, scores, err = w.scores(ctx, g.model, nil)
	}
	if err != nil {
		return err
	}
	switch {
	case pull.Integer(g.oid) && pull.Integer(known.OID):
	case keys != nil:
		g.key, known = asText(g.key), known.AsText()
	default:
		if g.key, known, err = everySpelling(g, known); err != nil {
			return err
		}
	}
	if err := w.place(g, known, scores); err != nil || !g.limited || restricted {
		return err
	}
	oid, picked := keys.Array()
	return rewrite.Restrict(g.calls[0], g.key, w.params.Add(oid, picked), keyType(oid), g.nulls)
}

// everySpelling gives a key as the text under which it is looked up among all keys of the model.
func everySpelling(g *scoring, known *pull.Keys) (*pg.Node, *pull.Keys, error) {
	s := spellingOf(g.model.source)
	known = known.AsText()
	if s == numbers {
		for i, text := range known.Texts {
			known.Texts[i], _ = s.canonical(text)
		}
	}
	key, err := s.sql(asText(g.key))
	return key, known, err
}

// scoreConstant scores the one subject that all rows share.
func (w *work) scoreConstant(ctx context.Context, g *scoring) error {
	var keys *pull.Keys
	var err error
	if g.fixed != nil {
		keys = g.fixedKeys()
	} else if keys, err = w.keys(ctx, g); err != nil {
		return err
	}
	score := math.NaN()
	if keys.Len() > 0 {
		_, scores, err := w.scoresOf(ctx, g.model, keys)
		if err != nil {
			return err
		}
		if len(scores) > 0 {
			score = scores[0]
		}
	}
	if w.explain.dry() {
		score = 0 // NULL would be planned away
	}
	n := w.params.Add(pgtype.Float8OID, float8(score))
	for _, c := range g.calls {
		if err := c.Value(n); err != nil {
			return err
		}
	}
	return nil
}

// errRows refuses whole rows that cannot be read before the statement runs.
func errRows() error {
	return failure("0A000", "cvp_predict cannot score whole rows here", "Give the key instead, or put the rows into a table first.")
}

// scoreRows scores whole rows by their columns.
func (w *work) scoreRows(ctx context.Context, g *scoring) error {
	relation, isRelation := g.model.source.(*source.Relation)
	if g.keys == "" || !isRelation {
		return errRows()
	}
	d, err := pull.Describe(ctx, w.conn, g.keys, w.oids())
	if err != nil {
		return err
	}
	place := w.place
	if g.elsewhere {
		place = w.placeRows
	}
	if w.explain.dry() {
		return place(g, &pull.Keys{OID: pgtype.TextOID}, nil)
	}
	var scores []float64
	ended := w.explain.scoring(g.model, &pull.Keys{}, &scores)
	known, scores, err := relation.ScoreRows(ctx, w.conn, g.model.model, w.query(g.keys), d.Fields)
	if err != nil {
		return err
	}
	ended()
	return place(g, known, scores)
}
