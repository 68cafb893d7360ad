package sqlfuncs_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestFunctionsTriggersAndRefreshesCall(t *testing.T) {
	d := newDirect(t)
	d.super.exec(`CREATE FUNCTION in_sql(id int) RETURNS float8 LANGUAGE sql AS $$ SELECT cvp.cvp_predict('risk', id) $$;
		CREATE FUNCTION in_plpgsql(id int) RETURNS float8 LANGUAGE plpgsql AS $$ BEGIN RETURN cvp.cvp_predict('risk', id); END $$;
		CREATE TABLE asked (id int, score float8);
		CREATE FUNCTION fill() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.score := cvp.cvp_predict('risk', NEW.id); RETURN NEW; END $$;
		CREATE TRIGGER fill BEFORE INSERT ON asked FOR EACH ROW EXECUTE FUNCTION fill()`)
	want := d.through.rows("SELECT loan_id, cvp_predict('risk', loan_id) FROM loans WHERE loan_id <= 20 ORDER BY 1")
	// A statement that only names the function goes through the server as it is, and calls back while it runs.
	for who, c := range map[string]*client{"direct": d.super, "through the server": d.through} {
		for _, sql := range []string{
			"SELECT loan_id, in_sql(loan_id) FROM loans WHERE loan_id <= 20 ORDER BY 1",
			"SELECT loan_id, in_plpgsql(loan_id) FROM loans WHERE loan_id <= 20 ORDER BY 1",
			"WITH i AS (INSERT INTO asked SELECT loan_id FROM loans WHERE loan_id <= 20 RETURNING *) SELECT * FROM i ORDER BY 1",
			"DROP MATERIALIZED VIEW IF EXISTS scored; CREATE MATERIALIZED VIEW scored AS SELECT loan_id, cvp.cvp_predict('risk', loan_id) FROM loans WHERE loan_id <= 20; SELECT * FROM scored ORDER BY 1",
			"REFRESH MATERIALIZED VIEW scored; SELECT * FROM scored ORDER BY 1",
		} {
			if diff := cmp.Diff(want, c.rows(sql)); diff != "" {
				t.Errorf("%s: %s\n%s", who, sql, diff)
			}
		}
	}
}

func TestADirectCallSeesWhatIsCommitted(t *testing.T) {
	d := newDirect(t)
	const sql = "SELECT cvp.cvp_predict('risk', 1), cvp.cvp_predict('risk', 5000)"
	before := d.super.rows(sql)
	d.super.exec("BEGIN; UPDATE loans SET income = 9000, age = 70 WHERE loan_id = 1; INSERT INTO loans SELECT 5000, income FROM loans WHERE loan_id = 1")
	if diff := cmp.Diff(before, d.super.rows(sql)); diff != "" {
		t.Errorf("an open transaction is seen:\n%s", diff)
	}
	d.super.exec("COMMIT")
	if got, want := d.super.rows(sql), d.through.rows(sql); !cmp.Equal(got, want) || cmp.Equal(got, before) {
		t.Errorf("after COMMIT %v, through the server %v, before %v", got, want, before)
	}
	d.super.exec("BEGIN; SET LOCAL lock_timeout = '100ms'; LOCK TABLE loans")
	if _, err := d.super.try(sql); code(err) != "55P03" {
		t.Errorf("with the table locked by the caller: %v", err)
	}
	d.super.exec("ROLLBACK")
	d.super.exec("BEGIN; SET LOCAL statement_timeout = '300ms'; LOCK TABLE loans")
	start := time.Now()
	if _, err := d.super.try(sql); code(err) != "57014" || time.Since(start) > 5*time.Second {
		t.Errorf("beyond the caller's statement_timeout: %v after %v", err, time.Since(start))
	}
	d.super.exec("ROLLBACK")
	if _, err := d.super.try("SELECT * FROM cvp.cvp_train('more', relation => 'loans', target => 'defaulted')"); code(err) != "0A000" {
		t.Errorf("a training: %v", err)
	}
}

func TestADirectCallOutlivesItsConnection(t *testing.T) {
	d := newDirect(t)
	const sql = "SELECT cvp.cvp_predict('risk', 1)"
	before := d.super.rows(sql)
	d.through.exec("SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE application_name = 'cvp_engine' AND datname = current_database()")
	if diff := cmp.Diff(before, d.super.rows(sql)); diff != "" {
		t.Error(diff)
	}
	d.super.exec("DO $$ BEGIN FOR i IN 1..20 LOOP PERFORM set_config('search_path', 'public, s' || i, true); PERFORM cvp.cvp_predict('risk', 1); END LOOP; END $$")
	if got := d.super.rows("SELECT cardinality(cvp_dblink.dblink_get_connections()) BETWEEN 1 AND 8"); got[0] != "t" {
		t.Error("connections add up")
	}
}

func TestADirectCallOfItselfEnds(t *testing.T) {
	d := newDirect(t)
	d.super.exec(`CREATE FUNCTION feature(id int) RETURNS float8 LANGUAGE plpgsql AS $$ BEGIN RETURN id % 3; END $$;
		CREATE VIEW circle AS SELECT loan_id, age, feature(loan_id) AS f, defaulted FROM loans WHERE loan_id <= 300`)
	d.through.exec("SELECT * FROM cvp_train('loop', relation => 'circle', target => 'defaulted', key => 'loan_id', algorithm => 'tree')")
	d.super.exec(`CREATE OR REPLACE FUNCTION feature(id int) RETURNS float8 LANGUAGE plpgsql AS $$ BEGIN RETURN cvp.cvp_predict('loop', id); END $$`)
	for who, c := range map[string]*client{"direct": d.super, "through the server": d.through} {
		if _, err := c.try("SELECT cvp.cvp_predict('loop', 1)"); code(err) != "54001" {
			t.Errorf("%s: %v", who, err)
		}
	}
	// A foreign server that names Postgres instead comes to the same.
	itself := d.super.Config()
	d.super.exec(fmt.Sprintf("ALTER SERVER cvp_engine OPTIONS (SET host '%s', SET port '%d')", itself.Host, itself.Port))
	if _, err := d.super.try("SELECT cvp.cvp_predict('risk', 1)"); code(err) != "54001" {
		t.Errorf("where Postgres calls itself: %v", err)
	}
}
