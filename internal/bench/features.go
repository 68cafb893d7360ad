package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"os/exec"
	"runtime"
	"time"

	"github.com/jackc/pgx/v5"

	"cvp/engine"
	"cvp/engine/features"
	"cvp/sqlfuncs/source"
)

// featuring times the features of The Complete Journey as of the peers' seven cutoffs, from Postgres to columns.
type featuring struct {
	Data   string `arg:"" help:"Folder with the gzipped CSV files of The Complete Journey." type:"existingdir"`
	Rounds int    `default:"5" help:"Times to measure; the median is printed."`
	Python string `help:"A Python with DuckDB and the data set's package, to time the peer with."`
	Peer   string `help:"The peer's program, whose first line of output says feature_seconds."`
}

// Run implements the subcommand.
func (f *featuring) Run(ctx context.Context, c *commands) error {
	s, err := newStand(ctx, c.Server)
	if err != nil {
		return err
	}
	defer s.close()
	j := &journey{Data: f.Data}
	if err := j.load(ctx, s); err != nil {
		return err
	}
	from, err := f.learn(ctx, s)
	if err != nil {
		return err
	}
	conn, err := s.direct(ctx)
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	all := make([]featured, f.Rounds)
	for i := range all {
		if all[i], err = feature(ctx, conn, from); err != nil {
			return err
		}
	}
	figures := map[string]any{"examples": all[0].examples, "features": all[0].features, "events": all[0].events, "threads": runtime.GOMAXPROCS(0)}
	pulled := medianOf(all, func(r featured) time.Duration { return r.pulled })
	total := medianOf(all, func(r featured) time.Duration { return r.pulled + r.computed })
	single := medianOf(all, func(r featured) time.Duration { return r.single })
	figures["pull_seconds"], figures["seconds"] = pulled, total
	figures["million_events_per_second_and_50_features_on_1_thread"] = float64(all[0].events) * float64(all[0].features) / 50 / single / 1e6
	if f.Python != "" {
		peer, err := f.peer(ctx)
		if err != nil {
			return err
		}
		figures["peer_seconds"], figures["ratio"] = peer, total/peer
	}
	return print(figures)
}

// medianOf gives the median in seconds of one figure of all rounds.
func medianOf(all []featured, figure func(featured) time.Duration) float64 {
	seconds := make([]float64, len(all))
	for i, r := range all {
		seconds[i] = figure(r).Seconds()
	}
	return median(seconds)
}

// learn trains through the server and reads back where the rows are and what the features are.
func (f *featuring) learn(ctx context.Context, s *stand) (*source.Events, error) {
	conn, err := s.through(ctx)
	if err != nil {
		return nil, err
	}
	defer conn.Close(ctx)
	if _, err := conn.Exec(ctx, `SELECT cvp_train('churn30', 'PREDICT COUNT(transactions.*) = 0 OVER NEXT 30 DAYS FOR EACH households.household_id',
		algorithm => 'logistic', options => '{"as_of": "2017-12-01", "test_cutoff": "2017-11-01", "first_cutoff": "2017-05-01", "step_days": 28}')`); err != nil {
		return nil, fmt.Errorf("train: %w", err)
	}
	e := &source.Events{}
	var stored, artifact []byte
	if err := conn.QueryRow(ctx, "SELECT spec->'source', artifact FROM cvp.versions").Scan(&stored, &artifact); err != nil {
		return nil, fmt.Errorf("read the model: %w", err)
	}
	if err := json.Unmarshal(stored, e); err != nil {
		return nil, fmt.Errorf("read the model's source: %w", err)
	}
	a, err := engine.Decode(artifact)
	if err != nil {
		return nil, err
	}
	e.Spec, err = features.DecodeSpec(a.Features)
	return e, err
}

// featured are the figures of one round.
type featured struct {
	events, examples, features int
	pulled, computed           time.Duration // with all processors
	single                     time.Duration // computed by one thread
}

// peerCutoffs are every 28 days from May 2017 while the label window ends by the last, that of the test.
func peerCutoffs() (all []int64, test int64) {
	at := time.Date(2017, 11, 1, 0, 0, 0, 0, time.UTC)
	for c := time.Date(2017, 5, 1, 0, 0, 0, 0, time.UTC); !c.AddDate(0, 0, 30).After(at); c = c.AddDate(0, 0, 28) {
		all = append(all, c.UnixMicro())
	}
	return append(all, at.UnixMicro()), at.UnixMicro()
}

// feature pulls the events and computes the features once.
func feature(ctx context.Context, conn *pgx.Conn, from *source.Events) (r featured, err error) {
	cutoffs, test := peerCutoffs()
	runtime.GC()
	start := time.Now()
	t, err := from.Pull(ctx, conn.PgConn(), test)
	if err != nil {
		return r, err
	}
	r.pulled = time.Since(start)
	points := t.Events.PointsAt(cutoffs)
	for _, run := range []struct {
		threads int
		took    *time.Duration
	}{{0, &r.computed}, {1, &r.single}} {
		from.Spec.Threads = run.threads
		start = time.Now()
		x, err := from.Spec.Compute(ctx, t, points)
		if err != nil {
			return r, err
		}
		*run.took = time.Since(start)
		r.events, r.examples, r.features = t.Events.Rows(), x.Rows, len(x.Columns)
	}
	return r, nil
}

// peer runs the peer's program until it has said how long its features took.
func (f *featuring) peer(ctx context.Context) (float64, error) {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	cmd := exec.CommandContext(ctx, f.Python, f.Peer)
	out, err := cmd.StdoutPipe()
	if err != nil {
		return 0, fmt.Errorf("run the peer: %w", err)
	}
	if err := cmd.Start(); err != nil {
		return 0, fmt.Errorf("run the peer: %w", err)
	}
	var said struct {
		Seconds float64 `json:"feature_seconds"`
	}
	line, err := bufio.NewReader(out).ReadBytes('\n')
	stop()
	_ = cmd.Wait() // it was killed
	if err == nil {
		err = json.Unmarshal(line, &said)
	}
	if err != nil || said.Seconds <= 0 {
		return 0, fmt.Errorf("the peer said %q: %w", line, err)
	}
	return said.Seconds, nil
}
