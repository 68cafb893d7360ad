package main

import (
	"context"
	"fmt"
	"time"
)

// events trains on synthetic events, more of them than cvp.work_mem holds, and scores everybody.
type events struct {
	Millions []int  `arg:"" help:"Millions of events, of one customer for every 50, one run after the other."`
	WorkMem  string `default:"512MB" help:"cvp.work_mem of the session."`
}

// eventsSchema has orders of customers over two years: some order often, some seldom, some have stopped.
const eventsSchema = `
CREATE UNLOGGED TABLE customers AS SELECT k::int AS customer_id, (ARRAY['UK','FR','DE','NL'])[1 + k %% 4] AS country FROM generate_series(1, %[1]d::bigint * 20000) k;
ALTER TABLE customers ADD PRIMARY KEY (customer_id);
CREATE UNLOGGED TABLE orders AS
	SELECT c AS customer_id, timestamptz '2023-01-01' + abs(hashint8extended(n, 2) %% 1000003) / 1000003.0 * CASE WHEN c %% 3 = 0 THEN 400 + c %% 300 ELSE 730 END * interval '1 day' AS ordered_at,
		(5 + abs(hashint8extended(n, 3) %% 200))::real AS amount, (ARRAY['food','drink','home','garden','toys'])[1 + abs(hashint8extended(n, 4) %% 5)] AS category
	FROM (SELECT n, 1 + (abs(hashint8extended(n, 1) %% (%[1]d::bigint * 20000)) * (n %% 4 + 1) / 4)::int AS c FROM generate_series(1, %[1]d::bigint * 1000000) n) AS drawn;
ALTER TABLE orders ADD FOREIGN KEY (customer_id) REFERENCES customers;
ANALYZE`

// Run implements the subcommand.
func (e *events) Run(ctx context.Context, c *commands) error {
	for _, millions := range e.Millions {
		if err := e.measure(ctx, c.Server, millions); err != nil {
			return fmt.Errorf("%d million events: %w", millions, err)
		}
	}
	return nil
}

// measure takes a stand of its own: the server's memory is that of one size.
func (e *events) measure(ctx context.Context, server string, millions int) error {
	s, err := newStand(ctx, server)
	if err != nil {
		return err
	}
	defer s.close()
	direct, err := s.direct(ctx)
	if err != nil {
		return err
	}
	defer direct.Close(ctx)
	if _, err := direct.Exec(ctx, fmt.Sprintf(eventsSchema, millions)); err != nil {
		return fmt.Errorf("make events: %w", err)
	}
	conn, err := s.through(ctx)
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	if _, err := conn.Exec(ctx, "SET cvp.work_mem = '"+e.WorkMem+"'"); err != nil {
		return err
	}
	figures := map[string]any{"million_events": millions, "work_mem": e.WorkMem}
	for _, step := range []struct{ name, sql string }{
		{"train", `SELECT max(value) FROM cvp_train('m', 'PREDICT COUNT(orders.*) = 0 OVER NEXT 30 DAYS FOR EACH customers.customer_id', algorithm => 'logistic')`},
		{"predict", `SELECT count(*)::float8 FROM cvp_predictions('m@1')`},
	} {
		start := time.Now()
		var answer float64
		if err := conn.QueryRow(ctx, step.sql).Scan(&answer); err != nil {
			return fmt.Errorf("%s: %w", step.name, err)
		}
		figures[step.name+"_seconds"], figures[step.name+"_gives"] = time.Since(start).Seconds(), answer
		peak, err := s.peak()
		if err != nil {
			return err
		}
		figures[step.name+"_peak_mib"] = peak >> 20
	}
	return print(figures)
}
