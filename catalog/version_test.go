package catalog_test

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/jackc/pgx/v5/pgconn"

	"cvp/catalog"
	"cvp/engine/model"
	"cvp/internal/pgtest"
)

func TestAVersionIsReadBackAsItWasSaved(t *testing.T) {
	conn := pgtest.Connect(t, database(t))
	question := catalog.NewVersion{
		Description: catalog.Description{
			Name: "größe", Kind: catalog.Question,
			Question:  "PREDICT SUM(orders.amount) OVER NEXT 90 DAYS FOR EACH customers.id",
			Algorithm: "tree", Task: model.Value, Metric: "mae", Value: 12.5, Baseline: math.NaN(), Rows: 5,
		},
		Artifact: []byte("tree"),
	}
	relation := churn("churn")
	save(t, conn, relation)
	save(t, conn, question)

	for _, want := range []catalog.NewVersion{relation, question} {
		got, err := catalog.Resolve(t.Context(), conn.PgConn(), want.Name+"@1")
		if err != nil {
			t.Fatal(err)
		}
		if want.Spec == nil {
			want.Spec = json.RawMessage("{}")
		}
		if diff := cmp.Diff(want.Description, got.Description, cmpopts.EquateNaNs()); diff != "" {
			t.Error(diff)
		}
		if got.Version != 1 || got.Deployed != want.Deploy || got.Owner != "postgres" || got.TrainedBy != "postgres" {
			t.Errorf("got %+v", got)
		}
		if age := time.Since(got.TrainedAt); age < 0 || age > time.Minute {
			t.Errorf("trained %v ago", age)
		}
		artifact, err := catalog.Artifact(t.Context(), conn.PgConn(), got.ID)
		if err != nil || string(artifact) != string(want.Artifact) {
			t.Errorf("got artifact %x, %v", artifact, err)
		}
	}
	if oid := one[uint32](t, conn, "SELECT oid FROM pg_database WHERE datname = current_database()"); true {
		v, err := catalog.Resolve(t.Context(), conn.PgConn(), "churn")
		if err != nil || v.ID.Database != oid {
			t.Errorf("got %v, %v, want database %d", v, err, oid)
		}
		if text := one[string](t, conn, "SELECT id::text FROM cvp.versions WHERE artifact = 'tree'"); text == v.ID.String() {
			t.Errorf("two versions have the id %s", text)
		}
	}
}

func TestResolveFindsVersionsByNumberAndAlias(t *testing.T) {
	conn := pgtest.Connect(t, database(t))
	save(t, conn, churn("churn"))
	second := churn("churn")
	second.Deploy = false
	save(t, conn, second)
	tests := []struct {
		ref  string
		want int
	}{{"churn", 1}, {"churn@live", 1}, {"churn@1", 1}, {"churn@2", 2}, {"churn@002", 2}}
	for _, test := range tests {
		t.Run(test.ref, func(t *testing.T) {
			got, err := catalog.Resolve(t.Context(), conn.PgConn(), test.ref)
			if err != nil || got.Version != test.want {
				t.Errorf("got %+v, %v, want version %d", got, err, test.want)
			}
		})
	}
}

func TestResolveSaysWhatIsWrongWithAName(t *testing.T) {
	conn := pgtest.Connect(t, database(t))
	_, err := catalog.Resolve(t.Context(), conn.PgConn(), "churn")
	refused(t, err, "42704", `model "churn" does not exist`, `There is no model that you may use yet; cvp_train makes one.`)

	save(t, conn, churn("churn"))
	save(t, conn, churn("Spend in 90 days"))
	idle := churn("idle")
	idle.Deploy = false
	save(t, conn, idle)
	save(t, conn, idle)
	list := "SELECT name FROM cvp_models lists the models you may use."
	tests := []struct{ name, ref, code, message, hint string }{
		{"swapped letters", "chrun", "42704", `model "chrun" does not exist`, `Did you mean "churn"?`},
		{"a letter too many", "churns", "42704", `model "churns" does not exist`, `Did you mean "churn"?`},
		{"other case", "CHURN", "42704", `model "CHURN" does not exist`, `Did you mean "churn"?`},
		{"several typos in a long name", "spend_in_90_day", "42704", `model "spend_in_90_day" does not exist`, `Did you mean "Spend in 90 days"?`},
		{"nothing alike", "loan default", "42704", `model "loan default" does not exist`, list},
		{"a typo before a version", "chrun@1", "42704", `model "chrun" does not exist`, `Did you mean "churn"?`},
		{"empty", "", "42704", `model "" does not exist`, list},
		{"no such version", "churn@9", "42704", `model "churn" has no version 9`, "Its only version is 1."},
		{"no such version of several", "idle@9", "42704", `model "idle" has no version 9`, "Its versions are 1, 2."},
		{"a number beyond any version", "churn@12345678901", "22023", `invalid version "12345678901" of model "churn"`,
			"A version is a number or live: churn, churn@3 or churn@live."},
		{"unknown alias", "churn@best", "22023", `invalid version "best" of model "churn"`,
			"A version is a number or live: churn, churn@3 or churn@live."},
		{"nothing deployed", "idle", "55000", `no version of model "idle" is deployed`,
			"Its versions are 1, 2. Deploy one with cvp_deploy('idle', version), or name it as idle@version."},
		{"nothing live", "idle@live", "55000", `no version of model "idle" is deployed`,
			"Its versions are 1, 2. Deploy one with cvp_deploy('idle', version), or name it as idle@version."},
		{"a quote in the name", "x'); DROP SCHEMA cvp CASCADE; --", "42704", `model "x'); DROP SCHEMA cvp CASCADE; --" does not exist`, list},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := catalog.Resolve(t.Context(), conn.PgConn(), test.ref)
			refused(t, err, test.code, test.message, test.hint)
			var raised *pgconn.PgError
			if errors.As(err, &raised) && (raised.Where != "" || raised.Position != 0) {
				t.Errorf("the error points into our own statement: %+v", raised)
			}
		})
	}
}

func TestDeployedNeedsExactlyOneDeployedModel(t *testing.T) {
	conn := pgtest.Connect(t, database(t))
	idle := churn("idle")
	idle.Deploy = false
	save(t, conn, idle)
	_, err := catalog.Deployed(t.Context(), conn.PgConn())
	refused(t, err, "42704", "no model is deployed", "Train one with cvp_train, deploy one of cvp_models with cvp_deploy, or name one that is shared with you.")

	save(t, conn, churn("it's"))
	v, err := catalog.Deployed(t.Context(), conn.PgConn())
	if err != nil || v.Name != "it's" {
		t.Errorf("got %v, %v", v, err)
	}
	save(t, conn, churn("spend"))
	_, err = catalog.Deployed(t.Context(), conn.PgConn())
	refused(t, err, "42725", `several models are deployed: "it's", "spend"`,
		"Name one, as in cvp_predict('it''s', …), or choose it with SET cvp.model.")
}

func TestPreviousIsTheDeployedVersionElseTheNewest(t *testing.T) {
	conn := pgtest.Connect(t, database(t))
	previous := func() *catalog.Version {
		t.Helper()
		v, err := catalog.Previous(t.Context(), conn.PgConn(), "churn")
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	if v := previous(); v != nil {
		t.Errorf("got %+v before the first training", v)
	}
	idle := churn("churn")
	idle.Deploy = false
	save(t, conn, idle)
	save(t, conn, idle)
	if v := previous(); v == nil || v.Version != 2 || v.Deployed {
		t.Errorf("got %+v, want undeployed version 2", v)
	}
	run(t, conn, "SELECT cvp.cvp_deploy('churn', 1)")
	if v := previous(); v.Version != 1 || !v.Deployed || v.Value != 0.81 || string(v.Spec) != `{"seed": 7}` {
		t.Errorf("got %+v, want deployed version 1", v)
	}
}

func TestADroppedArtifactIsAnError(t *testing.T) {
	conn := pgtest.Connect(t, database(t))
	save(t, conn, churn("churn"))
	v, err := catalog.Resolve(t.Context(), conn.PgConn(), "churn")
	if err != nil {
		t.Fatal(err)
	}
	run(t, conn, "SELECT cvp.cvp_drop_model('churn')")
	_, err = catalog.Artifact(t.Context(), conn.PgConn(), v.ID)
	refused(t, err, "42704", "model version "+v.ID.String()+" does not exist", "It may have been dropped meanwhile.")
}

func TestALostConnectionSaysWhatWasAttempted(t *testing.T) {
	conn := pgtest.Connect(t, database(t))
	if err := conn.Close(context.Background()); err != nil {
		t.Fatal(err)
	}
	_, err := catalog.Resolve(t.Context(), conn.PgConn(), "churn")
	if err == nil || err.Error()[:22] != `resolve model "churn":` {
		t.Errorf("got %v", err)
	}
}
