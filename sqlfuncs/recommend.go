package sqlfuncs

import (
	"cmp"
	"context"
	"strconv"

	"github.com/jackc/pgx/v5/pgtype"

	"cvp/engine/models/items"
	"cvp/sqlfuncs/pull"
	"cvp/sqlfuncs/rewrite"
	"cvp/sqlfuncs/source"
)

// recommend runs cvp_recommend(model, key [, n]): the items that a key is likeliest to have next.
func (w *work) recommend(ctx context.Context, c *rewrite.Call) error {
	nodes, err := c.Arguments("model", "key", "n")
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
	if !known || w.explain.dry() {
		return c.Table(w.recommended(nil))
	}
	best, err := events.Recommend(ctx, w.conn, model.items, &pull.Keys{OID: pgtype.TextOID, Texts: []string{key}}, min(n, len(model.items.Items)))
	if err != nil {
		return err
	}
	return c.Table(w.recommended(best))
}

// recommended gives items as the columns of a FROM item.
func (w *work) recommended(best []items.Recommendation) []rewrite.Column {
	texts, scores, ranks := make([]string, len(best)), make([]float64, len(best)), make([]int32, len(best))
	for i, r := range best {
		texts[i], scores[i], ranks[i] = r.Item, r.Score, int32(i+1)
	}
	return []rewrite.Column{
		{Name: "item", Type: "pg_catalog.text", Parameter: w.params.Add(pgtype.TextArrayOID, pull.TextArray(texts))},
		{Name: "score", Type: "pg_catalog.float8", Parameter: w.params.Add(pgtype.Float8ArrayOID, pull.Float8Array(scores))},
		{Name: "rank", Type: "pg_catalog.int4", Parameter: w.params.Add(pgtype.Int4ArrayOID, pull.Int4Array(ranks))},
	}
}

// top is how many items a question asks for.
func (a *asking) top() int {
	if a.q.Rank == nil {
		return defaultTop
	}
	return cmp.Or(a.q.Rank.Top, defaultTop)
}
