package question

import (
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

// FuzzParse checks that no text makes the parser panic, that an error's place lies in the text, and that the
// canonical form of a question is a question that asks the same. The corpus is in testdata/fuzz.
func FuzzParse(f *testing.F) {
	f.Add("PREDICT COUNT(orders.* WHERE category = 'BEER') > 0 OVER NEXT 30 DAYS FOR EACH customers.customer_id")
	f.Add("PREDICT LIST_DISTINCT(t.article_id, 0, 7, days) RANK TOP 10 FOR c.id IN (1, 'x') WHERE NOT (a BETWEEN 1 AND 2 OR COUNT(t.*, -90, 0, days) > 0) AND b")
	f.Add("PREDICT NOT EXISTS(o.*) OVER NEXT 3 MONTHS STARTING IN 7 DAYS OR SUM(o.x) OVER NEXT 2 WEEKS > 5 FOR EACH c.id WHERE LAST(o.s) = 'x' ASSUMING c.coupon = 'yes' AS OF '2011-09-10'")
	f.Add("PREDICT customers.income FOR EACH customers.customer_id WHERE SUM(o.a) OVER LAST 60 DAYS ENDING 30 DAYS AGO > 0 AND MAX(o.a) OVER PAST ENDING 7 DAYS AGO < 1")
	f.Add("PREDICT COUNT(o.* WHERE a CONTAINS 'x%' OR b NOT STARTS WITH 'y' AND c ENDS WITH '_' AND d < 2020-01-31, 0, 3) FOR EACH c.id")
	f.Fuzz(func(t *testing.T, s string) {
		q, err := Parse(s)
		if err != nil {
			e := err.(*Error)
			if e.Position < 1 || e.Position > utf8.RuneCountInString(s)+1 || e.Message == "" {
				t.Errorf("error %+v for %q", e, s)
			}
			e.Caret(s)
			return
		}
		canonical := q.String()
		again, err := Parse(canonical)
		if err != nil {
			t.Fatalf("%q gives %q, which does not parse: %v", s, canonical, err)
		}
		if diff := cmp.Diff(q, again, sameQuestion); diff != "" {
			t.Fatalf("%q gives %q, which asks something else:\n%s", s, canonical, diff)
		}
		if twice := again.String(); twice != canonical {
			t.Fatalf("canonical forms differ: %q and %q", canonical, twice)
		}
		for _, c := range q.Conditions() {
			c.Names()
			if end := c.At(len(c.SQL)); end < c.Pos || int(end) > len(s) {
				t.Errorf("the condition %q of %q ends at %d", c.SQL, s, end)
			}
		}
	})
}
