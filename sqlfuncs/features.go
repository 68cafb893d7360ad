package sqlfuncs

import (
	"context"
	"math"
	"time"

	"github.com/jackc/pgx/v5/pgtype"

	"cvp/engine/frame"
	"cvp/sqlfuncs/pull"
	"cvp/sqlfuncs/rewrite"
	"cvp/sqlfuncs/source"
)

// features runs cvp_features(model, key [, as_of]): what the model sees of one key, a row for each feature.
func (w *work) features(ctx context.Context, c *rewrite.Call) error {
	nodes, err := c.Arguments("model", "key", "as_of")
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
	key, known := args["key"]
	if !known || w.explain.dry() {
		return c.Table(w.inspected(&source.Inspection{Row: &frame.Frame{}}))
	}
	asOf, err := w.moment(ctx, args["as_of"])
	if err != nil {
		return err
	}
	seen, err := model.source.Inspect(ctx, w.conn, &pull.Keys{OID: pgtype.TextOID, Texts: []string{key}}, asOf)
	if err != nil {
		return err
	}
	return c.Table(w.inspected(seen))
}

// moment reads a timestamptz as the session does, in microseconds since 1970 UTC; "" is 0.
func (w *work) moment(ctx context.Context, text string) (int64, error) {
	if text == "" {
		return 0, nil
	}
	at := pull.NewColumn("as_of", pgtype.TimestamptzOID)
	_, err := pull.Into(ctx, w.conn, pull.Query{SQL: "SELECT $1::pg_catalog.timestamptz",
		Params: [][]byte{[]byte(text)}, OIDs: []uint32{pgtype.TextOID}}, at)
	if err != nil {
		return 0, err
	}
	if now := time.Now().UnixMicro(); at.Times[0] == frame.NoTime || at.Times[0] > now {
		return 0, failure("22023", "as_of must be a moment of the past", "Leave it out for the date that predictions are made at.")
	}
	return at.Times[0], nil
}

// inspected gives the features of one row as the columns of a FROM item.
func (w *work) inspected(seen *source.Inspection) []rewrite.Column {
	var names []string
	var values []float64
	var levels, formulas []*string
	for i := range seen.Row.Columns {
		if seen.Row.Rows == 0 {
			break
		}
		col := &seen.Row.Columns[i]
		value, level := math.NaN(), (*string)(nil)
		switch {
		case col.Missing(0):
		case col.Kind == frame.Category:
			level = &col.Levels[col.Codes[0]]
		case col.Kind == frame.Time:
			text := time.UnixMicro(col.Times[0]).UTC().Format(time.RFC3339Nano)
			level = &text
		default:
			value = float64(col.Numbers[0])
		}
		names, values, levels = append(names, col.Name), append(values, value), append(levels, level)
		if i < len(seen.Formulas) {
			formulas = append(formulas, &seen.Formulas[i])
		} else {
			formulas = append(formulas, nil)
		}
	}
	return []rewrite.Column{w.texts("feature", names), w.floats("value", values), w.optionalTexts("level", levels), w.optionalTexts("formula", formulas)}
}
