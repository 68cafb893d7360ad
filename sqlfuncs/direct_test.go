package sqlfuncs_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5/pgconn"

	"cvp/internal/cvptest"
	"cvp/internal/pgtest"
)

// direct are a database whose functions call the server, and roles connected to it and to Postgres. Of the loans ann sees
// those of the north, the superuser all.
type direct struct {
	database, server string
	user             string // the role whose members may use schema cvp
	super, through   *client
	ann              *client // connected to Postgres
	annThrough       *client
	annRole          string // quoted
}

func newDirect(t *testing.T) *direct {
	t.Helper()
	d := &direct{}
	d.database, d.server, d.user = cvptest.Linked(t)
	d.super = connect(t, d.database)
	annURL := pgtest.Role(t, d.database, "ann", `a \ secret`)
	d.annRole = roleOf(t, annURL)
	d.super.exec(fmt.Sprintf(`GRANT %s TO %s; CREATE USER MAPPING FOR %[2]s SERVER cvp_engine OPTIONS (user '%s', password 'a \ secret')`,
		d.user, d.annRole, strings.Trim(d.annRole, `"`)))
	d.super.exec(loans)
	d.super.exec(fmt.Sprintf(`ALTER TABLE loans ENABLE ROW LEVEL SECURITY; CREATE POLICY north ON loans TO %[1]s USING (region = 'north');
		GRANT SELECT, UPDATE ON loans TO %[1]s; GRANT CREATE ON SCHEMA public TO %[1]s`, d.annRole))
	d.through = connect(t, d.server)
	d.through.exec(trainRisk)
	d.super.exec("SELECT cvp.cvp_share('risk', $1)", strings.Trim(d.annRole, `"`))
	d.ann, d.annThrough = connect(t, annURL), connect(t, hostOf(t, annURL, d.server))
	return d
}

func TestADirectConnectionGetsTheAnswersOfTheServer(t *testing.T) {
	d := newDirect(t)
	for _, sql := range []string{
		"SELECT cvp.cvp_predict('risk', 1)",
		"SELECT cvp.cvp_predict('risk', '2'), cvp.cvp_predict('risk', 3::bigint), cvp.cvp_predict('risk', 4.0), cvp.cvp_predict(5), cvp.cvp_predict('6')",
		"SELECT cvp.cvp_predict('risk', 999999), cvp.cvp_predict('risk', NULL), cvp.cvp_predict('risk', NULL::int)",
		"SELECT loan_id, cvp.cvp_predict('risk', loan_id) FROM loans WHERE loan_id <= 40 ORDER BY 1",
		"SELECT loan_id, cvp.cvp_predict('risk', loans) FROM loans WHERE loan_id <= 40 ORDER BY 1",
		"SELECT * FROM cvp.cvp_predictions('risk') ORDER BY key",
		"SELECT region, max(cvp.cvp_predict('risk', loan_id)) FROM loans WHERE loan_id < 30 GROUP BY region ORDER BY 1",
		"SELECT cvp.cvp_predict('rusk', 1)",
		"SELECT cvp.cvp_predict(NULL, 1)",
		"SELECT * FROM cvp.cvp_predictions('it''s \\ no')",
		"SET cvp.model = 'risk@1'; SELECT cvp.cvp_predict(7)",
		"SET cvp.model = 'none \\ such'; SELECT cvp.cvp_predict(7)",
	} {
		want, wantErr := d.through.try(sql)
		got, err := d.super.try(sql)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: the server gives -, a direct connection +\n%s", sql, diff)
		}
		a, b := postgres(wantErr), postgres(err)
		if a != b {
			t.Errorf("%s: the server gives error %s, a direct connection %s", sql, a, b)
		}
	}
}

// postgres is what a client sees of an error, but for where it happened.
func postgres(err error) string {
	var e *pgconn.PgError
	if !errors.As(err, &e) {
		return fmt.Sprint(err)
	}
	return strings.Join([]string{e.Code, e.Message, e.Detail, e.Hint}, " / ")
}
