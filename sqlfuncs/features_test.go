package sqlfuncs_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"

	"cvp/engine"
	"cvp/engine/features"
	"cvp/engine/frame"
	"cvp/internal/cvptest"
	"cvp/internal/pgtest"
	"cvp/sqlfuncs/pull"
	"cvp/sqlfuncs/source"
)

func TestFeaturesOfOneKeyAreRows(t *testing.T) {
	c := connect(t, cvptest.Through(t, pgtest.Database(t)))
	c.exec(shop + loans)
	c.exec("SELECT * FROM cvp_train('churn', 'PREDICT COUNT(orders.*) = 0 OVER NEXT 30 DAYS FOR EACH customers.customer_id', algorithm => 'logistic')")
	c.exec("SELECT * FROM cvp_train('risk', relation => 'loans', target => 'defaulted', algorithm => 'tree')")
	c.exec("SET TimeZone = 'UTC'")
	history := c.rows("SELECT extract(day FROM '2023-06-01' - max(ordered_at)) + extract(hour FROM '2023-06-01' - max(ordered_at)) / 24 FROM orders WHERE customer_id = 7 AND ordered_at < '2023-06-01'")
	for _, test := range []struct{ name, sql, want string }{
		{"a feature is what Postgres computes", fmt.Sprintf("SELECT abs(value - %s) < 0.05 FROM cvp_features('churn', 7, '2023-06-01') WHERE feature = 'days_since_last'", history[0]), "[t]"},
		{"a number has a value, a category a level", "SELECT count(*) > 20, bool_or(level IS NOT NULL), count(*) FILTER (WHERE value IS NOT NULL AND level IS NOT NULL) FROM cvp_features('churn', 7)", "[t|t|0]"},
		{"formulas are told", "SELECT count(*) FROM cvp_features('churn', 7) WHERE formula IS NULL", "[0]"},
		{"a key may be a text", "SELECT count(*) FROM ((SELECT * FROM cvp_features('churn', 7)) EXCEPT ALL (SELECT * FROM cvp_features('churn', '7'))) AS d", "[0]"},
		{"nobody's features are none", "SELECT count(*) FROM cvp_features('churn', 77777)", "[0]"},
		{"before the first event there are none", "SELECT count(*) FROM cvp_features('churn', 7, '1999-01-01')", "[0]"},
		{"NULL has none", "SELECT count(*) FROM cvp_features('churn', NULL)", "[0]"},
		{"a relation's columns as they are", "SELECT value = (SELECT income FROM loans WHERE loan_id = 9) FROM cvp_features('risk', 9) WHERE feature = 'income'", "[t]"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := c.rows(test.sql); fmt.Sprint(got) != test.want {
				t.Errorf("%s: %v, want %s", test.sql, got, test.want)
			}
		})
	}
	if got := c.rows("SELECT count(*) FROM cvp_features($1, $2::int)", "churn", 7); got[0] == "\x00\x00\x00\x00\x00\x00\x00\x00" {
		t.Errorf("parameters: %q", got)
	}
	if got := strings.Join(c.rows("EXPLAIN SELECT * FROM cvp_features('churn', 7)"), "\n"); !strings.Contains(got, "cvp_features") {
		t.Errorf("plan:\n%s", got)
	}
	for sql, want := range map[string]string{
		"SELECT * FROM cvp_features('risk', 9, '2023-06-01')":  "0A000",
		"SELECT * FROM cvp_features('churn', 7, 'yesterdayy')": "22007",
		"SELECT * FROM cvp_features('churn', 7, '2999-01-01')": "22023",
		"SELECT * FROM cvp_features('none', 7)":                "42704",
		"SELECT * FROM cvp_features('churn')":                  "42883",
	} {
		if _, err := c.try(sql); err == nil || !strings.HasPrefix(describe(err), want) {
			t.Errorf("%s: %v, want %s", sql, err, want)
		}
	}
}

// Serving reads the rows of one key, training those of all: 1,000 random examples have the same bits by both.
func TestServingComputesTheFeaturesThatTrainingComputed(t *testing.T) {
	ctx := context.Background()
	c := connect(t, cvptest.Through(t, pgtest.Database(t)))
	c.exec(shop)
	c.exec("SELECT * FROM cvp_train('m', 'PREDICT SUM(orders.amount WHERE channel = ''web'') OVER NEXT 30 DAYS FOR EACH customers.customer_id', algorithm => 'linear')")
	conn := c.PgConn()
	e := storedEvents(ctx, t, conn)
	all, attributes := everything(ctx, t, conn, e)
	first, last, _ := all.Span()
	random := rand.New(rand.NewPCG(6, 1))
	for range 1000 {
		p := features.Point{Entity: random.Int32N(int32(all.Entities())), Cutoff: first + random.Int64N(last-first)}
		want, err := e.Spec.Compute(ctx, features.NewTables(all, attributes), []features.Point{p})
		if err != nil {
			t.Fatal(err)
		}
		got, err := e.Inspect(ctx, conn, &pull.Keys{OID: pgtype.TextOID, Texts: []string{all.Keys[p.Entity]}}, p.Cutoff)
		if err != nil {
			t.Fatal(err)
		}
		if all.Times[all.Start[p.Entity]] >= p.Cutoff {
			if got.Row.Rows != 0 {
				t.Fatalf("entity %s has features before its first event", all.Keys[p.Entity])
			}
			continue
		}
		if a, b := bits(got.Row), bits(want); a != b {
			t.Fatalf("entity %s as of %d:\n%s\nin training:\n%s", all.Keys[p.Entity], p.Cutoff, a, b)
		}
	}
}

// storedEvents reads the only model's source as serving does.
func storedEvents(ctx context.Context, t *testing.T, conn *pgconn.PgConn) *source.Events {
	t.Helper()
	r := conn.ExecParams(ctx, "SELECT spec->'source', artifact FROM cvp.versions", nil, nil, nil, []int16{0, 1}).Read()
	if r.Err != nil || len(r.Rows) != 1 {
		t.Fatalf("%d versions: %v", len(r.Rows), r.Err)
	}
	a, err := engine.Decode(r.Rows[0][1])
	if err != nil {
		t.Fatal(err)
	}
	e := &source.Events{}
	if err := json.Unmarshal(r.Rows[0][0], e); err != nil {
		t.Fatal(err)
	}
	if e.Spec, err = features.DecodeSpec(a.Features); err != nil {
		t.Fatal(err)
	}
	return e
}

// everything pulls the rows of all entities at once, later ones included.
func everything(ctx context.Context, t *testing.T, conn *pgconn.PgConn, e *source.Events) (*features.Events, *features.Attributes) {
	t.Helper()
	f, err := pull.Frame(ctx, conn, pull.Query{SQL: e.All, Params: [][]byte{[]byte("2999-01-01")}, OIDs: []uint32{pgtype.TimestamptzOID}})
	if err != nil {
		t.Fatal(err)
	}
	ev, err := features.NewEvents(f, e.Roles)
	if err != nil {
		t.Fatal(err)
	}
	if f, err = pull.Frame(ctx, conn, pull.Query{SQL: e.Attributes}); err != nil {
		t.Fatal(err)
	}
	attributes, err := features.NewAttributes(f, "cvp_entity")
	if err != nil {
		t.Fatal(err)
	}
	return ev, attributes
}

// bits gives the exact values of a row.
func bits(f *frame.Frame) string {
	var out strings.Builder
	for i := range f.Columns {
		col := &f.Columns[i]
		switch {
		case col.Kind == frame.Category && col.Missing(0):
			fmt.Fprintf(&out, "%s=missing ", col.Name)
		case col.Kind == frame.Category:
			fmt.Fprintf(&out, "%s=%s ", col.Name, col.Levels[col.Codes[0]])
		case col.Kind == frame.Time:
			fmt.Fprintf(&out, "%s=%d ", col.Name, col.Times[0])
		default:
			fmt.Fprintf(&out, "%s=%08x ", col.Name, math.Float32bits(col.Numbers[0]))
		}
	}
	return out.String()
}
