package catalog_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"cvp/catalog"
	"cvp/internal/pgtest"
)

func TestEverythingOfATrainingIsStored(t *testing.T) {
	conn := pgtest.Connect(t, database(t))
	save(t, conn, churn("churn"))
	tests := []struct {
		sql  string
		want []string
	}{
		{"SELECT e::text FROM cvp.cvp_evaluate('churn') e", []string{"(test,roc_auc,0.81)", "(test,brier,)", "(train,roc_auc,0.9)"}},
		{"SELECT (l.*)::text FROM (SELECT algorithm, chosen, metric, value, baseline, rows, fit_seconds FROM cvp.leaderboard ORDER BY ordinal) l",
			[]string{"(logistic,t,roc_auc,0.81,0.5,1234,2)", "(baseline,f,roc_auc,0.5,0.5,1234,0)"}},
		{"SELECT (r.*)::text FROM cvp.cvp_runs r", []string{"(churn,1,logistic,0,1,0.7,,1)", "(churn,1,logistic,0,2,0.6,0.65,2)"}},
		{"SELECT (m.*)::text FROM (SELECT name, version, question, target, algorithm, metric, value, baseline, rows, trained_by, deployed FROM cvp.cvp_models) m",
			[]string{"(churn,1,,defaulted,logistic,roc_auc,0.81,0.5,1234,postgres,t)"}},
	}
	for _, test := range tests {
		if got := column(t, conn, test.sql); !slices.Equal(got, test.want) {
			t.Errorf("%s\ngot  %q\nwant %q", test.sql, got, test.want)
		}
	}
}

func TestARolledBackTrainingLeavesNothing(t *testing.T) {
	conn := pgtest.Connect(t, database(t))
	run(t, conn, "BEGIN")
	if _, err := catalog.Save(t.Context(), conn.PgConn(), churn("churn")); err != nil {
		t.Fatal(err)
	}
	inside, err := catalog.Resolve(t.Context(), conn.PgConn(), "churn")
	if err != nil {
		t.Fatalf("the training is not seen in its own transaction: %v", err)
	}
	run(t, conn, "ROLLBACK")
	for _, table := range []string{"models", "versions", "metrics", "leaderboard", "runs"} {
		if n := one[int](t, conn, "SELECT count(*) FROM cvp."+table); n != 0 {
			t.Errorf("cvp.%s keeps %d rows", table, n)
		}
	}
	if v := save(t, conn, churn("churn")); v != 1 {
		t.Errorf("the next training is version %d", v)
	}
	after, err := catalog.Resolve(t.Context(), conn.PgConn(), "churn")
	if err != nil || after.ID == inside.ID {
		t.Errorf("got id %v, %v: the same as the version rolled back", after.ID, err)
	}
}

func TestConcurrentTrainingsOfOneNameGetTheirOwnNumbers(t *testing.T) {
	const trainings = 8
	where := database(t)
	versions := make([]int, trainings)
	var wait sync.WaitGroup
	for i := range trainings {
		conn := pgtest.Connect(t, where)
		wait.Go(func() {
			_, err := conn.Exec(t.Context(), "BEGIN")
			if err == nil {
				versions[i], err = catalog.Save(t.Context(), conn.PgConn(), churn("churn"))
			}
			if err == nil {
				_, err = conn.Exec(t.Context(), "COMMIT")
			}
			if err != nil {
				t.Error(err)
			}
		})
	}
	wait.Wait()
	slices.Sort(versions)
	if want := []int{1, 2, 3, 4, 5, 6, 7, 8}; !slices.Equal(versions, want) {
		t.Errorf("got versions %v", versions)
	}
	conn := pgtest.Connect(t, where)
	if n := one[int](t, conn, "SELECT count(*) FROM cvp.cvp_models WHERE deployed"); n != 1 {
		t.Errorf("%d versions are deployed", n)
	}
}

// savedAside saves on another connection while its training of the same name is still open on the first.
func savedAside(t *testing.T, first, second *pgx.Conn, end string) (version int, err error) {
	t.Helper()
	run(t, first, "BEGIN")
	if _, err := catalog.Save(t.Context(), first.PgConn(), churn("churn")); err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	run(t, second, "BEGIN")
	pid := second.PgConn().PID()
	go func() {
		defer close(done)
		version, err = catalog.Save(t.Context(), second.PgConn(), churn("churn"))
	}()
	for deadline := time.Now().Add(10 * time.Second); one[int](t, first, "SELECT cardinality(pg_blocking_pids($1))", pid) == 0; {
		if time.Now().After(deadline) {
			t.Fatal("the second training does not wait for the first")
		}
	}
	run(t, first, end)
	<-done
	return version, err
}

func TestATrainingWaitsForAnOpenOneOfTheSameName(t *testing.T) {
	for end, want := range map[string]int{"COMMIT": 2, "ROLLBACK": 1} {
		t.Run(end, func(t *testing.T) {
			where := database(t)
			version, err := savedAside(t, pgtest.Connect(t, where), pgtest.Connect(t, where), end)
			if err != nil || version != want {
				t.Errorf("got version %d, %v, want %d", version, err, want)
			}
		})
	}
}

func TestATrainingThatLosesTheRaceForANameToAnotherRoleIsRefused(t *testing.T) {
	c := newCast(t)
	_, err := savedAside(t, c.anna, c.ben, "COMMIT")
	refused(t, err, "42710", `model "churn" already exists and belongs to another role`,
		"Choose another name, or ask for the model to be shared with cvp_share.")
}

func TestARepeatableReadTrainingNeverRepeatsANumber(t *testing.T) {
	where := database(t)
	old, other := pgtest.Connect(t, where), pgtest.Connect(t, where)
	save(t, other, churn("churn"))
	run(t, old, "BEGIN ISOLATION LEVEL REPEATABLE READ")
	one[int](t, old, "SELECT count(*) FROM cvp.models") // takes the snapshot
	save(t, other, churn("churn"))
	_, err := catalog.Save(t.Context(), old.PgConn(), churn("churn"))
	refused(t, err, "40001", "could not serialize access due to concurrent update", "")
}

func TestANameThatCannotBeOneIsRefused(t *testing.T) {
	conn := pgtest.Connect(t, database(t))
	for _, name := range []string{"", "churn@3", "@", strings.Repeat("é", 32)} {
		message, hint := fmt.Sprintf(`invalid model name "%s"`, name), `A model name has 1 to 63 bytes and no "@", which separates a version.`
		_, err := catalog.Previous(t.Context(), conn.PgConn(), name)
		refused(t, err, "42602", message, hint)
		run(t, conn, "BEGIN")
		_, err = catalog.Save(t.Context(), conn.PgConn(), churn(name))
		refused(t, err, "42602", message, hint)
		run(t, conn, "ROLLBACK")
	}
}

func TestBadTextIsPostgressErrorAndLeavesTheConnectionUsable(t *testing.T) {
	conn := pgtest.Connect(t, database(t))
	for _, bad := range []string{"a\x00b", "\xff\xfe"} {
		_, err := catalog.Resolve(t.Context(), conn.PgConn(), bad)
		var raised *pgconn.PgError
		if !errors.As(err, &raised) || raised.Code != "22021" {
			t.Errorf("%q: got %v, want SQLSTATE 22021", bad, err)
		}
	}
	save(t, conn, churn("churn"))
}

func TestAnArtifactOf32MegabytesIsReadBack(t *testing.T) {
	conn := pgtest.Connect(t, database(t))
	large := churn("large")
	large.Artifact = make([]byte, 32<<20)
	for i := range large.Artifact {
		large.Artifact[i] = byte(i * i >> 7)
	}
	save(t, conn, large)
	v, err := catalog.Resolve(t.Context(), conn.PgConn(), "large")
	if err != nil {
		t.Fatal(err)
	}
	got, err := catalog.Artifact(t.Context(), conn.PgConn(), v.ID)
	if err != nil || !slices.Equal(got, large.Artifact) {
		t.Errorf("got %d bytes, %v", len(got), err)
	}
}
