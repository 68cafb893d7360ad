package catalog_test

import (
	"errors"
	"math"
	"net/url"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"go.uber.org/goleak"

	"cvp/catalog"
	"cvp/engine/model"
	"cvp/internal/pgtest"
)

func TestMain(m *testing.M) { pgtest.Run(m) }

// database makes a database with schema cvp in it.
func database(t testing.TB) string {
	t.Helper()
	leaks := goleak.IgnoreCurrent()
	t.Cleanup(func() { goleak.VerifyNone(t, leaks) })
	where := pgtest.Database(t)
	conn := pgtest.Connect(t, where)
	inTransaction(t, conn, func(c *pgconn.PgConn) {
		if err := catalog.Install(t.Context(), c); err != nil {
			t.Fatal(err)
		}
	})
	return where
}

// inTransaction commits what do does.
func inTransaction(t testing.TB, conn *pgx.Conn, do func(*pgconn.PgConn)) {
	t.Helper()
	run(t, conn, "BEGIN")
	do(conn.PgConn())
	run(t, conn, "COMMIT")
}

func run(t testing.TB, conn *pgx.Conn, sql string, arguments ...any) {
	t.Helper()
	if _, err := conn.Exec(t.Context(), sql, arguments...); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
}

// one reads a single value.
func one[T any](t testing.TB, conn *pgx.Conn, sql string, arguments ...any) (value T) {
	t.Helper()
	if err := conn.QueryRow(t.Context(), sql, arguments...).Scan(&value); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return value
}

// column reads all values of the only column.
func column(t testing.TB, conn *pgx.Conn, sql string, arguments ...any) []string {
	t.Helper()
	rows, err := conn.Query(t.Context(), sql, arguments...)
	if err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	values, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return values
}

// user is the role in a database's URL.
func user(t testing.TB, where string) string {
	t.Helper()
	u, err := url.Parse(where)
	if err != nil {
		t.Fatal(err)
	}
	return u.User.Username()
}

// as is a database's URL for another role made by pgtest.Role with the password of these tests.
func as(t testing.TB, where, role string) string {
	t.Helper()
	u, err := url.Parse(where)
	if err != nil {
		t.Fatal(err)
	}
	u.User = url.UserPassword(role, "secret")
	return u.String()
}

// churn is a small training of a model of this name.
func churn(name string) catalog.NewVersion {
	return catalog.NewVersion{
		Description: catalog.Description{
			Name: name, Kind: catalog.Relation, Relation: "loans", Target: "defaulted", Key: "id",
			Algorithm: "logistic", Task: model.Class, Metric: "roc_auc", Value: 0.81, Baseline: 0.5,
			HigherBetter: true, Rows: 1234, Spec: []byte(`{"seed": 7}`),
		},
		Artifact: []byte{0, 1, 2, 0xff},
		Metrics: []catalog.Metric{
			{Split: "test", Metric: "roc_auc", Value: 0.81}, {Split: "test", Metric: "brier", Value: math.NaN()},
			{Split: "train", Metric: "roc_auc", Value: 0.9},
		},
		Leaderboard: []catalog.Candidate{
			{Algorithm: "logistic", Chosen: true, Metric: "roc_auc", Value: 0.81, Baseline: 0.5, Rows: 1234, Fit: 2e9},
			{Algorithm: "baseline", Metric: "roc_auc", Value: 0.5, Baseline: 0.5, Rows: 1234},
		},
		Steps: []catalog.Step{
			{Algorithm: "logistic", Step: 1, Train: 0.7, Validation: math.NaN(), Elapsed: 1e9},
			{Algorithm: "logistic", Step: 2, Train: 0.6, Validation: 0.65, Elapsed: 2e9},
		},
		Deploy: true,
	}
}

// save commits a training.
func save(t testing.TB, conn *pgx.Conn, v catalog.NewVersion) (version int) {
	t.Helper()
	inTransaction(t, conn, func(c *pgconn.PgConn) {
		var err error
		if version, err = catalog.Save(t.Context(), c, v); err != nil {
			t.Fatalf("save %q: %v", v.Name, err)
		}
	})
	return version
}

// refused checks that an error is Postgres's, with this code, message and hint.
func refused(t testing.TB, err error, code, message, hint string) {
	t.Helper()
	var raised *pgconn.PgError
	if !errors.As(err, &raised) {
		t.Fatalf("got error %v, want SQLSTATE %s", err, code)
	}
	if raised.Code != code || raised.Message != message || raised.Hint != hint {
		t.Errorf("got  %s %s | %s\nwant %s %s | %s", raised.Code, raised.Message, raised.Hint, code, message, hint)
	}
}

// denied checks that a statement is refused with this code.
func denied(t testing.TB, conn *pgx.Conn, code, sql string, arguments ...any) {
	t.Helper()
	run(t, conn, "BEGIN")
	_, err := conn.Exec(t.Context(), sql, arguments...)
	var raised *pgconn.PgError
	if !errors.As(err, &raised) || raised.Code != code {
		t.Errorf("%s: got error %v, want SQLSTATE %s", sql, err, code)
	}
	run(t, conn, "ROLLBACK")
}
