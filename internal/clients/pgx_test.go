package clients_test

import (
	"database/sql"
	"errors"
	"fmt"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
)

// modes are those in which pgx sends a statement with arguments.
var modes = []pgx.QueryExecMode{pgx.QueryExecModeCacheStatement, pgx.QueryExecModeCacheDescribe, pgx.QueryExecModeDescribeExec,
	pgx.QueryExecModeExec, pgx.QueryExecModeSimpleProtocol}

func TestPgxBatchesGiveThePredictionsThatWereComputedBefore(t *testing.T) {
	s := newShop(t)
	want := expected(t, s.conn)
	for _, mode := range modes {
		t.Run(mode.String(), func(t *testing.T) {
			config := s.conn.Config()
			config.DefaultQueryExecMode = mode
			conn, err := pgx.ConnectConfig(t.Context(), config)
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close(t.Context())
			for range 2 { // the second from the cache of statements
				var b pgx.Batch
				for k := int32(1); k <= 20; k++ {
					b.Queue("SELECT cvp_predict('buy30', $1::int)", k).QueryRow(func(row pgx.Row) error {
						var got float64
						if err := row.Scan(&got); err != nil || got != want[k] {
							return fmt.Errorf("key %d gives %v, want %v: %w", k, got, want[k], err)
						}
						return nil
					})
					b.Queue("SELECT $1::int", k)
				}
				if err := conn.SendBatch(t.Context(), &b).Close(); err != nil {
					t.Error(err)
				}
			}
			var failing pgx.Batch
			failing.Queue("INSERT INTO customers VALUES (5000, 'Mine', 'UK', '2023-01-01')")
			failing.Queue("SELECT cvp_predict('buy31', $1::int)", 1)
			refused := (*pgconn.PgError)(nil)
			if err := conn.SendBatch(t.Context(), &failing).Close(); !errors.As(err, &refused) || refused.Code != "42704" {
				t.Errorf("a batch with a model that is not there: %v", err)
			}
			var left int
			if err := conn.QueryRow(t.Context(), "SELECT count(*) FROM customers WHERE customer_id = 5000").Scan(&left); err != nil || left != 0 {
				t.Errorf("a batch that has failed leaves %d rows: %v", left, err)
			}
		})
	}
}

func TestPgxPoolAndDatabaseSQLGiveThePredictionsThatWereComputedBefore(t *testing.T) {
	s := newShop(t)
	want := expected(t, s.conn)
	pool, err := pgxpool.New(t.Context(), s.url.String())
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	db := sql.OpenDB(stdlib.GetPoolConnector(pool))
	defer db.Close()
	one, err := db.PrepareContext(t.Context(), "SELECT cvp_predict('buy30', $1::int)")
	if err != nil {
		t.Fatal(err)
	}
	defer one.Close()
	for k := int32(1); k < 10; k++ {
		var got float64
		if err := one.QueryRowContext(t.Context(), k).Scan(&got); err != nil || got != want[k] {
			t.Errorf("database/sql gives %v for key %d, want %v: %v", got, k, want[k], err)
		}
	}
	rows, err := pool.Query(t.Context(), "SELECT customer_id, cvp_predict(@model, customer_id) FROM customers WHERE customer_id < @least", pgx.NamedArgs{"model": "buy30", "least": 500})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := pool.Exec(t.Context(), "CREATE TABLE copied (customer_id int, buy30 float8)"); err != nil { // another connection, while rows are read
		t.Fatal(err)
	}
	copied, err := pool.CopyFrom(t.Context(), pgx.Identifier{"copied"}, []string{"customer_id", "buy30"}, pgx.CopyFromFunc(func() ([]any, error) {
		if !rows.Next() {
			return nil, rows.Err()
		}
		return rows.Values()
	}))
	if err != nil || copied != 300 {
		t.Fatalf("%d rows copied: %v", copied, err)
	}
	var same int
	if err := pool.QueryRow(t.Context(), "SELECT count(*) FROM copied JOIN expected USING (customer_id, buy30)").Scan(&same); err != nil || same != 300 {
		t.Errorf("%d of 300 rows are as expected: %v", same, err)
	}
}

// expected reads the predictions that were computed beforehand.
func expected(t *testing.T, conn *pgx.Conn) map[int32]float64 {
	t.Helper()
	rows, err := conn.Query(t.Context(), "SELECT customer_id, buy30 FROM expected WHERE buy30 IS NOT NULL")
	if err != nil {
		t.Fatal(err)
	}
	out := map[int32]float64{}
	var key int32
	var score float64
	if _, err := pgx.ForEachRow(rows, []any{&key, &score}, func() error { out[key] = score; return nil }); err != nil {
		t.Fatal(err)
	}
	return out
}
