package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
)

// plan is what a run does.
type plan struct {
	duration time.Duration
	clients  int
	restarts int
	kills    float64 // a second
	seed     uint64
}

// run is a soak in progress.
type run struct {
	plan        plan
	front       front
	backing     *backing
	weather     weather
	tally       *tally
	clients     []*client
	predictions []float64 // by id of a loan
	restarted   int
	samples     []figures
}

// soak runs a plan against a server. look reads what the server holds. The report may be there beside an error.
func soak(ctx context.Context, plan plan, b *backing, f front, look func() (figures, error)) (*report, error) {
	r := &run{plan: plan, front: f, backing: b, tally: newTally()}
	if err := r.prepare(ctx); err != nil {
		return nil, err
	}
	before, err := look()
	if err != nil {
		return nil, err
	}
	err = r.work(ctx, look)
	report := &report{plan: plan, before: before, samples: r.samples, restarts: r.restarted, tally: r.tally}
	if err != nil {
		return report, err
	}
	if err := r.audit(ctx); err != nil {
		r.tally.fail("after the run: %v", err)
	}
	report.backends, report.after, err = r.settle(ctx, before, look)
	return report, err
}

// prepare fills the database and trains the model.
func (r *run) prepare(ctx context.Context) error {
	direct, err := r.backing.direct(ctx)
	if err != nil {
		return err
	}
	defer direct.Close(ctx)
	for _, sql := range []string{bankSchema, loansSchema} {
		if _, err := direct.Exec(ctx, sql, pgx.QueryExecModeSimpleProtocol); err != nil {
			return fmt.Errorf("make the tables: %w", err)
		}
	}
	for id := range r.plan.clients {
		c, err := newClient(r, id)
		if err != nil {
			return err
		}
		r.clients = append(r.clients, c)
	}
	for i, c := range r.clients[:min(len(r.clients), 4)] { // one of each route at least
		if err := c.connect(r.weather.now()); err != nil {
			return fmt.Errorf("connect over %s: %w", c.route, err)
		}
		if i == 0 {
			if err := r.rehearse(ctx, c); err != nil {
				return err
			}
		}
		c.drop()
	}
	return nil
}

// rehearse trains the model and does every work once, undisturbed.
func (r *run) rehearse(ctx context.Context, c *client) error {
	var err error
	if r.predictions, err = prepareCalls(ctx, c.conn); err != nil {
		return err
	}
	for _, w := range works {
		if err := w.do(ctx, c); err != nil {
			return fmt.Errorf("%s, undisturbed: %w", w.name, err)
		}
	}
	return nil
}

// work lets the clients, the killer and the restarts loose until the time is over, and waits for all of them.
func (r *run) work(ctx context.Context, look func() (figures, error)) error {
	ctx, stop := context.WithTimeout(ctx, r.plan.duration)
	defer stop()
	r.tally.began = time.Now()
	var all sync.WaitGroup
	for _, c := range r.clients {
		all.Go(func() { c.work(ctx) })
	}
	all.Go(func() { r.kill(ctx) })
	var restarting, sampling error
	all.Go(func() {
		if restarting = r.restart(ctx); restarting != nil {
			stop()
		}
	})
	all.Go(func() { sampling = r.sample(ctx, look) })
	all.Wait()
	return errors.Join(restarting, sampling)
}

// sample looks at the server once a second.
func (r *run) sample(ctx context.Context, look func() (figures, error)) error {
	next := time.NewTicker(time.Second)
	defer next.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-next.C:
		}
		f, err := look()
		if err != nil {
			return err
		}
		f.at = time.Since(r.tally.began)
		r.samples = append(r.samples, f)
	}
}

// audit compares every ledger with what Postgres itself has.
func (r *run) audit(ctx context.Context) error {
	direct, err := r.backing.direct(ctx)
	if err != nil {
		return err
	}
	defer direct.Close(ctx)
	var sum int64
	if err := direct.QueryRow(ctx, "SELECT sum(balance)::bigint FROM accounts").Scan(&sum); err != nil {
		return err
	}
	errs := []error{judgeSum(sum)}
	for _, c := range r.clients {
		if err := c.ledger.compare(ctx, direct, c.id); err != nil {
			errs = append(errs, fmt.Errorf("client %d: %w", c.id, err))
		}
	}
	return errors.Join(errs...)
}

// settleLimit is how long the server may take to let go of everything once the clients have gone.
const settleLimit = 15 * time.Second

// settle waits until the backends of all clients are gone and the server holds no more than before, or until
// that takes too long.
func (r *run) settle(ctx context.Context, before figures, look func() (figures, error)) (backends int, after figures, err error) {
	direct, err := r.backing.direct(ctx)
	if err != nil {
		return 0, figures{}, err
	}
	defer direct.Close(ctx)
	again := time.NewTicker(100 * time.Millisecond)
	defer again.Stop()
	for end := time.Now().Add(settleLimit); ; <-again.C {
		err := direct.QueryRow(ctx, "SELECT count(*)::int FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()").Scan(&backends)
		if err != nil {
			return 0, figures{}, fmt.Errorf("count backends: %w", err)
		}
		if after, err = look(); err != nil {
			return 0, figures{}, err
		}
		if backends == 0 && after.descriptors <= before.descriptors+moreDescriptors && after.goroutines <= before.goroutines+moreGoroutines && after.sessions == 0 || time.Now().After(end) {
			return backends, after, nil
		}
	}
}
