package sqlfuncs

import (
	"context"
	"sort"

	"cvp/sqlfuncs/rewrite"
)

// predictions runs cvp_predictions(model): every key with its score and decile.
func (w *work) predictions(ctx context.Context, c *rewrite.Call) error {
	nodes, err := c.Arguments("model")
	if err != nil {
		return err
	}
	args, err := w.constants(ctx, c, nodes)
	if err != nil {
		return err
	}
	model, err := w.load(ctx, args["model"])
	if err != nil {
		return err
	}
	defer tightly()()
	known, scores, err := w.scores(ctx, model, nil)
	if err != nil {
		return err
	}
	return c.Table([]rewrite.Column{w.texts("key", known.AsText().Texts), w.floats("prediction", scores), w.integers("decile", deciles(scores))})
}

// deciles gives each score its tenth, 1 holding the highest scores; ties keep the order of the rows.
func deciles(scores []float64) []int32 {
	order := make([]int, len(scores))
	for i := range order {
		order[i] = i
	}
	sort.SliceStable(order, func(a, b int) bool { return scores[order[a]] > scores[order[b]] })
	out := make([]int32, len(scores))
	for rank, i := range order {
		out[i] = int32(rank*10/len(scores)) + 1
	}
	return out
}
