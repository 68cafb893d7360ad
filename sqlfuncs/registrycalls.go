package sqlfuncs

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"
	pg "github.com/pganalyze/pg_query_go/v6"

	"cvp/catalog"
	"cvp/sqlfuncs/calls"
	"cvp/sqlfuncs/pull"
	"cvp/sqlfuncs/rewrite"
	"cvp/sqlfuncs/shape"
	"cvp/sqlfuncs/syntax"
)

// shapeFor has Postgres check a statement without functions and views of cvp's.
func (s *statement) shapeFor(surface *shape.Surface) {
	if len(s.Engine) == 0 && !s.Registry {
		return
	}
	if _, err := s.models(); err != nil {
		return // Prepare says it
	}
	if shaped, err := shape.Of(s.Text, s.parsed.stmt, surface); err == nil {
		s.shape = shaped
	}
}

// shapeServes says that Postgres can have the shape of a statement for the statement itself: to keep it until an EXECUTE, or to
// make a table like what it gives.
func (s *statement) shapeServes() bool {
	c := s.parsed.stmt.GetCreateTableAsStmt()
	return s.shape != nil && (s.Statement.Prepares || c != nil && c.Objtype == pg.ObjectType_OBJECT_TABLE && c.GetInto().GetSkipData())
}

// unshape puts the client's own statement in the place of the shape that Postgres has kept, which is the statement at its place
// in a query string.
func unshape(raw *pg.RawStmt, text string) error {
	if raw.StmtLen > 0 {
		text = text[:raw.StmtLocation+raw.StmtLen]
	}
	text = text[raw.StmtLocation:]
	original, ok := shape.Original(text)
	switch {
	case !ok && shape.Made(text):
		return failure("0A000", "a statement prepared by the protocol cannot be executed by EXECUTE where models are in another Postgres",
			"Execute it by the protocol, or PREPARE it in SQL.")
	case !ok:
		return nil
	}
	stmt, err := syntax.Statement(original)
	if err != nil {
		return fmt.Errorf("read a prepared statement: %w", err)
	}
	raw.Stmt = stmt
	return nil
}

// unanswered sees to it that no call of the engine's is left in a query, which Postgres would take for another's: where a row
// is met that was not scored, the statement fails.
func (w *work) unanswered(query *pg.Node) error {
	if w.functions.kept == nil {
		return nil
	}
	for _, c := range rewrite.Find(query) {
		if c.Function != calls.Predict {
			return failure("0A000", c.Function+" cannot be called here where models are in another Postgres", "Call it in a FROM clause of its own.")
		}
		if err := c.Fail("cvp_predict cannot score here, where models are in another Postgres, the row"); err != nil {
			return err
		}
	}
	return nil
}

// keeps refuses a statement by which Postgres would keep a call for later.
func (s *statement) keeps() error {
	return failure("0A000", "a call of cvp's cannot be kept in the database, whose models are in another Postgres",
		"This server runs with --registry: the database has no functions of cvp's that a view, function, default, index or prepared statement could call. "+
			"Call them in the statements that you run, or store what they give with CREATE TABLE AS.")
}

// registryItems puts what a registry's functions and views give in the places of the calls and views of a query. Without a
// registry they are Postgres's own.
func (w *work) registryItems(ctx context.Context, query *pg.Node) error {
	if w.functions.kept == nil {
		return nil
	}
	if err := w.registryViews(ctx, query); err != nil {
		return err
	}
	for _, c := range rewrite.FindCalls(query, calls.RegistryCall) {
		if err := w.registryCall(ctx, c); err != nil {
			return err
		}
	}
	return nil
}

// registryViews replaces the registry's views.
func (w *work) registryViews(ctx context.Context, query *pg.Node) (err error) {
	own := syntax.CommonTables(query)
	syntax.Walk(query, func(n *pg.Node, _ syntax.Place) bool {
		r := n.GetRangeVar()
		if n.GetLockingClause() != nil || err != nil {
			return false
		}
		if r == nil || own[r.Relname] && r.Schemaname == "" || r.Schemaname != "" && r.Schemaname != calls.Schema {
			return true
		}
		if columns := w.functions.kept.surface.View(r.Relname); columns != nil {
			err = w.registryView(ctx, n, r, columns)
		}
		return err == nil
	})
	return err
}

func (w *work) registryView(ctx context.Context, n *pg.Node, r *pg.RangeVar, columns []catalog.Typed) error {
	sql := "SELECT * FROM cvp." + pgx.Identifier{r.Relname}.Sanitize()
	if r.Relname == ownView {
		sql += " WHERE false"
	}
	values, err := w.registryRows(ctx, false, sql, nil, columns)
	if err != nil {
		return err
	}
	item, err := rewrite.Rows(values, r.Relname)
	if err != nil {
		return err
	}
	if r.Alias != nil {
		item.GetRangeSubselect().Alias = r.Alias
	}
	n.Node = item.Node
	return nil
}

// ownView is the view of what is said of a database's own relations: no registry has any of another's.
const ownView = "cvp_sources"

// unkept gives a hint for a function about roles or relations, of which a registry knows none; "" for all others.
func unkept(function string) (hint string) {
	switch function {
	case "cvp_share", "cvp_unshare":
		return "There, the owner of a model and the members of that role may use it: GRANT the role instead."
	case "cvp_define_source", "cvp_drop_source":
		return "Say the same by the options of cvp_train: time, link, group."
	}
	return ""
}

// registryCall runs a function of the registry's, once, and replaces the call.
func (w *work) registryCall(ctx context.Context, c *rewrite.Call) error {
	if hint := unkept(c.Function); hint != "" {
		return failure("0A000", c.Function+" is not available where models are in another Postgres", hint)
	}
	overloads := w.functions.kept.surface.Function(c.Function)
	if len(overloads) != 1 {
		return fmt.Errorf("%s has %d signatures", c.Function, len(overloads))
	}
	f := overloads[0]
	names := make([]string, len(f.Arguments))
	for i, a := range f.Arguments {
		names[i] = a.Name
	}
	nodes, err := c.Arguments(names...)
	if err != nil {
		return err
	}
	args, err := w.constants(ctx, c, nodes)
	if err != nil {
		return err
	}
	sql, params := registrySQL(f, nodes, args)
	columns := f.Columns
	if columns == nil {
		columns = []catalog.Typed{{Name: c.Function, Type: f.Type}}
	}
	values, err := w.registryRows(ctx, f.Volatility == "volatile", sql, params, columns)
	switch {
	case err != nil:
		return err
	case f.Columns == nil:
		return c.Scalar(values[0].Parameter, f.Type)
	case c.IsTable() || f.Set:
		return c.Table(values)
	}
	return c.Composite(values)
}

// registrySQL calls a function of the registry's with arguments as texts.
func registrySQL(f catalog.Function, nodes map[string]*pg.Node, args arguments) (sql string, params []*string) {
	var given []string
	for _, name := range slices.Sorted(maps.Keys(nodes)) {
		var value *string
		if text, ok := args[name]; ok {
			value = &text
		}
		params = append(params, value)
		i := slices.IndexFunc(f.Arguments, func(a catalog.Typed) bool { return a.Name == name })
		given = append(given, fmt.Sprintf("%s => $%d::pg_catalog.text::%s", pgx.Identifier{name}.Sanitize(), len(params), f.Arguments[i].Type))
	}
	return fmt.Sprintf("SELECT * FROM cvp.%s(%s)", f.Name, strings.Join(given, ", ")), params
}

// registryRows runs a query in the registry and keeps its rows as arrays of texts, one for each column.
func (w *work) registryRows(ctx context.Context, changes bool, sql string, params []*string, columns []catalog.Typed) ([]rewrite.Column, error) {
	if changes {
		if err := w.changeable("a change of models"); err != nil {
			return nil, err
		}
	}
	read := make([][]*string, len(columns))
	if !w.explain.dry() {
		ask := func(conn *pgconn.PgConn) (err error) {
			read, err = catalog.Texts(ctx, conn, sql, params, len(columns))
			return err
		}
		var err error
		if changes {
			err = w.changeRegistry(ctx, "a change of models", ask)
		} else {
			err = w.inRegistry(ctx, ask)
		}
		if err != nil {
			return nil, err
		}
	}
	out := make([]rewrite.Column, len(columns))
	for i, c := range columns {
		out[i] = rewrite.Column{Name: c.Name, Type: c.Type, Text: true, Parameter: w.params.Add(pgtype.TextArrayOID, pull.NullableTextArray(read[i]))}
	}
	return out, nil
}
