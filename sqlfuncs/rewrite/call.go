package rewrite

import (
	"fmt"
	"slices"
	"sort"
	"strings"

	pg "github.com/pganalyze/pg_query_go/v6"

	"cvp/sqlfuncs/calls"
	"cvp/sqlfuncs/syntax"
)

// Call is one engine call in a statement's tree.
type Call struct {
	Function string
	Func     *pg.FuncCall
	At       syntax.Place

	node *pg.Node // holds Func; replaced by what the call becomes
	item *pg.Node // the FROM item that is this call and nothing else, nil for a scalar call

	bareOuter bool // see MarkBareOuter
}

// Find lists the engine calls of a statement in the order of its text.
func Find(stmt *pg.Node) []*Call { return FindCalls(stmt, calls.EngineCall) }

// FindCalls lists the calls of functions that of gives the name of, in the order of the text.
func FindCalls(stmt *pg.Node, of func(*pg.Node) string) []*Call {
	var out []*Call
	items := map[*pg.FuncCall]*pg.Node{}
	syntax.Walk(stmt, func(n *pg.Node, at syntax.Place) bool {
		if f := rangeFunction(n); f != nil {
			items[f] = n
		}
		if name := of(n); name != "" {
			f := n.GetFuncCall()
			out = append(out, &Call{Function: name, Func: f, At: at, node: n, item: items[f]})
		}
		return true
	})
	sort.Slice(out, func(i, j int) bool { return out[i].Func.Location < out[j].Func.Location })
	return out
}

// rangeFunction gives the call that a FROM item consists of, nil where it is another kind of item.
func rangeFunction(n *pg.Node) *pg.FuncCall {
	r := n.GetRangeFunction()
	if r == nil || r.IsRowsfrom || len(r.Functions) != 1 {
		return nil
	}
	if parts := r.Functions[0].GetList().GetItems(); len(parts) > 0 {
		return parts[0].GetFuncCall()
	}
	return nil
}

// IsTable reports whether the call is an item of a FROM clause.
func (c *Call) IsTable() bool { return c.item != nil }

// Arguments matches the call's arguments, positional then named, to the names of a signature.
func (c *Call) Arguments(signature ...string) (map[string]*pg.Node, error) {
	if len(c.Func.Args) > len(signature) {
		return nil, fmt.Errorf("%s takes at most %d arguments", c.Function, len(signature))
	}
	out := map[string]*pg.Node{}
	for i, a := range c.Func.Args {
		name, value := signature[i], a
		if n := a.GetNamedArgExpr(); n != nil {
			name, value = n.Name, n.Arg
		}
		if out[name] != nil {
			return nil, fmt.Errorf("argument %q of %s is given twice", name, c.Function)
		}
		out[name] = value
	}
	for name := range out {
		if !slices.Contains(signature, name) {
			return nil, fmt.Errorf("%s has no argument %q: they are %s", c.Function, name, strings.Join(signature, ", "))
		}
	}
	return out, nil
}

// Constant reports whether an expression has the same value for every row of the statement: no column, no subquery,
// and no function that looks at rows or may change its mind.
func Constant(n *pg.Node) bool {
	return plain(n) && !syntax.Any(n, func(n *pg.Node) bool {
		return n.GetColumnRef() != nil || n.GetSubLink() != nil || n.GetSelectStmt() != nil
	})
}

// Literal gives the text of a plain string or number literal.
func Literal(n *pg.Node) (string, bool) {
	if t := n.GetTypeCast(); t != nil {
		return "", false
	}
	switch v := n.GetAConst().GetVal().(type) {
	case *pg.A_Const_Sval:
		return v.Sval.Sval, true
	case *pg.A_Const_Ival:
		return fmt.Sprint(v.Ival.Ival), true
	}
	return "", false
}
