package rewrite

import (
	"fmt"
	"slices"

	pg "github.com/pganalyze/pg_query_go/v6"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/jackc/pgx/v5"

	"cvp/sqlfuncs/syntax"
)

// Reading is what a stored query does besides computing: it reads relations, and perhaps more.
type Reading struct {
	// Relations are the relations that it names with their schema, quoted.
	Relations []string
	// Problem says what it does that is not known to be harmless whoever does it, "" where there is nothing.
	Problem string

	common map[string]bool // the names of its common tables
}

// ReadingOf looks through queries.
func ReadingOf(queries ...string) Reading {
	var r Reading
	for _, sql := range queries {
		stmt, err := syntax.Statement(sql)
		if err != nil || stmt.GetSelectStmt() == nil {
			r.problem("run a statement that is no SELECT")
			continue
		}
		r.common = map[string]bool{}
		syntax.Walk(stmt, func(n *pg.Node, _ syntax.Place) bool {
			if c := n.GetCommonTableExpr(); c != nil {
				r.common[c.Ctename] = true
			}
			return true
		})
		r.look(stmt.ProtoReflect())
	}
	slices.Sort(r.Relations)
	r.Relations = slices.Compact(r.Relations)
	return r
}

func (r *Reading) problem(format string, args ...any) {
	if r.Problem == "" {
		r.Problem = fmt.Sprintf(format, args...)
	}
}

// look goes through every message of a tree. What is not listed is refused: the grammar grows.
func (r *Reading) look(m protoreflect.Message) {
	switch n := m.Interface().(type) {
	case *pg.FuncCall:
		if parts := syntax.Name(n.Funcname); len(parts) > 2 || !stable(n) {
			r.problem("call function %s", pgx.Identifier(parts).Sanitize())
		}
	case *pg.A_Expr:
		r.builtin("operator", n.Name)
	case *pg.SubLink:
		r.builtin("operator", n.OperName)
	case *pg.SortBy:
		r.builtin("operator", n.UseOp)
	case *pg.TypeName:
		r.builtin("type", n.Names)
	case *pg.RangeVar:
		switch {
		case n.Schemaname != "":
			r.Relations = append(r.Relations, pgx.Identifier{n.Schemaname, n.Relname}.Sanitize())
		case !r.common[n.Relname]:
			r.problem("read relation %q, which has no schema in its query,", n.Relname)
		}
	case *pg.Node, *pg.SelectStmt, *pg.ResTarget, *pg.ColumnRef, *pg.A_Const, *pg.Integer, *pg.Float, *pg.Boolean, *pg.String, *pg.BitString, *pg.A_Star,
		*pg.Alias, *pg.RangeSubselect, *pg.JoinExpr, *pg.RangeFunction, *pg.BoolExpr, *pg.NullTest, *pg.BooleanTest, *pg.CaseExpr, *pg.CaseWhen,
		*pg.TypeCast, *pg.WithClause, *pg.CommonTableExpr, *pg.CoalesceExpr, *pg.MinMaxExpr, *pg.A_ArrayExpr, *pg.A_Indirection, *pg.A_Indices,
		*pg.ParamRef, *pg.RowExpr, *pg.List, *pg.WindowDef, *pg.GroupingSet, *pg.SQLValueFunction, *pg.NamedArgExpr:
	default:
		r.problem("run a %s", m.Descriptor().Name())
	}
	m.Range(func(fd protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		switch {
		case fd.Kind() != protoreflect.MessageKind:
		case fd.IsList():
			for l, i := v.List(), 0; i < l.Len(); i++ {
				r.look(l.Get(i).Message())
			}
		default:
			r.look(v.Message())
		}
		return true
	})
}

// builtin refuses the name of something outside of pg_catalog; a bare one is looked for there alone.
func (r *Reading) builtin(kind string, name []*pg.Node) {
	if parts := syntax.Name(name); len(parts) > 2 || len(parts) == 2 && parts[0] != "pg_catalog" {
		r.problem("use %s %s", kind, pgx.Identifier(parts).Sanitize())
	}
}
