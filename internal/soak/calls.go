package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// loans is how many rows the model has.
const loans = 600

// loansSchema is what the model of the run is trained on.
const loansSchema = `
SELECT setseed(0.5);
CREATE TABLE loans AS SELECT id::int, random() * 100 AS amount, (random() * 9)::int AS score, md5((id % 7)::text) AS branch, NULL::bool AS paid
	FROM generate_series(1, 600) id;
UPDATE loans SET paid = amount / 10 + score + random() * 4 < 11;
ALTER TABLE loans ADD PRIMARY KEY (id)`

// prepareCalls trains the model of the run and gives its prediction for every loan, by id.
func prepareCalls(ctx context.Context, conn *pgx.Conn) ([]float64, error) {
	if _, err := conn.Exec(ctx, "SELECT * FROM cvp_train('m', relation => 'loans', target => 'paid', algorithm => 'logistic')"); err != nil {
		return nil, fmt.Errorf("train the model of the run: %w", err)
	}
	rows, err := conn.Query(ctx, "SELECT cvp_predict('m', id) FROM loans ORDER BY id")
	if err != nil {
		return nil, fmt.Errorf("predict: %w", err)
	}
	all, err := pgx.CollectRows(rows, pgx.RowTo[float64])
	if err == nil && len(all) != loans {
		err = fmt.Errorf("predict: %d predictions, want %d", len(all), loans)
	}
	return append([]float64{math.NaN()}, all...), err
}

// near compares predictions of batches of different sizes, whose sums may be rounded in another order.
func near(a, b float64) bool { return math.Abs(a-b) <= 1e-6 }

// predict asks for predictions in one of several shapes.
func predict(ctx context.Context, c *client) error {
	want := c.run.predictions
	id := 1 + c.rand.IntN(loans)
	shapes := []func() error{
		func() error { return c.oneValue(ctx, want[id], "SELECT cvp_predict('m', $1::int)", id) },
		func() error {
			return c.oneValue(ctx, want[id], "SELECT cvp_predict('m', l) FROM loans l WHERE id = $1", id)
		},
		func() error {
			sum := 0.0
			for _, p := range want[1 : id+1] {
				sum += p
			}
			return c.oneValue(ctx, sum/float64(id), "SELECT avg(cvp_predict('m', id)) FROM loans WHERE id <= $1", id)
		},
		func() error {
			above := 0
			for _, p := range want[1:] {
				if p > want[id]+1e-5 {
					above++
				}
			}
			return c.oneValue(ctx, float64(above), "SELECT count(*)::float8 FROM loans WHERE cvp_predict('m', id) > $1::float8", want[id]+1e-5)
		},
		func() error {
			return c.oneValue(ctx, want[id], "SELECT prediction FROM cvp_predictions('m') WHERE key = $1::text", strconv.Itoa(id))
		},
		func() error { return c.predictInTransaction(ctx, id) },
	}
	return shapes[c.rand.IntN(len(shapes))]()
}

func (c *client) oneValue(ctx context.Context, want float64, sql string, args ...any) error {
	var got float64
	if err := c.conn.QueryRow(ctx, sql, args...).Scan(&got); err != nil {
		return err
	}
	if !near(got, want) {
		return wrong("%s of %v gives %v, want %v", sql, args, got, want)
	}
	return nil
}

// predictInTransaction sees a row that only its own transaction has, and ends that by an error.
func (c *client) predictInTransaction(ctx context.Context, id int) error {
	tx, err := c.conn.Begin(ctx)
	if err != nil {
		return err
	}
	own := loans + 1 + c.id
	if _, err := tx.Exec(ctx, "INSERT INTO loans SELECT $1::int, amount, score, branch, paid FROM loans WHERE id = $2", own, id); err != nil {
		return err
	}
	if err := c.oneValue(ctx, c.run.predictions[id], "SELECT cvp_predict('m', $1::int)", own); err != nil {
		return err
	}
	_, err = tx.Exec(ctx, "SELECT cvp_predict('m', id) / 0 FROM loans")
	if err := wantCode(err, "22012"); err != nil {
		return err
	}
	return tx.Rollback(ctx)
}

// predictInPipeline has calls among other statements of one segment.
func predictInPipeline(ctx context.Context, c *client) error {
	id := 1 + c.rand.IntN(loans)
	var b pgx.Batch
	for i := range 4 {
		b.Queue("SELECT $1::int", i).QueryRow(func(row pgx.Row) error {
			var n int
			if err := row.Scan(&n); err != nil {
				return err
			}
			if n != i {
				return wrong("answer %d beside a call is %d", i, n)
			}
			return nil
		})
		b.Queue("SELECT cvp_predict('m', $1::int)", id).QueryRow(func(row pgx.Row) error {
			var p float64
			if err := row.Scan(&p); err != nil {
				return err
			}
			if !near(p, c.run.predictions[id]) {
				return wrong("loan %d in a batch is predicted %v, want %v", id, p, c.run.predictions[id])
			}
			return nil
		})
	}
	return c.conn.SendBatch(ctx, &b).Close()
}

// predictInPortal reads predictions some rows at a time.
func predictInPortal(ctx context.Context, c *client) error {
	return limited(ctx, c, fmt.Sprintf("SELECT id, cvp_predict('m', id) FROM loans WHERE id <= %d ORDER BY id", loans), func(row int, values [][]byte) error {
		p, err := strconv.ParseFloat(string(values[1]), 64)
		if err != nil || row >= loans || string(values[0]) != strconv.Itoa(row+1) || !near(p, c.run.predictions[row+1]) {
			return wrong("row %d of a portal of predictions is %q, want %v", row, values, c.run.predictions[row+1])
		}
		return nil
	}, loans)
}

// train trains a model, cancels that sometimes, compares it with the run's, and drops it.
func train(ctx context.Context, c *client) error {
	name := fmt.Sprintf("m%d", c.id)
	statement := func() error {
		_, err := c.conn.Exec(ctx, "SELECT * FROM cvp_train('"+name+"', relation => 'loans', target => 'paid', algorithm => 'logistic')")
		return err
	}
	if c.rand.IntN(2) == 0 {
		sent, err := c.canceling(ctx, time.Duration(c.rand.IntN(300))*time.Millisecond, statement)
		if err := c.calmOr(ctx, sent, err); err != nil {
			return err
		}
	} else if err := statement(); err != nil {
		return err
	}
	id := 1 + c.rand.IntN(loans)
	var p float64
	err := c.conn.QueryRow(ctx, "SELECT cvp_predict('"+name+"', $1::int)", id).Scan(&p)
	var refused *pgconn.PgError
	switch {
	case errors.As(err, &refused) && refused.Code == "42704":
		return nil // canceled in time
	case err != nil:
		return err
	case !near(p, c.run.predictions[id]):
		return wrong("a model of the same data predicts %v for loan %d, want %v", p, id, c.run.predictions[id])
	}
	_, err = c.conn.Exec(ctx, "SELECT cvp_drop_model('"+name+"')")
	return err
}

// calmOr takes a statement that may have been canceled.
func (c *client) calmOr(ctx context.Context, sent int, err error) error {
	var refused *pgconn.PgError
	if err != nil && (!errors.As(err, &refused) || refused.Code != "57014") {
		return err
	}
	return c.calm(ctx, sent)
}
