package sqlfuncs

import (
	"context"
	"fmt"
	"strings"

	pg "github.com/pganalyze/pg_query_go/v6"

	"github.com/jackc/pgx/v5/pgconn"

	"cvp/sqlfuncs/pull"
	"cvp/sqlfuncs/rewrite"
)

// arguments are the values of a call's constant arguments as text; NULL and absent ones are missing.
type arguments map[string]string

// constants evaluates the arguments of a call that must be the same for every row. Literals are read off the
// tree; Postgres evaluates the rest, parameters included.
func (w *work) constants(ctx context.Context, c *rewrite.Call, nodes map[string]*pg.Node) (arguments, error) {
	out := arguments{}
	var names, exprs []string
	for name, n := range nodes {
		if text, ok := rewrite.Literal(n); ok {
			out[name] = text
			continue
		}
		if !rewrite.Constant(n) {
			return nil, &pgconn.PgError{Severity: "ERROR", Code: "0A000",
				Message: fmt.Sprintf("argument %q of %s must not depend on rows", name, c.Function),
				Hint:    "Give a literal or a parameter."}
		}
		text, err := expressionText(n)
		if err != nil {
			return nil, err
		}
		names, exprs = append(names, name), append(exprs, "("+text+")::pg_catalog.text")
	}
	if len(exprs) == 0 {
		return out, nil
	}
	values := make([]pull.Text, len(exprs))
	sinks := make([]pull.Sink, len(exprs))
	for i := range values {
		sinks[i] = &values[i]
	}
	if _, err := pull.Into(ctx, w.conn, w.query("SELECT "+strings.Join(exprs, ", ")), sinks...); err != nil {
		return nil, err
	}
	for i, v := range values {
		if len(v) == 1 && v[0] != nil {
			out[names[i]] = *v[0]
		}
	}
	return out, nil
}

// query gives sql the client's own parameters and those that hold results so far: a key query may read a FROM item
// that was a call of ours.
func (w *work) query(sql string) pull.Query {
	q := pull.Query{SQL: sql, OIDs: w.oids()}
	q.Params = append(append(q.Params, w.call.Params...), w.params.Values...)
	for i := range w.call.Params {
		format := int16(0)
		if i < len(w.call.ParamFormats) {
			format = w.call.ParamFormats[i]
		}
		q.Formats = append(q.Formats, format)
	}
	for range w.params.Values {
		q.Formats = append(q.Formats, 1)
	}
	return q
}

// oids are the types of query's parameters.
func (w *work) oids() []uint32 {
	return append(append([]uint32(nil), w.call.ParamOIDs...), w.params.OIDs...)
}
