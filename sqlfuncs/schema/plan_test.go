package schema

import (
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgtype"

	"cvp/engine/frame"
)

// TestScopesOfAConditionAreFlattened keeps the scheme of package condition free: no node of the plan is there for it.
func TestScopesOfAConditionAreFlattened(t *testing.T) {
	conn := connect(t, "retail")
	s, err := ask(t, conn.PgConn(), "PREDICT COUNT(order_lines.* WHERE category = 'BEER' AND total > 3 AND quantity > 1 AND country = 'UK') OVER NEXT 3 DAYS FOR EACH customers.customer_id", Options{})
	if err != nil {
		t.Fatal(err)
	}
	execute(t, conn, "SET enable_nestloop = off") // one that is left has no other way
	plan := strings.Join(rows(t, conn, Query{SQL: "EXPLAIN (COSTS OFF) " + s.EventsSQL(false, false).SQL}), "\n")
	for _, node := range []string{"Subquery Scan", "SubPlan", "Result", "Nested Loop", "Values Scan"} {
		if strings.Contains(plan, node) {
			t.Errorf("the plan has a %s:\n%s", node, plan)
		}
	}
}

// TestKeysAreFoundThroughIndexes shows that the casts of keys do not keep indexes from serving.
func TestKeysAreFoundThroughIndexes(t *testing.T) {
	conn := connect(t, "retail")
	s, err := ask(t, conn.PgConn(), "PREDICT COUNT(order_lines.*) OVER NEXT 3 DAYS FOR EACH customers.customer_id", Options{})
	if err != nil {
		t.Fatal(err)
	}
	execute(t, conn, `INSERT INTO customers SELECT n FROM generate_series(100, 5000) n; INSERT INTO orders SELECT n, n / 4 + 100, now() FROM generate_series(100, 19000) n;
		INSERT INTO order_lines SELECT n, 1, '22', 1 FROM generate_series(100, 19000) n; ANALYZE; SET plan_cache_mode = force_generic_plan`)
	execute(t, conn, "PREPARE one AS "+s.EventsSQL(true, true).SQL)
	plan := strings.Join(rows(t, conn, Query{SQL: "EXPLAIN (COSTS OFF) EXECUTE one ('2030-01-01', '{1}')"}), "\n")
	if !strings.Contains(plan, "orders_customer_id_ordered_at_idx") || !strings.Contains(plan, "order_lines_pkey") || !s.Indexed {
		t.Errorf("indexed %v, plan:\n%s", s.Indexed, plan)
	}
}

func TestDroppedColumnsAreNotJoinedFor(t *testing.T) {
	conn := connect(t, "retail")
	s, err := ask(t, conn.PgConn(), "PREDICT COUNT(order_lines.*) OVER NEXT 3 DAYS FOR EACH customers.customer_id", Options{})
	if err != nil {
		t.Fatal(err)
	}
	s.Columns, s.Attributes = nil, nil
	if sql := s.EventsSQL(false, false).SQL; strings.Contains(sql, "products") {
		t.Errorf("products are joined for nothing:\n%s", sql)
	}
	if got := rows(t, conn, s.EventsSQL(false, false))[0]; got != "cvp_entity | cvp_time | cvp_group" {
		t.Errorf("columns are %s", got)
	}
	if got := s.EventsSQL(true, true).Params; len(got) != 2 || got[0] != pgtype.TimestamptzOID || got[1] != pgtype.TextArrayOID {
		t.Errorf("parameters are of types %v", got)
	}
}

func TestPrefersTimes(t *testing.T) {
	r := &Relation{}
	for i, name := range []string{"shipped", "ordered_at", "updated_at", "CreatedAt", "eventTime", "indexed"} {
		r.Columns = append(r.Columns, Column{Number: int16(i), Name: name, Base: pgtype.DateOID})
	}
	r.Indexes = []Index{{Numbers: []int16{5}}}
	for of, want := range map[string]string{
		"shipped ordered_at": "ordered_at", "updated_at CreatedAt": "CreatedAt", "CreatedAt shipped": "shipped", "updated_at": "updated_at",
		"ordered_at indexed": "indexed", "ordered_at eventTime": "ordered_at eventTime", "shipped ordered_at updated_at CreatedAt": "ordered_at",
	} {
		var candidates []column
		for _, name := range strings.Fields(of) {
			candidates = append(candidates, column{&item{relation: r}, r.find(name)})
		}
		var got []string
		for _, c := range preferred(candidates) {
			got = append(got, c.Name)
		}
		if strings.Join(got, " ") != want {
			t.Errorf("of %s %v are chosen, not %s", of, got, want)
		}
	}
}

func TestDescribes(t *testing.T) {
	r := &Relation{Rows: 10000}
	text, number := Column{Name: "c", Base: pgtype.TextOID, Category: "S", Readable: true}, Column{Name: "c", Base: pgtype.Int4OID, Category: "N", Readable: true}
	with := func(c Column, change func(*Column)) Column { change(&c); return c }
	for _, c := range []struct {
		name              string
		column            Column
		member, reference bool
		want              frame.Kind
	}{
		{"a text without statistics", text, false, false, frame.Category},
		{"prose by its name", with(text, func(c *Column) { c.Name = "customerComment" }), false, false, 0},
		{"a long text by its type", with(text, func(c *Column) { c.Length = 200 }), false, false, 0},
		{"prose by its name that has few values", with(text, func(c *Column) { c.Name, c.Distinct = "note", 7 }), false, false, frame.Category},
		{"a text with many values", with(text, func(c *Column) { c.Distinct = 2000 }), false, false, 0},
		{"a text of which each row has its own", with(text, func(c *Column) { c.Distinct = -0.95 }), false, false, 0},
		{"a wide text", with(text, func(c *Column) { c.Distinct, c.Width = 7, 100 }), false, false, 0},
		{"a reference with many values", with(text, func(c *Column) { c.Distinct = -1 }), false, true, frame.Category},
		{"a number", number, false, false, frame.Number},
		{"a number that refers", number, false, true, frame.Category},
		{"a number named like an identifier", with(number, func(c *Column) { c.Name = "StoreID" }), false, false, frame.Category},
		{"an identifier of the row", with(number, func(c *Column) { c.Name, c.Distinct = "row_id", -1 }), false, false, 0},
		{"the number of a line", with(number, func(c *Column) { c.Name = "line_no" }), true, false, 0},
		{"a product in the key", with(number, func(c *Column) { c.Name = "product_id" }), true, false, frame.Category},
		{"what may not be read", with(number, func(c *Column) { c.Readable = false }), false, false, 0},
		{"a boolean", Column{Category: "B", Readable: true}, false, false, frame.Number},
		{"an interval", Column{Category: "T", Readable: true}, false, false, frame.Number},
		{"an enum", Column{Category: "E", Readable: true}, false, false, frame.Category},
		{"a date", Column{Category: "D", Base: pgtype.DateOID, Readable: true}, false, false, frame.Time},
		{"a time of day", Column{Category: "D", Base: pgtype.TimeOID, Readable: true}, false, false, 0},
		{"an object identifier", Column{Category: "N", Base: pgtype.OIDOID, Readable: true}, false, false, 0},
		{"money", Column{Category: "N", Base: moneyOID, Readable: true}, false, false, frame.Number},
		{"a uuid with few values", Column{Category: "U", Base: pgtype.UUIDOID, Distinct: 5, Readable: true}, false, false, frame.Category},
		{"a uuid", Column{Category: "U", Base: pgtype.UUIDOID, Readable: true}, false, false, 0},
		{"json", Column{Category: "U", Base: pgtype.JSONBOID, Distinct: 5, Readable: true}, false, false, 0},
		{"an array", Column{Category: "A", Readable: true}, false, false, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, ok := c.column.describes(r, c.member, c.reference)
			if !ok {
				got = 0
			}
			if got != c.want {
				t.Errorf("got %v, want %v", got, c.want)
			}
		})
	}
}

// TestTypes reads columns of every kind of type, as features of events and of entities.
func TestTypes(t *testing.T) {
	conn := connect(t, "raw")
	execute(t, conn, `CREATE TABLE who (k bpchar(4) PRIMARY KEY, since timestamp, m money, i interval, b bool, f real, big bigint, ch "char", n name, j jsonb, t time, arr int[]);
		CREATE TABLE did (k bpchar(4) REFERENCES who, at timestamptz, m money, i interval, b bool, f real, ip inet, ts tstzrange, u uuid);
		INSERT INTO who VALUES ('a', '-infinity', 1.5, '1 day 2 seconds', true, 0.5, 9e15, 'x', 'y'); INSERT INTO did VALUES ('a', '2020-01-01+00', 2, '3 s', NULL, 'NaN')`)
	s, err := ask(t, conn.PgConn(), "PREDICT SUM(did.i) OVER NEXT 3 DAYS FOR EACH who.k", Options{})
	if err != nil {
		t.Fatal(err)
	}
	got := strings.Join(append(rows(t, conn, s.EventsSQL(false, false)), rows(t, conn, s.AttributesSQL(false))...), "\n")
	const want = `cvp_entity | cvp_time | cvp_value | m | b | f
a | 2020-01-01 00:00:00 | 3 | 2.00 | NULL | NaN
cvp_entity | since | m | i | b | f | big | n
a | NULL | 1.50 | 86402 | true | 0.5 | 9000000000000000 | y`
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if got := rows(t, conn, s.AttributesSQL(true), []string{"a"}); len(got) != 2 {
		t.Errorf("by key: %v", got)
	}
}
