package sqlfuncs

import (
	"context"
	"time"

	"cvp/catalog"
	"cvp/sqlfuncs/pull"
	"cvp/sqlfuncs/question"
	"cvp/sqlfuncs/schema"
	"cvp/sqlfuncs/source"
	"cvp/sqlfuncs/syntax"
)

// locateQuestion finds the events and entities of a question about raw tables.
func (t *trainingCall) locateQuestion(ctx context.Context) error {
	q, err := t.question()
	if err != nil {
		return err
	}
	o, err := t.schemaOptions(ctx)
	if err != nil {
		return err
	}
	found, err := schema.Source(ctx, t.conn, q, o)
	if err != nil {
		return err
	}
	t.asked = &asking{q: q, found: found}
	e, err := t.asked.events()
	if err != nil {
		return err
	}
	for _, sql := range []schema.Query{found.EventsSQL(true, false), found.AttributesSQL(false)} {
		if _, err := pull.Describe(ctx, t.conn, sql.SQL, sql.Params); err != nil {
			return inQuestion(err, q, sql)
		}
	}
	if e.Memory, err = t.memory(); err != nil {
		return err
	}
	t.source, t.key, t.reads = e, found.Key.Name, []string{e.All, e.Attributes}
	for _, side := range e.Sides {
		t.reads = append(t.reads, side.All)
	}
	t.events, err = t.cutoffs(q)
	return err
}

// schemaOptions are what the options of the training and the database's declarations say of the tables.
func (t *trainingCall) schemaOptions(ctx context.Context) (schema.Options, error) {
	o := schema.Options{Time: t.options.Time, Group: t.options.Group, Recorded: t.options.Recorded, Exclude: t.options.Exclude, Sides: t.options.Sides}
	if t.options.Link != "" {
		o.Links = []string{t.options.Link}
	}
	if t.functions.kept != nil {
		return o, nil // a registry knows nothing of the relations of other databases
	}
	declared, err := catalog.DefinedSources(ctx, t.conn)
	if err != nil {
		return o, err
	}
	for _, d := range declared {
		o.Declared = append(o.Declared, schema.Declaration(d))
	}
	return o, nil
}

// question parses the argument; what Postgres has to read of it must be one expression each.
func (t *trainingCall) question() (*question.Question, error) {
	text := t.args["question"]
	q, err := question.Parse(text)
	if err != nil {
		return nil, questionError(err, text)
	}
	for _, c := range q.Conditions() {
		if _, err := syntax.Expression("(" + c.SQL + ")"); err != nil {
			return nil, inText(failure("42601", "the condition is not an SQL expression", ""), text, q.Character(c.Pos))
		}
	}
	return q, nil
}

// cutoffs reads the options that place cutoffs. The test window of earlier versions of the same question stays the
// test window, so that versions compare.
func (t *trainingCall) cutoffs(q *question.Question) (source.EventsOptions, error) {
	o := source.EventsOptions{Step: time.Duration(t.options.StepDays * 24 * float64(time.Hour)), Threads: t.threads(), Positive: t.options.Positive, Seed: t.options.Seed,
		Progress: func(s string) { t.notices.step("%s", s) }}
	var err error
	for _, at := range []struct {
		to   *int64
		text string
	}{{&o.AsOf, t.options.AsOf}, {&o.First, t.options.FirstCutoff}, {&o.Test, t.options.TestCutoff}} {
		if *at.to, err = instant(at.text); err != nil {
			return o, err
		}
	}
	if q.AsOf != nil {
		o.AsOf = q.AsOf.Time.UnixMicro()
	}
	same := t.previous != nil && t.previous.Question == t.args["question"]
	if same && o.Test == 0 && o.AsOf == 0 {
		o.Test = t.earlier.TestCutoff
	}
	return o, nil
}
