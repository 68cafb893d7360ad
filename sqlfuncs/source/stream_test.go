package source

import (
	"context"
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"cvp/engine/features"
	"cvp/engine/frame"
	"cvp/internal/pgtest"
)

func TestMain(m *testing.M) { pgtest.Run(m) }

const streamed = `
CREATE TABLE customers AS SELECT k AS id, 'r' || k % 3 AS region, k % 50 AS age FROM generate_series(1, 200) k WHERE k % 7 <> 0;
CREATE TABLE orders AS SELECT (n * 7919) % 170 + 1 AS customer, timestamptz '2024-01-01' + n % 400 * interval '1 day' + n % 86400 * interval '1 s' AS at,
	'o' || n / 3 AS basket, (n * 31 % 5000)::numeric / 100 AS amount, 'c' || n * 17 % 9 AS category FROM generate_series(1, 60000::bigint) n;
CREATE TABLE views AS SELECT (n * 104729) % 200 + 1 AS customer, timestamptz '2024-01-01' + n % 400 * interval '1 day' + n / 7 * interval '1 s' AS at,
	n % 90 AS seconds FROM generate_series(1, 90000::bigint) n;
ANALYZE`

// streamedEvents are the tables above; the queries are what package schema would write.
func streamedEvents() *Events {
	const orders = "SELECT customer::text AS cvp_entity, at AS cvp_time, basket AS cvp_group, amount AS cvp_value, category FROM orders WHERE at < $1"
	const views = "SELECT customer::text AS cvp_entity, at AS cvp_time, seconds FROM views WHERE at < $1"
	const attributes = "SELECT id::text AS cvp_entity, region, age FROM customers"
	return &Events{
		Target: features.Target{Aggregate: features.Sum, Horizon: 30 * 24 * time.Hour}, Key: "id", Integer: true,
		EventTable: EventTable{All: orders, Keyed: orders + " AND customer::text = ANY ($2)",
			Roles: features.Roles{Entity: columnEntity, Time: columnTime, Group: columnGroup, Value: columnValue}},
		Sides: []SideTable{{Name: "views", EventTable: EventTable{All: views, Keyed: views + " AND customer::text = ANY ($2)",
			Roles: features.Roles{Entity: columnEntity, Time: columnTime}}}},
		Attributes: attributes, AttributesKeyed: attributes + " WHERE id::text = ANY ($1)",
		Last: "SELECT max(at) FROM orders",
	}
}

func streamedDatabase(t *testing.T) *pgx.Conn {
	t.Helper()
	conn := pgtest.Connect(t, pgtest.Database(t))
	if _, err := conn.Exec(t.Context(), streamed); err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Exec(t.Context(), "BEGIN"); err != nil { // as the server does around a call
		t.Fatal(err)
	}
	return conn
}

// rowsOf gives the exact values of each row of x by its key and cutoff.
func rowsOf(into map[string]string, x *frame.Frame, ev *features.Events, points []features.Point) {
	for i, p := range points {
		var row []byte
		for _, c := range x.Columns {
			switch {
			case c.Kind != frame.Category:
				row = fmt.Appendf(row, "%s=%x ", c.Name, math.Float32bits(c.Numbers[i]))
			case c.Codes[i] == frame.NoCode:
				row = fmt.Appendf(row, "%s=missing ", c.Name)
			default:
				row = fmt.Appendf(row, "%s=%s ", c.Name, c.Levels[c.Codes[i]])
			}
		}
		into[fmt.Sprint(ev.Keys[p.Entity], " as of ", p.Cutoff)] = string(row)
	}
}

func TestReadingInTheOrderOfEntitiesGivesTheBitsOfReadingAllAtOnce(t *testing.T) {
	ctx := context.Background()
	conn := streamedDatabase(t).PgConn()
	e := streamedEvents()
	end := time.Date(2025, 1, 20, 0, 0, 0, 0, time.UTC).UnixMicro()
	cutoffs := []int64{end - 60*86_400e6, end - 30*86_400e6}
	all, err := e.pull(ctx, conn, end, selection{})
	if err != nil {
		t.Fatal(err)
	}
	if e.Spec, err = features.Learn(all.Tables, e.Target, cutoffs, features.Options{}); err != nil {
		t.Fatal(err)
	}
	compute := func(into map[string]string, p *pulled) {
		points := p.Events.PointsAt(cutoffs)
		x, err := e.Spec.Compute(ctx, p.Tables, points)
		if err != nil {
			t.Fatal(err)
		}
		rowsOf(into, x, p.Events, points)
	}
	want := map[string]string{}
	compute(want, all)
	for _, c := range []struct {
		name    string
		memory  int64
		batches int // at least
	}{{"in small batches", 1 << 20, 8}, {"in one batch", 1 << 40, 1}} {
		t.Run(c.name, func(t *testing.T) {
			e.Memory = c.memory
			got, batches, last := map[string]string{}, 0, ""
			if err := e.eachBatch(ctx, conn, end, 1, func(p *pulled) error {
				batches++
				if keys := p.Events.Keys; keys[0] <= last {
					t.Errorf("batch %d begins with %s behind %s", batches, keys[0], last)
				}
				last = p.Events.Keys[len(p.Events.Keys)-1]
				compute(got, p)
				return nil
			}); err != nil {
				t.Fatal(err)
			}
			if batches < c.batches {
				t.Errorf("there were only %d batches", batches)
			}
			if len(got) != len(want) {
				t.Errorf("%d examples, want %d", len(got), len(want))
			}
			for key, row := range want {
				if got[key] != row {
					t.Fatalf("%s:\n%s\nall at once:\n%s", key, got[key], row)
				}
			}
		})
	}
}

func TestASampleHasTheSameEntitiesOfEveryTable(t *testing.T) {
	ctx := context.Background()
	conn := streamedDatabase(t).PgConn()
	e := streamedEvents()
	end := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC).UnixMicro()
	all, err := e.pull(ctx, conn, end, selection{})
	if err != nil {
		t.Fatal(err)
	}
	some, err := e.pull(ctx, conn, end, selection{share: 0.3})
	if err != nil {
		t.Fatal(err)
	}
	if n := len(some.Events.Keys); n < 40 || n > 80 {
		t.Errorf("%d of %d entities are about 30 %%", n, len(all.Events.Keys))
	}
	for i, key := range some.Events.Keys {
		j, _ := all.Events.Entity(key)
		if a, b := some.Events.Start[i+1]-some.Events.Start[i], all.Events.Start[j+1]-all.Events.Start[j]; a != b {
			t.Fatalf("%s has %d orders of %d", key, a, b)
		}
		a, b := some.Sides[0].Events, all.Sides[0].Events
		if a, b := a.Start[i+1]-a.Start[i], b.Start[j+1]-b.Start[j]; a != b {
			t.Fatalf("%s has %d views of %d", key, a, b)
		}
	}
}

func TestExamplesOfMoreEventsThanMemoryHolds(t *testing.T) {
	ctx := context.Background()
	conn := streamedDatabase(t).PgConn()
	whole := streamedEvents()
	o := EventsOptions{Progress: func(string) {}}
	want, err := whole.Learn(ctx, conn, o)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name        string
		memory      int64
		least, most float64 // of the examples
	}{
		{"where the examples fit, they are of all entities", 8 << 20, 1, 1},
		{"where they do not, they are of some", 1 << 20, 0.05, 0.4},
	} {
		t.Run(c.name, func(t *testing.T) {
			e := streamedEvents()
			e.Memory = c.memory
			if size, err := e.size(ctx, conn, time.Now().UnixMicro()); err != nil || size.bytes < float64(c.memory) {
				t.Fatalf("the events take %v (%v), not more than %d: nothing is tested", size, err, c.memory)
			}
			got, err := e.Learn(ctx, conn, o)
			if err != nil {
				t.Fatal(err)
			}
			if share := float64(got.Rows()) / float64(want.Rows()); share < c.least || share > c.most {
				t.Errorf("%d of %d examples, share %.3f, want %v to %v", got.Rows(), want.Rows(), share, c.least, c.most)
			}
			if e.Spec.FirstEvent != whole.Spec.FirstEvent {
				t.Errorf("first event %d, want %d", e.Spec.FirstEvent, whole.Spec.FirstEvent)
			}
		})
	}
}
