package sqlfuncs_test

import (
	"fmt"
	"strings"
	"testing"

	"cvp/internal/cvptest"
	"cvp/internal/pgtest"
)

const silent = `'PREDICT COUNT(orders.*) = 0 OVER NEXT 30 DAYS FOR EACH customers.customer_id', algorithm => 'logistic', options => '{"test_cutoff": "2023-11-01"%s}'`

func TestAttributesThatKnowTheAnswerAreRefused(t *testing.T) {
	c := connect(t, cvptest.Through(t, pgtest.Database(t)))
	c.exec(shop)
	auc := func(model, options string) string {
		return fmt.Sprint(c.rows("SELECT round(value::numeric, 6) FROM cvp_train('" + model + "', " + fmt.Sprintf(silent, options) + ") WHERE chosen"))
	}
	clean := auc("clean", "")
	// Who did not order in the test window gets a mark afterwards; a last visit is overwritten in place.
	c.exec(`ALTER TABLE customers ADD gone boolean, ADD last_visit timestamptz;
		UPDATE customers AS c SET gone = NOT EXISTS (SELECT FROM orders AS l WHERE l.customer_id = c.customer_id AND l.ordered_at >= '2023-11-01' AND l.ordered_at < '2023-12-01'), last_visit = n FROM (SELECT customer_id, max(ordered_at) AS n FROM orders GROUP BY 1) AS o WHERE o.customer_id = c.customer_id`)
	_, err := c.try("SELECT * FROM cvp_train('planted', " + fmt.Sprintf(silent, "") + ")")
	if err == nil || !strings.HasPrefix(describe(err), `22023 attribute "gone" knows the answer`) || !strings.Contains(describe(err), `"exclude": ["gone"]`) {
		t.Fatalf("a column that encodes the future: %v", err)
	}
	if got := c.rows("SELECT count(*) FROM cvp_models WHERE name = 'planted'"); got[0] != "0" {
		t.Errorf("versions of a refused training: %v", got)
	}
	if got := auc("planted", `, "exclude": ["gone", "last_visit"]`); got != clean {
		t.Errorf("without them AUC is %s, it was %s", got, clean)
	}
	auc("warned", `, "leaks": "warn"`)
	for _, test := range []struct{ name, sql, want string }{
		{"the answer", "SELECT severity FROM cvp_leak_check('warned') WHERE subject = 'gone' AND \"check\" = 'column equals the answer'", "[error]"},
		{"errors come first", "SELECT severity FROM cvp_leak_check('warned') LIMIT 1", "[error]"},
		{"a moment after the cutoff", "SELECT severity FROM cvp_leak_check('warned') WHERE subject = 'last_visit'", "[warning]"},
		{"what has no history", "SELECT severity FROM cvp_leak_check('clean') WHERE subject = 'country'", "[info]"},
		{"nothing worse in clean data", "SELECT count(*) FILTER (WHERE severity <> 'info' AND \"check\" <> 'too good to be true'), count(*) > 1 FROM cvp_leak_check('clean')", "[0|t]"},
	} {
		if got := fmt.Sprint(c.rows(test.sql)); got != test.want {
			t.Errorf("%s: %s, want %s; all: %q", test.name, got, test.want, c.rows("SELECT * FROM cvp_leak_check('warned')"))
		}
	}
	if _, err := c.try("SELECT * FROM cvp_train('m', " + fmt.Sprintf(silent, `, "leaks": "never"`) + ")"); err == nil || !strings.HasPrefix(describe(err), "22023") {
		t.Errorf("an option that is none: %v", err)
	}
}

func TestColumnsOfARelationThatEqualTheTargetAreTold(t *testing.T) {
	c := connect(t, cvptest.Through(t, pgtest.Database(t)))
	c.exec("CREATE TABLE loans AS SELECT i AS id, i % 7 AS x, i * 31 % 11 < 4 AS defaulted, CASE WHEN i * 31 % 11 < 4 THEN 'collection' ELSE 'regular' END AS account FROM generate_series(1, 500) i")
	c.exec("SELECT * FROM cvp_train('m', relation => 'loans', target => 'defaulted', key => 'id', algorithm => 'logistic')")
	if got := fmt.Sprint(c.rows("SELECT subject, severity FROM cvp_leak_check('m')")); got != "[account|warning roc_auc|warning]" {
		t.Errorf("findings: %s", got)
	}
}
