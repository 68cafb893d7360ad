package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

const (
	// patience bounds one work. On two busy processors the longest takes some seconds; one that takes this long
	// hangs.
	patience = 90 * time.Second
	// reconnectPatience bounds the wait for Postgres to be back.
	reconnectPatience = 60 * time.Second
)

// modes are the ways in which pgx runs a statement; a client keeps to one.
var modes = []pgx.QueryExecMode{
	pgx.QueryExecModeCacheStatement, pgx.QueryExecModeSimpleProtocol, pgx.QueryExecModeDescribeExec, pgx.QueryExecModeExec,
}

// client does one work after the other and judges the answers.
type client struct {
	id     int
	rand   *rand.Rand
	run    *run
	route  route
	config *pgx.ConnConfig
	ledger ledger

	conn   *pgx.Conn
	link   atomic.Pointer[link] // that of conn; the killer reads it
	season int                  // of the weather, before conn was opened
}

func newClient(r *run, id int) (*client, error) {
	c := &client{id: id, rand: rand.New(rand.NewPCG(r.plan.seed, uint64(id))), run: r, route: routeOf(id)}
	var err error
	c.config, err = r.front.config(c.route, r.backing.user(), fmt.Sprintf("soak-%d", id), modes[id%len(modes)])
	return c, err
}

// work works until ctx ends. What is under way then is finished.
func (c *client) work(ctx context.Context) {
	defer c.leave()
	for ctx.Err() == nil {
		if c.conn == nil && !c.reconnect(ctx) {
			return
		}
		w := choose(c.rand)
		began := time.Now()
		err := c.do(w)
		c.run.tally.note(w.name, time.Since(began), c.judge(w.name, err))
		if err != nil {
			c.drop()
		}
	}
}

// do does one work.
func (c *client) do(w work) error {
	ctx, stop := context.WithTimeout(context.Background(), patience)
	defer stop()
	err := w.do(ctx, c)
	if err != nil && ctx.Err() != nil && c.link.Load().harmed() != silenced {
		return wrong("no answer within %v: %v", patience, err)
	}
	return err
}

// outcome is how a work ended.
type outcome uint8

const (
	right outcome = iota
	lost          // with its connection, which was to be expected
	failed
)

// judge tells an error that has to be expected from a failure, and reports that.
func (c *client) judge(name string, err error) outcome {
	if err == nil {
		return right
	}
	if w := (*wrongAnswer)(nil); !errors.As(err, &w) && (isLoss(err) || c.canceled(err)) && c.excused() {
		return lost
	}
	c.run.tally.fail("client %d (%s, %v), %s, link %s: %v", c.id, c.route, c.config.DefaultQueryExecMode, name, c.link.Load().harmed(), err)
	return failed
}

// excused says that something was done to the connection.
func (c *client) excused() bool {
	return c.link.Load().harmed() != unharmed || !c.run.weather.sheltered(c.season)
}

// isLoss tells the end of a connection from an answer of Postgres's.
func isLoss(err error) bool {
	var refused *pgconn.PgError
	if !errors.As(err, &refused) {
		return true
	}
	return slices.Contains([]string{"57P01", "57P02", "57P03", "08006", "08003"}, refused.Code)
}

// canceled says that the server has canceled the work of a client that half-closed its connection: it takes
// that for the client's end.
func (c *client) canceled(err error) bool {
	var refused *pgconn.PgError
	return errors.As(err, &refused) && refused.Code == "57014" && c.link.Load().harmed() == halfClosed
}

// reconnect connects, as long as that fails only because Postgres is down. It reports whether it has connected.
func (c *client) reconnect(ctx context.Context) bool {
	deadline := time.Now().Add(reconnectPatience)
	for wait := 20 * time.Millisecond; ctx.Err() == nil; wait = min(2*wait, time.Second) {
		season := c.run.weather.now()
		err := c.connect(season)
		if err == nil {
			err = c.ledger.verify(c)
		}
		switch {
		case err == nil:
			return true
		case c.run.weather.sheltered(season) && (c.conn == nil || c.link.Load().harmed() == unharmed),
			!isLoss(err), time.Now().After(deadline):
			c.run.tally.fail("client %d (%s), connecting: %v", c.id, c.route, err)
		}
		c.drop()
		c.run.tally.note("connect", 0, lost)
		select {
		case <-time.After(wait):
		case <-ctx.Done():
		}
	}
	return false
}

func (c *client) connect(season int) error {
	ctx, stop := context.WithTimeout(context.Background(), patience)
	defer stop()
	began := time.Now()
	conn, l, err := c.open(ctx)
	if err != nil {
		return err
	}
	c.conn, c.season = conn, season
	c.link.Store(l)
	c.run.tally.note("connect", time.Since(began), right)
	return nil
}

// open opens a connection by the client's route.
func (c *client) open(ctx context.Context) (*pgx.Conn, *link, error) {
	config := c.config.Copy()
	dial := config.DialFunc
	var first *link // a cancel request is dialled by the same function later
	config.DialFunc = func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := dial(ctx, network, address)
		if err != nil || first != nil {
			return conn, err
		}
		first = newLink(conn)
		return first, nil
	}
	config.OnNotice = func(*pgconn.PgConn, *pgconn.Notice) {}
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return nil, nil, err
	}
	first.pid.Store(conn.PgConn().PID())
	return conn, first, nil
}

// drop gives the connection up, without a word where it may be broken.
func (c *client) drop() {
	if c.conn == nil {
		return
	}
	ctx, stop := context.WithTimeout(context.Background(), time.Second)
	defer stop()
	_ = c.conn.Close(ctx)
	c.conn = nil
}

// leave ends the session in order.
func (c *client) leave() {
	if c.conn != nil && c.link.Load().harmed() == unharmed {
		_ = c.ledger.verify(c)
	}
	c.drop()
}

// wrongAnswer is an answer that Postgres would not have given, which no broken connection excuses.
type wrongAnswer struct{ text string }

func (w *wrongAnswer) Error() string { return "wrong answer: " + w.text }

func wrong(format string, args ...any) error {
	text := fmt.Sprintf(format, args...)
	return &wrongAnswer{strings.ToValidUTF8(text[:min(len(text), 500)], "?")}
}

// wantCode judges an error that a statement was to give: anything else but the loss of the connection is wrong.
func wantCode(err error, code string) error {
	var refused *pgconn.PgError
	switch {
	case err == nil:
		return wrong("no error, want SQLSTATE %s", code)
	case errors.As(err, &refused) && refused.Code == code:
		return nil
	}
	return fmt.Errorf("want SQLSTATE %s: %w", code, err)
}
