package rewrite

import (
	"slices"

	pg "github.com/pganalyze/pg_query_go/v6"

	"cvp/sqlfuncs/calls"
	"cvp/sqlfuncs/syntax"
)

// Subject says which rows a scalar call is about.
type Subject struct {
	// Expr is the call's subject expression: a key, or a whole row.
	Expr *pg.Node
	// Row is the name of the FROM item that Expr names as a whole, "" where Expr is an ordinary expression.
	Row string
	// Whole says that Expr gives whole rows in another way: a column of a composite type, ROW(…)::t.
	Whole bool
	// Outer says that the item is one of a block around the call's own, or of a statement that changes rows.
	Outer bool
}

// IsRow reports whether the subject is known to be a whole row.
func (s Subject) IsRow() bool { return s.Row != "" || s.Whole }

// Fields is the list of the columns of a whole row.
func (s Subject) Fields() *pg.Node {
	if s.Row != "" {
		return star(s.Row)
	}
	return &pg.Node{Node: &pg.Node_AIndirection{AIndirection: &pg.A_Indirection{
		Arg: syntax.Clone(s.Expr), Indirection: []*pg.Node{{Node: &pg.Node_AStar{AStar: &pg.A_Star{}}}}}}}
}

// SubjectOf reads the subject argument of a call in its block.
func SubjectOf(c *Call, arg *pg.Node) Subject {
	s := Subject{Expr: arg}
	ref := arg.GetColumnRef()
	if ref == nil {
		return s
	}
	fields := ref.Fields
	if n := len(fields); n > 1 && fields[n-1].GetAStar() != nil {
		fields = fields[:n-1]
		// f(t.*) and f(t) are the same to Postgres; only the latter can stand in a select list.
		s.Expr = &pg.Node{Node: &pg.Node_ColumnRef{ColumnRef: &pg.ColumnRef{Fields: fields}}}
	}
	if len(fields) != 1 {
		return s
	}
	name := fields[0].GetString_().GetSval()
	switch {
	case c.At.Block != nil && slices.Contains(itemNames(c.At.Block.FromClause), name):
		s.Row = name
	case slices.Contains(c.outerItems(), name):
		s.Row, s.Outer = name, true
	}
	return s
}

// KeyQuery gives a SELECT of the distinct subjects that the call's block can meet: its FROM clause, and those
// conjuncts of its WHERE that are sure to give the same answer again. ok is false where that cannot be read
// off the block (WhyEveryKey says why): then every key of the model is scored.
//
// The result has a column cvp_key and, for a row subject, the row's columns behind it.
func KeyQuery(stmt *pg.Node, c *Call, s Subject, key *pg.Node) (sql string, ok bool, err error) {
	if WhyEveryKey(stmt, c, s) != "" {
		return "", false, nil
	}
	block := c.At.Block
	inner := &pg.SelectStmt{
		LimitOption: pg.LimitOption_LIMIT_OPTION_DEFAULT,
		Op:          pg.SetOperation_SETOP_NONE,
		TargetList:  []*pg.Node{target(key, "cvp_key")},
		FromClause:  syntax.Clone(&pg.SelectStmt{FromClause: block.FromClause}).FromClause,
	}
	if s.IsRow() {
		inner.TargetList = append(inner.TargetList, target(s.Fields(), ""))
	}
	for _, conjunct := range conjuncts(block.WhereClause) {
		if sure(conjunct) && !namesOthers(conjunct, block) {
			inner.WhereClause = and(inner.WhereClause, syntax.Clone(conjunct))
		}
	}
	if with := visibleWith(stmt, block, inner); with != nil {
		inner.WithClause = syntax.Clone(with)
	}
	text, err := syntax.Text(syntax.Select(inner))
	if err != nil {
		return "", false, err
	}
	distinct := "SELECT DISTINCT cvp_key"
	if s.IsRow() {
		distinct = "SELECT DISTINCT ON (cvp_key) *"
	}
	return distinct + " FROM (" + text + ") AS cvp_subjects WHERE cvp_key IS NOT NULL", true, nil
}

// visibleWith gives the WITH clause of the statement's outermost SELECT where block is inside of or is it, nil where
// reader, which is made of the block, reads none of its tables.
func visibleWith(stmt *pg.Node, block, reader *pg.SelectStmt) *pg.WithClause {
	with := block.WithClause
	if top := stmt.GetSelectStmt(); top != nil {
		with = top.WithClause
	}
	names := map[string]bool{}
	for _, c := range with.GetCtes() {
		names[c.GetCommonTableExpr().Ctename] = true
	}
	if syntax.Any(syntax.Select(reader), func(n *pg.Node) bool { return names[n.GetRangeVar().GetRelname()] }) {
		return with
	}
	return nil
}

// withoutWith is a block as it reads common tables, without their definitions.
func withoutWith(b *pg.SelectStmt) *pg.SelectStmt {
	return &pg.SelectStmt{TargetList: b.TargetList, FromClause: b.FromClause, WhereClause: b.WhereClause, SortClause: b.SortClause}
}

// repeatable reports whether the block's FROM clause gives the same rows when it is read twice.
func repeatable(block *pg.SelectStmt) bool {
	for _, item := range block.FromClause {
		if syntax.Any(item, notRepeatable) {
			return false
		}
	}
	return true
}

// notRepeatable reports whether a node may give other rows the next time.
func notRepeatable(n *pg.Node) bool {
	if s := n.GetSelectStmt(); s != nil && (s.LimitCount != nil || s.LimitOffset != nil) {
		return true
	}
	if f := n.GetFuncCall(); f != nil {
		return !stable(f)
	}
	return n.GetRangeTableSample() != nil || n.GetInsertStmt() != nil || n.GetUpdateStmt() != nil ||
		n.GetDeleteStmt() != nil || n.GetMergeStmt() != nil
}

// plain reports whether an expression is computed from its row alone, the same each time: no aggregate, no window
// function, nothing volatile.
func plain(n *pg.Node) bool {
	return !syntax.Any(n, notPlain)
}

// sure reports whether a condition may decide which keys are asked for: nothing in it is volatile or ours.
func sure(n *pg.Node) bool {
	return !syntax.Any(n, notRepeatable)
}

// stable knows functions that give the same result throughout a statement. What is not listed here is taken
// for volatile: too many keys are scored, never too few.
func stable(f *pg.FuncCall) bool {
	if calls.EngineCall(&pg.Node{Node: &pg.Node_FuncCall{FuncCall: f}}) != "" {
		return false
	}
	parts := syntax.Name(f.Funcname)
	if len(parts) > 1 && parts[0] != "pg_catalog" {
		return false
	}
	switch parts[len(parts)-1] {
	case "abs", "avg", "ceil", "ceiling", "char_length", "coalesce", "concat", "count", "date_part", "date_trunc", "extract",
		"floor", "generate_series", "greatest", "least", "left", "length", "like_escape", "lower", "ltrim", "max", "min", "mod",
		"now", "numeric_in", "position", "power", "right", "round", "rtrim", "sign", "split_part", "sqrt", "substr", "substring",
		"sum", "timezone", "to_char", "to_date", "to_timestamp", "trim", "trunc", "unnest", "upper", "btrim", "nullif",
		"make_date", "make_interval", "age", "isfinite", "concat_ws", "md5", "string_agg", "array_agg", "bool_and", "bool_or", "row_number", "rank":
		return true
	}
	return false
}

// conjuncts splits a condition at its top-level ANDs.
func conjuncts(n *pg.Node) []*pg.Node {
	if n == nil {
		return nil
	}
	if b := n.GetBoolExpr(); b != nil && b.Boolop == pg.BoolExprType_AND_EXPR {
		var out []*pg.Node
		for _, a := range b.Args {
			out = append(out, conjuncts(a)...)
		}
		return out
	}
	return []*pg.Node{n}
}

func and(a, b *pg.Node) *pg.Node {
	if a == nil {
		return b
	}
	return &pg.Node{Node: &pg.Node_BoolExpr{BoolExpr: &pg.BoolExpr{Boolop: pg.BoolExprType_AND_EXPR, Args: []*pg.Node{a, b}}}}
}

func target(n *pg.Node, name string) *pg.Node {
	return &pg.Node{Node: &pg.Node_ResTarget{ResTarget: &pg.ResTarget{Name: name, Val: syntax.Clone(n)}}}
}

func star(item string) *pg.Node {
	return &pg.Node{Node: &pg.Node_ColumnRef{ColumnRef: &pg.ColumnRef{Fields: []*pg.Node{
		syntax.String(item), {Node: &pg.Node_AStar{AStar: &pg.A_Star{}}},
	}}}}
}

// itemNames lists the names by which the rest of a block can refer to its FROM items, in order.
func itemNames(from []*pg.Node) []string {
	var out []string
	for _, n := range from {
		out = append(out, itemName(n)...)
	}
	return out
}

func itemName(n *pg.Node) []string {
	switch {
	case n.GetRangeVar() != nil:
		if a := n.GetRangeVar().Alias; a != nil {
			return []string{a.Aliasname}
		}
		return []string{n.GetRangeVar().Relname}
	case n.GetRangeSubselect() != nil:
		return []string{n.GetRangeSubselect().GetAlias().GetAliasname()}
	case n.GetRangeFunction() != nil:
		if a := n.GetRangeFunction().Alias; a != nil {
			return []string{a.Aliasname}
		}
		if f := rangeFunction(n); f != nil {
			parts := syntax.Name(f.Funcname)
			return []string{parts[len(parts)-1]}
		}
	case n.GetRangeTableSample() != nil:
		return itemName(n.GetRangeTableSample().Relation)
	case n.GetJoinExpr() != nil:
		j := n.GetJoinExpr()
		if j.Alias != nil {
			return []string{j.Alias.Aliasname}
		}
		return append(itemName(j.Larg), itemName(j.Rarg)...)
	}
	return []string{""}
}
