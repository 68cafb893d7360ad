package sqlfuncs

import (
	"context"
	"fmt"
	"time"

	"cvp/engine"
	"cvp/engine/model"
	"cvp/sqlfuncs/question"
	"cvp/sqlfuncs/rewrite"
	"cvp/sqlfuncs/source"
)

// defaultTop is how many items a question means that does not say.
const defaultTop = 10

// recommends reports whether the question asks for items.
func (a *asking) recommends() bool {
	of, is := a.q.Target.(*question.Aggregate)
	return is && of.Function == question.ListDistinct
}

// trainItems runs cvp_train for a question that asks for items.
func (t *trainingCall) trainItems(ctx context.Context, c *rewrite.Call, events *source.Events) error {
	if t.args["algorithm"] != "auto" || len(t.options.Algorithms) > 0 {
		return failure("22023", "items are recommended by one algorithm", "Leave algorithm out.")
	}
	for name := range t.options.Hyperparameters {
		return failure("22023", fmt.Sprintf("a recommendation has no option %q", name), "Its weights are chosen on the validation window.")
	}
	for _, note := range t.asked.found.Notes {
		t.notices.say("", "%s", note)
	}
	started := time.Now()
	learnt, err := events.LearnItems(ctx, t.conn, t.events)
	if err != nil {
		return err
	}
	t.data = learnt.Data
	t.data.Task = model.Items
	for _, note := range t.data.Notes {
		t.notices.say("", "%s", note)
	}
	bytes, err := learnt.Model.Encode()
	if err != nil {
		return fmt.Errorf("encode model: %w", err)
	}
	artifact := engine.Artifact{Kind: engine.KindItems, Task: model.Items, Algorithm: learnt.Result.Algorithm, Model: bytes}
	encoded, err := artifact.Encode()
	if err != nil {
		return err
	}
	version, err := t.store(ctx, learnt.Result, encoded, int64(learnt.Result.Leaderboard[0].Rows))
	if err != nil {
		return err
	}
	t.log().InfoContext(ctx, "trained", "model", t.args["model"], "version", version, "algorithm", learnt.Result.Algorithm,
		"items", len(learnt.Model.Items), "seconds", time.Since(started).Seconds())
	return c.Table(t.leaderboard(t.args["model"], version, candidates(learnt.Result)))
}
