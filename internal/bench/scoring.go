package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

// scoring measures predictions of a relation model.
type scoring struct {
	Rows   int `default:"1000000" help:"Rows of the relation."`
	Rounds int `default:"5" help:"Rounds; medians are printed."`
}

// Run implements the subcommand.
func (b *scoring) Run(ctx context.Context, c *commands) error {
	s, err := newStand(ctx, c.Server)
	if err != nil {
		return err
	}
	defer s.close()
	direct, err := s.direct(ctx)
	if err != nil {
		return err
	}
	defer direct.Close(ctx)
	list, exprs := twentyColumns()
	if _, err := direct.Exec(ctx, fmt.Sprintf(`
		CREATE TABLE t AS SELECT i AS customer_id, %s, NULL::bool AS y FROM generate_series(1, %d) i;
		UPDATE t SET y = f1 + f2 / 4 - f3 / 9 + random() > 1;
		ALTER TABLE t ADD PRIMARY KEY (customer_id)`, exprs, b.Rows)); err != nil {
		return fmt.Errorf("make the relation: %w", err)
	}
	if _, err := direct.Exec(ctx, "VACUUM (FULL, ANALYZE) t"); err != nil {
		return err
	}
	conn, err := s.through(ctx)
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	if _, err := conn.Exec(ctx, "SELECT * FROM cvp_train('m', relation => 't', target => 'y', algorithm => 'logistic')"); err != nil {
		return fmt.Errorf("train: %w", err)
	}
	var copies, scores, ratios []float64
	for range b.Rounds {
		start := time.Now()
		if _, err := direct.PgConn().CopyTo(ctx, io.Discard, "COPY (SELECT customer_id, "+list+" FROM t) TO STDOUT (FORMAT binary)"); err != nil {
			return err
		}
		copied := time.Since(start).Seconds()
		start = time.Now()
		var mean float64
		if err := conn.QueryRow(ctx, "SELECT avg(cvp_predict('m', customer_id)) FROM t").Scan(&mean); err != nil {
			return err
		}
		scored := time.Since(start).Seconds()
		copies, scores, ratios = append(copies, copied), append(scores, scored), append(ratios, scored/copied)
	}
	if err := print(map[string]any{"figure": "avg(cvp_predict) over rows", "rows": b.Rows, "copy_seconds": median(copies), "score_seconds": median(scores), "ratio": median(ratios)}); err != nil {
		return err
	}
	return b.latency(ctx, conn)
}

// latency times one key in the simple and the extended protocol.
func (b *scoring) latency(ctx context.Context, conn *pgx.Conn) error {
	for _, mode := range []struct {
		name string
		mode pgx.QueryExecMode
	}{{"simple", pgx.QueryExecModeSimpleProtocol}, {"prepared", pgx.QueryExecModeCacheStatement}} {
		var ms []float64
		for i := range 500 {
			start := time.Now()
			var score float64
			if err := conn.QueryRow(ctx, "SELECT cvp_predict('m', $1::int)", mode.mode, i+1).Scan(&score); err != nil {
				return err
			}
			ms = append(ms, time.Since(start).Seconds()*1000)
		}
		slices.Sort(ms)
		if err := print(map[string]any{"figure": "one key, " + mode.name, "p50_ms": ms[len(ms)/2], "p99_ms": ms[len(ms)*99/100]}); err != nil {
			return err
		}
	}
	return nil
}

// features are 20 columns of numbers: their names, and the SQL that makes them.
func twentyColumns() (names, exprs string) {
	var n, e []string
	for i := 1; i <= 20; i++ {
		n = append(n, fmt.Sprintf("f%d", i))
		e = append(e, fmt.Sprintf("random() * %d AS f%d", i, i))
	}
	return strings.Join(n, ", "), strings.Join(e, ", ")
}

func median(v []float64) float64 {
	s := slices.Clone(v)
	slices.Sort(s)
	return s[len(s)/2]
}
