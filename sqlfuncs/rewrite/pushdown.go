package rewrite

import (
	"slices"

	pg "github.com/pganalyze/pg_query_go/v6"

	"cvp/sqlfuncs/calls"
	"cvp/sqlfuncs/syntax"
)

// PushDown gives each subselect that calls the engine what the block around it is sure to keep: its conditions on
// columns of the subselect, and its LIMIT where nothing else in the block drops rows. Postgres would apply the
// conditions early by itself, but it has not seen which keys are asked for: `SELECT * FROM (SELECT id,
// cvp_predict('m', id) FROM customers) AS s WHERE id = 42` is about one key. What is pushed stays in the outer
// block too.
func PushDown(stmt *pg.Node) {
	syntax.Walk(stmt, func(n *pg.Node, at syntax.Place) bool {
		if b := n.GetSelectStmt(); b != nil && b.Op == pg.SetOperation_SETOP_NONE {
			pushInto(b, at.Depth == 0)
		}
		return true // the subselects come after: what they are given goes on down
	})
}

// pushInto pushes from a block into its FROM items. outermost says that a name in it can be nobody else's.
func pushInto(b *pg.SelectStmt, outermost bool) {
	for _, item := range b.FromClause {
		for _, sub := range innerItems(item) {
			inner := sub.GetRangeSubselect()
			if inner == nil || inner.Lateral {
				continue
			}
			s := inner.GetSubquery().GetSelectStmt()
			if s == nil || !hasCall(inner.Subquery) || !projects(s) {
				continue
			}
			p := &projection{item: inner, block: s, outer: b, outermost: outermost}
			all := p.conditions()
			if all && len(b.FromClause) == 1 && item == sub {
				p.limit()
			}
		}
	}
}

// innerItems lists the items that a condition of WHERE restricts no matter how they are joined: not those on the side of
// an outer join that may be missing.
func innerItems(n *pg.Node) []*pg.Node {
	j := n.GetJoinExpr()
	if j == nil {
		return []*pg.Node{n}
	}
	var out []*pg.Node
	if j.Alias != nil {
		return nil
	}
	if j.Jointype == pg.JoinType_JOIN_INNER || j.Jointype == pg.JoinType_JOIN_LEFT {
		out = append(out, innerItems(j.Larg)...)
	}
	if j.Jointype == pg.JoinType_JOIN_INNER || j.Jointype == pg.JoinType_JOIN_RIGHT {
		out = append(out, innerItems(j.Rarg)...)
	}
	return out
}

func hasCall(n *pg.Node) bool {
	return syntax.Any(n, func(n *pg.Node) bool { return calls.EngineCall(n) != "" })
}

// projects reports whether more conditions, and a LIMIT, may go into a block.
func projects(s *pg.SelectStmt) bool {
	return rowByRow(s) && s.LimitCount == nil && s.LimitOffset == nil && s.IntoClause == nil
}

// rowByRow reports whether a block, its LIMIT aside, gives one row for each row of its FROM clause that meets its WHERE.
func rowByRow(s *pg.SelectStmt) bool {
	return s.Op == pg.SetOperation_SETOP_NONE && len(s.FromClause) > 0 && len(s.GroupClause) == 0 && s.HavingClause == nil &&
		len(s.DistinctClause) == 0 && len(s.WindowClause) == 0 && len(s.LockingClause) == 0 && !slices.ContainsFunc(s.TargetList, multiplies)
}

// multiplies reports whether a column of a select list may have another number of values than one for each row.
func multiplies(t *pg.Node) bool { return !onePerRow(t) }

// onePerRow reports whether an expression has one value for each row: no aggregate, no window function, no function
// that may give sets. An engine call is fine.
func onePerRow(n *pg.Node) bool {
	return !syntax.Any(n, func(n *pg.Node) bool {
		f := n.GetFuncCall()
		if f == nil || calls.EngineCall(n) != "" {
			return false
		}
		return aggregate(f) || f.Over != nil || givesSets(f) || !stable(f)
	})
}

// givesSets knows those of the functions that stable lists.
func givesSets(f *pg.FuncCall) bool {
	parts := syntax.Name(f.Funcname)
	switch parts[len(parts)-1] {
	case "generate_series", "unnest":
		return true
	}
	return false
}

// projection is a subselect in a block's FROM clause.
type projection struct {
	item  *pg.RangeSubselect
	block *pg.SelectStmt
	outer *pg.SelectStmt
	// outermost says that no other block is around the outer one, whose columns a bare name might mean.
	outermost bool
}

// conditions pushes what can be pushed of the outer WHERE and reports whether that is all of it.
func (p *projection) conditions() (all bool) {
	all = true
	for _, c := range conjuncts(p.outer.WhereClause) {
		inner, ok := p.inside(c)
		if !ok || !sure(c) {
			all = false
			continue
		}
		p.block.WhereClause = and(p.block.WhereClause, inner)
	}
	return all
}

// limit pushes the outer LIMIT, with the order that it goes by.
func (p *projection) limit() {
	o := p.outer
	if o.LimitCount == nil || !rowByRow(o) {
		return
	}
	count, ok := limitCount(o)
	if !ok {
		return
	}
	var sort []*pg.Node
	for _, s := range o.SortClause {
		by := s.GetSortBy()
		e, ok := sortExpression(o, by.Node)
		if !ok {
			return
		}
		inner, ok := p.inside(e)
		if !ok || !sure(inner) {
			return
		}
		own := syntax.Clone(s)
		own.GetSortBy().Node = inner
		sort = append(sort, own)
	}
	if len(sort) > 0 {
		p.block.SortClause = sort // another order of the subselect is nobody's: the outer one comes after
	}
	p.block.LimitCount = count
	p.block.LimitOption = o.LimitOption
}

// inside writes an expression over the subselect's columns as one over what the subselect reads. ok is false where it
// names anything else, or a column that is more than a plain expression.
func (p *projection) inside(e *pg.Node) (inner *pg.Node, ok bool) {
	inner, ok = syntax.Clone(e), true
	syntax.Walk(inner, func(n *pg.Node, _ syntax.Place) bool {
		if n.GetSubLink() != nil || n.GetSelectStmt() != nil {
			ok = false
			return false
		}
		ref := n.GetColumnRef()
		if ref == nil {
			return true
		}
		column, known := p.column(ref)
		if !known {
			ok = false
			return false
		}
		n.Node = column.Node
		return false
	})
	return inner, ok
}

// column gives the expression behind a column of the subselect.
func (p *projection) column(ref *pg.ColumnRef) (*pg.Node, bool) {
	fields := ref.Fields
	bare := len(fields) == 1
	switch {
	case len(fields) == 2 && fields[0].GetString_().GetSval() == p.item.GetAlias().GetAliasname():
		fields = fields[1:]
	case len(fields) != 1 || len(p.outer.FromClause) != 1 || p.outer.FromClause[0].GetRangeSubselect() != p.item:
		return nil, false
	}
	name := fields[0].GetString_().GetSval()
	if name == "" || len(p.item.GetAlias().GetColnames()) > 0 {
		return nil, false
	}
	var found *pg.Node
	star := false
	for _, t := range p.block.TargetList {
		r := t.GetResTarget()
		switch {
		case isStar(r.Val):
			star = true
		case outputName(r) == name && found != nil:
			return nil, false // ambiguous: Postgres says so
		case outputName(r) == name:
			found = r.Val
		}
	}
	if found == nil && star && (p.outermost || !bare) && len(p.block.FromClause) == 1 && p.block.FromClause[0].GetRangeVar() != nil {
		return syntax.Column(itemName(p.block.FromClause[0])[0], name), true
	}
	if found == nil || star || !typed(found) || !sure(found) || !plain(found) {
		return nil, false
	}
	return syntax.Clone(found), true
}

// typed reports whether an expression has the same type wherever it stands: an untyped literal becomes text as a
// column.
func typed(n *pg.Node) bool { return n.GetAConst() == nil && n.GetParamRef() == nil }

func isStar(n *pg.Node) bool {
	f := n.GetColumnRef().GetFields()
	return len(f) > 0 && f[len(f)-1].GetAStar() != nil
}

// outputName is the name of a column of a select list as far as it is plain to see, "" elsewhere.
func outputName(r *pg.ResTarget) string {
	if r.Name != "" {
		return r.Name
	}
	v := named(r.Val)
	if f := v.GetColumnRef().GetFields(); len(f) > 0 {
		return f[len(f)-1].GetString_().GetSval()
	}
	if f := v.GetFuncCall(); f != nil {
		parts := syntax.Name(f.Funcname)
		return parts[len(parts)-1]
	}
	return ""
}
