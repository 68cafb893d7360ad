package sqlfuncs_test

import (
	"context"
	"testing"
	"time"

	"cvp/internal/cvptest"
	"cvp/internal/pgtest"
)

// Products are read apart from the order lines in training and joined to them in serving.
func TestWhatEventsReferToMakesTheSameFeaturesReadApartAndJoined(t *testing.T) {
	ctx := context.Background()
	c := connect(t, cvptest.Through(t, pgtest.Database(t)))
	c.exec(shop + `; CREATE TABLE products (product_id bigint PRIMARY KEY, range text, weight real, organic bool);
		INSERT INTO products SELECT p, CASE WHEN p % 5 > 0 THEN 'range ' || p % 6 END, p * 1.5, p % 2 = 0 FROM generate_series(1, 40) p;
		ALTER TABLE orders ADD product_id int REFERENCES products;
		UPDATE orders SET product_id = order_id % 40 + 1 WHERE order_id % 11 > 0; ANALYZE`)
	c.exec("SELECT * FROM cvp_train('m', 'PREDICT SUM(orders.amount) OVER NEXT 30 DAYS FOR EACH customers.customer_id', algorithm => 'linear')")
	conn := c.PgConn()
	apart := storedEvents(ctx, t, conn)
	if apart.Facts == nil || len(apart.Facts.Dimensions) != 1 {
		t.Fatalf("products are not read apart: %+v", apart.Facts)
	}
	joined := *apart
	joined.Facts = nil
	at := time.Date(2023, 6, 1, 0, 0, 0, 0, time.UTC).UnixMicro()
	a, err := apart.Pull(ctx, conn, at)
	if err != nil {
		t.Fatal(err)
	}
	b, err := joined.Pull(ctx, conn, at)
	if err != nil {
		t.Fatal(err)
	}
	points := a.Events.SeenBefore(at)
	x, err := apart.Spec.Compute(ctx, a, points)
	if err != nil {
		t.Fatal(err)
	}
	y, err := apart.Spec.Compute(ctx, b, points)
	if err != nil {
		t.Fatal(err)
	}
	if x.Rows != 200 || x.Column("sum_weight_30d") == nil || x.Column("last_range") == nil {
		t.Fatalf("%d rows without features of the products", x.Rows)
	}
	for i := range x.Rows {
		if p, q := bits(x.Slice(i, i+1)), bits(y.Slice(i, i+1)); p != q {
			t.Fatalf("%s apart:\n%s\njoined:\n%s", a.Events.Keys[points[i].Entity], p, q)
		}
	}
}
