package testdata_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"cvp/internal/pgtest"
	"cvp/testdata"
)

func TestMain(m *testing.M) { pgtest.Run(m) }

// expect is a query that gives one number, and that number.
type expect struct {
	name, sql string
	want      float64
}

func check(t *testing.T, conn *pgx.Conn, tests []expect) {
	t.Helper()
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var got float64
			if err := conn.QueryRow(t.Context(), "SELECT ("+test.sql+")::float8").Scan(&got); err != nil {
				t.Fatal(err)
			}
			if got != test.want {
				t.Errorf("%s gives %v, want %v", test.sql, got, test.want)
			}
		})
	}
}

func TestOnlineRetailLoadsWhole(t *testing.T) {
	conn := pgtest.Connect(t, pgtest.Database(t))
	// A session elsewhere in the world must not shift the times.
	if _, err := conn.Exec(t.Context(), "SET timezone = 'Asia/Tokyo'; SET datestyle = 'SQL, DMY'"); err != nil {
		t.Fatal(err)
	}
	var last int
	began := time.Now()
	err := testdata.LoadOnlineRetail(t.Context(), conn, func(done, total int) {
		if done < last || total != testdata.RetailLines {
			t.Errorf("progress went from %d to %d of %d", last, done, total)
		}
		last = done
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("loaded in %v", time.Since(began).Round(time.Millisecond))
	if last != testdata.RetailLines {
		t.Errorf("progress ended at %d of %d", last, testdata.RetailLines)
	}
	check(t, conn, []expect{
		{"lines", "SELECT count(*) FROM order_lines", testdata.RetailLines},
		{"customers", "SELECT count(*) FROM customers", testdata.RetailCustomers},
		{"orders", "SELECT count(*) FROM orders", testdata.RetailOrders},
		{"products", "SELECT count(*) FROM products", 4646},
		{"cancellations are negative, and nothing else is",
			"SELECT count(*) FROM order_lines WHERE (order_id LIKE 'C%') <> (quantity < 0)", 0},
		{"lines of cancellations", "SELECT count(*) FROM order_lines WHERE quantity < 0", 18446},
		{"cancelled orders", "SELECT count(*) FROM orders WHERE order_id LIKE 'C%'", 7901},
		{"orders whose amount is not the sum of their lines",
			"SELECT count(*) FROM orders o WHERE amount <> (SELECT sum(amount) FROM order_lines l WHERE l.order_id = o.order_id)", 0},
		{"line numbers run from 1",
			"SELECT count(*) FROM (SELECT order_id FROM order_lines GROUP BY 1 HAVING min(line_no) <> 1 OR max(line_no) <> count(*)) AS odd", 0},
		{"first order in UTC", "SELECT extract(epoch FROM min(ordered_at) - '2009-12-01 07:45:00+00') FROM orders", 0},
		{"last day", "SELECT extract(epoch FROM date_trunc('day', max(ordered_at), 'UTC') - '2011-12-09 00:00:00+00') FROM orders", 0},
		{"foreign keys", "SELECT count(*) FROM pg_constraint WHERE contype = 'f' AND convalidated", 3},
		{"primary keys", "SELECT count(*) FROM pg_constraint WHERE contype = 'p' AND connamespace = 'public'::regnamespace", 4},
		{"products of range 85", "SELECT count(*) FROM products WHERE category = '85'", 279},
	})
	loaded, err := testdata.HasOnlineRetail(t.Context(), conn)
	if err != nil || !loaded {
		t.Errorf("HasOnlineRetail after loading gives %v, %v", loaded, err)
	}
}

func TestCDNOWLoadsWhole(t *testing.T) {
	conn := pgtest.Connect(t, pgtest.Database(t))
	if err := testdata.LoadCDNOW(t.Context(), conn, nil); err != nil {
		t.Fatal(err)
	}
	check(t, conn, []expect{
		{"customers", "SELECT count(*) FROM cdnow_customers", testdata.CDNOWCustomers},
		{"transactions", "SELECT count(*) FROM cdnow_transactions", testdata.CDNOWTransactions},
		{"everyone first bought in the first quarter of 1997",
			"SELECT count(*) FROM cdnow_customers WHERE first_purchase NOT BETWEEN '1997-01-01' AND '1997-03-31'", 0},
		{"last day", "SELECT max(purchased_on) - '1998-06-30' FROM cdnow_transactions", 0},
		{"purchases of customer 2", "SELECT sum(amount) FROM cdnow_transactions WHERE customer_id = 2", 89},
	})
}

func TestALoadThatIsInterruptedLeavesNothing(t *testing.T) {
	url := pgtest.Database(t)
	conn := pgtest.Connect(t, url)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	err := testdata.LoadOnlineRetail(ctx, conn, func(done, total int) {
		if done > total/2 {
			cancel()
		}
	})
	if !errors.Is(err, context.Canceled) {
		t.Fatalf("interrupted load gives %v, want context canceled", err)
	}
	other := pgtest.Connect(t, url)
	if loaded, err := testdata.HasOnlineRetail(t.Context(), other); err != nil || loaded {
		t.Errorf("HasOnlineRetail after an interrupted load gives %v, %v", loaded, err)
	}
	check(t, other, []expect{{"no table is left", "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'", 0}})
}
