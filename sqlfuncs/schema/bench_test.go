package schema

import (
	"fmt"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"cvp/internal/pgtest"
	"cvp/sqlfuncs/question"
)

// BenchmarkSourceOfAQuestion is what a training waits for before its first row, in a database of 2,000 tables with as
// many foreign keys; the round trip is what any statement costs.
func BenchmarkSourceOfAQuestion(b *testing.B) {
	conn := pgtest.Connect(b, pgtest.Database(b))
	var ddl strings.Builder
	ddl.WriteString(`CREATE TABLE customers (id int PRIMARY KEY, country text);
		CREATE TABLE orders (id int PRIMARY KEY, customer int REFERENCES customers, at timestamptz, amount numeric);
		CREATE TABLE lines (order_id int REFERENCES orders, product text, amount numeric);`)
	for n := range 2000 {
		fmt.Fprintf(&ddl, "CREATE TABLE t%d (id int PRIMARY KEY, a text, b numeric);", n)
		if n%100 == 99 {
			fmt.Fprintf(&ddl, "ALTER TABLE t%d ADD r int REFERENCES t%d;", n, n-1)
		} else if n > 0 {
			fmt.Fprintf(&ddl, "ALTER TABLE t%d ADD r int REFERENCES t0;", n)
		}
	}
	if _, err := conn.Exec(b.Context(), ddl.String()+"ANALYZE", pgx.QueryExecModeSimpleProtocol); err != nil {
		b.Fatal(err)
	}
	q, err := question.Parse("PREDICT SUM(lines.amount) OVER NEXT 90 DAYS FOR EACH customers.id")
	if err != nil {
		b.Fatal(err)
	}
	b.Run("source", func(b *testing.B) {
		for b.Loop() {
			if _, err := Source(b.Context(), conn.PgConn(), q, Options{}); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("relation", func(b *testing.B) {
		for b.Loop() {
			if _, err := LoadRelation(b.Context(), conn.PgConn(), "customers"); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("round trip", func(b *testing.B) {
		for b.Loop() {
			if _, err := queryOne[int64](b.Context(), conn.PgConn(), "SELECT pg_catalog.array_length($1, 1)::pg_catalog.int8", []string{"x"}); err != nil {
				b.Fatal(err)
			}
		}
	})
}
