package catalog_test

import (
	"slices"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"cvp/internal/pgtest"
)

// versions lists a model's versions, the deployed one with a star.
func versions(t testing.TB, conn *pgx.Conn) []string {
	t.Helper()
	return column(t, conn, "SELECT version || CASE WHEN deployed THEN '*' ELSE '' END FROM cvp.cvp_models WHERE name = 'churn'")
}

func TestDeployAndRollbackMoveTheDeployedVersion(t *testing.T) {
	conn := pgtest.Connect(t, database(t))
	for range 3 {
		v := churn("churn")
		v.Deploy = false
		save(t, conn, v)
	}
	steps := []struct {
		sql, row string
		want     []string
	}{
		{"cvp.cvp_deploy('churn', 1)", "(churn,1,roc_auc,0.81,)", []string{"1*", "2", "3"}},
		{"cvp.cvp_deploy(model => 'churn', version => 3)", "(churn,3,roc_auc,0.81,1)", []string{"1", "2", "3*"}},
		{"cvp.cvp_deploy('churn', 3)", "(churn,3,roc_auc,0.81,3)", []string{"1", "2", "3*"}},
		{"cvp.cvp_deploy('churn', 2)", "(churn,2,roc_auc,0.81,3)", []string{"1", "2*", "3"}},
		{"cvp.cvp_rollback('churn')", "(churn,3,roc_auc,0.81,2)", []string{"1", "2", "3*"}},
		{"cvp.cvp_rollback('churn')", "(churn,1,roc_auc,0.81,3)", []string{"1*", "2", "3"}},
	}
	for _, step := range steps {
		if row := one[string](t, conn, "SELECT r::text FROM "+step.sql+" AS r"); row != step.row {
			t.Errorf("%s gave %s, want %s", step.sql, row, step.row)
		}
		if got := versions(t, conn); !slices.Equal(got, step.want) {
			t.Errorf("after %s: %q, want %q", step.sql, got, step.want)
		}
	}
	_, err := conn.Exec(t.Context(), "SELECT cvp.cvp_rollback('churn')")
	refused(t, err, "55000", `model "churn" has no earlier deployment`, "Its versions are 1, 2, 3.")
	_, err = conn.Exec(t.Context(), "SELECT cvp.cvp_deploy('churn', 4)")
	refused(t, err, "42704", `model "churn" has no version 4`, "Its versions are 1, 2, 3.")
	_, err = conn.Exec(t.Context(), "SELECT cvp.cvp_deploy('chrun', 1)")
	refused(t, err, "42704", `model "chrun" does not exist`, `Did you mean "churn"?`)
	_, err = conn.Exec(t.Context(), "SELECT cvp.cvp_deploy(NULL, 1)")
	refused(t, err, "22004", "model name must not be null", "")
}

func TestDeployIsUndoneByRollback(t *testing.T) {
	conn := pgtest.Connect(t, database(t))
	save(t, conn, churn("churn"))
	save(t, conn, churn("churn"))
	run(t, conn, "BEGIN")
	run(t, conn, "SELECT cvp.cvp_deploy('churn', 1)")
	run(t, conn, "ROLLBACK")
	if got := versions(t, conn); !slices.Equal(got, []string{"1", "2*"}) {
		t.Errorf("got %q", got)
	}
}

func TestDroppingAVersionOrAWholeModel(t *testing.T) {
	where := database(t)
	config, err := pgx.ParseConfig(where)
	if err != nil {
		t.Fatal(err)
	}
	var notices []string
	config.OnNotice = func(_ *pgconn.PgConn, n *pgconn.Notice) { notices = append(notices, n.Message) }
	conn, err := pgx.ConnectConfig(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	for range 3 {
		save(t, conn, churn("churn"))
	}
	run(t, conn, "SELECT cvp.cvp_drop_model('churn@1')")
	if got := versions(t, conn); !slices.Equal(got, []string{"2", "3*"}) || len(notices) != 0 {
		t.Errorf("got %q, notices %q", got, notices)
	}
	run(t, conn, "SELECT cvp.cvp_drop_model('churn@live')")
	if got := versions(t, conn); !slices.Equal(got, []string{"2"}) {
		t.Errorf("got %q", got)
	}
	if want := []string{`version 3 was the deployed one of model "churn": none is deployed now`}; !slices.Equal(notices, want) {
		t.Errorf("got notices %q", notices)
	}
	if v := save(t, conn, churn("churn")); v != 4 {
		t.Errorf("a dropped number came back: version %d", v)
	}
	run(t, conn, "SELECT cvp.cvp_drop_model('churn')")
	for _, table := range []string{"models", "versions", "metrics", "leaderboard", "runs"} {
		if n := one[int](t, conn, "SELECT count(*) FROM cvp."+table); n != 0 {
			t.Errorf("cvp.%s keeps %d rows of a dropped model", table, n)
		}
	}
	_, err = conn.Exec(t.Context(), "SELECT cvp.cvp_drop_model('churn')")
	refused(t, err, "42704", `model "churn" does not exist`, "There is no model that you may use yet; cvp_train makes one.")

	save(t, conn, churn("churn"))
	run(t, conn, "SELECT cvp.cvp_drop_model('churn@1')")
	if n := one[int](t, conn, "SELECT count(*) FROM cvp.models"); n != 0 {
		t.Error("the model stays after its last version")
	}
}

func TestEvaluateShowsTheNewestVersionWhereNoneIsDeployed(t *testing.T) {
	conn := pgtest.Connect(t, database(t))
	v := churn("churn")
	v.Deploy = false
	save(t, conn, v)
	v.Metrics[0].Value = 0.7
	save(t, conn, v)
	for ref, want := range map[string]float64{"churn": 0.7, "churn@1": 0.81} {
		if got := one[float64](t, conn, "SELECT value FROM cvp.cvp_evaluate(model => $1) WHERE split = 'test' AND metric = 'roc_auc'", ref); got != want {
			t.Errorf("%s has %v, want %v", ref, got, want)
		}
	}
}
