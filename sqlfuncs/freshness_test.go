package sqlfuncs_test

import (
	"fmt"
	"strings"
	"testing"

	"cvp/internal/cvptest"
	"cvp/internal/pgtest"
)

const hourly = "SELECT model, version, algorithm, chosen, value, rows, fit_seconds FROM cvp_train('churn', 'PREDICT COUNT(orders.*) = 0 OVER NEXT 30 DAYS FOR EACH customers.customer_id', algorithm => 'logistic'%s)"

// versions are those of all models that the client sees.
func (c *client) versions() string {
	c.t.Helper()
	return strings.Join(c.rows("SELECT name || version FROM cvp_models"), " ")
}

func TestATrainingIsLeftOutWhereItsVersionIsYoungOrItsDataAreTheSame(t *testing.T) {
	c := connect(t, cvptest.Through(t, pgtest.Database(t)))
	c.exec(shop)
	train := func(extra string) string { return fmt.Sprint(c.rows(fmt.Sprintf(hourly, extra))) }
	first := train(", if_changed => true")
	for _, x := range []struct{ name, before, extra, notice, versions string }{
		{"the data are the same", "", ", if_changed => true", "trained on the same data", "churn1"},
		{"in another time zone too", "SET timezone = 'Asia/Tokyo'; SET datestyle = 'German'", ", if_changed => true", "trained on the same data", "churn1"},
		{"rows that no model reads do not count", "CREATE TABLE other AS SELECT 1; INSERT INTO orders VALUES (-1, 1, 'infinity', 5, 'web')", ", if_changed => true", "trained on the same data", "churn1"},
		{"the same rows in another order and place", "UPDATE orders SET amount = amount; CLUSTER orders USING orders_pkey", ", if_changed => true", "trained on the same data", "churn1"},
		{"the version is young", "", ", max_age => '1 hour'", "less than max_age", "churn1"},
		{"young although the data have changed", "UPDATE orders SET amount = amount + 1 WHERE order_id = 7", ", max_age => INTERVAL '1 hour', if_changed => true", "less than max_age", "churn1"},
		{"old but with the same data", "UPDATE orders SET amount = amount - 1 WHERE order_id = 7", ", max_age => '1 microsecond', if_changed => true", "trained on the same data", "churn1"},
		{"options written in another way", "", `, options => '{ }', if_changed => 'yes'`, "trained on the same data", "churn1"},
		{"one value has changed", "UPDATE orders SET amount = amount + 1 WHERE order_id = 7", ", if_changed => true", "", "churn1 churn2"},
		{"an attribute has changed", "UPDATE customers SET country = 'IT' WHERE customer_id = 3", ", if_changed => true", "", "churn1 churn2 churn3"},
		{"other options", "", `, options => '{"seed": 2}', if_changed => true`, "", "churn1 churn2 churn3 churn4"},
		{"other options, by age", "", `, options => '{"l2": 3}', max_age => '1 hour'`, "", "churn1 churn2 churn3 churn4 churn5"},
		{"a column more", "ALTER TABLE orders ADD COLUMN gift bool DEFAULT false", `, options => '{"l2": 3}', max_age => '1 hour'`, "", "churn1 churn2 churn3 churn4 churn5 churn6"},
		{"old", "", `, options => '{"l2": 3}', max_age => '0'`, "", "churn1 churn2 churn3 churn4 churn5 churn6 churn7"},
		{"nothing asked for", "", `, options => '{"l2": 3}', max_age => NULL, if_changed => false`, "", "churn1 churn2 churn3 churn4 churn5 churn6 churn7 churn8"},
		{"after a training without a fingerprint", "", `, options => '{"l2": 3}', if_changed => true`, "", "churn1 churn2 churn3 churn4 churn5 churn6 churn7 churn8 churn9"},
		{"the newest is dropped, the one before had no fingerprint", "SELECT cvp_drop_model('churn@9')", `, options => '{"l2": 3}', if_changed => true`, "", "churn1 churn2 churn3 churn4 churn5 churn6 churn7 churn8 churn10"},
	} {
		if x.before != "" {
			c.exec(x.before)
		}
		c.mu.Lock()
		c.notices = nil
		c.mu.Unlock()
		board := train(x.extra)
		if got := c.versions(); got != x.versions {
			t.Errorf("%s: versions %s, want %s (%q)", x.name, got, x.versions, c.notices)
		}
		if x.notice != "" && (board != first || !c.noticed(x.notice)) {
			t.Errorf("%s: %s, want %s; noticed %q", x.name, board, first, c.notices)
		}
		if x.notice == "" && c.noticed("is not trained") {
			t.Errorf("%s: noticed %q", x.name, c.notices)
		}
	}
}

func TestATrainingOnARelationIsLeftOutToo(t *testing.T) {
	c := connect(t, cvptest.Through(t, pgtest.Database(t)))
	c.exec(loans)
	const train = "SELECT * FROM cvp_train('risk', relation => '%s', target => 'defaulted', key => 'loan_id', algorithm => 'logistic', if_changed => true, max_age => '1 microsecond')"
	named, query := fmt.Sprintf(train, "loans"), fmt.Sprintf(train, "(SELECT * FROM loans WHERE age > 20)")
	for _, x := range []struct{ name, before, sql, versions string }{
		{"the first", "", named, "risk1"},
		{"the same", "", named, "risk1"},
		{"another relation", "", query, "risk1 risk2"},
		{"a row that the query leaves out", "UPDATE loans SET income = 1 WHERE age = 19", query, "risk1 risk2"},
		{"one that it does not", "UPDATE loans SET income = 1 WHERE loan_id = 50", query, "risk1 risk2 risk3"},
		{"a label", "UPDATE loans SET defaulted = NOT defaulted WHERE loan_id = 50", query, "risk1 risk2 risk3 risk4"},
		{"another table of that name", "CREATE SCHEMA s; CREATE TABLE s.loans AS TABLE loans; SET search_path = s", named, "risk1 risk2 risk3 risk4 risk5"},
	} {
		if x.before != "" {
			c.exec(x.before)
		}
		c.exec(x.sql)
		if got := strings.Join(c.rows("SELECT name || version FROM cvp.cvp_models"), " "); got != x.versions {
			t.Fatalf("%s: %s, want %s", x.name, got, x.versions)
		}
	}
}

func TestARolledBackTrainingIsNoneAndItsArgumentsMayBeParameters(t *testing.T) {
	c := connect(t, cvptest.Through(t, pgtest.Database(t)))
	c.exec(shop)
	train := fmt.Sprintf(hourly, ", max_age => '1 hour', if_changed => true")
	c.exec("BEGIN")
	c.exec(train)
	c.exec(train) // sees its own transaction's version
	if got := c.versions(); got != "churn1" {
		t.Errorf("in the transaction: %s", got)
	}
	c.exec("ROLLBACK")
	c.exec(train)
	if got := c.versions(); got != "churn1" || c.rows("SELECT count(*) FROM cvp.versions")[0] != "1" {
		t.Errorf("after the rollback: %s", got)
	}
	if rows := c.rows(fmt.Sprintf(hourly, ", max_age => $1::text::interval, if_changed => $2"), "2 days", true); len(rows) < 2 || c.versions() != "churn1" {
		t.Errorf("by parameters: %v, %s", rows, c.versions())
	}
	if _, err := c.Exec(t.Context(), fmt.Sprintf(hourly, ", max_age => 'soon'")); err == nil || !strings.Contains(describe(err), `22007 invalid input syntax for type interval: "soon"`) {
		t.Errorf("an age that is none: %v", err)
	}
	c.exec("BEGIN READ ONLY")
	if rows := c.rows(train); len(rows) < 2 {
		t.Errorf("where nothing is written a read-only transaction serves: %v", rows)
	}
	c.exec("ROLLBACK")
}

func TestAVersionOfAnotherRoleDoesNotStandForOnesOwn(t *testing.T) {
	cast := newCast(t)
	const train = "SELECT * FROM cvp_train('risk', relation => 'loans', target => 'defaulted', algorithm => 'logistic', max_age => '1 hour', if_changed => true)"
	cast.super.exec(fmt.Sprintf("GRANT %s TO %s", cast.annaRole, cast.benRole))
	cast.anna.exec(train)
	cast.anna.exec(train)
	if got := cast.anna.versions(); got != "risk1" {
		t.Errorf("anna's own: %s", got)
	}
	cast.ben.exec(train) // sees other loans, and may train a model of anna's
	if got := cast.anna.versions(); got != "risk1 risk2" {
		t.Errorf("after ben's: %s", got)
	}
	cast.super.exec(fmt.Sprintf("REVOKE %s FROM %s", cast.annaRole, cast.benRole))
	if _, err := cast.ben.Exec(t.Context(), train); err == nil || !strings.Contains(describe(err), "risk") {
		t.Errorf("a model of others: %v", err)
	}
}
