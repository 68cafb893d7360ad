package main

import (
	"context"
	"fmt"
	"strings"
	"time"
)

// memory measures what the server holds while it scores many keys. The model learns from a small part of the rows, by a
// server before: only scoring counts.
type memory struct {
	Rows     int `default:"10000000" help:"Rows to score."`
	Features int `default:"3" help:"Numeric columns of the relation."`
	Limit    int `default:"512" help:"MiB that the server may hold; more fails the run, 0 is no limit."`
}

// learnt is how many rows the model learns from.
const learnt = 100_000

// Run implements the subcommand.
func (b *memory) Run(ctx context.Context, c *commands) error {
	s, err := newStand(ctx, c.Server)
	if err != nil {
		return err
	}
	defer s.close()
	if err := b.prepare(ctx, s); err != nil {
		return err
	}
	for _, sql := range []string{
		"SELECT avg(cvp_predict('m', id)) FROM big",
		"SELECT id, cvp_predict('m', id) FROM big",
		"SELECT count(*) FROM big WHERE cvp_predict('m', id) > 0.5 AND f1 < 0.9",
	} {
		if err := b.measure(ctx, s, sql); err != nil {
			return fmt.Errorf("%s: %w", sql, err)
		}
	}
	return nil
}

// prepare makes the first rows, a model of them, and then the rest.
func (b *memory) prepare(ctx context.Context, s *stand) error {
	direct, err := s.direct(ctx)
	if err != nil {
		return err
	}
	defer direct.Close(ctx)
	columns := make([]string, b.Features)
	for i := range columns {
		columns[i] = fmt.Sprintf("random() * %d AS f%d", i+1, i+1)
	}
	rows := func(from, to int) string {
		return fmt.Sprintf("SELECT i AS id, %s, random() > 0.5 AS y FROM generate_series(%d, %d) AS i", strings.Join(columns, ", "), from, to)
	}
	if _, err := direct.Exec(ctx, "CREATE TABLE big AS "+rows(1, learnt)+"; ALTER TABLE big ADD PRIMARY KEY (id); ANALYZE big"); err != nil {
		return fmt.Errorf("make the relation: %w", err)
	}
	conn, err := s.through(ctx)
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	if _, err := conn.Exec(ctx, "SELECT * FROM cvp_train('m', relation => 'big', target => 'y', algorithm => 'logistic'); SELECT cvp_deploy('m', 1)"); err != nil {
		return fmt.Errorf("train: %w", err)
	}
	if _, err := direct.Exec(ctx, "INSERT INTO big "+rows(learnt+1, b.Rows)); err != nil {
		return fmt.Errorf("make the relation: %w", err)
	}
	_, err = direct.Exec(ctx, "VACUUM ANALYZE big")
	return err
}

// measure runs a statement through a new server.
func (b *memory) measure(ctx context.Context, s *stand, sql string) error {
	if err := s.restart(ctx); err != nil {
		return err
	}
	conn, err := s.through(ctx)
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	if err := drain(ctx, conn, "SELECT cvp_predict('m', 1)"); err != nil {
		return err
	}
	before, err := s.peak()
	if err != nil {
		return err
	}
	start := time.Now()
	if err := drain(ctx, conn, sql); err != nil {
		return err
	}
	seconds := time.Since(start).Seconds()
	peak, err := s.peak()
	if err != nil {
		return err
	}
	err = print(map[string]any{"figure": "peak memory of the server", "statement": sql, "rows": b.Rows, "features": b.Features,
		"seconds": seconds, "mib": peak >> 20, "before_mib": before >> 20})
	if err == nil && b.Limit > 0 && peak>>20 >= int64(b.Limit) {
		err = fmt.Errorf("the server held %d MiB, at most %d are allowed", peak>>20, b.Limit)
	}
	return err
}
