package catalog_test

import (
	"fmt"
	"testing"

	"cvp/catalog"
	"cvp/internal/pgtest"
)

// BenchmarkResolve is what every statement with a cvp_ call pays in the registry, beside an empty round trip on
// the same connection.
func BenchmarkResolve(b *testing.B) {
	conn := pgtest.Connect(b, database(b))
	for i := range 50 {
		save(b, conn, churn(fmt.Sprintf("churn_%d", i)))
	}
	b.Run("resolve", func(b *testing.B) {
		for b.Loop() {
			if _, err := catalog.Resolve(b.Context(), conn.PgConn(), "churn_7"); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("inspect", func(b *testing.B) {
		for b.Loop() {
			if _, err := catalog.Installed(b.Context(), conn.PgConn()); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("empty round trip", func(b *testing.B) {
		for b.Loop() {
			if r := conn.PgConn().ExecParams(b.Context(), "SELECT 1", nil, nil, nil, nil).Read(); r.Err != nil {
				b.Fatal(r.Err)
			}
		}
	})
}
