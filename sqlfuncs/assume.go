package sqlfuncs

import (
	"strconv"

	pg "github.com/pganalyze/pg_query_go/v6"

	"cvp/engine/frame"
	"cvp/sqlfuncs/question"
	"cvp/sqlfuncs/schema"
	"cvp/sqlfuncs/source"
	"cvp/sqlfuncs/syntax"
)

// assumption takes ASSUMING apart: what it says about events that lie ahead restricts the examples to those for which it
// came true; what it says about attributes is put in their place when predictions are made.
func (a *asking) assumption(e *source.Events) (err error) {
	parts := []question.Expression{a.q.Assuming}
	if l, is := a.q.Assuming.(*question.Logic); is && l.Operator == question.And {
		parts = l.Operands
	}
	var ahead []question.Expression
	for _, part := range parts {
		c, is := part.(*question.Condition)
		if !is {
			ahead = append(ahead, part)
			continue
		}
		tree, err := syntax.Expression("(" + c.SQL + ")")
		if err != nil {
			return a.assumable(c)
		}
		if e.Assumed, err = a.assumed(e.Assumed, c, tree); err != nil {
			return err
		}
	}
	if len(e.Assumed) > 0 && a.recommends() {
		return a.refuse(a.q.Entity.Pos, "", "recommendations do not depend on attributes, so nothing can be assumed of one")
	}
	switch len(ahead) {
	case 0:
		return nil
	case 1:
		e.Assuming, err = a.condition(ahead[0])
	default:
		e.Assuming, err = a.condition(&question.Logic{Operator: question.And, Operands: ahead})
	}
	return err
}

// assumable is the error for what cannot be assumed of an attribute.
func (a *asking) assumable(c *question.Condition) error {
	return a.refuse(c.Pos, "Assume values, joined by AND: ASSUMING customers.coupon = 'yes' AND customers.points = 3.", "only the value of an attribute can be assumed")
}

// assumed adds the values that an expression gives to attributes.
func (a *asking) assumed(out []source.Assumed, c *question.Condition, n *pg.Node) (_ []source.Assumed, err error) {
	switch {
	case n.GetBoolExpr().GetBoolop() == pg.BoolExprType_AND_EXPR:
		for _, arg := range n.GetBoolExpr().Args {
			if out, err = a.assumed(out, c, arg); err != nil {
				return nil, err
			}
		}
		return out, nil
	case n.GetColumnRef() != nil:
		return a.assume(out, c, n, "true")
	case n.GetBoolExpr().GetBoolop() == pg.BoolExprType_NOT_EXPR:
		return a.assume(out, c, n.GetBoolExpr().Args[0], "false")
	case n.GetNullTest().GetNulltesttype() == pg.NullTestType_IS_NULL:
		return a.assume(out, c, n.GetNullTest().Arg, "")
	}
	x := n.GetAExpr()
	if x.GetKind() != pg.A_Expr_Kind_AEXPR_OP || len(x.Name) != 1 || x.Name[0].GetString_().GetSval() != "=" {
		return nil, a.assumable(c)
	}
	text, known := constantText(x.Rexpr)
	if !known {
		return nil, a.assumable(c)
	}
	return a.assume(out, c, x.Lexpr, text)
}

// assume adds the value of one attribute, "" where it is not known.
func (a *asking) assume(out []source.Assumed, c *question.Condition, column *pg.Node, text string) ([]source.Assumed, error) {
	d := a.attributeOf(column)
	if d == nil {
		return nil, a.refuse(c.Pos, "Attributes are the columns of the entities that describe them: see cvp_explain_question.", "what is assumed is no attribute that the model reads")
	}
	v := source.Assumed{Column: d.Name, Missing: text == ""}
	switch d.Kind {
	case frame.Category:
		v.Level = text
	case frame.Number:
		n, err := strconv.ParseFloat(text, 64)
		if truthValue, is := map[string]float64{"true": 1, "false": 0}[text]; is {
			n, err = truthValue, nil
		}
		if err != nil && !v.Missing {
			return nil, a.refuse(c.Pos, "", "%s is a number, not '%s'", d, text)
		}
		v.Number = n
	default:
		return nil, a.refuse(c.Pos, "", "%s is a date, of which nothing can be assumed", d)
	}
	return append(out, v), nil
}

// attributeOf gives the attribute that a column reference means, nil where it means none.
func (a *asking) attributeOf(n *pg.Node) *schema.Description {
	fields := n.GetColumnRef().GetFields()
	if len(fields) == 0 {
		return nil
	}
	column, table := fields[len(fields)-1].GetString_().GetSval(), ""
	if len(fields) > 1 {
		table = fields[len(fields)-2].GetString_().GetSval()
	}
	for i := range a.found.Attributes {
		if d := &a.found.Attributes[i]; d.Named(table, column) {
			return d
		}
	}
	return nil
}

// constantText gives a literal as text; NULL is no value to assume.
func constantText(n *pg.Node) (string, bool) {
	c := n.GetAConst()
	switch {
	case n.GetTypeCast() != nil:
		return constantText(n.GetTypeCast().Arg)
	case c.GetSval() != nil:
		return c.GetSval().Sval, c.GetSval().Sval != ""
	case c.GetIval() != nil:
		return strconv.Itoa(int(c.GetIval().Ival)), true
	case c.GetFval() != nil:
		return c.GetFval().Fval, true
	case c.GetBoolval() != nil:
		return strconv.FormatBool(c.GetBoolval().Boolval), true
	case n.GetAExpr().GetLexpr() == nil && len(n.GetAExpr().GetName()) == 1 && n.GetAExpr().Name[0].GetString_().GetSval() == "-":
		text, known := constantText(n.GetAExpr().Rexpr)
		return "-" + text, known
	}
	return "", false
}
