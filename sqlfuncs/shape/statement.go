package shape

import (
	"fmt"
	"strings"

	pg "github.com/pganalyze/pg_query_go/v6"

	"cvp/catalog"
	"cvp/sqlfuncs/syntax"
)

// schema is where a call or view may say that it is.
const schema = "cvp"

// writing is the shaping of one statement.
type writing struct {
	surface *Surface
	source  string
	tokens  []*pg.ScanToken
	edits   []edit

	written map[int32]bool        // calls and views, by where they stand
	listed  map[*pg.FuncCall]bool // those in a ROWS FROM, where no subselect can stand
	items   map[*pg.FuncCall]*pg.RangeFunction
	targets map[*pg.FuncCall]*pg.ResTarget // those whose column has the call's name
}

// Of writes a statement, given with its tree, as Postgres is to check it.
func Of(source string, stmt *pg.Node, surface *Surface) (*Text, error) {
	tokens, err := syntax.Tokens(source)
	if err != nil {
		return nil, err
	}
	w := &writing{surface: surface, source: source, tokens: tokens, written: map[int32]bool{}, listed: map[*pg.FuncCall]bool{}, items: map[*pg.FuncCall]*pg.RangeFunction{}, targets: map[*pg.FuncCall]*pg.ResTarget{}}
	own := syntax.CommonTables(stmt)
	syntax.Walk(stmt, func(n *pg.Node, _ syntax.Place) bool {
		switch {
		case n.GetLockingClause() != nil:
			return false // it names items of the FROM clause
		case n.GetRangeFunction() != nil:
			w.noteItem(n.GetRangeFunction())
		case n.GetResTarget() != nil:
			if r := n.GetResTarget(); r.Name == "" {
				if f := naming(r.Val).GetFuncCall(); f != nil {
					w.targets[f] = r
				}
			}
		case n.GetFuncCall() != nil:
			if f := n.GetFuncCall(); !w.written[f.Location] {
				w.written[f.Location] = true // UPDATE … SET (a, b) = … has its source once for each column
				w.call(f)
			}
		case n.GetRangeVar() != nil:
			if r := n.GetRangeVar(); !w.written[r.Location] {
				w.written[r.Location] = true
				w.view(r, own)
			}
		}
		return true
	})
	if stmt.GetPrepareStmt() != nil && len(tokens) > 0 {
		w.replace(int(tokens[0].End), int(tokens[0].End), 0, " %s", kept(source))
	}
	return apply(source, w.edits), nil
}

// noteItem notes a FROM item that is one call.
func (w *writing) noteItem(r *pg.RangeFunction) {
	if r.IsRowsfrom || len(r.Functions) != 1 || len(r.Coldeflist) > 0 {
		for _, n := range r.Functions {
			for _, part := range n.GetList().GetItems() {
				w.listed[part.GetFuncCall()] = true
			}
		}
		return
	}
	if parts := r.Functions[0].GetList().GetItems(); len(parts) > 0 && parts[0].GetFuncCall() != nil {
		w.items[parts[0].GetFuncCall()] = r
	}
}

// naming gives the node that names a column without an alias (FigureColname in src/backend/parser/parse_target.c).
func naming(n *pg.Node) *pg.Node {
	for {
		switch v := n.GetNode().(type) {
		case *pg.Node_TypeCast:
			n = v.TypeCast.Arg
		case *pg.Node_CollateClause:
			n = v.CollateClause.Arg
		case *pg.Node_CaseExpr:
			n = v.CaseExpr.Defresult
		default:
			return n
		}
	}
}

// replace notes an edit that is about the call or view at anchor.
func (w *writing) replace(from, to, anchor int, format string, a ...any) {
	w.edits = append(w.edits, edit{from: from, to: to, text: fmt.Sprintf(format, a...), anchor: anchor})
}

// at gives the index of the token that begins at a byte, -1 where none does.
func (w *writing) at(location int32) int {
	for i, t := range w.tokens {
		if t.Start == location {
			return i
		}
	}
	return -1
}

// name gives the bytes of the name that begins with token i, and the index of the token behind it.
func (w *writing) name(i int) (last *pg.ScanToken, next int) {
	last, next = w.tokens[i], i+1
	for next+1 < len(w.tokens) && w.tokens[next].Token == pg.Token_ASCII_46 {
		last, next = w.tokens[next+1], next+2
	}
	return last, next
}

// view puts a subselect without rows in the place of a view.
func (w *writing) view(r *pg.RangeVar, own map[string]bool) {
	columns := w.surface.View(r.Relname)
	i := w.at(r.Location)
	if columns == nil || i < 0 || r.Schemaname != "" && r.Schemaname != schema || r.Schemaname == "" && own[r.Relname] {
		return
	}
	last, _ := w.name(i)
	from, before, behind := int(r.Location), "", ""
	if i > 0 && w.tokens[i-1].Token == pg.Token_TABLE {
		from, before = int(w.tokens[i-1].Start), "SELECT * FROM "
	}
	if r.Alias == nil {
		behind = " AS " + r.Relname
	}
	w.replace(from, int(last.End), int(r.Location), "%s(SELECT %s)%s", before, empty(columns), behind)
}

// empty is a select list of columns without a value.
func empty(columns []catalog.Typed) string {
	list := make([]string, len(columns))
	for i, c := range columns {
		list[i] = fmt.Sprintf(`NULL::%s AS "%s"`, c.Type, c.Name)
	}
	return strings.Join(list, ", ")
}
