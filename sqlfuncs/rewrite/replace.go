package rewrite

import (
	"fmt"
	"slices"
	"strings"

	pg "github.com/pganalyze/pg_query_go/v6"

	"cvp/sqlfuncs/syntax"
)

// Parameters numbers the parameters that a rewritten statement has behind the client's own.
type Parameters struct {
	client int
	OIDs   []uint32
	Values [][]byte
}

// NewParameters starts behind the client's own n parameters.
func NewParameters(n int) *Parameters { return &Parameters{client: n} }

// Add appends a parameter in binary form and gives its number.
func (p *Parameters) Add(oid uint32, value []byte) int {
	p.OIDs, p.Values = append(p.OIDs, oid), append(p.Values, value)
	return p.client + len(p.OIDs)
}

// Value replaces the call by parameter n, a float8.
func (c *Call) Value(n int) error {
	e, err := syntax.Expression(fmt.Sprintf("$%d::pg_catalog.float8", n))
	if err != nil {
		return err
	}
	c.become(e)
	return nil
}

// Joinable reports whether a LEFT JOIN on key in the call's block leaves the block's meaning as it is.
func (c *Call) Joinable(key *pg.Node) bool {
	return c.WhyLookup(key) == ""
}

// aggregated reports whether the call is an argument of one of Postgres's aggregates.
func (c *Call) aggregated() bool {
	for _, f := range c.At.Functions {
		if aggregate(f) {
			return true
		}
	}
	return false
}

// aggregate reports whether f is one of Postgres's aggregates. Those of users are not known here: a call inside one
// is looked up rather than joined, which is right too.
func aggregate(f *pg.FuncCall) bool {
	parts := syntax.Name(f.Funcname)
	switch parts[len(parts)-1] {
	case "avg", "sum", "count", "min", "max", "stddev", "stddev_pop", "stddev_samp", "variance", "var_pop", "var_samp",
		"array_agg", "string_agg", "json_agg", "jsonb_agg", "bool_and", "bool_or", "every", "corr":
		return f.Over == nil
	}
	return false
}

// Scores are parameters that hold an array of keys and the array of their scores.
type Scores struct {
	Keys, Values int
	KeyType      string // element type of the keys as Postgres writes it: bigint or text
}

// Postgres takes unnest of several arrays, without a schema, for its own whatever the search_path; qualified, it would
// not know it with more than one.

// Join replaces the calls, which stand in one block and have the same subject, by the score column of a LEFT
// JOIN on key.
func Join(cs []*Call, key *pg.Node, s Scores) error {
	block := cs[0].At.Block
	alias := fmt.Sprintf("cvp_scores_%d", s.Keys)
	item, err := syntax.FromItem(fmt.Sprintf(
		"x LEFT JOIN unnest($%d::%s[], $%d::pg_catalog.float8[]) AS %s(cvp_key, cvp_score) ON y OPERATOR(pg_catalog.=) %s.cvp_key",
		s.Keys, s.KeyType, s.Values, alias, alias))
	if err != nil {
		return err
	}
	expandStar(block)
	join := item.GetJoinExpr()
	join.Larg = crossJoin(block.FromClause)
	join.Quals.GetAExpr().Lexpr = syntax.Clone(key)
	block.FromClause = []*pg.Node{item}
	for _, c := range cs {
		score, err := syntax.Expression(alias + ".cvp_score")
		if err != nil {
			return err
		}
		c.become(score)
	}
	return nil
}

// Lookup replaces the call by a look-up of key, as text, in parameter n: a jsonb object of scores.
func (c *Call) Lookup(key *pg.Node, n int) error {
	e, err := syntax.Expression(fmt.Sprintf("($%d::pg_catalog.jsonb OPERATOR(pg_catalog.->>) (y)::pg_catalog.text)::pg_catalog.float8", n))
	if err != nil {
		return err
	}
	e.GetTypeCast().Arg.GetAExpr().Rexpr.GetTypeCast().Arg = syntax.Clone(key)
	c.become(e)
	return nil
}

// Column is one result column of a table function, held in an array parameter.
type Column struct {
	Name, Type string
	Parameter  int
	// Text says that the parameter is an array of texts, each the value as Postgres writes it. It is so for all columns or for none.
	Text bool
}

// Rows is a FROM item over arrays, by the name given.
func Rows(columns []Column, name string) (*pg.Node, error) {
	args, names, values := make([]string, len(columns)), make([]string, len(columns)), []string{"*"}
	for i, col := range columns {
		names[i] = `"` + col.Name + `"`
		args[i] = fmt.Sprintf("$%d::%s[]", col.Parameter, col.Type)
		if col.Text {
			args[i] = fmt.Sprintf("$%d::pg_catalog.text[]", col.Parameter)
			values = append(values, fmt.Sprintf("%s::%s AS %s", names[i], col.Type, names[i]))
		}
	}
	if len(values) > 1 {
		values = values[1:]
	}
	return syntax.FromItem(fmt.Sprintf("(SELECT %s FROM unnest(%s) AS %s(%s)) AS %s",
		strings.Join(values, ", "), strings.Join(args, ", "), name, strings.Join(names, ", "), name))
}

// Table replaces a FROM item, or a call that is its block's whole select list, by a subselect over arrays.
func (c *Call) Table(columns []Column) error {
	sub, err := Rows(columns, c.Function)
	if err != nil {
		return err
	}
	if c.item != nil {
		if a := c.item.GetRangeFunction().Alias; a != nil {
			sub.GetRangeSubselect().Alias = a
		}
		c.item.Node = sub.Node
		return nil
	}
	block := c.At.Block
	if block == nil || len(block.FromClause) > 0 || len(block.TargetList) != 1 {
		return fmt.Errorf("%s gives rows: call it in a FROM clause", c.Function)
	}
	block.FromClause = []*pg.Node{sub}
	row, err := syntax.Expression(c.Function)
	if err != nil {
		return err
	}
	c.become(row)
	return nil
}

// Composite replaces a call that gives one composite value, or rows of which it is the only one, by a sub-select over arrays.
func (c *Call) Composite(columns []Column) error {
	item, err := Rows(columns, c.Function)
	if err != nil {
		return err
	}
	e, err := syntax.Expression(fmt.Sprintf("(SELECT %s FROM x)", c.Function))
	if err != nil {
		return err
	}
	e.GetSubLink().Subselect.GetSelectStmt().FromClause = []*pg.Node{item}
	c.become(e)
	return nil
}

// Scalar replaces the call by the only element of parameter n, an array of texts, as a value of a type.
func (c *Call) Scalar(n int, typ string) error {
	text := fmt.Sprintf("CAST(($%d::pg_catalog.text[])[1] AS %s)", n, typ)
	if typ == "pg_catalog.void" {
		text = "CAST('' AS pg_catalog.void)" // no value of another type becomes one
	}
	e, err := syntax.Expression(text)
	if err != nil {
		return err
	}
	if c.item != nil {
		if r := c.item.GetRangeFunction(); r.Alias == nil {
			r.Alias = &pg.Alias{Aliasname: c.Function}
		}
	}
	c.become(e)
	return nil
}

// Fail replaces the call by an expression that fails wherever it is computed, with a text and the call's last argument.
func (c *Call) Fail(text string) error {
	e, err := syntax.Expression(fmt.Sprintf("CAST(pg_catalog.concat('%s ', x) AS pg_catalog.float8)", text))
	if err != nil {
		return err
	}
	e.GetTypeCast().Arg.GetFuncCall().Args[1] = syntax.Clone(c.Func.Args[len(c.Func.Args)-1])
	c.become(e)
	return nil
}

// become puts e in the call's place and keeps the column name that Postgres gives to the call.
func (c *Call) become(e *pg.Node) {
	if b := c.At.Block; b != nil {
		for _, t := range b.TargetList {
			if r := t.GetResTarget(); r != nil && r.Name == "" && named(r.Val) == c.node {
				r.Name = c.Function
			}
		}
	}
	c.node.Node = e.Node
}

// named gives the node that names a column without an alias (FigureColname in src/backend/parser/parse_target.c): the call
// below its casts, or of the ELSE of a CASE.
func named(n *pg.Node) *pg.Node {
	for {
		switch {
		case n.GetTypeCast() != nil:
			n = n.GetTypeCast().Arg
		case n.GetCollateClause() != nil:
			n = n.GetCollateClause().Arg
		case n.GetCaseExpr().GetDefresult() != nil:
			n = n.GetCaseExpr().Defresult
		case n.GetAIndirection() != nil && !slices.ContainsFunc(n.GetAIndirection().Indirection, func(i *pg.Node) bool { return i.GetString_() != nil }):
			n = n.GetAIndirection().Arg
		default:
			return n
		}
	}
}

// namesSystemColumn reports whether a block names a system column without its item: beside a join it would not be found.
func namesSystemColumn(b *pg.SelectStmt) bool {
	return syntax.Any(syntax.Select(b), func(n *pg.Node) bool {
		if f := n.GetColumnRef().GetFields(); len(f) == 1 {
			switch f[0].GetString_().GetSval() {
			case "ctid", "tableoid", "xmin", "xmax", "cmin", "cmax":
				return true
			}
		}
		return false
	})
}

func hasStar(b *pg.SelectStmt) bool {
	for _, t := range b.TargetList {
		if f := t.GetResTarget().GetVal().GetColumnRef().GetFields(); len(f) == 1 && f[0].GetAStar() != nil {
			return true
		}
	}
	return false
}

// mergesColumns reports whether SELECT * over these items is not simply each item's columns in turn.
func mergesColumns(from []*pg.Node) bool {
	for _, item := range from {
		if syntax.Any(item, func(n *pg.Node) bool {
			j := n.GetJoinExpr()
			return j != nil && (j.IsNatural || len(j.UsingClause) > 0)
		}) {
			return true
		}
	}
	return false
}

// expandStar writes SELECT * as a.*, b.* so that a join added to the block adds no columns.
func expandStar(b *pg.SelectStmt) {
	if !hasStar(b) {
		return
	}
	var out []*pg.Node
	for _, t := range b.TargetList {
		if f := t.GetResTarget().GetVal().GetColumnRef().GetFields(); len(f) == 1 && f[0].GetAStar() != nil {
			for _, name := range itemNames(b.FromClause) {
				out = append(out, target(star(name), ""))
			}
			continue
		}
		out = append(out, t)
	}
	b.TargetList = out
}

// crossJoin folds a comma list into one item with the same meaning.
func crossJoin(from []*pg.Node) *pg.Node {
	out := from[0]
	for _, item := range from[1:] {
		out = &pg.Node{Node: &pg.Node_JoinExpr{JoinExpr: &pg.JoinExpr{Jointype: pg.JoinType_JOIN_INNER, Larg: out, Rarg: item}}}
	}
	return out
}
