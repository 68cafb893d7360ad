package question

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// sameQuestion compares what questions ask, not how they are laid out.
var sameQuestion = cmp.Options{cmpopts.IgnoreTypes(Pos(0)), cmpopts.IgnoreFields(Question{}, "Text")}

func mustParse(t *testing.T, s string) *Question {
	t.Helper()
	q, err := Parse(s)
	if err != nil {
		t.Fatalf("parse %q: %v (character %d)", s, err, err.(*Error).Position)
	}
	return q
}

func TestParse(t *testing.T) {
	for _, c := range []struct{ name, in, canonical string }{
		{
			"a count of all rows of a table",
			"PREDICT COUNT(orders.*) OVER NEXT 30 DAYS FOR EACH customers.customer_id",
			"PREDICT COUNT(orders.*) OVER NEXT 30 DAYS FOR EACH customers.customer_id",
		}, {
			"keywords in any case, one unit, line breaks and comments",
			"predict Sum ( orders . Amount ) -- what they spend\n over /* soon */ next 1 month\nfor each Customers.Customer_ID",
			"PREDICT SUM(orders.amount) OVER NEXT 1 MONTHS FOR EACH customers.customer_id",
		}, {
			"names with schema and quotes",
			`PREDICT MAX(shop."Order"."Amount") OVER NEXT 2 WEEKS FOR EACH "my ""own""".customers."Id"`,
			`PREDICT MAX(shop."Order"."Amount") OVER NEXT 2 WEEKS FOR EACH "my ""own""".customers."Id"`,
		}, {
			"quotes that a name does not need are dropped",
			`PREDICT MIN("shop"."order"."amount") OVER NEXT 12 HOURS FOR EACH "customers"."id"`,
			`PREDICT MIN(shop.order.amount) OVER NEXT 12 HOURS FOR EACH customers.id`,
		}, {
			"a condition ends at the parenthesis that is not its own",
			"PREDICT COUNT(orders.* WHERE (a = 1 AND lower(b) IN ('x', ')')) ) > 0 OVER NEXT 30 DAYS FOR EACH c.id",
			"PREDICT COUNT(orders.* WHERE (a = 1 AND lower(b) IN ('x', ')'))) > 0 OVER NEXT 30 DAYS FOR EACH c.id",
		}, {
			"an existence with a comparison",
			"PREDICT EXISTS(orders.*) != true OVER NEXT 30 DAYS FOR EACH c.id",
			"PREDICT EXISTS(orders.*) <> TRUE OVER NEXT 30 DAYS FOR EACH c.id",
		}, {
			"a signed constant",
			"PREDICT SUM(orders.amount) >= - 12.50 OVER NEXT 30 DAYS FOR EACH c.id",
			"PREDICT SUM(orders.amount) >= -12.50 OVER NEXT 30 DAYS FOR EACH c.id",
		}, {
			"a distinct count, DISTINCT before the parenthesis",
			"PREDICT COUNT DISTINCT (lines.product_id) OVER NEXT 30 DAYS FOR EACH c.id",
			"PREDICT COUNT DISTINCT(lines.product_id) OVER NEXT 30 DAYS FOR EACH c.id",
		}, {
			"a distinct count, DISTINCT after it as in SQL",
			"PREDICT COUNT(DISTINCT lines.product_id WHERE a) OVER NEXT 30 DAYS FOR EACH c.id",
			"PREDICT COUNT DISTINCT(lines.product_id WHERE a) OVER NEXT 30 DAYS FOR EACH c.id",
		}, {
			"a table named distinct",
			"PREDICT COUNT(distinct.*) OVER NEXT 30 DAYS FOR EACH c.id",
			"PREDICT COUNT(distinct.*) OVER NEXT 30 DAYS FOR EACH c.id",
		}, {
			"tables and columns named like keywords",
			`PREDICT COUNT(over.* WHERE next > 1) OVER NEXT 3 DAYS FOR EACH each.where WHERE "as" = 1 AS OF '2011-09-10'`,
			`PREDICT COUNT(over.* WHERE next > 1) OVER NEXT 3 DAYS FOR EACH each.where WHERE "as" = 1 AS OF '2011-09-10'`,
		}, {
			"the window of PQL inside the aggregate",
			"PREDICT SUM(orders.amount, 0, 90, days) FOR EACH customers.customer_id",
			"PREDICT SUM(orders.amount) OVER NEXT 90 DAYS FOR EACH customers.customer_id",
		}, {
			"the window of PQL without a unit is of days",
			"PREDICT COUNT(orders.* WHERE f(a, b) = ARRAY[1, 2], 0, 7) = 0 FOR EACH customers.customer_id",
			"PREDICT COUNT(orders.* WHERE f(a, b) = ARRAY[1, 2]) = 0 OVER NEXT 7 DAYS FOR EACH customers.customer_id",
		}, {
			"PQL's distinct count over weeks",
			"PREDICT COUNT_DISTINCT(orders.shop, 0, 4, weeks) FOR EACH customers.customer_id",
			"PREDICT COUNT DISTINCT(orders.shop) OVER NEXT 4 WEEKS FOR EACH customers.customer_id",
		}, {
			"an entity condition up to AS OF",
			"PREDICT AVG(o.a) OVER NEXT 3 DAYS FOR EACH c.id WHERE CAST(x AS int) > 1 /* AS OF */ AND 'AS OF' <> y AS OF DATE '2011-09-10'",
			"PREDICT AVG(o.a) OVER NEXT 3 DAYS FOR EACH c.id WHERE CAST(x AS int) > 1 /* AS OF */ AND 'AS OF' <> y AS OF '2011-09-10'",
		}, {
			"an entity condition with an aggregate of its own",
			"PREDICT COUNT(o.*) OVER NEXT 3 DAYS FOR EACH c.id WHERE COUNT(o.*) OVER LAST 180 DAYS > 0",
			"PREDICT COUNT(o.*) OVER NEXT 3 DAYS FOR EACH c.id WHERE COUNT(o.*) OVER LAST 180 DAYS > 0",
		}, {
			"a moment with an offset becomes UTC",
			"PREDICT COUNT(o.*) OVER NEXT 3 DAYS FOR EACH c.id AS OF '2011-09-10T01:30:00.25+02:00'",
			"PREDICT COUNT(o.*) OVER NEXT 3 DAYS FOR EACH c.id AS OF '2011-09-09 23:30:00.25+00'",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			q := mustParse(t, c.in)
			if got := q.String(); got != c.canonical {
				t.Errorf("canonical form\n got %s\nwant %s", got, c.canonical)
			}
			if diff := cmp.Diff(q, mustParse(t, q.String()), sameQuestion); diff != "" {
				t.Errorf("the canonical form asks something else:\n%s", diff)
			}
		})
	}
}

func TestParseBuildsTheWholeTree(t *testing.T) {
	const in = "PREDICT COUNT(é.orders.amount WHERE b = 1) > 0.5 OVER NEXT 30 DAYS FOR EACH c.id WHERE d AS OF '2011-09-10'"
	q := mustParse(t, in)
	want := &Question{
		Aggregate: Aggregate{Function: Count, Of: Name{Schema: "é", Table: "orders", Column: "amount"}, Where: &Condition{SQL: "b = 1"}},
		Compare:   &Comparison{Operator: ">", Constant: Constant{Text: "0.5", Value: 0.5}},
		Window:    Window{N: 30, Unit: Days},
		Entity:    Name{Table: "c", Column: "id"},
		Where:     &Condition{SQL: "d"},
		AsOf:      &Date{Time: q.AsOf.Time},
	}
	if diff := cmp.Diff(want, q, sameQuestion); diff != "" {
		t.Error(diff)
	}
	for what, pos := range map[string]Pos{
		"COUNT(": q.Aggregate.Pos, "é.orders": q.Aggregate.Of.Pos, "amount": q.Aggregate.Of.ColumnPos,
		"b = 1": q.Aggregate.Where.Pos, "> 0.5": q.Compare.Pos, "0.5": q.Compare.Constant.Pos, "30 DAYS": q.Window.Pos,
		"c.id": q.Entity.Pos, "id WHERE": q.Entity.ColumnPos, "d AS": q.Where.Pos, "'2011": q.AsOf.Pos,
	} {
		if rest := in[pos:]; len(rest) < len(what) || rest[:len(what)] != what {
			t.Errorf("position of %q is at %q", what, rest)
		}
	}
	if got := q.Character(q.Aggregate.Of.ColumnPos); got != 24 {
		t.Errorf("character of amount: %d", got)
	}
}

func TestConditionsEndWhereSQLSays(t *testing.T) {
	for _, condition := range []string{
		`a = ')'`, `a = 'it''s )'`, `a = E'it\'s )'`, `a = e'\\'`, `a = 'back\'`, `a = $$ ) ' ; $$`, `a = $tag$ ) $$ $tag$`,
		`a$$ = 1`, `a$b$ = 2 OR c$b$ = 3`, `"a)" = 1`, `"a"")" = 1`, "a /* ) /* ; */ ' */ = 1", "a -- ) ;\n = 1", `U&'\0029)' = a`,
		`B'1)' = a`, `x'1)' = a`, `N')' = a`, "a = E'x'\n'\\')'", "a = E'x' -- ;\n  '\\')'", "a = 'x'\n'\\'", `a[1:2] = '{1,2}'`, `a->>'k' = ')'`,
		`(a, b) IN (SELECT x, y FROM z WHERE ")" = 1)`, `a = 5.e3 AND b = .5`, `a #>> '{x}' = 'y'`, `a = 1+--;
 2`, `CASE WHEN a THEN b ELSE c END`, `U&")" UESCAPE '!' = 1`,
	} {
		q := mustParse(t, "PREDICT COUNT(t.* WHERE "+condition+" /* end */ ) OVER NEXT 3 DAYS FOR EACH c.id WHERE "+condition+" -- end\n AS OF '2020-01-01'")
		if got := q.Aggregate.Where.SQL; got != condition {
			t.Errorf("inside the aggregate\n got %s\nwant %s", got, condition)
		}
		if got := q.Where.SQL; got != condition {
			t.Errorf("of the entity\n got %s\nwant %s", got, condition)
		}
	}
}

func TestNamesOfACondition(t *testing.T) {
	c := Condition{SQL: `Category = 'x' AND "Other" > lower("A""b".category) AND "" -- no`}
	want := []string{"category", "and", "Other", "lower", `A"b`}
	if diff := cmp.Diff(want, c.Names()); diff != "" {
		t.Error(diff)
	}
}

func TestParseNamesAndLinks(t *testing.T) {
	for in, want := range map[string]string{
		"ordered_at": "ordered_at", `"Orders" . "At"`: `"Orders"."At"`, "Shop.Orders.At": "shop.orders.at",
	} {
		n, err := ParseName(in)
		if err != nil || n.String() != want {
			t.Errorf("%s: %v, %v", in, n, err)
		}
	}
	for _, in := range []string{"", "a.b c", "a.*", "a.b.c.d", "a;b", `"`, "a."} {
		if n, err := ParseName(in); err == nil {
			t.Errorf("name %q was read as %s", in, n)
		}
	}
	l, err := ParseLink(`t.hh = shop."H".id`)
	if err != nil || l.String() != `t.hh = shop."H".id` {
		t.Errorf("%v, %v", l, err)
	}
	for _, in := range []string{"", "a.b", "a = b", "a.b = c", "a.b = c.d AND 1", "a.b < c.d", "a.b = c.*", "a.b ="} {
		if l, err := ParseLink(in); err == nil {
			t.Errorf("link %q was read as %s", in, l)
		}
	}
}
