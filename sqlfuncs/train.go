package sqlfuncs

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"cvp/catalog"
	"cvp/engine"
	"cvp/engine/leaks"
	"cvp/engine/metrics"
	"cvp/engine/training"
	"cvp/sqlfuncs/calls"
	"cvp/sqlfuncs/rewrite"
	"cvp/sqlfuncs/source"
)

// trainSignature are the arguments of cvp_train, in order.
var trainSignature = []string{"model", "question", "relation", "target", "key", "algorithm", "options", "max_age", "if_changed"}

// trainingCall is one call of cvp_train on its way from arguments to a stored version.
type trainingCall struct {
	*work
	args     arguments
	options  *options
	previous *catalog.Version // nil for a new name
	earlier  spec             // of previous
	key      string           // column that names a row or entity
	kind     catalog.Kind
	source   source.Source
	events   source.EventsOptions      // Question: where cutoffs lie
	asked    *asking                   // Question: what it was taken for
	fields   []pgconn.FieldDescription // Relation: its columns
	reads    []string                  // the queries that the rows come from
	request  string                    // what is asked for, see freshness.go
	print    string                    // of the data, "" where it was not asked for
	leaks    []leaks.Finding
	data     *source.Data
}

// spec is what the registry keeps of how a version was trained.
type spec struct {
	// Holdout says which rows the test part was; two versions with the same are compared.
	Holdout    string          `json:"holdout"`
	Seed       uint64          `json:"seed"`
	TestCutoff int64           `json:"test_cutoff,omitempty"` // microseconds since 1970 UTC
	Options    json.RawMessage `json:"options,omitempty"`
	// Request and Fingerprint tell a later training whether it would do the same again (freshness.go).
	Request     string `json:"request"`
	Fingerprint string `json:"fingerprint,omitempty"`
	// Leaks are what a look for columns that know the answer has found (leaks.go).
	Leaks []leaks.Finding `json:"leaks,omitempty"`
	// Source says where the rows are, for scoring.
	Source json.RawMessage `json:"source"`
}

// train runs cvp_train: it pulls rows, tries the algorithms, stores a version and gives the leaderboard.
func (w *work) train(ctx context.Context, c *rewrite.Call) error {
	nodes, err := c.Arguments(trainSignature...)
	if err != nil {
		return err
	}
	t := &trainingCall{work: w}
	if t.args, err = w.constants(ctx, c, nodes); err != nil {
		return err
	}
	started := time.Now()
	defer tightly()()
	if err := t.check(ctx); err != nil {
		return err
	}
	if err := t.locate(ctx); err != nil {
		return err
	}
	if fresh, err := t.fresh(ctx); err != nil {
		return err
	} else if fresh != nil {
		var board []catalog.Candidate
		if err := w.inRegistry(ctx, func(conn *pgconn.PgConn) (err error) {
			board, err = fresh.Leaderboard(ctx, conn)
			return err
		}); err != nil {
			return err
		}
		return c.Table(w.leaderboard(t.args["model"], fresh.Version, board))
	}
	if events, is := t.source.(*source.Events); is && events.Top > 0 {
		return t.trainItems(ctx, c, events)
	}
	if err := t.pull(ctx); err != nil {
		return err
	}
	for _, note := range t.data.Notes {
		w.notices.say("", "%s", note)
	}
	if err := t.findLeaks(); err != nil {
		return err
	}
	result, err := t.fit(ctx)
	if err != nil {
		return err
	}
	version, err := t.save(ctx, result)
	if err != nil {
		return err
	}
	w.log().InfoContext(ctx, "trained", "model", t.args["model"], "version", version, "algorithm", result.Algorithm,
		"rows", t.data.Rows(), "seconds", time.Since(started).Seconds())
	return c.Table(w.leaderboard(t.args["model"], version, candidates(result)))
}

// check reads the arguments and what the registry knows of the model.
func (t *trainingCall) check(ctx context.Context) error {
	a := t.args
	name := a["model"]
	if name == "" || strings.Contains(name, "@") || len(name) > 63 {
		return failure("42602", fmt.Sprintf("invalid model name %q", name), `A name is 1 to 63 bytes without "@".`)
	}
	switch {
	case a["question"] != "" && (a["relation"] != "" || a["target"] != ""):
		return failure("22023", "cvp_train takes either a question or a relation and a target, not both", "")
	case a["question"] == "" && a["relation"] == "":
		return failure("22023", "cvp_train needs a question or a relation",
			"Give a question such as 'PREDICT SUM(orders.amount) OVER NEXT 90 DAYS FOR EACH customers.customer_id', or relation => 'table', target => 'column'.")
	case a["relation"] != "" && a["target"] == "":
		return failure("22023", "cvp_train needs the target column of the relation", "Name it: target => 'column'.")
	}
	if a["algorithm"] == "" {
		a["algorithm"] = "auto"
	}
	var err error
	if t.options, err = readOptions(a["options"]); err != nil {
		return err
	}
	if err := checkAlgorithms(t.candidates(), t.options.Hyperparameters); err != nil {
		return err
	}
	if err := t.changeable(calls.Train); err != nil {
		return err
	}
	err = t.inRegistry(ctx, func(conn *pgconn.PgConn) (err error) {
		t.previous, err = catalog.Previous(ctx, conn, name)
		return err
	})
	if t.adopt(t.previous); err != nil || t.previous == nil {
		return err
	}
	if err := json.Unmarshal(t.previous.Spec, &t.earlier); err != nil {
		return fmt.Errorf("read the hold-out of model %q: %w", name, err)
	}
	if !t.options.seeded {
		t.options.Seed = t.earlier.Seed // the hold-out of earlier versions stays held out
	}
	return nil
}

// candidates are the algorithms that are asked for, nil for all that serve the task.
func (t *trainingCall) candidates() []string {
	switch {
	case t.args["algorithm"] != "auto":
		return []string{t.args["algorithm"]}
	default:
		return t.options.Algorithms
	}
}

// checkAlgorithms checks names and hyperparameters before any row is pulled.
func checkAlgorithms(names []string, given map[string]any) error {
	algorithms := engine.Algorithms()
	if len(names) > 0 {
		algorithms = nil
	}
	for _, name := range names {
		a, err := engine.Algorithm(name)
		if err != nil {
			return err
		}
		algorithms = append(algorithms, a)
	}
	_, err := engine.CheckParamsOf(algorithms, given)
	return err
}

// locate finds where the rows to learn from are.
func (t *trainingCall) locate(ctx context.Context) error {
	if t.args["question"] != "" {
		t.kind = catalog.Question
		return t.locateQuestion(ctx)
	}
	t.kind = catalog.Relation
	return t.locateRelation(ctx)
}

// pull gets the rows to learn from.
func (t *trainingCall) pull(ctx context.Context) (err error) {
	switch from := t.source.(type) {
	case *source.Events:
		for _, note := range t.asked.found.Notes {
			t.notices.say("", "%s", note)
		}
		t.data, err = from.Learn(ctx, t.conn, t.events)
	case *source.Relation:
		t.notices.step("pulling rows of %s", t.args["relation"])
		t.data, err = source.LearnRelation(ctx, t.conn, from, t.fields, t.relationOptions())
	}
	return err
}

// fit tries the algorithms and chooses one.
func (t *trainingCall) fit(ctx context.Context) (*training.Result, error) {
	request := training.Request{Task: t.data.Task, Algorithms: t.candidates(), Params: t.options.Hyperparameters,
		Seed: t.options.Seed, Threads: t.threads(), Baselines: t.data.Baselines, Progress: t.progress}
	if t.comparable() {
		request.Metric = t.previous.Metric
	}
	return training.Run(ctx, t.data.Plan, request)
}

// threads are the processors that the call may use, 0 for all.
func (t *trainingCall) threads() int { return cmp.Or(t.options.Threads, t.functions.threads) }

// progress words a step of a fit.
func (t *trainingCall) progress(e training.Event) {
	if e.Step.Of > 0 {
		t.notices.step("%s %s: step %d of %d, %.1f s", e.Stage, e.Algorithm, e.Step.Done, e.Step.Of, e.Elapsed.Seconds())
		return
	}
	t.notices.step("%s %s, %.1f s", e.Stage, e.Algorithm, e.Elapsed.Seconds())
}

// comparable reports whether the last version answered the same on the same held-out rows.
func (t *trainingCall) comparable() bool {
	return t.previous != nil && t.previous.Task == t.data.Task && t.earlier.Holdout == t.data.Holdout
}

// save stores the version and deploys it where it deserves it.
func (t *trainingCall) save(ctx context.Context, r *training.Result) (int, error) {
	artifact, err := t.artifact(r)
	if err != nil {
		return 0, err
	}
	return t.store(ctx, r, artifact, int64(t.data.Rows()))
}

// store keeps an encoded model as a version that was made of so many rows.
func (t *trainingCall) store(ctx context.Context, r *training.Result, artifact []byte, rows int64) (_ int, err error) {
	spec := spec{Holdout: t.data.Holdout, Seed: t.options.Seed, TestCutoff: t.data.TestCutoff, Options: json.RawMessage(t.args["options"]),
		Request: t.request, Fingerprint: t.print, Leaks: append(t.leaks, t.tooGood(r)...)}
	if spec.Source, err = json.Marshal(t.source); err != nil {
		return 0, fmt.Errorf("encode source: %w", err)
	}
	stored, err := json.Marshal(spec)
	if err != nil {
		return 0, fmt.Errorf("encode spec: %w", err)
	}
	best := r.Leaderboard[0]
	deploy := t.deserves(r, best)
	a := t.args
	made := catalog.NewVersion{
		Description: catalog.Description{
			Name: a["model"], Kind: t.kind, Question: a["question"], Relation: a["relation"], Target: a["target"], Key: t.key,
			Algorithm: r.Algorithm, Task: t.data.Task, Metric: r.Metric, Value: best.Value, Baseline: best.Baseline,
			HigherBetter: metrics.HigherIsBetter(r.Metric), Rows: rows, Spec: stored,
		},
		Artifact: artifact, Metrics: measured(r), Leaderboard: candidates(r), Steps: steps(r), Deploy: deploy,
	}
	var version int
	err = t.changeRegistry(ctx, calls.Train, func(conn *pgconn.PgConn) (err error) {
		version, err = catalog.Save(ctx, conn, made)
		return err
	})
	if err != nil {
		return 0, err
	}
	if t.call.InTransaction {
		t.notices.say("", "model %q version %d is kept only if this transaction commits", a["model"], version)
	}
	return version, nil
}

// deserves decides whether the version is deployed and says why not.
func (t *trainingCall) deserves(r *training.Result, best training.Row) bool {
	name := t.args["model"]
	if !r.BeatsBaseline {
		t.notices.say(fmt.Sprintf("It is kept; deploy it all the same with SELECT cvp_deploy('%s', version).", name),
			"model %q is not deployed: %s", name, r.Why)
		return false
	}
	p := t.previous
	if !t.comparable() || !p.Deployed || p.Metric != r.Metric {
		return true
	}
	if metrics.Better(r.Metric, p.Value, best.Value) {
		t.notices.say(fmt.Sprintf("Deploy it all the same with SELECT cvp_deploy('%s', version).", name),
			"model %q keeps version %d deployed: the new version's %s is %s, not as good as %s on the same test rows", name, p.Version, r.Metric, figure(best.Value), figure(p.Value))
		return false
	}
	return true
}

func figure(v float64) string { return fmt.Sprintf("%.4g", v) }

// artifact encodes the model and, for a question, how its features are computed.
func (t *trainingCall) artifact(r *training.Result) ([]byte, error) {
	bytes, err := r.Model.Encode()
	if err != nil {
		return nil, fmt.Errorf("encode model: %w", err)
	}
	a := engine.Artifact{Kind: string(t.kind), Task: t.data.Task, Algorithm: r.Algorithm, Inputs: engine.InputsOf(t.data.Plan.Train.X), Model: bytes}
	if e, ok := t.source.(*source.Events); ok {
		if a.Features, err = e.Spec.Encode(); err != nil {
			return nil, fmt.Errorf("encode features: %w", err)
		}
	}
	return a.Encode()
}

// leaderboard gives cvp_train's rows as array parameters.
func (w *work) leaderboard(name string, version int, board []catalog.Candidate) []rewrite.Column {
	n := len(board)
	models, algorithms, metricNames := make([]string, n), make([]string, n), make([]string, n)
	versions, chosen := make([]int32, n), make([]bool, n)
	value, baseline, seconds := make([]float64, n), make([]float64, n), make([]float64, n)
	rows := make([]int64, n)
	for i, row := range board {
		models[i], versions[i], algorithms[i], chosen[i], metricNames[i] = name, int32(version), row.Algorithm, row.Chosen, row.Metric
		value[i], baseline[i], rows[i], seconds[i] = row.Value, row.Baseline, row.Rows, row.Fit.Seconds()
	}
	return []rewrite.Column{
		w.texts("model", models), w.integers("version", versions), w.texts("algorithm", algorithms), w.booleans("chosen", chosen), w.texts("metric", metricNames),
		w.floats("value", value), w.floats("baseline", baseline), w.bigints("rows", rows), w.floats("fit_seconds", seconds),
	}
}
