package schema

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"

	"cvp/internal/pgtest"
)

func TestLoadRelation(t *testing.T) {
	conn := connect(t, "hostile")
	execute(t, conn, `SET search_path = trap, "we;ird "" schema", pg_catalog`)
	r, err := LoadRelation(t.Context(), conn.PgConn(), ` "a;b" `)
	if err != nil {
		t.Fatal(err)
	}
	if r.SQL() != `"we;ird "" schema"."a;b"` || r.Kind != Partitioned || r.Rows != 3 || r.Key() != nil {
		t.Errorf("relation is %s, kind %s, rows %v, key %v", r.SQL(), r.Kind, r.Rows, r.Key())
	}
	amount, err := r.Column("Amount")
	if err != nil {
		t.Fatal(err)
	}
	if amount.Base != pgtype.NumericOID || amount.BaseName != `pg_catalog."numeric"` || amount.Category != "N" || amount.Type == amount.Base || amount.NotNull || !amount.Readable {
		t.Errorf("a domain over a domain over numeric is %+v", amount)
	}
	mood, err := r.Column("mood")
	if err != nil {
		t.Fatal(err)
	}
	if !mood.Enum || mood.Category != "E" || !strings.HasPrefix(mood.BaseName, `"we;ird "" schema".`) {
		t.Errorf("an enum is %+v", mood)
	}
	if len(r.ForeignKeys) != 1 || len(r.ForeignKeys[0].Columns) != 2 || !r.ForeignKeys[0].Valid {
		t.Errorf("foreign keys of a partitioned table are %+v", r.ForeignKeys)
	}
	client, err := LoadRelation(t.Context(), conn.PgConn(), `"we;ird "" schema"."Client"`)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"tenant", "No"}, client.Key()); diff != "" {
		t.Error(diff)
	}
	if !client.Indexed("tenant") || !client.Indexed("No") || !client.Unique("No") || client.Unique("tenant") || client.Indexed(`say "hi"`) || client.InIndex("nothing") {
		t.Errorf("indexes are %+v", client.Indexes)
	}
	partition, err := LoadRelation(t.Context(), conn.PgConn(), `part1`)
	if err != nil {
		t.Fatal(err)
	}
	if partition.Kind != Table || partition.Rows != 1 || len(partition.ForeignKeys) != 1 {
		t.Errorf("a partition is %+v", partition)
	}
}

func TestIndexesThatDoNotCount(t *testing.T) {
	conn := pgtest.Connect(t, pgtest.Database(t))
	execute(t, conn, `CREATE TABLE t (a int, b int, c int, d varchar(7), e int UNIQUE DEFERRABLE, f int);
		CREATE UNIQUE INDEX ON t (a) WHERE b > 0; CREATE UNIQUE INDEX ON t ((b + 1)); CREATE INDEX ON t (c) INCLUDE (f); ALTER TABLE t DROP COLUMN f; CREATE INDEX ON t (c) INCLUDE (b)`)
	r, err := LoadRelation(t.Context(), conn.PgConn(), "t")
	if err != nil {
		t.Fatal(err)
	}
	if r.Unique("a") || r.Indexed("a") || r.Indexed("b") || r.InIndex("b") || !r.Indexed("c") || r.Unique("e") || !r.Indexed("e") {
		t.Errorf("indexes are %+v", r.Indexes)
	}
	d, err := r.Column("d")
	if err != nil || d.Length != 7 || len(r.Columns) != 5 || r.Rows != -1 {
		t.Errorf("columns are %+v, rows %v: %v", r.Columns, r.Rows, err)
	}
}

func TestUnknownRelations(t *testing.T) {
	conn := connect(t, "choices")
	execute(t, conn, "SET search_path = shop; CREATE SEQUENCE numbers")
	for _, c := range []struct{ name, code, message, hint string }{
		{"ordrs", "42P01", `relation "ordrs" does not exist`, `Perhaps you meant to reference the table "orders".`},
		{`"Orders"`, "42P01", `relation "Orders" does not exist`, `Perhaps you meant to reference the table "orders".`},
		{"shp.orders", "42P01", `relation "shp.orders" does not exist`, `Perhaps you meant to reference the table "orders".`},
		{"zebra", "42P01", `relation "zebra" does not exist`, ""},
		{"numbers", "42809", `"numbers" is not a table or view`, ""},
		{"a b", "42602", "invalid name syntax", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := LoadRelation(t.Context(), conn.PgConn(), c.name)
			var e *pgconn.PgError
			if !errors.As(err, &e) || e.Code != c.code || e.Message != c.message || e.Hint != c.hint {
				t.Errorf("got %#v", err)
			}
		})
	}
	execute(t, conn, "SET search_path = public")
	_, err := LoadRelation(t.Context(), conn.PgConn(), "order")
	var e *pgconn.PgError
	if !errors.As(err, &e) || e.Hint != `Perhaps you meant to reference the table "shop.orders".` {
		t.Errorf("a table that is not on the search_path: %#v", err)
	}
}
