package sqlfuncs

import (
	"context"
	"sort"

	"github.com/jackc/pgx/v5/pgtype"

	"cvp/sqlfuncs/pull"
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
	keys := known.AsText()
	return c.Table([]rewrite.Column{
		{Name: "key", Type: "pg_catalog.text", Parameter: w.params.Add(pgtype.TextArrayOID, pull.TextArray(keys.Texts))},
		{Name: "prediction", Type: "pg_catalog.float8", Parameter: w.params.Add(pgtype.Float8ArrayOID, pull.Float8Array(scores))},
		{Name: "decile", Type: "pg_catalog.int4", Parameter: w.params.Add(pgtype.Int4ArrayOID, pull.Int4Array(deciles(scores)))},
	})
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
