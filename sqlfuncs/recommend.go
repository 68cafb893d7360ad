package sqlfuncs

import (
	"cmp"
	"context"
	"strconv"

	"github.com/jackc/pgx/v5/pgtype"

	"cvp/sqlfuncs/calls"
	"cvp/sqlfuncs/pull"
	"cvp/sqlfuncs/rewrite"
	"cvp/sqlfuncs/source"
)

// recommend runs cvp_recommend(model, key [, n]), the items that a key is likeliest to have next, and
// cvp_recommendations(model [, n]), those of every key.
func (w *work) recommend(ctx context.Context, c *rewrite.Call) error {
	signature, all := []string{"model", "key", "n"}, c.Function == calls.Recommendations
	if all {
		signature = []string{"model", "n"}
	}
	nodes, err := c.Arguments(signature...)
	if err != nil {
		return err
	}
	args, err := w.constants(ctx, c, nodes)
	if err != nil {
		return err
	}
	model, err := w.loadAny(ctx, args["model"])
	if err != nil {
		return err
	}
	if model.items == nil {
		return failure("0A000", "model \""+model.version.Name+"\" does not recommend items", "Train it on a question such as PREDICT LIST_DISTINCT(order_lines.product_id) OVER NEXT 30 DAYS RANK TOP 10 FOR EACH customers.customer_id.")
	}
	events := model.source.(*source.Events)
	n := events.Top
	if text, given := args["n"]; given {
		if n, err = strconv.Atoi(text); err != nil || n < 0 {
			return failure("22023", "n must not be negative", "")
		}
	}
	key, known := args["key"]
	if !known && !all || w.explain.dry() {
		return c.Table(w.recommended(nil, all))
	}
	var keys *pull.Keys
	if !all {
		keys = &pull.Keys{OID: pgtype.TextOID, Texts: []string{key}}
	}
	best, err := events.Recommend(ctx, w.conn, model.items, keys, min(n, len(model.items.Items)))
	if err != nil {
		return err
	}
	return c.Table(w.recommended(best, all))
}

// recommended gives items as the columns of a FROM item.
func (w *work) recommended(best []source.Recommended, withKeys bool) []rewrite.Column {
	keys, texts, scores, ranks := []string{}, []string{}, []float64{}, []int32{}
	for _, of := range best {
		for i, r := range of.Items {
			keys, texts, scores, ranks = append(keys, of.Key), append(texts, r.Item), append(scores, r.Score), append(ranks, int32(i+1))
		}
	}
	var out []rewrite.Column
	if withKeys {
		out = append(out, w.texts("key", keys))
	}
	return append(out, w.texts("item", texts), w.floats("score", scores), w.integers("rank", ranks))
}

// top is how many items a question asks for.
func (a *asking) top() int {
	if a.q.Rank == nil {
		return defaultTop
	}
	return cmp.Or(a.q.Rank.Top, defaultTop)
}
