package question

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// sameQuestion compares what questions ask, not how they are laid out.
var sameQuestion = cmp.Options{cmpopts.IgnoreTypes(Pos(0)), cmpopts.IgnoreFields(Question{}, "Text"), cmpopts.IgnoreFields(Condition{}, "Shifts")}

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
			"PQL's window into the past, its list of keys and its ranking",
			"PREDICT LIST_DISTINCT(t.article_id, 0, 7, days) RANK TOP 10 FOR c.id IN (1, 'it''s', -3) WHERE COUNT(t.*, -90, 0, days) > 0",
			"PREDICT LIST_DISTINCT(t.article_id) OVER NEXT 7 DAYS RANK TOP 10 FOR EACH c.id IN (1, 'it''s', -3) WHERE COUNT(t.*) OVER LAST 90 DAYS > 0",
		}, {
			"PQL's window that starts later, a classification of items, one key",
			"PREDICT LIST_DISTINCT(t.article_id, 10, 30) CLASSIFY FOR EACH c.id = 5",
			"PREDICT LIST_DISTINCT(t.article_id) OVER NEXT 20 DAYS STARTING IN 10 DAYS CLASSIFY FOR EACH c.id IN (5)",
		}, {
			"PQL's windows of the past that end earlier or never begin",
			"PREDICT SUM(t.x, 0, 2, months) FOR EACH c.id WHERE SUM(t.x, -90, -30, days) > 1 OR COUNT(t.*, -INF, -2, weeks) = 0 OR COUNT(t.*, -INF, 0) > 5",
			"PREDICT SUM(t.x) OVER NEXT 2 MONTHS FOR EACH c.id WHERE SUM(t.x) OVER LAST 60 DAYS ENDING 30 DAYS AGO > 1 OR COUNT(t.*) OVER PAST ENDING 2 WEEKS AGO = 0 OR COUNT(t.*) > 5",
		}, {
			"TOP before the window",
			"PREDICT LIST_DISTINCT(t.a) TOP 3 OVER NEXT 7 DAYS FOR EACH c.id",
			"PREDICT LIST_DISTINCT(t.a) OVER NEXT 7 DAYS RANK TOP 3 FOR EACH c.id",
		}, {
			"several comparisons over one window",
			"PREDICT (COUNT(o.*) = 0 OR NOT (SUM(o.a) > 5 AND EXISTS(v.*))) AND MAX(o.a) < 3 OVER NEXT 7 DAYS FOR EACH c.id",
			"PREDICT (COUNT(o.*) = 0 OR NOT (SUM(o.a) > 5 AND EXISTS(v.*))) AND MAX(o.a) < 3 OVER NEXT 7 DAYS FOR EACH c.id",
		}, {
			"several comparisons, each over its window",
			"PREDICT COUNT(o.*, 0, 7) > 1 AND (COUNT(o.*) OVER NEXT 1 MONTH > 3) FOR EACH c.id",
			"PREDICT COUNT(o.*) OVER NEXT 7 DAYS > 1 AND COUNT(o.*) OVER NEXT 1 MONTHS > 3 FOR EACH c.id",
		}, {
			"parentheses that change nothing are dropped",
			"PREDICT ((NOT EXISTS(o.*))) OVER NEXT 7 DAYS FOR EACH c.id WHERE ((COUNT(o.*) > 1 AND (COUNT(o.*) > 2 AND (a OR b))))",
			"PREDICT NOT EXISTS(o.*) OVER NEXT 7 DAYS FOR EACH c.id WHERE COUNT(o.*) > 1 AND COUNT(o.*) > 2 AND (a OR b)",
		}, {
			"SQL beside aggregates keeps its own AND",
			"PREDICT COUNT(o.*) OVER NEXT 7 DAYS FOR EACH c.id WHERE a BETWEEN 1 AND 2 AND CASE WHEN b AND c OR d THEN e END AND NOT f IN (SELECT count(*) FROM g) OR EXISTS (SELECT max(h.i) FROM h) OR EXISTS(o.*) OVER LAST 2 DAYS",
			"PREDICT COUNT(o.*) OVER NEXT 7 DAYS FOR EACH c.id WHERE a BETWEEN 1 AND 2 AND CASE WHEN b AND c OR d THEN e END AND NOT f IN (SELECT count(*) FROM g) OR EXISTS (SELECT max(h.i) FROM h) OR EXISTS(o.*) OVER LAST 2 DAYS",
		}, {
			"a condition of SQL alone stays as it is written",
			"PREDICT COUNT(o.*) OVER NEXT 7 DAYS FOR EACH c.id WHERE NOT a  OR first(b) = 1 AND EXISTS (SELECT sum(x.y) FROM x)",
			"PREDICT COUNT(o.*) OVER NEXT 7 DAYS FOR EACH c.id WHERE NOT a  OR first(b) = 1 AND EXISTS (SELECT sum(x.y) FROM x)",
		}, {
			"the first and the last value, also a text",
			"PREDICT LAST(l.status, 0, 30) = 'it''s' FOR EACH c.id WHERE FIRST(l.amount) > 3",
			"PREDICT LAST(l.status) = 'it''s' OVER NEXT 30 DAYS FOR EACH c.id WHERE FIRST(l.amount) > 3",
		}, {
			"Kumo's operators on texts and its dates",
			`PREDICT COUNT(o.* WHERE o.name CONTAINS 'a%b' AND NOT x STARTS WITH 'it''s' AND y not ends with '_\' AND o.d > 2020-01-31, 0, 30) FOR EACH c.id WHERE z CONTAINS 'q' AND t.contains = 1`,
			`PREDICT COUNT(o.* WHERE o.name LIKE '%a\%b%' AND NOT x LIKE 'it''s%' AND y not LIKE '%\_\\' AND o.d > '2020-01-31') OVER NEXT 30 DAYS FOR EACH c.id WHERE z LIKE '%q%' AND t.contains = 1`,
		}, {
			"what only looks like Kumo's stays",
			"PREDICT COUNT(o.* WHERE contains = 'x' AND a > 2020 - 01 - 31 AND b = 2020-13-45 AND starts) OVER NEXT 30 DAYS FOR EACH c.id",
			"",
		}, {
			"patterns of the first and the last text",
			"PREDICT LAST(l.status, 0, 30) NOT LIKE '%DENIED' FOR EACH c.id WHERE FIRST(l.status) contains 'o_k' OR LAST(l.status) LIKE 'a' AND LAST(l.status) NOT ENDS WITH 'b'",
			`PREDICT LAST(l.status) NOT LIKE '%DENIED' OVER NEXT 30 DAYS FOR EACH c.id WHERE FIRST(l.status) LIKE '%o\_k%' OR (LAST(l.status) LIKE 'a' AND LAST(l.status) NOT LIKE '%b')`,
		}, {
			"an attribute",
			"PREDICT customers.income FOR EACH customers.customer_id WHERE country = 'UK'",
			"PREDICT customers.income FOR EACH customers.customer_id WHERE country = 'UK'",
		}, {
			"a condition on attributes",
			"PREDICT customers.rank IS NULL AND substring(customers.a FOR 3) = 'x' FOR EACH customers.customer_id",
			"PREDICT customers.rank IS NULL AND substring(customers.a FOR 3) = 'x' FOR EACH customers.customer_id",
		}, {
			"assumptions about attributes and events",
			"PREDICT SUM(t.price, 0, 30) FOR EACH c.id ASSUMING COUNT(n.*, 0, 7) > 2 AND c.coupon = 'yes' AS OF '2011-09-10'",
			"PREDICT SUM(t.price) OVER NEXT 30 DAYS FOR EACH c.id ASSUMING COUNT(n.*) OVER NEXT 7 DAYS > 2 AND c.coupon = 'yes' AS OF '2011-09-10'",
		}, {
			"columns named like clauses",
			"PREDICT COUNT(o.*) OVER NEXT 7 DAYS FOR EACH each.for WHERE t.assuming = 1 AND assuming.x",
			"",
		}, {
			"a moment with an offset becomes UTC",
			"PREDICT COUNT(o.*) OVER NEXT 3 DAYS FOR EACH c.id AS OF '2011-09-10T01:30:00.25+02:00'",
			"PREDICT COUNT(o.*) OVER NEXT 3 DAYS FOR EACH c.id AS OF '2011-09-09 23:30:00.25+00'",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.canonical == "" {
				c.canonical = c.in
			}
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

func TestKumosQuestionsAreReadAsTheyStand(t *testing.T) {
	for _, in := range []string{
		"PREDICT SUM(TRANSACTIONS.PRICE, 0, 30) FOR EACH CUSTOMERS.CUSTOMER_ID ASSUMING COUNT(NOTIFICATIONS.*, 0, 7) > 2",
		"PREDICT LIST_DISTINCT(TRANSACTIONS.ARTICLE_ID, 0, 30) CLASSIFY FOR EACH CUSTOMERS.CUSTOMER_ID",
		"PREDICT LIST_DISTINCT(TRANSACTIONS.ARTICLE_ID, 0, 30)\nRANK TOP 12\nFOR EACH CUSTOMERS.CUSTOMER_ID",
		"PREDICT LAST(LOAN.AMOUNT, 0, 30) = 2 FOR EACH LOAN.ID",
		"PREDICT COUNT(orders.*, 0, 90, days)=0 FOR users.user_id IN (42, 123)",
		"PREDICT SUM(orders.price, 0, 30, days) FOR items.item_id=42",
		"PREDICT LIST_DISTINCT(orders.item_id, 0, 30, days) RANK TOP 5 FOR users.id='gid-7'",
		"PREDICT users.age FOR users.user_id=8",
		"PREDICT COUNT_DISTINCT(orders.store_id, 0, 3, months) > 2 FOR EACH users.user_id WHERE users.country = 'US' AND COUNT(orders.*, -3, 0, months) > 0",
		"PREDICT COUNT(orders.* WHERE orders.price > 10 AND orders.kind NOT IN ('a', 'b'), 0, 24, hours) > 0 FOR EACH users.user_id WHERE users.joined > 2020-01-01",
		"PREDICT FIRST(visits.page, 0, 7) STARTS WITH '/cart' FOR EACH users.user_id WHERE SUM(orders.price, -INF, 0) > 100 OR NOT COUNT(visits.*, -7, 0) = 0",
		"PREDICT articles.description IS NULL FOR EACH articles.id",
		"PREDICT SUM(orders.price, 0, 7) > 10 OR COUNT(views.*, 0, 7) > 20 FOR EACH users.user_id",
	} {
		mustParse(t, in)
	}
}

func TestParseBuildsTheWholeTree(t *testing.T) {
	const in = "PREDICT COUNT(é.orders.amount WHERE b = 1) > 0.5 OVER NEXT 30 DAYS STARTING IN 2 WEEKS FOR EACH c.id " +
		"WHERE d AND COUNT(orders.*) OVER LAST 9 HOURS = 2 ASSUMING e = 1 AS OF '2011-09-10'"
	q := mustParse(t, in)
	want := &Question{
		Target: &Comparison{
			Of: &Aggregate{Function: Count, Of: Name{Schema: "é", Table: "orders", Column: "amount"}, Where: &Condition{SQL: "b = 1"},
				Window: Window{Length: Span{30, Days}, Gap: Span{2, Weeks}}},
			Operator: ">", Constant: Constant{Text: "0.5", Value: 0.5}},
		Entity: Name{Table: "c", Column: "id"},
		Where: &Logic{Operator: And, Operands: []Expression{&Condition{SQL: "d"}, &Comparison{
			Of:       &Aggregate{Function: Count, Of: Name{Table: "orders"}, Window: Window{Past: true, Length: Span{9, Hours}}},
			Operator: "=", Constant: Constant{Text: "2", Value: 2}}}},
		Assuming: &Condition{SQL: "e = 1"},
		AsOf:     &Date{Time: q.AsOf.Time},
	}
	if diff := cmp.Diff(want, q, sameQuestion); diff != "" {
		t.Error(diff)
	}
	compare, both := q.Target.(*Comparison), q.Where.(*Logic)
	for what, pos := range map[string]Pos{
		"COUNT(é": compare.Of.Pos, "é.orders": compare.Of.Of.Pos, "amount": compare.Of.Of.ColumnPos, "b = 1": compare.Of.Where.Pos,
		"> 0.5": compare.Pos, "0.5": compare.Constant.Pos, "30 DAYS": compare.Of.Window.Pos, "c.id": q.Entity.Pos, "id WHERE": q.Entity.ColumnPos,
		"d AND": both.Operands[0].(*Condition).Pos, "AND COUNT": both.Pos, "9 HOURS": both.Operands[1].(*Comparison).Of.Window.Pos,
		"e = 1": q.Assuming.(*Condition).Pos, "'2011": q.AsOf.Pos,
	} {
		if rest := in[pos:]; len(rest) < len(what) || rest[:len(what)] != what {
			t.Errorf("position of %q is at %q", what, rest)
		}
	}
	if got := q.Character(compare.Of.Of.ColumnPos); got != 24 {
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
		if got := q.Main().Where.SQL; got != condition {
			t.Errorf("inside the aggregate\n got %s\nwant %s", got, condition)
		}
		if got := q.Where.(*Condition).SQL; got != condition {
			t.Errorf("of the entity\n got %s\nwant %s", got, condition)
		}
	}
}

func TestPlacesInATranslatedConditionAreThoseWritten(t *testing.T) {
	const in = "PREDICT COUNT(o.* WHERE a CONTAINS 'x' AND b > 2020-01-31 AND c) OVER NEXT 30 DAYS FOR EACH c.id"
	c := mustParse(t, in).Main().Where
	for sql, text := range map[string]string{"a LIKE": "a CONTAINS", "LIKE": "CONTAINS", "AND b": "AND b", "'2020": "2020", "AND c": "AND c", "c": "c)"} {
		offset := strings.LastIndex(c.SQL, sql)
		if got := in[c.At(offset):]; !strings.HasPrefix(got, text) {
			t.Errorf("%q of %s is at %q", sql, c.SQL, got)
		}
	}
	if end := in[c.At(len(c.SQL)):]; !strings.HasPrefix(end, ")") {
		t.Errorf("the end is at %q", end)
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
