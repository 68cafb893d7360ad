package main

import (
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/jackc/pgx/v5"
)

// journey trains the churn30 task of The Complete Journey, whose data is not ours to distribute.
type journey struct {
	Data      string   `arg:"" help:"Folder with the gzipped CSV files of The Complete Journey." type:"existingdir"`
	Algorithm []string `default:"auto,gbdt" help:"Algorithms to train, a model for each."`
}

// journeySchema lays the tables out as a shop would: keys, and types that fit.
const journeySchema = `
CREATE TABLE households (household_id int PRIMARY KEY);
CREATE TABLE products (product_id int PRIMARY KEY, manufacturer_id int, department text, brand text, product_category text, product_type text, package_size text);
CREATE TABLE demographics (household_id int PRIMARY KEY, age text, income text, home_ownership text, marital_status text, household_size text, household_comp text, kids_count text);
CREATE TABLE transactions (household_id int, store_id int, basket_id bigint, product_id int, quantity int, sales_value numeric, retail_disc numeric, coupon_disc numeric, coupon_match_disc numeric, week int, transaction_timestamp timestamp)`

const journeyKeys = `
INSERT INTO households SELECT DISTINCT household_id FROM transactions UNION SELECT household_id FROM demographics;
INSERT INTO products (product_id) SELECT DISTINCT product_id FROM transactions EXCEPT SELECT product_id FROM products;
CREATE INDEX ON transactions (household_id, transaction_timestamp);
ALTER TABLE transactions ADD FOREIGN KEY (household_id) REFERENCES households, ADD FOREIGN KEY (product_id) REFERENCES products;
ALTER TABLE demographics ADD FOREIGN KEY (household_id) REFERENCES households;
ANALYZE`

// Run implements the subcommand.
func (j *journey) Run(ctx context.Context, c *commands) error {
	s, err := newStand(ctx, c.Server)
	if err != nil {
		return err
	}
	defer s.close()
	if err := j.load(ctx, s); err != nil {
		return err
	}
	for _, task := range []struct{ name, question, asOf string }{
		{"churn30", "PREDICT COUNT(transactions.*) = 0 OVER NEXT 30 DAYS FOR EACH households.household_id", "2017-12-01"},
		{"cat30", "PREDICT EXISTS(transactions.* WHERE product_category = 'BEERS/ALES') OVER NEXT 30 DAYS FOR EACH households.household_id", "2017-12-01"},
		{"spend60", "PREDICT SUM(transactions.sales_value) OVER NEXT 60 DAYS FOR EACH households.household_id", "2017-12-31"},
	} {
		for _, algorithm := range j.Algorithm {
			if err := j.train(ctx, s, task.name, algorithm, task.question, task.asOf); err != nil {
				return fmt.Errorf("%s by %s: %w", task.name, algorithm, err)
			}
		}
	}
	return nil
}

// train asks the question with the peers' test cutoff and prints every metric on the test window.
func (j *journey) train(ctx context.Context, s *stand, task, algorithm, question, asOf string) error {
	name := task + "_" + algorithm
	conn, err := s.through(ctx)
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	options := fmt.Sprintf(`{"as_of": %q, "test_cutoff": "2017-11-01", "first_cutoff": "2017-05-01"}`, asOf)
	start := time.Now()
	rows, _ := conn.Query(ctx, "SELECT algorithm, chosen, metric, value, baseline, rows, fit_seconds FROM cvp_train($1, $2, algorithm => $3, options => $4::jsonb)", name, question, algorithm, options)
	board, err := pgx.CollectRows(rows, pgx.RowToMap)
	if err != nil {
		return err
	}
	seconds := time.Since(start).Seconds()
	figures := map[string]any{"task": task, "algorithm": algorithm, "seconds": seconds, "leaderboard": board}
	rows, _ = conn.Query(ctx, "SELECT metric, value FROM cvp_evaluate($1) WHERE split = 'test'", fmt.Sprintf("%s@%d", name, 1))
	var metric string
	var value float64
	if _, err := pgx.ForEachRow(rows, []any{&metric, &value}, func() error { figures[metric] = value; return nil }); err != nil {
		return err
	}
	peak, err := s.peak()
	if err != nil {
		return err
	}
	figures["server_peak_mib"] = peak >> 20
	return print(figures)
}

func (j *journey) load(ctx context.Context, s *stand) error {
	conn, err := s.direct(ctx)
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	if _, err := conn.Exec(ctx, journeySchema); err != nil {
		return fmt.Errorf("create tables: %w", err)
	}
	for _, table := range []string{"products", "demographics", "transactions"} {
		if err := copyGzip(ctx, conn, table, filepath.Join(j.Data, table+".csv.gz")); err != nil {
			return fmt.Errorf("load %s: %w", table, err)
		}
	}
	if _, err := conn.Exec(ctx, journeyKeys); err != nil {
		return fmt.Errorf("add keys: %w", err)
	}
	return nil
}

func copyGzip(ctx context.Context, conn *pgx.Conn, table, path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		return err
	}
	_, err = conn.PgConn().CopyFrom(ctx, io.Reader(z), "COPY "+pgx.Identifier{table}.Sanitize()+" FROM STDIN (FORMAT csv, HEADER)")
	return err
}
