package sqlfuncs

import (
	"context"
	"encoding/binary"
	"fmt"
	"math"
	"sort"
	"strconv"

	pg "github.com/pganalyze/pg_query_go/v6"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"

	"cvp/sqlfuncs/pull"
	"cvp/sqlfuncs/rewrite"
	"cvp/sqlfuncs/source"
	"cvp/sqlfuncs/syntax"
)

// scoring is a set of equal calls of cvp_predict in one query block: one model, one subject.
type scoring struct {
	calls   []*rewrite.Call
	model   *loaded
	subject rewrite.Subject
	key     *pg.Node // what identifies the subject: Subject.Expr, or a text of it
	// keys is the SELECT of the subjects that are needed, "" where every key of the model is scored.
	keys string
	// every says that those are exactly the rows of the model's own relation.
	every bool
}

// scalars runs the calls of cvp_predict and replaces them.
func (w *work) scalars(ctx context.Context, cs []*rewrite.Call) error {
	groups, err := w.group(ctx, cs)
	if err != nil {
		return err
	}
	// All key queries are written before the first call is replaced: they read the client's own FROM clauses.
	for _, g := range groups {
		if err := w.keyQuery(ctx, g); err != nil {
			return err
		}
	}
	for _, g := range groups {
		if err := w.score(ctx, g); err != nil {
			return err
		}
	}
	return nil
}

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

// keyQuery decides what identifies the subject of a group of calls and which subjects are needed.
func (w *work) keyQuery(ctx context.Context, g *scoring) error {
	if g.subject.Row != "" {
		if row, err := w.isRow(ctx, g); err != nil {
			return err
		} else if !row {
			g.subject.Row = "" // a column of the same name as its FROM item, as in generate_series(1, 3) AS i
		}
	}
	if column := g.model.source.KeyColumn(); g.subject.Row != "" && column != "" {
		g.subject = rewrite.Subject{Expr: field(g.subject.Row, column)}
	}
	g.key = g.subject.Expr
	if g.subject.Row != "" {
		g.key = asText(g.subject.Expr)
	}
	if rewrite.Constant(g.subject.Expr) {
		text, err := expressionText(g.key)
		g.keys = "SELECT cvp_key FROM (SELECT " + text + " AS cvp_key) AS cvp_subjects WHERE cvp_key IS NOT NULL"
		return err
	}
	c := g.calls[0]
	sql, ok, err := rewrite.KeyQuery(w.stmt, c, g.subject, g.key)
	if err != nil {
		return err
	}
	if g.every, err = w.everyKey(ctx, g); err != nil || g.every {
		return err
	}
	outermost := c.At.Depth == 1 && w.stmt.GetSelectStmt() != nil
	if ok && (outermost || w.standsAlone(ctx, sql)) {
		g.keys = sql
	}
	return nil
}

// score scores the keys that a group of calls needs in one go and replaces the calls.
func (w *work) score(ctx context.Context, g *scoring) error {
	switch {
	case rewrite.Constant(g.subject.Expr):
		return w.scoreConstant(ctx, g)
	case g.subject.Row != "":
		return w.scoreRows(ctx, g)
	}
	var keys *pull.Keys
	if g.keys != "" {
		var err error
		if keys, err = w.keys(ctx, g); err != nil {
			return err
		}
	}
	known, scores, err := g.model.source.Score(ctx, w.conn, g.model.model, keys)
	if err != nil {
		return err
	}
	if numbers := keys != nil && pull.Integer(keys.OID) || g.every; !numbers {
		g.key, known = asText(g.key), known.AsText()
	}
	return w.place(g, known, scores)
}

// scoreConstant scores the one subject that all rows share.
func (w *work) scoreConstant(ctx context.Context, g *scoring) error {
	keys, err := w.keys(ctx, g)
	if err != nil {
		return err
	}
	score := math.NaN()
	if keys.Len() > 0 {
		_, scores, err := g.model.source.Score(ctx, w.conn, g.model.model, keys)
		if err != nil {
			return err
		}
		if len(scores) > 0 {
			score = scores[0]
		}
	}
	n := w.params.Add(pgtype.Float8OID, float8(score))
	for _, c := range g.calls {
		if err := c.Value(n); err != nil {
			return err
		}
	}
	return nil
}

// scoreRows scores whole rows by their columns.
func (w *work) scoreRows(ctx context.Context, g *scoring) error {
	relation, isRelation := g.model.source.(*source.Relation)
	if g.keys == "" || !isRelation {
		return &pgconn.PgError{Severity: "ERROR", Code: "0A000", Message: "cvp_predict cannot score whole rows here",
			Hint: "Give the key instead, or put the rows into a table first."}
	}
	d, err := pull.Describe(ctx, w.conn, g.keys, w.call.ParamOIDs)
	if err != nil {
		return err
	}
	known, scores, err := relation.ScoreRows(ctx, w.conn, g.model.model, w.query(g.keys), d.Fields)
	if err != nil {
		return err
	}
	return w.place(g, known, scores)
}

// keys runs a group's key query: whole numbers where the expression gives them, text otherwise.
func (w *work) keys(ctx context.Context, g *scoring) (*pull.Keys, error) {
	sql := g.keys
	d, err := pull.Describe(ctx, w.conn, sql, w.call.ParamOIDs)
	if err != nil {
		return nil, err
	}
	keys := &pull.Keys{OID: d.Fields[0].DataTypeOID}
	if !pull.Integer(keys.OID) || !g.model.source.KeyInteger() {
		if pull.Integer(keys.OID) {
			keys.OID = pgtype.TextOID
		}
		sql = "SELECT DISTINCT cvp_key::pg_catalog.text FROM (" + sql + ") AS cvp_subjects"
	}
	if _, err := pull.Into(ctx, w.conn, w.query(sql), keys); err != nil {
		return nil, err
	}
	return keys, nil
}

// isRow reports whether a subject that is named like a FROM item is its whole row, as Postgres sees it.
func (w *work) isRow(ctx context.Context, g *scoring) (bool, error) {
	sql, ok, err := rewrite.KeyQuery(w.stmt, g.calls[0], rewrite.Subject{Expr: g.subject.Expr}, g.subject.Expr)
	if err != nil || !ok {
		return true, err
	}
	d, err := pull.Describe(ctx, w.conn, sql, w.call.ParamOIDs)
	if err != nil {
		return false, err
	}
	var composite pull.Text
	_, err = pull.Into(ctx, w.conn, pull.Query{
		SQL:    "SELECT 'row' FROM pg_catalog.pg_type AS t WHERE t.oid OPERATOR(pg_catalog.=) $1::pg_catalog.oid AND (t.typtype OPERATOR(pg_catalog.=) 'c' OR t.oid OPERATOR(pg_catalog.=) 2249::pg_catalog.oid)",
		Params: [][]byte{[]byte(strconv.FormatUint(uint64(d.Fields[0].DataTypeOID), 10))}}, &composite)
	return len(composite) == 1, err
}

// everyKey reports whether a block reads each row of the model's own relation: then its keys are the relation's.
func (w *work) everyKey(ctx context.Context, g *scoring) (bool, error) {
	r, ok := g.model.source.(*source.Relation)
	b := g.calls[0].At.Block
	if !ok || b == nil || b.WhereClause != nil || len(b.FromClause) != 1 || !r.KeyInteger() {
		return false, nil
	}
	v := b.FromClause[0].GetRangeVar()
	ref := g.subject.Expr.GetColumnRef()
	if v == nil || v.Relname != r.Name || ref == nil || ref.Fields[len(ref.Fields)-1].GetString_().GetSval() != r.Key {
		return false, nil
	}
	name := pgx.Identifier{v.Relname}
	if v.Schemaname != "" {
		name = pgx.Identifier{v.Schemaname, v.Relname}
	}
	var same pull.Text
	_, err := pull.Into(ctx, w.conn, pull.Query{
		SQL:    "SELECT CASE WHEN pg_catalog.to_regclass($1)::pg_catalog.oid OPERATOR(pg_catalog.=) pg_catalog.to_regclass($2)::pg_catalog.oid THEN 'same' END",
		Params: [][]byte{[]byte(name.Sanitize()), []byte(r.From)}, OIDs: []uint32{pgtype.TextOID, pgtype.TextOID}}, &same)
	return err == nil && len(same) == 1 && same[0] != nil, err
}

// standsAlone reports whether a key query of an inner block makes sense outside of it; where the block refers
// to columns of an outer one it does not, and Postgres's error is undone.
func (w *work) standsAlone(ctx context.Context, sql string) bool {
	if _, err := w.conn.Exec(ctx, "SAVEPOINT cvp_keys").ReadAll(); err != nil {
		return false
	}
	_, err := pull.Describe(ctx, w.conn, sql, w.call.ParamOIDs)
	end := "RELEASE SAVEPOINT cvp_keys"
	if err != nil {
		end = "ROLLBACK TO SAVEPOINT cvp_keys; " + end
	}
	_, endErr := w.conn.Exec(ctx, end).ReadAll()
	return err == nil && endErr == nil
}

// place puts scores where the calls stood.
func (w *work) place(g *scoring, known *pull.Keys, scores []float64) error {
	if g.calls[0].Joinable(g.subject.Expr) {
		oid, value := known.Array()
		keyType := "text"
		if oid == pgtype.Int8ArrayOID {
			keyType = "int8"
		}
		return rewrite.Join(g.calls, g.key, rewrite.Scores{
			Keys: w.params.Add(oid, value), Values: w.params.Add(pgtype.Float8ArrayOID, pull.Float8Array(scores)), KeyType: "pg_catalog." + keyType})
	}
	n := w.params.Add(pgtype.JSONBOID, lookup(known.AsText(), scores))
	for _, c := range g.calls {
		if err := c.Lookup(g.key, n); err != nil {
			return err
		}
	}
	return nil
}

// lookup is the binary form of a jsonb object from keys to scores.
func lookup(keys *pull.Keys, scores []float64) []byte {
	b := append(make([]byte, 0, 2+32*len(scores)), 1, '{')
	for i, k := range keys.Texts {
		if math.IsNaN(scores[i]) {
			continue
		}
		if len(b) > 2 {
			b = append(b, ',')
		}
		b = appendJSONString(b, k)
		b = append(b, ':')
		b = strconv.AppendFloat(b, scores[i], 'g', -1, 64)
	}
	return append(b, '}')
}

// appendJSONString quotes s; keys with a zero byte do not exist in Postgres.
func appendJSONString(b []byte, s string) []byte {
	b = append(b, '"')
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '"' || c == '\\':
			b = append(b, '\\', c)
		case c < 0x20:
			b = append(b, fmt.Sprintf("\\u%04x", c)...)
		default:
			b = append(b, c)
		}
	}
	return append(b, '"')
}

// predictions runs cvp_predictions(model): every key with its score and decile.
func (w *work) predictions(ctx context.Context, c *rewrite.Call) error {
	nodes, err := c.Arguments("model")
	if err != nil {
		return err
	}
	args, err := w.constants(ctx, c, nodes)
	if err != nil {
		return err
	}
	model, err := w.load(ctx, args["model"])
	if err != nil {
		return err
	}
	known, scores, err := model.source.Score(ctx, w.conn, model.model, nil)
	if err != nil {
		return err
	}
	keys := known.AsText()
	return c.Table([]rewrite.Column{
		{Name: "key", Type: "pg_catalog.text", Parameter: w.params.Add(pgtype.TextArrayOID, pull.TextArray(keys.Texts))},
		{Name: "prediction", Type: "pg_catalog.float8", Parameter: w.params.Add(pgtype.Float8ArrayOID, pull.Float8Array(scores))},
		{Name: "decile", Type: "pg_catalog.int4", Parameter: w.params.Add(pgtype.Int4ArrayOID, pull.Int4Array(deciles(scores)))},
	})
}

// deciles gives each score its tenth, 1 holding the highest scores; ties keep the order of the rows.
func deciles(scores []float64) []int32 {
	order := make([]int, len(scores))
	for i := range order {
		order[i] = i
	}
	sort.SliceStable(order, func(a, b int) bool { return scores[order[a]] > scores[order[b]] })
	out := make([]int32, len(scores))
	for rank, i := range order {
		out[i] = int32(rank*10/len(scores)) + 1
	}
	return out
}

func float8(v float64) []byte {
	if math.IsNaN(v) {
		return nil
	}
	return binary.BigEndian.AppendUint64(nil, math.Float64bits(v))
}

// field is the expression row.column.
func field(row, column string) *pg.Node {
	part := func(s string) *pg.Node { return &pg.Node{Node: &pg.Node_String_{String_: &pg.String{Sval: s}}} }
	return &pg.Node{Node: &pg.Node_ColumnRef{ColumnRef: &pg.ColumnRef{Fields: []*pg.Node{part(row), part(column)}}}}
}

// asText is the expression (n)::text.
func asText(n *pg.Node) *pg.Node {
	part := func(s string) *pg.Node { return &pg.Node{Node: &pg.Node_String_{String_: &pg.String{Sval: s}}} }
	return &pg.Node{Node: &pg.Node_TypeCast{TypeCast: &pg.TypeCast{Arg: syntax.Clone(n),
		TypeName: &pg.TypeName{Names: []*pg.Node{part("pg_catalog"), part("text")}, Typemod: -1}}}}
}

func expressionText(n *pg.Node) (string, error) {
	sql, err := syntax.Text(syntax.Select(&pg.SelectStmt{LimitOption: pg.LimitOption_LIMIT_OPTION_DEFAULT, Op: pg.SetOperation_SETOP_NONE,
		TargetList: []*pg.Node{{Node: &pg.Node_ResTarget{ResTarget: &pg.ResTarget{Val: n}}}}}))
	if err != nil {
		return "", err
	}
	return sql[len("SELECT "):], nil
}
