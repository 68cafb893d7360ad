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
		for _, c := range []*Condition{q.Aggregate.Where, q.Where} {
			if c != nil {
				c.Names()
			}
		}
	})
}
